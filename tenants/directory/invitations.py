"""Decides what a one-time link opens: the choice of a password, or of a first passkey, for the one it was sent to.

Looking at the page uses nothing up, because mail programs look at every link. Who chooses uses the link up, and every
other link of the person with it; every session of the person ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants.directory import letters, people, steps
from tenants.directory.letters import INVITATION, NEW_PASSWORD
from tenants.directory.people import Known
from tenants.directory.ports import StolenPasswords
from tenants.values.faults import Kind, Refusal

PURPOSES = (INVITATION, NEW_PASSWORD)


class LinkGone(Refusal):
    """The link was used, is too old, or never was."""

    kind = Kind.UNKNOWN
    code = "link_gone"
    remedy = "Ask for a new letter on the page of sign-in, or ask whoever let you in."


@dataclass(frozen=True, slots=True)
class Invited:
    """Whoever holds a link that is good."""

    person: Known
    purpose: str
    said: dict[str, Any]

    @property
    def is_first(self) -> bool:
        """Whether this person was never here."""
        return self.purpose == INVITATION


def find(token: str, *, now: datetime) -> Invited:
    """Whom the link is for; it goes on being good. Raises LinkGone."""
    for purpose in PURPOSES:
        step = steps.find(token, purpose=purpose, now=now)
        person = people.of_id(step.person_id) if step and step.person_id else None
        if step is not None and person is not None and person.disabled_at is None:
            return Invited(person, purpose, step.said)
    raise LinkGone("This link does not open anything any more.")


def choose_password(
    token: str, *, password: str, now: datetime, about: Iterable[str] = (), stolen: StolenPasswords | None = None
) -> UUID:
    """Keep the password and use the link up. Raises LinkGone, WeakPassword."""
    invited = find(token, now=now)
    people.set_password(invited.person.id, password=password, now=now, about=about, stolen=stolen)
    return use_up(token, now=now)


def remember(token: str, *, said: dict[str, Any], now: datetime) -> None:
    """Keep the challenge of a passkey with the link. Raises LinkGone."""
    steps.remember(token, purpose=find(token, now=now).purpose, said=said, now=now)


def use_up(token: str, *, now: datetime) -> UUID:
    """Let the link be good no more; answers whose it was. Of two at once, one gets it: the other raises LinkGone."""
    invited = find(token, now=now)
    if steps.take(token, purpose=invited.purpose, now=now) is None:
        raise LinkGone("This link was used elsewhere.")
    steps.drop(invited.person.id, purposes=PURPOSES)
    if not invited.is_first:
        letters.queue(letters.CHANGED, email=invited.person.email, now=now)
    return invited.person.id
