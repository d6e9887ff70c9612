"""`bench aging`: the aging of today, and of any past day, for a client with a million open invoices.

`aging.today` has a ceiling in milliseconds. `aging.past` is held against hand-written SQL for the same buckets, run by
the same role behind the same wall on the same rows: amount less what was applied by the day, grouped by bucket. The
rows are made by the superuser past the wall, for one large client among others. `aging.dashboard` is the whole page of
a client that has five closed invoices beside each open one. `--home` keeps the books between runs: six million rows
are made once, and measured as often as wanted.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import psycopg

from bench import _dashboard, _stage
from bench.line import line, show
from tenants import store
from tenants.insight import aging
from tenants.isolation import scope
from tenants.work import unit_of_work

TODAY = date(2026, 11, 20)
PAST = (30, 120, 400)
CEILING_MS = 50
FLOOR_RATIO = 0.67
OTHERS = 4

# Five of six invoices are open, every fifth of them in part; due dates spread over some two years.
INVOICES = """
INSERT INTO app.invoice (tenant_id, id, debtor_id, number, currency, amount_minor, issued_on, due_on, open_minor,
  settled_on, known_at)
SELECT t.id, md5('i' || t.id || k)::uuid, md5('d' || t.id || (1 + k %% 5000))::uuid, 'I' || k,
  CASE WHEN k %% 4 = 0 THEN 'USD' ELSE 'EUR' END, 10000 + k %% 90000, d.on, d.on + 30,
  CASE WHEN k %% 6 = 0 THEN 0 WHEN k %% 5 = 0 THEN (10000 + k %% 90000) / 2 ELSE 10000 + k %% 90000 END,
  CASE WHEN k %% 6 = 0 THEN least(d.on + 35, %(today)s) END, d.on::timestamptz
FROM app.tenant t, generate_series(1, CASE WHEN t.id = %(large)s THEN %(rows)s ELSE %(few)s END) k,
  LATERAL (SELECT %(today)s - k %% 700 AS on) d
"""
DEBTORS = """
INSERT INTO app.debtor (tenant_id, id, number, name, known_at)
SELECT t.id, md5('d' || t.id || d)::uuid, 'D' || d, 'Customer ' || d, now()
FROM app.tenant t, generate_series(1, 5000) d
"""
PAYMENTS = """
INSERT INTO app.payment (tenant_id, id, debtor_id, reference, currency, amount_minor, unapplied_minor, received_on,
  known_at)
SELECT tenant_id, md5('p' || id)::uuid, debtor_id, number, currency, amount_minor - open_minor + v.loose, v.loose,
  least(issued_on + 35, %(today)s), known_at
FROM app.invoice, LATERAL (SELECT CASE WHEN amount_minor %% 50 = 0 THEN 700 ELSE 0 END AS loose) v
WHERE open_minor < amount_minor
"""
ALLOCATIONS = """
INSERT INTO app.allocation (tenant_id, id, debtor_id, invoice_id, kind, payment_id, currency, amount_minor,
  effective_on, known_at)
SELECT tenant_id, md5('a' || id)::uuid, debtor_id, id, 'payment', md5('p' || id)::uuid, currency,
  amount_minor - open_minor, least(issued_on + 35, %(today)s), known_at
FROM app.invoice WHERE open_minor < amount_minor
"""
BALANCES = """
INSERT INTO app.open_balance
SELECT tenant_id, currency, due_on, sum(open_minor), count(*) FROM app.invoice WHERE open_minor > 0 GROUP BY 1, 2, 3
"""
BY_HAND = """
SELECT currency, width_bucket(:day - due_on, ARRAY[1, 31, 61, 91, 121]) AS bucket, sum(open), count(*) FROM (
  SELECT i.currency, i.due_on, i.amount_minor - coalesce(a.applied, 0) AS open
  FROM invoice i LEFT JOIN (
    SELECT invoice_id, sum(amount_minor)::bigint AS applied FROM allocation
    WHERE tenant_id = :tenant AND effective_on <= :day GROUP BY invoice_id) a ON a.invoice_id = i.id
  WHERE i.tenant_id = :tenant AND i.issued_on <= :day AND (i.voided_on IS NULL OR i.voided_on > :day)
) t WHERE open <> 0 GROUP BY 1, 2
"""
BY_HAND_UNAPPLIED = """
SELECT currency, sum(minor) FROM (
  SELECT currency, amount_minor AS minor FROM payment WHERE tenant_id = :tenant AND received_on <= :day
  UNION ALL
  SELECT currency, amount_minor FROM credit_note WHERE tenant_id = :tenant AND issued_on <= :day
  UNION ALL
  SELECT currency, -amount_minor FROM allocation
  WHERE tenant_id = :tenant AND effective_on <= :day AND kind IN ('payment', 'credit_note')
) u GROUP BY currency
"""


def fill(admin_url: str, *, large: UUID, rows: int) -> None:
    """Make the books of all clients, past the wall; `rows` of them open for the large one."""
    values = {"large": large, "rows": rows * 6 // 5, "few": rows // 20, "today": TODAY}
    with psycopg.connect(admin_url, autocommit=True) as admin:
        for statement in (DEBTORS, INVOICES, PAYMENTS, ALLOCATIONS, BALANCES):
            admin.execute(statement, values)
        admin.execute("VACUUM ANALYZE")


def by_hand(day: date) -> dict[tuple[str, int], tuple[int, int]]:
    """The floor: the same figures in plain SQL."""
    cells = {(row[0], row[1]): (int(row[2]), row[3]) for row in store.run(BY_HAND, day=day)}
    store.run(BY_HAND_UNAPPLIED, day=day).all()
    return cells


def ours(day: date) -> dict[tuple[str, int], tuple[int, int]]:
    """Our figures, in the form in which the floor gives them."""
    found = aging.as_of(day)
    return {
        (one.currency, at): (each.minor, each.count)
        for one in found.currencies
        for at, each in enumerate((one.not_due, *one.late))
        if each.count
    }


def timed(work: Callable[[], object], *, tenant: UUID) -> float:
    """Seconds of one unit of work, opened and closed as a page does it."""
    start = time.perf_counter()
    with unit_of_work(scope.viewing(tenant, actor="bench")):
        work()
    return time.perf_counter() - start


def measure_today(tenant: UUID, *, rows: int, rounds: int) -> dict[str, object]:
    """How long a dashboard waits for the aging of today."""
    timed(lambda: aging.today(TODAY), tenant=tenant)
    seconds = statistics.median(timed(lambda: aging.today(TODAY), tenant=tenant) for _ in range(max(rounds, 3) * 5))
    return line("aging.today", n=rows, seconds=seconds, rate=1 / seconds, floor=1000 / CEILING_MS, target=1.0)


def measure_past(tenant: UUID, *, rows: int, rounds: int) -> dict[str, object]:
    """Ours and the hand-written SQL in turns, medians for each past day; the line is that of the worst day."""
    days = [TODAY - timedelta(days=back) for back in PAST]
    mine: dict[date, list[float]] = {day: [] for day in days}
    floor: dict[date, list[float]] = {day: [] for day in days}
    for _ in range(max(rounds, 3)):
        for day in days:
            floor[day].append(timed(partial(by_hand, day), tenant=tenant))
            mine[day].append(timed(partial(ours, day), tenant=tenant))
    with unit_of_work(scope.viewing(tenant, actor="bench")):
        for day in days:
            assert ours(day) == by_hand(day), f"the figures of {day} differ"
    lines = []
    for day in days:
        seconds, bare = statistics.median(mine[day]), statistics.median(floor[day])
        print(f"{day}: ours {seconds:.2f} s, by hand {bare:.2f} s", file=sys.stderr, flush=True)
        lines.append(line("aging.past", n=rows, seconds=seconds, rate=1 / seconds, floor=1 / bare, target=FLOOR_RATIO))
    return min(lines, key=lambda each: each["ratio"])


def main(argv: Sequence[str]) -> int:
    """Measure and print; the exit code says whether the targets were met."""
    words = argparse.ArgumentParser(prog="bench aging")
    words.add_argument("--n", type=int, default=1_000_000)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--only", choices=("aging", "dashboard"), default="")
    words.add_argument("--home", type=Path, help="a folder in which the books stay for the next run of this size")
    given = words.parse_args(argv)
    lines: list[dict[str, Any]] = []
    with _home(given.home) as folder:
        if given.only != "dashboard":
            with _stage.stage(folder / f"aging-{given.n}") as stage:
                large = books(stage, rows=given.n)
                lines.append(measure_today(large, rows=given.n, rounds=given.rounds))
                lines.append(measure_past(large, rows=given.n, rounds=given.rounds))
        if given.only != "aging":
            with _stage.stage(folder / f"dashboard-{given.n}") as stage:
                lines.append(_dashboard.measure(stage, rows=given.n, rounds=given.rounds, today=TODAY))
    return show(lines)


@contextmanager
def _home(given: Path | None) -> Iterator[Path]:
    """The folder of the books: the one that was named, or one that is gone afterwards."""
    if given is not None:
        given.mkdir(parents=True, exist_ok=True, mode=0o755)
        yield given.resolve()
        return
    with TemporaryDirectory(prefix="goodterms-bench-") as folder:
        Path(folder).chmod(0o755)  # the servers' user must be able to pass
        yield Path(folder)


def books(stage: _stage.Stage, *, rows: int) -> UUID:
    """The large client among others, as an earlier run left them or made now."""
    known = stage.client("large")
    if known is not None:
        return known
    large = stage.open_client("large")
    for number in range(OTHERS):
        stage.open_client(f"other-{number}")
    fill(stage.admin_url, large=large, rows=rows)
    return large


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
