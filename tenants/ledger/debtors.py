"""Decides who owes: a debtor has one number in its client's books, and groups that rules can name.

On screens a debtor is called a customer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.events import history
from tenants.store import Model, TenantOwned
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

PREFIX = "deb"


class DebtorKnown(Refusal):
    """Another customer has this number."""

    kind = Kind.CONFLICT
    code = "customer_known"
    remedy = "Use the customer who is there, or another number."


class BadLimit(Refusal):
    """A limit below nothing."""

    code = "bad_credit_limit"
    remedy = "Give an amount, or leave it empty for none."


class UnknownDebtor(Refusal):
    """No such customer, or not yours."""

    kind = Kind.UNKNOWN
    code = "unknown_customer"
    remedy = "Look at the list of customers again."


class Debtor(TenantOwned, Model):
    """One customer of a client."""

    __tablename__ = "debtor"
    __table_args__ = (UniqueConstraint("tenant_id", "number"), Index("ix_debtor_country", "tenant_id", "country"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str]
    name: Mapped[str]
    country: Mapped[str]
    language: Mapped[str]
    time_zone: Mapped[str | None]
    channel: Mapped[str]
    consumer: Mapped[bool]
    credit_limit_minor: Mapped[int | None] = mapped_column(BigInteger)
    owner_id: Mapped[UUID | None]
    import_id: Mapped[UUID | None]
    known_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    """When the file that opened the account was undone: it has no number any more and is in no list."""
    address: Mapped[str]
    terms_days: Mapped[int | None] = mapped_column(SmallInteger)
    """Days from invoice to due date that were agreed with this customer, for files that give no due date."""


class DebtorGroup(TenantOwned, Model):
    """That a debtor belongs to a group, such as the key accounts."""

    __tablename__ = "debtor_group"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "debtor_id"], ["debtor.tenant_id", "debtor.id"]),
        Index("ix_debtor_group_key", "tenant_id", "key", "debtor_id"),
    )

    debtor_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)


@dataclass(frozen=True, slots=True)
class Card:
    """One debtor as pages and letters show it."""

    id: UUID
    number: str
    name: str
    country: str
    language: str
    time_zone: str | None
    channel: str
    consumer: bool
    credit_limit_minor: int | None
    owner_id: UUID | None
    address: str
    terms_days: int | None
    groups: tuple[str, ...]


OPEN = """
INSERT INTO debtor (tenant_id, id, number, name, country, language, time_zone, channel, consumer, credit_limit_minor,
  owner_id, known_at)
VALUES (:tenant, :id, :number, :name, :country, :language, :time_zone, :channel, :consumer, :credit_limit_minor,
  :owner_id, :now)
ON CONFLICT (tenant_id, number) DO NOTHING RETURNING id
"""
FIRST_OWNER = """
INSERT INTO debtor_owner (tenant_id, id, debtor_id, owner_id, since_on, known_at)
VALUES (:tenant, :id, :debtor_id, :owner_id, :since_on, :now)
"""
JOIN_GROUP = """
INSERT INTO debtor_group (tenant_id, debtor_id, key) VALUES (:tenant, :debtor_id, :key)
ON CONFLICT (tenant_id, debtor_id, key) DO NOTHING
"""
LEAVE_GROUP = "DELETE FROM debtor_group WHERE tenant_id = :tenant AND debtor_id = :debtor_id AND key = :key"
SET_LIMIT = """
UPDATE debtor d SET credit_limit_minor = :minor
FROM (SELECT id, credit_limit_minor FROM debtor WHERE tenant_id = :tenant AND id = :debtor_id FOR UPDATE) b
WHERE d.tenant_id = :tenant AND d.id = b.id RETURNING b.credit_limit_minor AS was
"""
CARD = """
SELECT d.id, d.number, d.name, d.country, d.language, d.time_zone, d.channel, d.consumer, d.credit_limit_minor,
  d.owner_id, d.address, d.terms_days,
  ARRAY(SELECT g.key FROM debtor_group g WHERE g.tenant_id = :tenant AND g.debtor_id = d.id ORDER BY g.key) AS groups
FROM debtor d WHERE d.tenant_id = :tenant AND d.id = :debtor_id
"""
TERMS = """
SELECT number, terms_days FROM debtor WHERE tenant_id = :tenant AND terms_days IS NOT NULL AND undone_at IS NULL
"""


def open(
    number: str,
    *,
    name: str,
    now: datetime,
    country: str = "",
    language: str = "en",
    time_zone: str | None = None,
    channel: str = "email",
    consumer: bool = False,
    credit_limit_minor: int | None = None,
    owner_id: UUID | None = None,
    groups: Iterable[str] = (),
) -> UUID:
    """Open an account for a debtor. Raises DebtorKnown for a number in use."""
    opened: UUID | None = store.run(
        OPEN,
        id=ids.new(),
        number=number,
        name=name,
        country=country,
        language=language,
        time_zone=time_zone,
        channel=channel,
        consumer=consumer,
        credit_limit_minor=credit_limit_minor,
        owner_id=owner_id,
        now=now,
    ).scalar_one_or_none()
    if opened is None:
        raise DebtorKnown(f"There is a customer with the number {number} already.", pointer="/number")
    for key in groups:
        join(opened, key=key)
    if owner_id is not None:
        store.run(FIRST_OWNER, id=ids.new(), debtor_id=opened, owner_id=owner_id, since_on=now.date(), now=now)
    return opened


def join(debtor_id: UUID, *, key: str) -> None:
    """Put a debtor into a group; being there already is no fault."""
    store.run(JOIN_GROUP, debtor_id=debtor_id, key=key)


def leave(debtor_id: UUID, *, key: str) -> None:
    """Take a debtor out of a group."""
    store.run(LEAVE_GROUP, debtor_id=debtor_id, key=key)


def set_limit(debtor_id: UUID, minor: int | None, *, now: datetime, reason: str = "") -> None:
    """Say how much a debtor may owe at once, in the client's own currency; None: no limit is set.

    Raises UnknownDebtor, BadLimit.
    """
    if minor is not None and minor < 0:
        raise BadLimit("A limit is nothing or more.", pointer="/limit")
    row = store.run(SET_LIMIT, debtor_id=debtor_id, minor=minor).one_or_none()
    if row is None:
        raise UnknownDebtor("There is no such customer.")
    if row.was != minor:
        history.note(
            "customer.credit_limit_set",
            about=("debtor", debtor_id),
            at=now,
            was={"credit_limit_minor": row.was},
            became={"credit_limit_minor": minor},
            reason=reason,
        )


def card(debtor_id: UUID) -> Card:
    """One debtor. Raises UnknownDebtor when there is none that this scope may see."""
    found = store.run(CARD, debtor_id=debtor_id).one_or_none()
    if found is None:
        raise UnknownDebtor("There is no such customer.")
    return Card(**{**found._mapping, "groups": tuple(found.groups)})


def terms() -> dict[str, int]:
    """By number the debtors with payment terms of their own, in days."""
    return {row.number: row.terms_days for row in store.run(TERMS)}
