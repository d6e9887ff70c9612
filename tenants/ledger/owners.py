"""Decides who looks after a customer, and remembers who did.

A figure of a person counts only the days on which a customer was theirs, so giving a customer to somebody else never
rewrites what became of it before. What was said last counts from its day on; what was said earlier keeps the days
before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.events import history
from tenants.ledger.debtors import UnknownDebtor
from tenants.store import Model, TenantOwned
from tenants.values import dates, ids
from tenants.values.faults import Kind, Refusal


class UnknownOwner(Refusal):
    """Only somebody who works for the client looks after its customers."""

    kind = Kind.UNKNOWN
    code = "unknown_owner"
    remedy = "Choose somebody who works for this client, or nobody."


class NotYetOwned(Refusal):
    """A customer is given from today on or from a day that has been."""

    code = "owner_in_future"
    remedy = "Name today or a day that has been."


class DebtorOwner(TenantOwned, Model):
    """That somebody, or nobody, looks after a customer from a day on."""

    __tablename__ = "debtor_owner"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "debtor_id"], ["debtor.tenant_id", "debtor.id"]),
        Index("ix_debtor_owner_debtor", "tenant_id", "debtor_id", "known_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    debtor_id: Mapped[UUID]
    owner_id: Mapped[UUID | None]
    since_on: Mapped[date]
    known_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Span:
    """The days on which somebody looked after a customer; without an end it goes on."""

    owner_id: UUID | None
    name: str
    since_on: date
    until_on: date | None
    """The first day that is no longer theirs."""


HERE = """
SELECT person_id FROM membership WHERE tenant_id = :tenant AND person_id = ANY(:people) AND starts_at <= :now
  AND (ends_at IS NULL OR ends_at > :now)
"""
# Saying again what was said last from that day or an earlier one changes nothing.
GIVE = """
INSERT INTO debtor_owner (tenant_id, id, debtor_id, owner_id, since_on, known_at)
SELECT :tenant, g.id, g.debtor_id, g.owner_id, :since_on, :now
FROM unnest(CAST(:ids AS uuid[]), CAST(:debtors AS uuid[]), CAST(:owners AS uuid[])) AS g(id, debtor_id, owner_id)
JOIN debtor d ON d.tenant_id = :tenant AND d.id = g.debtor_id
LEFT JOIN (
  SELECT DISTINCT ON (o.debtor_id) o.debtor_id, o.owner_id, o.since_on FROM debtor_owner o
  WHERE o.tenant_id = :tenant AND o.debtor_id = ANY(:debtors)
  ORDER BY o.debtor_id, o.known_at DESC, o.id DESC) n ON n.debtor_id = g.debtor_id
WHERE CASE WHEN n.debtor_id IS NULL THEN g.owner_id IS NOT NULL
  ELSE n.owner_id IS DISTINCT FROM g.owner_id OR n.since_on > :since_on END
RETURNING debtor_id
"""
NOW = """
UPDATE debtor d SET owner_id = g.owner_id
FROM unnest(CAST(:debtors AS uuid[]), CAST(:owners AS uuid[])) AS g(debtor_id, owner_id)
WHERE d.tenant_id = :tenant AND d.id = g.debtor_id AND d.owner_id IS DISTINCT FROM g.owner_id
"""
WERE = "SELECT id, owner_id FROM debtor WHERE tenant_id = :tenant AND id = ANY(:debtors)"
# Each row counts until the first day on which something was said later.
SPANS = """
SELECT s.debtor_id, s.owner_id, s.since_on, s.until_on FROM (
  SELECT o.debtor_id, o.owner_id, o.since_on, min(o.since_on) OVER (PARTITION BY o.debtor_id
    ORDER BY o.known_at, o.id ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS until_on
  FROM debtor_owner o WHERE o.tenant_id = :tenant{narrow}) s
WHERE s.until_on IS NULL OR s.until_on > s.since_on
"""
OF_ONE = f"""
SELECT s.owner_id, coalesce((SELECT m.person_name FROM membership m WHERE m.tenant_id = :tenant
  AND m.person_id = s.owner_id ORDER BY m.starts_at DESC LIMIT 1), '') AS name, s.since_on, s.until_on
FROM ({SPANS.format(narrow=" AND o.debtor_id = :debtor_id")}) s ORDER BY s.since_on DESC
"""


def give(
    pairs: Sequence[tuple[UUID, UUID | None]], *, since_on: date, today: date, now: datetime, reason: str = ""
) -> int:
    """Give customers to people, or to nobody, from a day on; return for how many that is new.

    Raises UnknownOwner, NotYetOwned, and UnknownDebtor if one of them is not here.
    """
    if since_on > today:
        raise NotYetOwned(f"{dates.written(since_on)} has not come yet.", pointer="/since_on")
    people = {owner for _, owner in pairs if owner is not None}
    if people - set(store.run(HERE, people=list(people), now=now).scalars()):
        raise UnknownOwner("This is nobody who works for this client.", pointer="/owner_id")
    debtors, owners = [debtor for debtor, _ in pairs], [owner for _, owner in pairs]
    were = {row.id: row.owner_id for row in store.run(WERE, debtors=debtors)}
    if set(debtors) - set(were):
        raise UnknownDebtor("One of these customers is not here.")
    given = set(
        store.run(
            GIVE, ids=[ids.new() for _ in pairs], debtors=debtors, owners=owners, since_on=since_on, now=now
        ).scalars()
    )
    store.run(NOW, debtors=debtors, owners=owners)
    for debtor_id, owner_id in pairs:
        if debtor_id in given:
            history.note(
                "customer.given",
                about=("debtor", debtor_id),
                at=now,
                was={"owner_id": were[debtor_id]},
                became={"owner_id": owner_id, "since_on": since_on},
                reason=reason,
            )
    return len(given)


def of_debtor(debtor_id: UUID) -> list[Span]:
    """Who looked after a customer when, the present one first."""
    return [Span(*row) for row in store.run(OF_ONE, debtor_id=debtor_id)]
