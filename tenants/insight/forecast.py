"""Decides when open invoices are expected to be paid, and how much cash each coming week brings.

Once a day, and after each import, the habits of all customers are learned anew and each open invoice gets a day, a
range and its share of each week, given that it is unpaid today: a day that has passed moves on by itself, what is
promised moves to its day, and what is disputed is no cash until that is settled. The first day that was ever expected
is kept, and the forecast is held against it when the payment comes.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ForeignKeyConstraint, Index, Numeric, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.insight import forecast_disputes, forecast_promises
from tenants.insight.forecast_habits import Habit
from tenants.insight.forecast_ranges import Range
from tenants.insight.forecast_replay import NEVER, Paper, Replay
from tenants.insight.narrowing import EVERYBODY, Narrow
from tenants.ledger import instalments
from tenants.store import Model, TenantOwned

WEEKS = 13
YEARS, PAPERS = 2, 60_000
"""Habits are learned from so many years, and from no more than so many invoices, the newest."""
CHUNK = 5_000
EIGHTY = "1.2816"
"""How many standard deviations hold four fifths of all cases."""
BY_DUE_DATE = "due"
FEW = 5
"""Fewer payments that came as late as this say nothing about when it will come."""
LONGEST = 730


class ExpectedPayment(TenantOwned, Model):
    """What is expected of one invoice; `weeks` holds the amounts by week, the week of `made_on` first."""

    __tablename__ = "expected_payment"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        Index("ix_expected_payment_expected", "tenant_id", "expected_on", "invoice_id"),
    )

    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    debtor_id: Mapped[UUID]
    currency: Mapped[str]
    open_minor: Mapped[int] = mapped_column(BigInteger)
    made_on: Mapped[date]
    expected_on: Mapped[date]
    earliest_on: Mapped[date]
    latest_on: Mapped[date]
    first_made_on: Mapped[date]
    first_expected_on: Mapped[date]
    first_earliest_on: Mapped[date]
    first_latest_on: Mapped[date]
    basis: Mapped[str]
    seen: Mapped[int] = mapped_column(SmallInteger)
    own_days: Mapped[Decimal | None] = mapped_column(Numeric)
    group_days: Mapped[Decimal | None] = mapped_column(Numeric)
    all_days: Mapped[Decimal] = mapped_column(Numeric)
    weeks: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


@dataclass(frozen=True, slots=True)
class Expectation:
    """When one invoice is expected to be paid, and from what that follows."""

    invoice_id: UUID
    made_on: date
    expected_on: date
    earliest_on: date
    latest_on: date
    basis: str
    """`customer`, `group` or `all`: whose habit it rests on; `due` while too little is known of anybody; `promise`;
    `dispute` while nothing is counted."""
    seen: int
    own_days: Decimal | None
    group_days: Decimal | None
    all_days: Decimal


@dataclass(frozen=True, slots=True)
class Week:
    """The cash that one week is expected to bring in one currency; four weeks in five it lies within the range."""

    currency: str
    first_on: date
    minor: int
    low_minor: int
    high_minor: int
    count: int


@dataclass(frozen=True, slots=True)
class Row:
    """What one invoice adds to a week."""

    invoice_id: UUID
    number: str
    debtor_id: UUID
    debtor_name: str
    due_on: date
    expected_on: date
    open_minor: int
    minor: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some invoices behind a week, what all of them add up to, and where the next page starts."""

    rows: Sequence[Row]
    count: int
    minor: int
    next: tuple[date, UUID] | None


@dataclass(frozen=True, slots=True)
class Error:
    """How far off the first forecasts were, over the invoices paid lately."""

    count: int
    days: float | None
    within_5: int
    in_range: int


# Lateness is learned against the contract, from invoices that were paid, not credited or given up.
LEARNED = """
SELECT i.debtor_id, i.issued_on, coalesce(i.original_due_on, i.due_on) AS due_on, i.settled_on, k.key
FROM invoice i JOIN ({groups}) k ON k.debtor_id = i.debtor_id
WHERE i.tenant_id = :tenant AND i.issued_on BETWEEN :since AND :today AND i.amount_minor > 0 AND i.voided_on IS NULL
  AND NOT EXISTS (SELECT FROM allocation a WHERE a.tenant_id = :tenant AND a.invoice_id = i.id
    AND a.kind IN ('write_off', 'credit_note'))
ORDER BY i.issued_on DESC, i.id DESC LIMIT :papers
"""
GROUPS = """
SELECT d.id AS debtor_id, coalesce((SELECT min(g.key) FROM debtor_group g
  WHERE g.tenant_id = :tenant AND g.debtor_id = d.id), d.country) AS key
FROM debtor d WHERE d.tenant_id = :tenant
"""
OPEN = """
SELECT o.id, o.debtor_id, o.currency, o.due_on, o.open_minor, k.key
FROM ({open_now}) o JOIN ({groups}) k ON k.debtor_id = o.debtor_id
WHERE o.issued_on <= :today ORDER BY o.id, o.due_on
"""
KEEP = """
INSERT INTO expected_payment (tenant_id, invoice_id, debtor_id, currency, open_minor, made_on, expected_on,
  earliest_on, latest_on, first_made_on, first_expected_on, first_earliest_on, first_latest_on, basis, seen, own_days,
  group_days, all_days, weeks)
SELECT :tenant, r.invoice_id, r.debtor_id, r.currency, r.open_minor, :today, r.expected_on, r.earliest_on, r.latest_on,
  :today, r.expected_on, r.earliest_on, r.latest_on, r.basis, r.seen, r.own_days, r.group_days, r.all_days, r.weeks
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(invoice_id uuid, debtor_id uuid, currency text, open_minor bigint,
  expected_on date, earliest_on date, latest_on date, basis text, seen smallint, own_days numeric, group_days numeric,
  all_days numeric, weeks bigint[])
ON CONFLICT (tenant_id, invoice_id) DO UPDATE SET open_minor = excluded.open_minor, made_on = excluded.made_on,
  expected_on = excluded.expected_on, earliest_on = excluded.earliest_on, latest_on = excluded.latest_on,
  basis = excluded.basis, seen = excluded.seen, own_days = excluded.own_days, group_days = excluded.group_days,
  all_days = excluded.all_days, weeks = excluded.weeks
"""
NEWEST = "SELECT max(made_on) FROM expected_payment WHERE tenant_id = :tenant"
# What was counted may be paid since, or disputed as a whole; what is settled again comes back with the next count.
STANDS = f"""
WHERE e.tenant_id = :tenant AND e.made_on = :made_on AND i.open_minor > 0 AND i.voided_on IS NULL
  AND NOT {forecast_disputes.SINCE}{{narrow}}
"""
STILL = f"FROM expected_payment e JOIN invoice i ON i.tenant_id = :tenant AND i.id = e.invoice_id {STANDS}"
BY_WEEK = f"""
SELECT s.currency, CAST(s.at AS integer), CAST(sum(s.minor) AS bigint) AS minor,
  CAST(round({EIGHTY} * sqrt(sum(s.minor::numeric * (s.open_minor - s.minor)))) AS bigint) AS spread,
  CAST(sum(s.open_minor) AS bigint) AS whole, count(*) FILTER (WHERE s.minor > 0)
FROM (SELECT e.currency, e.open_minor, w.at, w.minor
  FROM expected_payment e CROSS JOIN LATERAL unnest(e.weeks) WITH ORDINALITY AS w(minor, at)
  JOIN invoice i ON i.tenant_id = :tenant AND i.id = e.invoice_id {STANDS}) s
GROUP BY s.currency, s.at ORDER BY s.currency, s.at
"""
AT = "e.weeks[CAST(:at AS integer)]"
TOTAL = f"SELECT count(*), coalesce(sum({AT}), 0) {STILL} AND e.currency = :currency AND {AT} > 0"
PAGE = f"""
SELECT p.invoice_id, p.number, p.debtor_id, d.name, p.due_on, p.expected_on, p.open_minor, p.minor
FROM (SELECT e.invoice_id, i.number, e.debtor_id, i.due_on, e.expected_on, e.open_minor, {AT} AS minor {STILL}
    AND e.currency = :currency AND {AT} > 0{{after}} ORDER BY e.expected_on, e.invoice_id LIMIT :limit) p
JOIN debtor d ON d.tenant_id = :tenant AND d.id = p.debtor_id ORDER BY p.expected_on, p.invoice_id
"""
AFTER = " AND (e.expected_on, e.invoice_id) > (:after_on, :after_id)"
ONE = f"""
SELECT e.invoice_id, e.made_on, e.expected_on, e.earliest_on, e.latest_on,
  CASE WHEN {forecast_disputes.SINCE} THEN '{forecast_disputes.DISPUTE}' ELSE e.basis END, e.seen, e.own_days,
  e.group_days, e.all_days
FROM expected_payment e WHERE e.tenant_id = :tenant AND e.invoice_id = :invoice_id
"""
# First said on the day of issue or soon after; what was loaded long overdue was never a forecast.
ERROR = """
SELECT count(*), avg(abs(i.settled_on - e.first_expected_on)),
  count(*) FILTER (WHERE abs(i.settled_on - e.first_expected_on) <= 5),
  count(*) FILTER (WHERE i.settled_on BETWEEN e.first_earliest_on AND e.first_latest_on)
FROM expected_payment e JOIN invoice i ON i.tenant_id = :tenant AND i.id = e.invoice_id
WHERE e.tenant_id = :tenant AND i.settled_on > :since AND i.settled_on <= :today AND e.first_made_on <= i.settled_on
"""


def keep(today: date) -> int:
    """Learn anew and keep what is expected of every open invoice; return how many there are."""
    store.plan_for_sets()
    replay = Replay()
    since = today.replace(year=today.year - YEARS, day=min(today.day, 28))
    learned = store.run(LEARNED.format(groups=GROUPS), since=since, today=today, papers=PAPERS).all()
    for _ in replay.walk(sorted(_paper(row) for row in learned)):
        pass
    replay.learn_until(today.toordinal() + 1)
    made = list(_expected(replay, today))
    for at in range(0, len(made), CHUNK):
        store.run(KEEP, rows=json.dumps(made[at : at + CHUNK], default=str), today=today)
    return len(made)


def weeks(*, narrow: Narrow = EVERYBODY) -> Sequence[Week]:
    """The cash expected by week and currency, from the newest forecast on, what was paid since left out."""
    made_on = store.run(NEWEST).scalar_one()
    if made_on is None:
        return []
    monday = made_on - timedelta(days=made_on.weekday())
    found = store.run(BY_WEEK.format(narrow=narrow.further("e.debtor_id")), made_on=made_on, **narrow.values())
    return [
        Week(
            currency,
            monday + timedelta(weeks=at - 1),
            minor,
            max(0, minor - spread),
            min(whole, minor + spread),
            count,
        )
        for currency, at, minor, spread, whole, count in found
    ]


def behind(
    first_on: date,
    *,
    currency: str,
    narrow: Narrow = EVERYBODY,
    after: tuple[date, UUID] | None = None,
    limit: int = 50,
) -> Page:
    """The invoices that a week is made of, each with what it adds; `first_on` is the week's Monday."""
    made_on = store.run(NEWEST).scalar_one()
    if made_on is None:
        return Page([], 0, 0, None)
    at = (first_on - made_on + timedelta(days=made_on.weekday())).days // 7 + 1
    values: dict[str, Any] = {"made_on": made_on, "at": at, "currency": currency} | narrow.values()
    further = narrow.further("e.debtor_id")
    count, minor = store.run(TOTAL.format(narrow=further), **values).one()
    if after is not None:
        values |= {"after_on": after[0], "after_id": after[1]}
    statement = PAGE.format(narrow=further, after="" if after is None else AFTER)
    found = [Row(*row) for row in store.run(statement, limit=limit + 1, **values)]
    page = found[:limit]
    more = (page[-1].expected_on, page[-1].invoice_id) if len(found) > limit else None
    return Page(page, count, int(minor), more)


def of_invoice(invoice_id: UUID) -> Expectation | None:
    """What is expected of one invoice; nothing if nobody has looked yet."""
    found = store.run(ONE, invoice_id=invoice_id).one_or_none()
    return Expectation(*found) if found else None


def error(today: date, *, days: int = 90) -> Error:
    """How far off the first forecasts of the invoices paid lately were."""
    count, mean, near, held = store.run(ERROR, since=today - timedelta(days=days), today=today).one()
    return Error(count, round(float(mean), 1) if count else None, near, held)


def _paper(row: Any) -> Paper:
    due = row.due_on.toordinal()
    settled = row.settled_on.toordinal() if row.settled_on else NEVER
    return Paper(row.issued_on.toordinal(), due, settled, str(row.debtor_id), row.key)


def _expected(replay: Replay, today: date) -> Iterator[dict[str, Any]]:
    """One row for each open invoice: its dates are those of its oldest open part, its weeks those of all parts."""
    kept: dict[str, Any] | None = None
    said, disputed = forecast_promises.live(today), forecast_disputes.live()
    monday = today - timedelta(days=today.weekday())
    rows = store.run(OPEN.format(open_now=instalments.open_now(), groups=GROUPS), today=today)
    for invoice_id, debtor_id, currency, due_on, open_minor, group in rows:
        free = disputed.free(invoice_id, debtor_id=debtor_id, minor=open_minor)
        row = _part(replay, today, str(debtor_id), group, due_on, free)
        promised = said.take(invoice_id, minor=free)
        row = forecast_promises.moved(row, promised, minor=free, share=said.share, monday=monday)
        row |= {} if free or not open_minor else {"basis": forecast_disputes.DISPUTE}
        if kept is not None and kept["invoice_id"] == invoice_id:
            kept["open_minor"] += open_minor
            kept["weeks"] = [one + more for one, more in zip(kept["weeks"], row["weeks"], strict=True)]
            continue
        if kept is not None:
            yield kept
        kept = row | {"invoice_id": invoice_id, "debtor_id": debtor_id, "currency": currency, "open_minor": open_minor}
    if kept is not None:
        yield kept


def _part(replay: Replay, today: date, customer: str, group: str, due_on: date, minor: int) -> dict[str, Any]:
    habit, late = replay.habits.expected(customer, group=group), (today - due_on).days
    monday = today - timedelta(days=today.weekday())
    if habit is None:
        day = max(due_on, today)
        weeks = [minor if at == (day - monday).days // 7 else 0 for at in range(WEEKS)]
        return _row(day, day, day, BY_DUE_DATE, Habit(0.0, 1.0, 0, None, None, 0.0), weeks)
    days, around = _given_unpaid(replay, habit, late)
    sundays = [(monday - due_on).days + 7 * at + 6 for at in range(WEEKS)]
    if _is_later_than_known(replay, habit, late):
        shares = [_as_long_again(day - late, late=late, habit=habit) for day in sundays]
    else:
        share_until = partial(replay.ranges.share_until, expected=habit.days, scale=habit.scale, late=late)
        shares = [share_until(day) for day in sundays]
    upto = [0, *(round(minor * share) for share in shares)]
    if minor and not any(upto):
        upto = [0, *(minor if day >= days else 0 for day in sundays)]
    weeks = [after - before for before, after in pairwise(upto)]
    first, middle, last = (due_on + timedelta(days=each) for each in (around.first, round(days), around.last))
    return _row(middle, first, last, habit.basis, habit, weeks)


def _given_unpaid(replay: Replay, habit: Habit, late: int) -> tuple[float, Range]:
    """Days after the due date, and the range of them: as usual, or given that nothing came until today."""
    around = replay.ranges.around(habit.days, scale=habit.scale)
    if habit.days >= late:
        return habit.days, Range(max(late, around.first), around.last) if around else Range(late, round(habit.days))
    known = replay.ranges.still_out(habit.days, scale=habit.scale, late=late)
    if known and not _is_later_than_known(replay, habit, late):
        return known
    wait = max(late, round(habit.scale))
    return late + min(wait, LONGEST), Range(late + wait // 9, late + min(9 * wait, LONGEST))


def _is_later_than_known(replay: Replay, habit: Habit, late: int) -> bool:
    """Whether next to nobody was ever as late as this."""
    return habit.days < late and replay.ranges.seen_as_late(habit.days, scale=habit.scale, late=late) < FEW


def _as_long_again(days: int, *, late: int, habit: Habit) -> float:
    """The chance that it comes within so many days, where no payment tells: the longer it is late, the longer it takes,
    and half of such come before they are twice as late."""
    ahead = max(0, days)
    return ahead / (ahead + max(late, habit.scale))


def _row(middle: date, first: date, last: date, basis: str, habit: Habit, weeks: list[int]) -> dict[str, Any]:
    return {
        "expected_on": middle,
        "earliest_on": min(first, middle),
        "latest_on": max(last, middle),
        "basis": basis,
        "seen": habit.seen,
        "own_days": habit.own_days,
        "group_days": habit.group_days,
        "all_days": habit.all_days,
        "weeks": weeks,
    }
