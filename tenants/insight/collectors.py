"""Decides how well each person collects: the effectiveness of those days on which a customer was theirs.

A customer who was given to somebody else counts for each of them from their first day to their last, as if that were
the whole period; so nobody is judged by what another left behind. Beside it stands what each looks after on the last
day: who holds the hard cases collects less, and people are never put in order by cash.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from tenants import store
from tenants.insight import formulas
from tenants.insight.facts import Period
from tenants.insight.formulas import Answer
from tenants.insight.narrowing import EVERYBODY, Narrow
from tenants.insight.sets import DUE_THEN, KNOWN
from tenants.ledger import owners

MOST = 2_000
"""Stretches of days shown on one page; a client's book has fewer customers who move."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The days of one customer that were one person's, and what they began and ended with."""

    owner_id: UUID | None
    currency: str
    debtor_id: UUID
    debtor_name: str
    first_on: date
    last_on: date
    opening_minor: int
    sales_minor: int
    closing_minor: int
    not_due_minor: int
    old_minor: int
    """Of what is open at the end, that which is more than ninety days late."""

    @property
    def collected_minor(self) -> int:
        """What came in, or was let go."""
        return self.opening_minor + self.sales_minor - self.closing_minor


@dataclass(frozen=True, slots=True)
class Collector:
    """One person, or nobody, in one currency."""

    owner_id: UUID | None
    name: str
    currency: str
    stretches: tuple[Stretch, ...]
    day: date

    def _sum(self, name: str) -> int:
        return sum(getattr(each, name) for each in self.stretches)

    @property
    def opening_minor(self) -> int:
        """What was open when their days began."""
        return self._sum("opening_minor")

    @property
    def sales_minor(self) -> int:
        """What was sold on their days."""
        return self._sum("sales_minor")

    @property
    def closing_minor(self) -> int:
        """What was open when their days ended."""
        return self._sum("closing_minor")

    @property
    def not_due_minor(self) -> int:
        """What of that was not late."""
        return self._sum("not_due_minor")

    @property
    def effectiveness(self) -> Answer:
        """CEI over their own days."""
        return formulas.effectiveness(
            self.opening_minor, sales=self.sales_minor, closing=self.closing_minor, not_due=self.not_due_minor
        )

    @property
    def held(self) -> tuple[Stretch, ...]:
        """What they look after on the last day."""
        return tuple(each for each in self.stretches if each.last_on == self.day)

    @property
    def customers(self) -> int:
        """How many customers with something open they look after on the last day."""
        return sum(1 for each in self.held if each.closing_minor)

    @property
    def held_minor(self) -> int:
        """What is open with them on the last day."""
        return sum(each.closing_minor for each in self.held)

    @property
    def percent_current(self) -> Answer:
        """How much of that is not late."""
        return formulas.quotient(
            sum(each.not_due_minor for each in self.held), self.held_minor, nothing="nothing is open"
        )

    @property
    def percent_old(self) -> Answer:
        """How much of that is more than ninety days late."""
        return formulas.quotient(sum(each.old_minor for each in self.held), self.held_minor, nothing="nothing is open")


STANDING = "(i.voided_on IS NULL OR i.voided_on > {on} OR i.voided_at > :known_at)"
# The days before anybody was named are nobody's.
STRETCHES = f"""
SELECT s.debtor_id, s.owner_id, greatest(s.since_on, CAST(:first_on AS date)) AS first_on,
  least(coalesce(s.until_on - 1, CAST(:day AS date)), CAST(:day AS date)) AS last_on
FROM ({owners.SPANS.format(narrow=f" AND {KNOWN.format(row='o')}")}
  UNION ALL
  SELECT d.id, NULL, CAST(:first_on AS date), (
    SELECT min(o.since_on) FROM debtor_owner o WHERE o.tenant_id = :tenant AND o.debtor_id = d.id
      AND {KNOWN.format(row="o")})
  FROM debtor d WHERE d.tenant_id = :tenant) s
WHERE s.since_on <= :day AND (s.until_on IS NULL OR (s.until_on > :first_on AND s.until_on > s.since_on)){{narrow}}
"""
PART = """CASE WHEN n.schedule_id IS NULL THEN i.amount_minor - {applied}
      ELSE least(n.amount_minor, greatest(n.up_to_minor - {applied}, 0)) END"""
SUMS = f"""
WITH m AS MATERIALIZED ({STRETCHES})
SELECT f.owner_id, f.currency, f.debtor_id, d.name, f.first_on, f.last_on, CAST(sum(f.opening) AS bigint),
  CAST(sum(f.sold) AS bigint), CAST(sum(f.closing) AS bigint), CAST(sum(f.not_due) AS bigint),
  CAST(sum(f.old) AS bigint)
FROM (
  SELECT o.owner_id, o.currency, o.debtor_id, o.first_on, o.last_on, o.opening, 0 AS sold, o.closing,
    CASE WHEN o.due_on >= o.last_on THEN o.closing ELSE 0 END AS not_due,
    CASE WHEN o.last_on - o.due_on > 90 THEN o.closing ELSE 0 END AS old
  FROM (
    SELECT m.owner_id, i.currency, m.debtor_id, m.first_on, m.last_on, {DUE_THEN} AS due_on,
      CASE WHEN i.issued_on < m.first_on AND {STANDING.format(on="m.first_on - 1")}
        THEN {PART.format(applied="coalesce(p.before, 0)")} ELSE 0 END AS opening,
      CASE WHEN {STANDING.format(on="m.last_on")}
        THEN {PART.format(applied="coalesce(p.minor, 0)")} ELSE 0 END AS closing
    FROM m JOIN invoice i ON i.tenant_id = :tenant AND i.debtor_id = m.debtor_id AND i.issued_on <= m.last_on
      AND {KNOWN.format(row="i")}
    LEFT JOIN (
      SELECT x.debtor_id, x.first_on, a.invoice_id, sum(a.amount_minor) AS minor,
        sum(a.amount_minor) FILTER (WHERE a.effective_on < x.first_on) AS before
      FROM m x JOIN allocation a ON a.tenant_id = :tenant AND a.debtor_id = x.debtor_id AND a.effective_on <= x.last_on
        AND a.invoice_id IS NOT NULL AND {KNOWN.format(row="a")}
      GROUP BY x.debtor_id, x.first_on, a.invoice_id) p
      ON p.debtor_id = m.debtor_id AND p.first_on = m.first_on AND p.invoice_id = i.id
    LEFT JOIN (
      SELECT DISTINCT ON (x.debtor_id, x.first_on, c.invoice_id) x.debtor_id, x.first_on, c.invoice_id, c.id
      FROM m x JOIN due_schedule c ON c.tenant_id = :tenant AND c.debtor_id = x.debtor_id
        AND c.effective_on <= x.last_on AND {KNOWN.format(row="c")}
      ORDER BY x.debtor_id, x.first_on, c.invoice_id, c.effective_on DESC, c.known_at DESC, c.id DESC) s
      ON s.debtor_id = m.debtor_id AND s.first_on = m.first_on AND s.invoice_id = i.id
    LEFT JOIN instalment n ON n.tenant_id = :tenant AND n.schedule_id = s.id) o
  UNION ALL
  SELECT m.owner_id, i.currency, m.debtor_id, m.first_on, m.last_on, 0, i.amount_minor, 0, 0, 0
  FROM m JOIN invoice i ON i.tenant_id = :tenant AND i.debtor_id = m.debtor_id
    AND i.issued_on BETWEEN m.first_on AND m.last_on
  WHERE {KNOWN.format(row="i")} AND {STANDING.format(on="m.last_on")}
  UNION ALL
  SELECT m.owner_id, c.currency, m.debtor_id, m.first_on, m.last_on, 0, -c.amount_minor, 0, 0, 0
  FROM m JOIN credit_note c ON c.tenant_id = :tenant AND c.debtor_id = m.debtor_id
    AND c.issued_on BETWEEN m.first_on AND m.last_on
  WHERE {KNOWN.format(row="c")} AND NOT EXISTS (SELECT FROM allocation a WHERE a.tenant_id = :tenant
    AND a.credit_note_id = c.id AND a.kind = 'undone' AND {KNOWN.format(row="a")})
) f JOIN debtor d ON d.tenant_id = :tenant AND d.id = f.debtor_id
GROUP BY f.owner_id, f.currency, f.debtor_id, d.name, f.first_on, f.last_on
HAVING sum(f.opening) <> 0 OR sum(f.sold) <> 0 OR sum(f.closing) <> 0
ORDER BY f.currency, d.name, f.debtor_id, f.first_on
"""
NAMES = """
SELECT DISTINCT ON (person_id) person_id, person_name FROM membership
WHERE tenant_id = :tenant AND person_id = ANY(:people) ORDER BY person_id, starts_at DESC
"""


def of(period: Period, *, narrow: Narrow = EVERYBODY) -> list[Collector]:
    """Everybody who looked after a customer in the period, by currency and name; nobody comes last."""
    told: dict[str, Any] = {"day": period.day, "first_on": period.first_on, "known_at": period.known_at}
    statement = SUMS.format(narrow=narrow.further("s.debtor_id"))
    found: dict[tuple[str, UUID | None], list[Stretch]] = {}
    for row in store.run(statement, **told, **narrow.values()):
        each = Stretch(*row)
        found.setdefault((each.currency, each.owner_id), []).append(each)
    names = {row[0]: row[1] for row in store.run(NAMES, people=list({owner for _, owner in found if owner}))}
    people = [
        Collector(owner, _name(owner, names), currency, tuple(rows), period.day)
        for (currency, owner), rows in found.items()
    ]
    return sorted(people, key=lambda each: (each.currency, each.owner_id is None, each.name, str(each.owner_id)))


def one(period: Period, *, owner: UUID | None, currency: str, narrow: Narrow = EVERYBODY) -> Collector:
    """One person with all their stretches of days; with none if they looked after nothing."""
    mine = (each for each in of(period, narrow=narrow) if each.owner_id == owner and each.currency == currency)
    return next(mine, Collector(owner, _name(owner, _named(owner)), currency, (), period.day))


def _named(owner: UUID | None) -> dict[UUID, str]:
    return {row[0]: row[1] for row in store.run(NAMES, people=[owner])} if owner else {}


def _name(owner: UUID | None, names: dict[UUID, str]) -> str:
    return "nobody" if owner is None else names.get(owner, "somebody who left")


def stretches(of_whom: Collector) -> Sequence[Stretch]:
    """The rows behind one person, the largest at the end of their days first."""
    return sorted(of_whom.stretches, key=lambda each: (-each.closing_minor, each.debtor_name, each.first_on))[:MOST]
