"""Decides what is owed since when: the aging of a client's receivables, today and as of any past day.

Today comes from balances that every posting keeps, so it costs the same for a thousand invoices and for a million. A
past day is counted from the postings: restated with all that is known now, or as it was known at an instant. Every open
item (an invoice, or one instalment of it) is in exactly one bucket; that the buckets add up to a total that was summed
apart is checked each time. Void invoices and those issued later are out, disputed ones and tax are in; money that is
not applied stands beside, never within.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tenants import store
from tenants.insight import buckets
from tenants.insight.buckets import EDGES, NOT_DUE
from tenants.insight.figures import Figure, ratio
from tenants.insight.narrowing import EVERYBODY, Narrow
from tenants.ledger import instalments

DUE = "due"
INVOICE = "invoice"
COUNTED_FROM = {DUE: "i.due_on", INVOICE: "i.issued_on"}


class IdentityBroken(RuntimeError):
    """The buckets do not add up to the whole; nothing that says so may be shown."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is open in one bucket."""

    key: str
    minor: int
    count: int


@dataclass(frozen=True, slots=True)
class CurrencyAging:
    """The aging in one currency; currencies are never added."""

    currency: str
    not_due: Bucket
    late: tuple[Bucket, ...]
    unapplied_minor: int

    @property
    def overdue(self) -> Bucket:
        """All that is late."""
        return Bucket(buckets.OVERDUE, sum(each.minor for each in self.late), sum(each.count for each in self.late))

    @property
    def gross(self) -> Bucket:
        """All that is open, late or not."""
        late = self.overdue
        return Bucket(buckets.ALL, self.not_due.minor + late.minor, self.not_due.count + late.count)

    @property
    def outstanding_minor(self) -> int:
        """What is open less what came in and is not applied."""
        return self.gross.minor - self.unapplied_minor


@dataclass(frozen=True, slots=True)
class Aging:
    """The aging as of a day, with what it was counted from."""

    as_of: date
    known_at: datetime | None
    basis: str
    edges: tuple[int, ...]
    currencies: tuple[CurrencyAging, ...]

    def of(self, currency: str) -> CurrencyAging:
        """The aging in a currency, of nothing if nothing is open in it."""
        return next((each for each in self.currencies if each.currency == currency), _line(currency, self.edges, {}, 0))

    def percent_current(self, currency: str) -> Figure:
        """The share of what is open that is not due yet."""
        line = self.of(currency)
        return ratio(
            "percent_current",
            numerator=line.not_due.minor,
            denominator=line.gross.minor,
            as_of=self.as_of,
            known_at=self.known_at,
            basis=self.basis,
            nothing="nothing is open",
        )


# The grouping set without a bucket is the total that the buckets are held against.
SUMS = """
SELECT currency, bucket, sum(minor) AS minor, sum(items) AS items FROM (
  SELECT t.currency, width_bucket(:day - t.from_on, CAST(:floors AS integer[])) AS bucket, t.minor, t.items
  FROM ({rows}) t{narrow}
) b GROUP BY GROUPING SETS ((currency, bucket), (currency)) HAVING sum(items) <> 0 OR sum(minor) <> 0
"""
NOW = """
SELECT currency, due_on AS from_on, open_minor AS minor, CAST(open_count AS bigint) AS items FROM open_balance
WHERE tenant_id = :tenant
UNION ALL
SELECT p.currency, p.due_on, CAST(-sum(p.open_minor) AS bigint), -count(*)
FROM ({open_now} AND i.issued_on > :day) p GROUP BY p.currency, p.due_on
"""
# Two ways to the same rows: back from what is open now by what was applied since, or up from nothing by what was
# applied until then. With all that is known now, what is settled by the day is not open on it.
BACK = """
SELECT i.id, i.debtor_id, i.currency, {counted_from} AS from_on, i.amount_minor AS whole,
  i.open_minor + coalesce(a.minor, 0) AS minor, 1 AS items
FROM invoice i LEFT JOIN (
  SELECT invoice_id, CAST(sum(amount_minor) AS bigint) AS minor FROM allocation
  WHERE tenant_id = :tenant AND effective_on > :day GROUP BY invoice_id) a ON a.invoice_id = i.id
WHERE i.tenant_id = :tenant AND i.issued_on <= :day AND i.open_minor + coalesce(a.minor, 0) <> 0{standing}
"""
UP = """
SELECT i.id, i.debtor_id, i.currency, {counted_from} AS from_on, i.amount_minor AS whole,
  i.amount_minor - coalesce(a.minor, 0) AS minor, 1 AS items
FROM invoice i LEFT JOIN (
  SELECT invoice_id, CAST(sum(amount_minor) AS bigint) AS minor FROM allocation
  WHERE tenant_id = :tenant AND effective_on <= :day{known} GROUP BY invoice_id) a ON a.invoice_id = i.id
WHERE i.tenant_id = :tenant AND i.issued_on <= :day AND i.amount_minor <> coalesce(a.minor, 0){standing}
"""
RESTATED = " AND (i.settled_on IS NULL OR i.settled_on > :day) AND (i.voided_on IS NULL OR i.voided_on > :day)"
AS_KNOWN = """
  AND i.known_at <= :known_at AND (i.voided_on IS NULL OR i.voided_on > :day OR i.voided_at > :known_at)"""
KNOWN = " AND known_at <= :known_at"
SETTLED_SINCE = """
SELECT EXISTS (SELECT FROM allocation WHERE tenant_id = :tenant AND effective_on > :day)
  OR EXISTS (SELECT FROM due_schedule WHERE tenant_id = :tenant AND effective_on > :day)
  OR EXISTS (SELECT FROM invoice WHERE tenant_id = :tenant AND voided_on IS NOT NULL AND voided_on > :day)
"""
# The rows as they are now; they are the answer for a day after which nothing was posted.
PRESENT = """
SELECT i.id, i.debtor_id, i.currency, {counted_from} AS from_on, i.amount_minor AS whole,
  i.open_minor AS minor, 1 AS items FROM invoice i
WHERE i.tenant_id = :tenant AND i.open_minor > 0 AND i.voided_on IS NULL AND i.issued_on <= :day
"""
FIRST_AND_LAST = """
SELECT min(effective_on), max(effective_on) FROM allocation WHERE tenant_id = :tenant
"""
LEFT_OVER = """
  SELECT debtor_id, currency, unapplied_minor AS minor FROM payment
  WHERE tenant_id = :tenant AND unapplied_minor > 0 AND received_on <= :day
  UNION ALL
  SELECT debtor_id, currency, unapplied_minor FROM credit_note
  WHERE tenant_id = :tenant AND unapplied_minor > 0 AND issued_on <= :day
"""
SUM_LEFT_OVER = "SELECT currency, sum(minor) FROM ({rows}) u{narrow} GROUP BY currency HAVING sum(minor) <> 0"
LEFT_OVER_BACK = f"""{LEFT_OVER}
  UNION ALL
  SELECT a.debtor_id, a.currency, a.amount_minor
  FROM allocation a JOIN payment p ON p.tenant_id = :tenant AND p.id = a.payment_id
  WHERE a.tenant_id = :tenant AND a.effective_on > :day AND p.received_on <= :day
  UNION ALL
  SELECT a.debtor_id, a.currency, a.amount_minor
  FROM allocation a JOIN credit_note c ON c.tenant_id = :tenant AND c.id = a.credit_note_id
  WHERE a.tenant_id = :tenant AND a.effective_on > :day AND c.issued_on <= :day
"""
LEFT_OVER_UP = """
  SELECT debtor_id, currency, amount_minor AS minor FROM payment
  WHERE tenant_id = :tenant AND received_on <= :day{known}
  UNION ALL
  SELECT debtor_id, currency, amount_minor FROM credit_note
  WHERE tenant_id = :tenant AND issued_on <= :day{known}
  UNION ALL
  SELECT debtor_id, currency, -amount_minor FROM allocation
  WHERE tenant_id = :tenant AND effective_on <= :day{known} AND (payment_id IS NOT NULL OR credit_note_id IS NOT NULL)
"""
# An invoice in instalments, or with another due date agreed, is split by the schedule that held on the day; what is
# applied pays the oldest part. Before anything was agreed the contract counts.
BY_CONTRACT = "coalesce(i.original_due_on, i.due_on)"
SCHEDULED = """
SELECT s.invoice_id, n.due_on, n.amount_minor, n.up_to_minor FROM (
  SELECT DISTINCT ON (c.invoice_id) c.invoice_id, c.id FROM due_schedule c
  WHERE c.tenant_id = :tenant AND c.effective_on <= :day{known}
  ORDER BY c.invoice_id, c.effective_on DESC, c.known_at DESC, c.id DESC) s
JOIN instalment n ON n.tenant_id = :tenant AND n.schedule_id = s.id
"""
SPLIT = f"""
SELECT o.id, o.debtor_id, o.currency, coalesce(p.due_on, o.from_on) AS from_on, o.whole,
  CASE WHEN p.due_on IS NULL THEN o.minor ELSE least(p.amount_minor, p.up_to_minor - o.whole + o.minor) END AS minor,
  o.items
FROM ({{rows}}) o LEFT JOIN ({SCHEDULED}) p ON p.invoice_id = o.id
WHERE p.due_on IS NULL OR p.up_to_minor > o.whole - o.minor
"""


def today(day: date, *, edges: Sequence[int] = EDGES) -> Aging:
    """The aging of the client's present day, by due date, from the kept balances."""
    sums = store.run(SUMS.format(rows=now(), narrow=""), day=day, floors=buckets.floors(edges)).all()
    unapplied = store.run(SUM_LEFT_OVER.format(rows=LEFT_OVER, narrow=""), day=day).all()
    return Aging(day, None, DUE, tuple(edges), _lines(sums, unapplied, edges))


def on(
    day: date,
    *,
    basis: str = DUE,
    edges: Sequence[int] = EDGES,
    narrow: Narrow = EVERYBODY,
    known_at: datetime | None = None,
) -> Aging:
    """The aging of a day by the cheapest way that is true: the kept balances if nothing was posted after the day."""
    if known_at is None and basis == DUE and not narrow and is_present(day):
        return today(day, edges=edges)
    return as_of(day, known_at=known_at, basis=basis, edges=edges, narrow=narrow)


def as_of(
    day: date,
    *,
    known_at: datetime | None = None,
    basis: str = DUE,
    edges: Sequence[int] = EDGES,
    narrow: Narrow = EVERYBODY,
) -> Aging:
    """The aging of any day: with all that is known now, or with what was known at an instant.

    `basis` counts lateness from the due date or from the invoice date.
    """
    values = {"day": day} if known_at is None else {"day": day, "known_at": known_at}
    values |= narrow.values()
    items, unapplied = open_items(day, known_at=known_at, basis=basis)
    where = f" WHERE {narrow.where('t.debtor_id')}" if narrow else ""
    sums = store.run(SUMS.format(rows=items, narrow=where), floors=buckets.floors(edges), **values).all()
    where = f" WHERE {narrow.where('u.debtor_id')}" if narrow else ""
    loose = store.run(SUM_LEFT_OVER.format(rows=unapplied, narrow=where), **values).all()
    return Aging(day, known_at, basis, tuple(edges), _lines(sums, loose, edges))


def is_present(day: date) -> bool:
    """Whether nothing was posted after the day: then the rows as they are now are the answer for it."""
    return not store.run(SETTLED_SINCE, day=day).scalar_one()


def now() -> str:
    """The SQL of the kept balances, less what is issued later."""
    return NOW.format(open_now=instalments.open_now())


def open_items(day: date, *, known_at: datetime | None, basis: str) -> tuple[str, str]:
    """The SQL of every item open on the day, and of the cash unapplied on it: by the way that has less to add.

    By due date each instalment is an item; by invoice date the invoice is.
    """
    if basis != DUE or not instalments.exist():
        return _whole_items(day, known_at, COUNTED_FROM[basis])
    rows, loose = _whole_items(day, known_at, BY_CONTRACT)
    known = KNOWN.replace("known_at <=", "c.known_at <=", 1) if known_at is not None else ""
    return SPLIT.format(rows=rows, known=known), loose


def _whole_items(day: date, known_at: datetime | None, counted_from: str) -> tuple[str, str]:
    if known_at is not None:
        return UP.format(counted_from=counted_from, known=KNOWN, standing=AS_KNOWN), LEFT_OVER_UP.format(known=KNOWN)
    if is_present(day):
        return PRESENT.format(counted_from=counted_from), LEFT_OVER
    first_on, last_on = store.run(FIRST_AND_LAST).one()
    if last_on is None or last_on - day <= day - first_on:
        return BACK.format(counted_from=counted_from, standing=RESTATED), LEFT_OVER_BACK
    return UP.format(counted_from=counted_from, known="", standing=RESTATED), LEFT_OVER_UP.format(known="")


def _lines(sums: Iterable[Any], unapplied: Iterable[Any], edges: Sequence[int]) -> tuple[CurrencyAging, ...]:
    """Put the sums into their buckets. Raises IdentityBroken when they do not add up to the totals."""
    loose = {currency: int(minor) for currency, minor in unapplied}
    found: dict[str, dict[int | None, tuple[int, int]]] = {currency: {} for currency in loose}
    for currency, bucket, minor, items in sums:
        found.setdefault(currency, {})[bucket] = int(minor), int(items)
    lines = []
    for currency, cells in sorted(found.items()):
        total = cells.pop(None, (0, 0))
        line = _line(currency, edges, cells, loose.get(currency, 0))
        if (line.gross.minor, line.gross.count) != total:
            raise IdentityBroken(f"{currency}: the buckets hold {line.gross}, the total is {total}")
        lines.append(line)
    return tuple(lines)


def _line(
    currency: str, edges: Sequence[int], cells: dict[int | None, tuple[int, int]], unapplied_minor: int
) -> CurrencyAging:
    filled = [Bucket(span.key, *cells.get(at, (0, 0))) for at, span in enumerate(buckets.spans(edges))]
    assert filled[0].key == NOT_DUE
    return CurrencyAging(currency, filled[0], tuple(filled[1:]), unapplied_minor)
