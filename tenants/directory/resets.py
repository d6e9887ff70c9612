"""Decides how somebody is helped who lost what they prove themselves with: another person, who answers for them, takes
the second factors away.

The password stays and every session ends, so whoever helps cannot come in as the one who is helped; the one who is
helped hears of it by mail, and is led to a new factor where one is wanted.
"""

from datetime import datetime

from tenants.directory import factors, letters, people
from tenants.directory.people import Known
from tenants.values.faults import Kind, Refusal


class NothingHeld(Refusal):
    """There is no second factor that could be taken away."""

    kind = Kind.CONFLICT
    code = "nothing_held"
    remedy = "A forgotten password is asked for on the page of sign-in."


class ElsewhereToo(Refusal):
    """The person works for another client too, whose books must not be opened by this client's word."""

    kind = Kind.CONFLICT
    code = "elsewhere_too"
    remedy = "Ask the provider, whose operators can do it."


def forget(person: Known, *, now: datetime, by: str = "", where: str = "") -> None:
    """Take every second factor of a person away. Raises NothingHeld."""
    if not factors.held(person.id).any:
        raise NothingHeld("This person holds no second factor.")
    factors.forget(person.id)
    people.end_sessions(person.id, now=now)
    what = "Your code app, your passkeys and your recovery codes were taken away"
    letters.queue(letters.FACTOR, email=person.email, now=now, what=what, by=by)
    if person.id in people.without_a_way_in([person.id]):
        letters.queue(letters.INVITATION, email=person.email, now=now, by=by, where=where)
