"""Decides who works for the provider: added by an administrator of the provider, by a letter whose link opens once.

Being of the provider opens no client's books: that is an assignment. Nobody shuts themselves out, and there is
always an administrator.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.directory import letters, people
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
SELECT count(*) FROM identity.provider_role r JOIN identity.person p ON p.id = r.person_id
WHERE r.role = 'provider_admin' AND p.disabled_at IS NULL
"""


def everybody(*, now: datetime) -> Sequence[Colleague]:
    """The provider's people, those who were shut out last."""
    return [Colleague(*row) for row in store.run_identity(ALL, now=now)]


def add(email: str, *, name: str, admin: bool, now: datetime, by: str = "") -> UUID:
    """Add somebody and send an invitation. Raises PersonKnown, BadPerson."""
    added = people.add(email, name=name.strip() or email, side="provider", now=now)
    if admin:
        people.give_provider_role(added, role=ADMIN)
    letters.queue(letters.INVITATION, email=email, now=now, by=by)
    return added


def invite_again(email: str, *, now: datetime, by: str = "") -> None:
    """Send one more invitation to somebody who has not come in yet. Raises NotOfOurs."""
    found = _one(email)
    if found.disabled_at is not None or found.id not in people.without_a_way_in([found.id]):
        raise NotOfOurs("Nobody with this address waits for an invitation.")
    letters.queue(letters.INVITATION, email=found.email, now=now, by=by)


def shut(email: str, *, by: UUID, now: datetime) -> None:
    """Shut somebody out: every session ends, and no new one begins. Raises NotOfOurs, KeptIn."""
    found = _one(email)
    if found.id == by:
        raise KeptIn("Nobody shuts themselves out.")
    is_admin = any(each.id == found.id and each.is_admin for each in everybody(now=now))
    if is_admin and store.run_identity(ADMINS).scalar_one() <= 1:
        raise KeptIn("This is the last administrator of the provider.")
    people.disable(found.id, now=now)


def _one(email: str) -> people.Known:
    found = people.find(email)
    if found is None or found.side != "provider":
        raise NotOfOurs("Nobody of the provider has this address.")
    return found
