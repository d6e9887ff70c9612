"""Decides how a client begins: in test mode, with empty books, and with one admin of its own who comes in by a letter.

Nothing is written before everything that was said has been looked at, so a refusal leaves neither half a client nor a
person without one. Nobody of the provider can see into the new books: that is an assignment, as for every client.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenants.directory import assignments, clients, people, provider_history
from tenants.directory.assignments import InAlready, WrongSide
from tenants.directory.clients import BadClient
from tenants.directory.memberships import Held
from tenants.events import history

ADMIN = "tenant_admin"
LONGEST_NAME = 200
OF_CLIENT = "Name somebody who works for the client and was not shut out."


@dataclass(frozen=True, slots=True)
class Opened:
    """A client that has just begun."""

    id: UUID
    slug: str
    admin_email: str


@dataclass(frozen=True, slots=True)
class Admins:
    """The admins of a client."""

    held: tuple[Held, ...]
    waiting: frozenset[UUID]
    """Those who were invited and have not come in yet."""

    @property
    def all_wait(self) -> bool:
        """Whether nobody administers the client really."""
        return all(each.person_id in self.waiting for each in self.held)


def begin(
    slug: str,
    *,
    legal_name: str,
    base_currency: str,
    time_zone: str,
    country: str,
    admin_email: str,
    now: datetime,
    admin_name: str = "",
    language: str = "en",
) -> Opened:
    """Open a client in the scope of its new id, and invite its first admin.

    Raises BadClient, UnknownCurrency or UnknownZone for words that cannot be right, SlugTaken for a short name in use,
    WrongSide for an admin who works for the provider or was shut out.
    """
    name, address = " ".join(legal_name.split()), admin_email.strip().lower()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise BadClient(f"A client has a name of up to {LONGEST_NAME} letters.", pointer="/legal_name")
    _look_at(address)
    opened = clients.open(
        slug,
        legal_name=name,
        base_currency=base_currency,
        time_zone=time_zone,
        country=country,
        language=language,
        now=now,
        test_since_at=now,
    )
    said = {"name": name, "currency": base_currency, "zone": time_zone, "country": country, "language": language}
    history.note("client.opened", about=("client", opened), at=now, became=said | {"short_name": slug})
    provider_history.note("client.opened", about=("client", opened, name), at=now, became=said | {"admin": address})
    assignments.give(address, name=admin_name, role=ADMIN, side="client", now=now, reason="First admin")
    return Opened(opened, slug, address)


def admins(*, now: datetime) -> Admins:
    """Who administers the current client, and who of them has not come in yet."""
    held = tuple(each for each in assignments.listed(side="client", now=now) if each.role == ADMIN)
    return Admins(held, people.without_a_way_in([each.person_id for each in held]))


def invite_admin(email: str, *, name: str, now: datetime) -> UUID:
    """Invite another admin, or the same once more, while none has come in: a mistyped address would shut the client
    for good. Afterwards the client's own admin decides.

    Raises InAlready, BadClient, WrongSide.
    """
    clients.queue_up()
    found, address = admins(now=now), email.strip().lower()
    if not found.all_wait:
        raise InAlready("An admin of this client has come in.", remedy="Ask the client’s admin to let others in.")
    _look_at(address)
    profile = clients.profile()
    about = ("client", profile.tenant_id, profile.legal_name)
    provider_history.note("client.admin_invited", about=about, at=now, became={"admin": address})
    for each in found.held:
        if each.person_email == address:
            assignments.invite_again(each.id, now=now)
            return each.id
    return assignments.give(address, name=name, role=ADMIN, side="client", now=now, reason="First admin")


def _look_at(address: str) -> None:
    """Raises BadClient for what is no address, WrongSide for somebody who cannot be a client's admin."""
    if "@" not in address[1:-1]:
        raise BadClient(f"“{address[:80]}” is no e-mail address.", pointer="/admin_email")
    known = people.find(address)
    if known is not None and (known.side != "client" or known.disabled_at is not None):
        raise WrongSide("This person cannot be a client’s admin.", remedy=OF_CLIENT, pointer="/admin_email")
