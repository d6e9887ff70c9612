"""Decides who is written to: a contact is one address at one debtor, with one role and one wish about the pixel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.store import Model, TenantOwned
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

PREFIX = "con"


class BadAddress(Refusal):
    """The text is no e-mail address."""

    code = "bad_address"
    remedy = "Correct the address."


class UnknownContact(Refusal):
    """No such contact, or not yours."""

    kind = Kind.UNKNOWN
    code = "unknown_contact"
    remedy = "Look at the customer's contacts again."


class Contact(TenantOwned, Model):
    """One person or mailbox at a debtor."""

    __tablename__ = "contact"
    __table_args__ = (
        UniqueConstraint("tenant_id", "debtor_id", "email"),
        ForeignKeyConstraint(["tenant_id", "debtor_id"], ["debtor.tenant_id", "debtor.id"]),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    debtor_id: Mapped[UUID]
    name: Mapped[str]
    email: Mapped[str]
    role: Mapped[str]
    language: Mapped[str]
    pixel_consent: Mapped[str]
    active: Mapped[bool]
    import_id: Mapped[UUID | None]
    known_at: Mapped[datetime]
    reminders_stopped_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Card:
    """One contact as pages show it."""

    id: UUID
    debtor_id: UUID
    name: str
    email: str
    role: str
    language: str
    pixel_consent: str
    active: bool
    reminders_stopped_at: datetime | None
    """Since when this reader wants no reminders by mail."""


ADD = """
INSERT INTO contact (tenant_id, id, debtor_id, name, email, role, language, known_at)
VALUES (:tenant, :id, :debtor_id, :name, :email, :role, :language, :now)
ON CONFLICT (tenant_id, debtor_id, email) DO UPDATE SET name = excluded.name, role = excluded.role, active = true
RETURNING id
"""
RETIRE = "UPDATE contact SET active = false WHERE tenant_id = :tenant AND id = :contact_id RETURNING id"
DEBTOR_OF = "SELECT debtor_id FROM contact WHERE tenant_id = :tenant AND id = :contact_id"
OF_DEBTOR = """
SELECT id, debtor_id, name, email, role, language, pixel_consent, active, reminders_stopped_at FROM contact
WHERE tenant_id = :tenant AND debtor_id = :debtor_id ORDER BY active DESC, role, email
"""


def add(
    debtor_id: UUID, *, email: str, now: datetime, name: str = "", role: str = "billing", language: str = "en"
) -> UUID:
    """Add a contact, or take back one that was retired. Raises BadAddress for text that is no address."""
    address = email.strip()
    mailbox, _, host = address.rpartition("@")
    if not mailbox or not host or any(letter.isspace() for letter in address):
        raise BadAddress(f"“{email[:80]}” is no e-mail address.", pointer="/email")
    added: UUID = store.run(
        ADD, id=ids.new(), debtor_id=debtor_id, name=name, email=address, role=role, language=language, now=now
    ).scalar_one()
    return added


def retire(contact_id: UUID) -> None:
    """Write to this address no more. Raises UnknownContact."""
    if store.run(RETIRE, contact_id=contact_id).scalar_one_or_none() is None:
        raise UnknownContact("There is no such contact.")


def debtor_of(contact_id: UUID) -> UUID:
    """Whose contact it is. Raises UnknownContact."""
    found: UUID | None = store.run(DEBTOR_OF, contact_id=contact_id).scalar_one_or_none()
    if found is None:
        raise UnknownContact("There is no such contact.")
    return found


def of_debtor(debtor_id: UUID) -> Sequence[Card]:
    """Every contact of a debtor, those in use first."""
    return [Card(*row) for row in store.run(OF_DEBTOR, debtor_id=debtor_id)]
