"""Decides who has paid for whom: what was applied once, and not taken back, speaks for the next time."""

from collections.abc import Collection, Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.cash import names
from tenants.store import Model, TenantOwned

MOST_OFTEN = 0.9
"""A payer who pays for several customers is learned for one of them only if nearly all payments were for that one."""


class Payer(TenantOwned, Model):
    """How often a payer has paid for a customer."""

    __tablename__ = "payer"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "debtor_id"], ["debtor.tenant_id", "debtor.id"]),)

    key: Mapped[str] = mapped_column(primary_key=True)
    debtor_id: Mapped[UUID] = mapped_column(primary_key=True)
    times: Mapped[int]
    last_on: Mapped[date]


OF = """
SELECT p.key, p.debtor_id, p.times FROM payer p
WHERE p.tenant_id = :tenant AND p.key = ANY(:keys) AND p.times > 0 ORDER BY p.key, p.times DESC
"""
LEARN = """
INSERT INTO payer (tenant_id, key, debtor_id, times, last_on)
SELECT :tenant, t.key, t.debtor_id, count(*), max(t.day)
FROM unnest(CAST(:keys AS text[]), CAST(:debtors AS uuid[]), CAST(:days AS date[])) AS t (key, debtor_id, day)
GROUP BY t.key, t.debtor_id ORDER BY t.key, t.debtor_id
ON CONFLICT (tenant_id, key, debtor_id) DO UPDATE
SET times = payer.times + excluded.times, last_on = greatest(payer.last_on, excluded.last_on)
"""
FORGET = """
UPDATE payer SET times = greatest(times - 1, 0) WHERE tenant_id = :tenant AND key = :key AND debtor_id = :debtor_id
"""


def of(keys: Collection[str]) -> dict[str, UUID]:
    """By clean name of the payer, the one customer that this payer pays for."""
    found: dict[str, list[tuple[UUID, int]]] = {}
    for key, debtor_id, times in store.run(OF, keys=sorted(key for key in keys if key)):
        found.setdefault(key, []).append((debtor_id, times))
    return {
        key: pairs[0][0] for key, pairs in found.items() if pairs[0][1] >= MOST_OFTEN * sum(times for _, times in pairs)
    }


def learn(payments: Iterable[tuple[str, UUID, date]]) -> None:
    """Remember who paid for whom: the payer's name, the customer, the day."""
    known = [(names.clean(party), debtor_id, day) for party, debtor_id, day in payments]
    rows = [row for row in known if row[0]]
    if rows:
        keys, debtors, days = zip(*rows, strict=True)
        store.run(LEARN, keys=list(keys), debtors=list(debtors), days=list(days))


def forget(party: str, debtor_id: UUID) -> None:
    """Take one payment back from what was learned."""
    store.run(FORGET, key=names.clean(party), debtor_id=debtor_id)
