"""Decides who works for the provider: added by an administrator of the provider, by a letter whose link opens once.

Being of the provider opens no client's books: that is an assignment. Nobody shuts themselves out, and there is
always an administrator.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.directory import letters, people, provider_history, resets
from tenants.values.faults import Kind, Refusal

ADMIN = "provider_admin"


class NotOfOurs(Refusal):
    """No such person of the provider."""

    kind = Kind.UNKNOWN
    code = "unknown_person"
    remedy = "Look at the list again."


class KeptIn(Refusal):
    """Somebody who cannot be shut out, or not by this person."""

    kind = Kind.CONFLICT
    code = "kept_in"
    remedy = "Ask another administrator, or make one first."


class NotWaiting(Refusal):
    """Who has come in, or was shut out, needs no invitation."""

    kind = Kind.CONFLICT
    code = "not_waiting"
    remedy = "They sign in as always; a new password is asked for at sign-in."


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the provider."""

    id: UUID
    name: str
    email: str
    is_admin: bool
    clients: int
    has_factor: bool
    has_a_way_in: bool
    shut_at: datetime | None


ALL = """
SELECT p.id, p.name, p.email,
  EXISTS (SELECT FROM identity.provider_role r WHERE r.person_id = p.id AND r.role = 'provider_admin'),
  (SELECT count(DISTINCT m.tenant_id) FROM app.membership m WHERE m.person_id = p.id AND m.starts_at <= :now
     AND (m.ends_at IS NULL OR m.ends_at > :now) AND m.role <> 'visitor'),
  EXISTS (SELECT FROM identity.totp t WHERE t.person_id = p.id AND t.confirmed_at IS NOT NULL)
    OR EXISTS (SELECT FROM identity.passkey k WHERE k.person_id = p.id),
  EXISTS (SELECT FROM identity.credential c WHERE c.person_id = p.id)
    OR EXISTS (SELECT FROM identity.passkey k WHERE k.person_id = p.id),
  p.disabled_at
FROM identity.person p WHERE p.side = 'provider' ORDER BY p.disabled_at IS NOT NULL, p.name, p.id LIMIT 2000
"""
ADMINS = """
SELECT p.id FROM identity.provider_role r JOIN identity.person p ON p.id = r.person_id
WHERE r.role = 'provider_admin' AND p.disabled_at IS NULL ORDER BY p.id FOR UPDATE OF r
"""
"""Locked: of two administrators who shut each other out at once, one stays."""


def everybody(*, now: datetime) -> Sequence[Colleague]:
    """The provider's people, those who were shut out last."""
    return [Colleague(*row) for row in store.run_identity(ALL, now=now)]


def add(email: str, *, name: str, admin: bool, now: datetime, by: str = "") -> UUID:
    """Add somebody and send an invitation. Raises PersonKnown, BadPerson."""
    added = people.add(email, name=name.strip() or email, side="provider", now=now)
    if admin:
        people.give_provider_role(added, role=ADMIN)
    letters.queue(letters.INVITATION, email=email, now=now, by=by)
    about = ("person", added, name.strip() or email)
    provider_history.note("colleague.added", about=about, at=now, became={"email": email, "administrator": admin})
    return added


def invite_again(person_id: UUID, *, now: datetime, by: str = "") -> None:
    """Send one more invitation to somebody who has not come in yet. Raises NotOfOurs, NotWaiting."""
    found = _one(person_id)
    if found.disabled_at is not None or found.id not in people.without_a_way_in([found.id]):
        raise NotWaiting("This person does not wait for an invitation.")
    letters.queue(letters.INVITATION, email=found.email, now=now, by=by)


def shut(person_id: UUID, *, by: UUID, now: datetime) -> None:
    """Shut somebody out: every session ends, and no new one begins. Raises NotOfOurs, KeptIn."""
    found = _one(person_id)
    if found.id == by:
        raise KeptIn("Nobody shuts themselves out.")
    _keep_an_admin(found)
    people.disable(found.id, now=now)
    provider_history.note("colleague.shut_out", about=("person", found.id, found.name), at=now)


def let_back(person_id: UUID, *, now: datetime) -> None:
    """Let somebody who was shut out come in again, with the password and the roles of before. Raises NotOfOurs."""
    found = _one(person_id)
    people.enable(found.id)
    provider_history.note("colleague.let_back", about=("person", found.id, found.name), at=now)


def forget_factors(person_id: UUID, *, by: UUID, by_name: str, now: datetime) -> None:
    """Take the second factors of a colleague away who lost them. Raises NotOfOurs, KeptIn, NothingHeld."""
    found = _one(person_id)
    if found.id == by:
        raise KeptIn("Nobody does this to themselves.", remedy="Change your factors under My account.")
    resets.forget(found, now=now, by=by_name)
    provider_history.note("second_factor.taken_away", about=("person", found.id, found.name), at=now)


def set_admin(person_id: UUID, *, admin: bool, by: UUID, now: datetime) -> None:
    """Make somebody an administrator of the provider, or no longer. Raises NotOfOurs, KeptIn."""
    found = _one(person_id)
    if found.id == by:
        raise KeptIn("Nobody decides about their own role.")
    if admin:
        people.give_provider_role(found.id, role=ADMIN)
    else:
        _keep_an_admin(found)
        people.end_provider_role(found.id, role=ADMIN)
    about = ("person", found.id, found.name)
    provider_history.note("colleague.changed", about=about, at=now, became={"administrator": admin})


def _keep_an_admin(found: people.Known) -> None:
    is_admin = found.disabled_at is None and ADMIN in people.provider_roles(found.id)
    if is_admin and len(store.run_identity(ADMINS).scalars().all()) <= 1:
        raise KeptIn("This is the last administrator of the provider.")


def _one(person_id: UUID) -> people.Known:
    found = people.of_id(person_id)
    if found is None or found.side != "provider":
        raise NotOfOurs("There is no such person of the provider.")
    return found
