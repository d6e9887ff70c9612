"""Decides who has paid for whom: what was applied once, and not taken back, speaks for the next time.

A payer is known by name and, better, by the account that paid, of which only a keyed hash is there.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.cash import names
from tenants.store import Model, TenantOwned

ACCOUNT = "#"
"""Before the hash of an account: no clean name begins so."""
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
UPDATE payer p SET times = greatest(p.times - t.times, 0)
FROM (SELECT f.key, f.debtor_id, count(*) AS times
  FROM unnest(CAST(:keys AS text[]), CAST(:debtors AS uuid[])) AS f (key, debtor_id) GROUP BY f.key, f.debtor_id) t
WHERE p.tenant_id = :tenant AND p.key = t.key AND p.debtor_id = t.debtor_id
"""


def keys(party: str, *, mark: str) -> tuple[str, ...]:
    """Under which a payer is remembered: the account first, then the clean name."""
    name = names.clean(party)
    return (*([ACCOUNT + mark] if mark else []), *([name] if name else []))


def of(wanted: Collection[str]) -> dict[str, UUID]:
    """By key of the payer, the one customer that this payer pays for."""
    found: dict[str, list[tuple[UUID, int]]] = {}
    for key, debtor_id, times in store.run(OF, keys=sorted(wanted)):
        found.setdefault(key, []).append((debtor_id, times))
    return {
        key: pairs[0][0] for key, pairs in found.items() if pairs[0][1] >= MOST_OFTEN * sum(times for _, times in pairs)
    }


def learn(payments: Iterable[tuple[Sequence[str], UUID, date]]) -> None:
    """Remember who paid for whom: the payer's keys, the customer, the day."""
    rows = [(key, debtor_id, day) for known, debtor_id, day in payments for key in known]
    if rows:
        keyed, debtors, days = zip(*rows, strict=True)
        store.run(LEARN, keys=list(keyed), debtors=list(debtors), days=list(days))


def forget(known: Sequence[str], debtor_id: UUID) -> None:
    """Take one payment back from what was learned."""
    forget_many([(known, debtor_id)])


def forget_many(payments: Iterable[tuple[Sequence[str], UUID]]) -> None:
    """Take payments back from what was learned: the payer's keys and the customer of each."""
    rows = [(key, debtor_id) for known, debtor_id in payments for key in known]
    if rows:
        keyed, debtors = zip(*rows, strict=True)
        store.run(FORGET, keys=list(keyed), debtors=list(debtors))
