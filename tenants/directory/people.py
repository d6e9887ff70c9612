"""Decides who a person is: one per e-mail address, on the provider's or on a client's side, with one password.

People stand outside every client's books and only the sign-in role can reach them; what a client sees of its people
is in its own memberships.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import passwords, permissions
from tenants.directory.ports import StolenPasswords
from tenants.store import IdentityOwned, Model
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

IDENTITY = {"schema": "identity"}


class PersonKnown(Refusal):
    """Somebody with this address is here already."""

    kind = Kind.CONFLICT
    code = "person_known"
    remedy = "Use the person who is here."


class BadPerson(Refusal):
    """What was said about the person cannot be right."""

    code = "bad_person"
    remedy = "Correct the named part."


class Person(IdentityOwned, Model):
    """Somebody who can sign in."""

    __tablename__ = "person"
    __table_args__ = IDENTITY

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    side: Mapped[str]
    language: Mapped[str]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class ProviderRole(IdentityOwned, Model):
    """A role at the provider itself, in no client."""

    __tablename__ = "provider_role"
    __table_args__ = IDENTITY

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity.person.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)


class Credential(IdentityOwned, Model):
    """The kept form of a person's password."""

    __tablename__ = "credential"
    __table_args__ = IDENTITY

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity.person.id"), primary_key=True)
    password_hash: Mapped[str]
    changed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Known:
    """A person as others read about one."""

    id: UUID
    email: str
    name: str
    side: str
    language: str
    disabled_at: datetime | None


ADD = """
INSERT INTO identity.person (id, email, name, side, language, created_at)
VALUES (:id, :email, :name, :side, :language, :now)
ON CONFLICT (email) DO NOTHING RETURNING id
"""
SET_PASSWORD = """
INSERT INTO identity.credential (person_id, password_hash, changed_at) VALUES (:person_id, :kept, :now)
ON CONFLICT (person_id) DO UPDATE SET password_hash = excluded.password_hash, changed_at = excluded.changed_at
"""
KNOWN_OF = """
SELECT unnest(ARRAY[p.name, p.email]) FROM identity.person p WHERE p.id = :person_id
UNION ALL (SELECT t.legal_name FROM app.tenant t WHERE t.id IN (SELECT m.tenant_id FROM app.membership m
  WHERE m.person_id = :person_id AND m.starts_at <= :now AND (m.ends_at IS NULL OR m.ends_at > :now)) LIMIT 100)
"""
END_SESSIONS = "UPDATE identity.browser_session SET ended_at = :now WHERE person_id = :person_id AND ended_at IS NULL"
END_HALF_WAY = "DELETE FROM identity.sign_in_step WHERE person_id = :person_id AND purpose = 'second factor'"
"""A sign-in that began with the old password and waits for its second step."""
GIVE_ROLE = "INSERT INTO identity.provider_role (person_id, role) VALUES (:person_id, :role) ON CONFLICT DO NOTHING"
END_ROLE = "DELETE FROM identity.provider_role WHERE person_id = :person_id AND role = :role"
ROLES_OF = "SELECT role FROM identity.provider_role WHERE person_id = :person_id"
OF_ID = "SELECT id, email, name, side, language, disabled_at FROM identity.person WHERE id = :person_id"
STRANGERS = """
SELECT p.id FROM identity.person p WHERE p.id = ANY(:ids) AND p.disabled_at IS NULL
  AND NOT EXISTS (SELECT FROM identity.credential c WHERE c.person_id = p.id)
  AND NOT EXISTS (SELECT FROM identity.passkey k WHERE k.person_id = p.id)
  AND NOT EXISTS (SELECT FROM identity.outside_identity o WHERE o.person_id = p.id)
"""
FIND = "SELECT id, email, name, side, language, disabled_at FROM identity.person WHERE email = :email"
HAS_PASSWORD = "SELECT EXISTS (SELECT FROM identity.credential WHERE person_id = :person_id)"
HOLDERS = """
SELECT person_id FROM identity.totp WHERE person_id = ANY(:ids) AND confirmed_at IS NOT NULL
UNION SELECT person_id FROM identity.passkey WHERE person_id = ANY(:ids)
"""
ENABLE = "UPDATE identity.person SET disabled_at = NULL WHERE id = :person_id"
DISABLE = "UPDATE identity.person SET disabled_at = coalesce(disabled_at, :now) WHERE id = :person_id"


def add(email: str, *, name: str, side: str, now: datetime, password: str | None = None, language: str = "en") -> UUID:
    """Add a person, with a password or without one yet.

    Raises PersonKnown for an address in use, BadPerson for words that cannot be right.
    """
    address = email.strip().lower()
    if side not in ("provider", "client"):
        raise BadPerson("A person works for the provider or for a client.", pointer="/side")
    if "@" not in address[1:-1]:
        raise BadPerson(f"“{email[:80]}” is no e-mail address.", pointer="/email")
    added: UUID | None = store.run_identity(
        ADD, id=ids.new(), email=address, name=name, side=side, language=language, now=now
    ).scalar_one_or_none()
    if added is None:
        raise PersonKnown("A person with this address is here already.", pointer="/email")
    if password is not None:
        set_password(added, password=password, now=now)
    return added


def set_password(
    person_id: UUID, *, password: str, now: datetime, about: Iterable[str] = (), stolen: StolenPasswords | None = None
) -> None:
    """Keep a new password and end every session of the person: whoever had the old one is out.

    Raises WeakPassword, also for one made of the person's name, address and clients or of the words `about`.
    """
    own = store.run_identity(KNOWN_OF, person_id=person_id, now=now).scalars().all()
    passwords.refuse_guessable(password, about=[*own, *about], stolen=stolen)
    store.run_identity(SET_PASSWORD, person_id=person_id, kept=passwords.make_hash(password), now=now)
    store.run_identity(END_SESSIONS, person_id=person_id, now=now)
    store.run_identity(END_HALF_WAY, person_id=person_id)


def give_provider_role(person_id: UUID, *, role: str) -> None:
    """Give a role at the provider. Raises BadPerson for a role that is held in clients only."""
    if role not in permissions.OF_PROVIDER:
        raise BadPerson(f"“{role[:40]}” is no role at the provider.", pointer="/role")
    store.run_identity(GIVE_ROLE, person_id=person_id, role=role)


def end_provider_role(person_id: UUID, *, role: str) -> None:
    """Take a role at the provider away; it opens nothing from the next request on."""
    store.run_identity(END_ROLE, person_id=person_id, role=role)


def provider_roles(person_id: UUID) -> frozenset[str]:
    """The roles that the person holds at the provider."""
    return frozenset(store.run_identity(ROLES_OF, person_id=person_id).scalars())


def find(email: str) -> Known | None:
    """The person with this address, or None."""
    found = store.run_identity(FIND, email=email.strip().lower()).one_or_none()
    return None if found is None else Known(*found)


def of_id(person_id: UUID) -> Known | None:
    """The person with this id, or None."""
    found = store.run_identity(OF_ID, person_id=person_id).one_or_none()
    return None if found is None else Known(*found)


def without_a_way_in(ids_of: Collection[UUID]) -> frozenset[UUID]:
    """Those among these who have no password, no passkey and no sign-in of their company yet."""
    return frozenset(store.run_identity(STRANGERS, ids=list(ids_of)).scalars())


def with_a_factor(ids_of: Collection[UUID]) -> frozenset[UUID]:
    """Those among these who hold a second factor."""
    return frozenset(store.run_identity(HOLDERS, ids=list(ids_of)).scalars())


def has_password(person_id: UUID) -> bool:
    """Whether the person has chosen a password."""
    return bool(store.run_identity(HAS_PASSWORD, person_id=person_id).scalar_one())


def disable(person_id: UUID, *, now: datetime) -> None:
    """Shut a person out: no new sign-in, and every session ends."""
    store.run_identity(DISABLE, person_id=person_id, now=now)
    store.run_identity(END_SESSIONS, person_id=person_id, now=now)


def enable(person_id: UUID) -> None:
    """Let a person who was shut out sign in again."""
    store.run_identity(ENABLE, person_id=person_id)


def end_sessions(person_id: UUID, *, now: datetime) -> None:
    """End every session of the person; each browser is out with its next request."""
    store.run_identity(END_SESSIONS, person_id=person_id, now=now)
