"""Decides how much of its credit a customer uses: what it owes in all currencies, against a limit in the client's own.

Exposure is what is open, due or not, less what came in and is not applied. Another currency is told in the client's by
the rate of the day; without one there is no figure but a reason, because a limit that leaves something out is no limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from uuid import UUID

from tenants import store
from tenants.directory import clients
from tenants.ledger import debtors, rates
from tenants.ledger.rates import NoRate, Rate

TIGHT = Fraction(9, 10)
"""More use of a limit than this is flagged."""


@dataclass(frozen=True, slots=True)
class Part:
    """The exposure in one currency, and the rates by which it counts against the limit."""

    currency: str
    open_minor: int
    unapplied_minor: int
    rates: tuple[Rate, ...]

    @property
    def minor(self) -> int:
        """What is open less what is not applied."""
        return self.open_minor - self.unapplied_minor


@dataclass(frozen=True, slots=True)
class Credit:
    """The credit of one customer on a day."""

    debtor_id: UUID
    day: date
    currency: str
    limit_minor: int | None
    exposure_minor: int | None
    parts: Sequence[Part]
    reason: str = ""

    @property
    def use(self) -> Fraction | None:
        """Which share of the limit is used."""
        if self.limit_minor is None or self.exposure_minor is None or not self.limit_minor:
            return None
        return Fraction(self.exposure_minor, self.limit_minor)

    @property
    def is_tight(self) -> bool:
        """Whether more than nine tenths of the limit are used, or anything of a limit of nothing."""
        if self.limit_minor == 0:
            return bool(self.exposure_minor and self.exposure_minor > 0)
        return self.use is not None and self.use > TIGHT

    @property
    def free_minor(self) -> int | None:
        """What may still be sold on credit; below nothing when the limit is exceeded."""
        if self.limit_minor is None or self.exposure_minor is None:
            return None
        return self.limit_minor - self.exposure_minor


EXPOSED = """
SELECT e.debtor_id, e.currency, CAST(sum(e.open_minor) AS bigint), CAST(sum(e.unapplied_minor) AS bigint) FROM (
  SELECT i.debtor_id, i.currency, i.open_minor, 0 AS unapplied_minor FROM invoice i
  WHERE i.tenant_id = :tenant AND i.open_minor > 0 AND i.voided_on IS NULL AND i.issued_on <= :day
  UNION ALL
  SELECT p.debtor_id, p.currency, 0, p.unapplied_minor FROM payment p
  WHERE p.tenant_id = :tenant AND p.unapplied_minor > 0 AND p.received_on <= :day
  UNION ALL
  SELECT c.debtor_id, c.currency, 0, c.unapplied_minor FROM credit_note c
  WHERE c.tenant_id = :tenant AND c.unapplied_minor > 0 AND c.issued_on <= :day
) e JOIN debtor d ON d.tenant_id = :tenant AND d.id = e.debtor_id
WHERE {which} GROUP BY e.debtor_id, e.currency ORDER BY e.debtor_id, e.currency
"""
ONE, LIMITED = "e.debtor_id = :debtor_id", "d.credit_limit_minor IS NOT NULL"
LIMITS = "SELECT id, credit_limit_minor FROM debtor WHERE tenant_id = :tenant AND credit_limit_minor IS NOT NULL"


def of(debtor_id: UUID, *, today: date) -> Credit:
    """The credit of one customer on the client's present day. Raises UnknownDebtor."""
    card = debtors.card(debtor_id)
    parts = [row[1:] for row in store.run(EXPOSED.format(which=ONE), day=today, debtor_id=debtor_id)]
    table = rates.table(clients.profile().base_currency, day=today)
    return _credit(debtor_id, card.credit_limit_minor, parts, table)


def tight(*, today: date) -> Sequence[Credit]:
    """The customers whose credit is nearly or wholly used, or cannot be told, the most used first."""
    table = rates.table(clients.profile().base_currency, day=today)
    exposed: dict[UUID, list[tuple[str, int, int]]] = {}
    for debtor_id, *part in store.run(EXPOSED.format(which=LIMITED), day=today):
        exposed.setdefault(debtor_id, []).append(tuple(part))
    limits: dict[UUID, int] = {row[0]: row[1] for row in store.run(LIMITS)}
    found = [_credit(debtor_id, limits[debtor_id], parts, table) for debtor_id, parts in exposed.items()]
    flagged = [each for each in found if each.is_tight or each.reason]
    return sorted(flagged, key=lambda each: (-(each.use or 0), each.debtor_id))


def _credit(
    debtor_id: UUID, limit_minor: int | None, rows: Sequence[tuple[str, int, int]], table: rates.Table
) -> Credit:
    try:
        parts = tuple(Part(currency, owed, loose, table.used(currency)) for currency, owed, loose in rows)
    except NoRate as none:
        bare = tuple(Part(currency, owed, loose, ()) for currency, owed, loose in rows)
        return Credit(debtor_id, table.day, table.into, limit_minor, None, bare, none.detail)
    exposure = table.sum((part.minor, part.currency) for part in parts)
    return Credit(debtor_id, table.day, table.into, limit_minor, exposure, parts)
