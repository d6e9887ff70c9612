"""Decides how far a client is on its way to e-invoices: of the invoices, or the customers, of the last ninety days, how
large the share that goes out as structured data is; where it started, where it should be, by when, and at what pace.

A share is counted with today's customers, so a customer who leaves does not look like progress. Shares are thousandths.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.events import history
from tenants.isolation import scope
from tenants.values.faults import Refusal

METRICS = ("invoices", "customers")
WINDOW = timedelta(days=90)
WEEK = timedelta(days=7)
WHOLE = 1000
WEEKS_SHOWN = 26
GOAL = """
SELECT metric, baseline, target, begun_on, due_on, set_by, set_at FROM einvoice_goal WHERE tenant_id = :tenant
"""
SET = """
INSERT INTO einvoice_goal (tenant_id, metric, baseline, target, begun_on, due_on, set_by, set_at)
VALUES (:tenant, :metric, :baseline, :target, :today, :due_on, :actor, :now)
ON CONFLICT (tenant_id) DO UPDATE SET metric = excluded.metric, baseline = excluded.baseline,
  target = excluded.target, begun_on = excluded.begun_on, due_on = excluded.due_on, set_by = excluded.set_by,
  set_at = excluded.set_at
"""
DROP = "DELETE FROM einvoice_goal WHERE tenant_id = :tenant RETURNING target"
# Each customer that was billed lately, with how many invoices, and since when it takes them as data.
BILLED = """
SELECT i.debtor_id, count(*) AS invoices, e.changed_at FROM invoice i
LEFT JOIN debtor_einvoice e ON e.tenant_id = :tenant AND e.debtor_id = i.debtor_id
WHERE i.tenant_id = :tenant AND i.issued_on > :since AND i.issued_on <= :today AND i.voided_on IS NULL
GROUP BY i.debtor_id, e.changed_at
"""
NAMED = """
SELECT d.id, d.number, d.name, d.country,
  (SELECT min(c.email) FROM contact c WHERE c.tenant_id = :tenant AND c.debtor_id = d.id AND c.active
     AND c.email <> '') AS email
FROM debtor d WHERE d.tenant_id = :tenant AND d.id = ANY(:ids)
"""


class BadGoal(Refusal, ValueError):
    """The goal cannot be kept."""

    code = "bad_goal"
    remedy = "Name a share above today's, up to 100 %, and a day after today."


@dataclass(frozen=True, slots=True)
class Standing:
    """How many of how many."""

    of: int
    structured: int

    @property
    def share(self) -> int:
        """In thousandths; of nothing it is 0."""
        return self.structured * WHOLE // self.of if self.of else 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer that would help to close the gap, and by how much."""

    debtor_id: UUID
    number: str
    name: str
    country: str
    email: str
    invoices: int
    adds: int
    """By how many thousandths the share rises when this customer takes e-invoices."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A goal and how it stands today."""

    metric: str
    baseline: int
    target: int
    begun_on: date
    due_on: date
    now: Standing
    weekly: tuple[tuple[date, int], ...]
    """The share at the end of each week since the goal was set, the last one today."""
    pace: float
    """Thousandths a week so far."""
    needed: float
    """Thousandths a week from now on."""
    expected_on: date | None
    """When the target is reached at the pace so far; None when there is no pace."""
    candidates: tuple[Candidate, ...]
    set_by: str

    @property
    def reached(self) -> bool:
        """Whether the share is where it should be."""
        return self.now.share >= self.target

    @property
    def on_track(self) -> bool:
        """Whether the pace so far is enough."""
        return self.reached or (self.expected_on is not None and self.expected_on <= self.due_on)


def standing(metric: str, *, today: date) -> Standing:
    """How many of the invoices, or customers, of the last ninety days are structured today."""
    return _count(_billed(today), metric, by=None)


def set_goal(metric: str, *, target: int, due_on: date, today: date, now: datetime) -> None:
    """From today on this is wanted; today's share is where it starts. Raises BadGoal."""
    if metric not in METRICS or due_on <= today:
        raise BadGoal("This is no goal.")
    baseline = standing(metric, today=today).share
    if not baseline < target <= WHOLE:
        raise BadGoal(f"The share is {baseline / 10:.1f} % already; the target must be above it.", pointer="/target")
    actor = scope.current().actor
    store.run(SET, metric=metric, baseline=baseline, target=target, today=today, due_on=due_on, actor=actor, now=now)
    became = {"metric": metric, "target": target, "due_on": due_on.isoformat(), "baseline": baseline}
    history.note("einvoice_goal.set", about=("client", scope.current().one), at=now, became=became)


def drop(*, now: datetime) -> bool:
    """There is no goal any more; False when there was none."""
    was = store.run(DROP).scalar_one_or_none()
    if was is not None:
        history.note("einvoice_goal.dropped", about=("client", scope.current().one), at=now, was={"target": was})
    return was is not None


def progress(*, today: date) -> Progress | None:
    """How the goal stands; None without one."""
    goal = store.run(GOAL).one_or_none()
    if goal is None:
        return None
    billed = _billed(today)
    now = _count(billed, goal.metric, by=None)
    pace = (now.share - goal.baseline) / max((today - goal.begun_on) / WEEK, 1.0)
    left = goal.target - now.share
    return Progress(
        metric=goal.metric,
        baseline=goal.baseline,
        target=goal.target,
        begun_on=goal.begun_on,
        due_on=goal.due_on,
        now=now,
        weekly=tuple(_weekly(billed, goal.metric, begun_on=goal.begun_on, today=today)),
        pace=pace,
        needed=max(left, 0) / max((goal.due_on - today) / WEEK, 1.0),
        expected_on=None if pace <= 0 or left / pace > WHOLE else today + WEEK * (max(left, 0) / pace),
        candidates=_closing(billed, goal.metric, of=now, target=goal.target),
        set_by=goal.set_by,
    )


def _billed(today: date) -> Sequence[RowMapping]:
    return store.run(BILLED, since=today - WINDOW, today=today).mappings().all()


def _worth(row: RowMapping, metric: str) -> int:
    return int(row["invoices"]) if metric == "invoices" else 1


def _count(billed: Sequence[RowMapping], metric: str, *, by: date | None) -> Standing:
    taken = [row for row in billed if row["changed_at"] and (by is None or row["changed_at"].date() <= by)]
    return Standing(sum(_worth(row, metric) for row in billed), sum(_worth(row, metric) for row in taken))


def _weekly(billed: Sequence[RowMapping], metric: str, *, begun_on: date, today: date) -> list[tuple[date, int]]:
    ends = [today - WEEK * back for back in range(WEEKS_SHOWN) if today - WEEK * back >= begun_on]
    return [(end, _count(billed, metric, by=None if end == today else end).share) for end in sorted(ends)]


def _closing(billed: Sequence[RowMapping], metric: str, *, of: Standing, target: int) -> tuple[Candidate, ...]:
    """The fewest customers that would close the gap, those with the most invoices first."""
    missing = -(-target * of.of // WHOLE) - of.structured
    chosen = []
    for row in sorted(billed, key=lambda row: (-row["invoices"], str(row["debtor_id"]))):
        if missing <= 0:
            break
        if row["changed_at"] is None:
            chosen.append(row)
            missing -= _worth(row, metric)
    named = {row.id: row for row in store.run(NAMED, ids=[row["debtor_id"] for row in chosen])}
    return tuple(
        Candidate(
            debtor_id=row["debtor_id"],
            number=named[row["debtor_id"]].number,
            name=named[row["debtor_id"]].name,
            country=named[row["debtor_id"]].country,
            email=named[row["debtor_id"]].email or "",
            invoices=row["invoices"],
            adds=_worth(row, metric) * WHOLE // of.of,
        )
        for row in chosen
    )
