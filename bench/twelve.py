"""`bench rules --twelve`: the twelve rules of the note over one client of months of use, and what people wait for.

`rules.twelve`: each of the twelve recipes compiled and asked which subjects it would act on, one after the other: the
seconds of all together, against the same conditions in hand-written SQL for one of them, scaled. `rules.one`: the 95th
percentile of a single rule. `rules.why_not`, `rules.dry_run`: one answer and one trial. `rules.backtest`: sixty
business days of one rule, in the slices in which the job runs.

The client has 250,000 invoices (57,000 open) of 20,000 customers, a ledger of 400,000 rows, holds, groups and contacts.
"""

import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg

from bench import _stage
from bench._books import CUSTOMER_ID, DEBTORS, INVOICE_ID, NOW, NUMBERED
from bench.line import line
from tenants import store
from tenants.isolation import scope
from tenants.rules import (
    backtesting,
    bounds,
    compiler,
    daily,
    dryrun,
    explain,
    language,
    recipes,
    rule_book,
    running,
    statements,
)
from tenants.work import unit_of_work

TWELVE = (
    "unopened-key-account",
    "bounced",
    "before-due-late-payers",
    "first-reminder-small",
    "second-reminder",
    "big-invoice-personal-call",
    "broken-promise",
    "dispute-opened",
    "escalate-with-approval",
    "rising-lateness-offer-plan",
    "thank-on-time",
    "seen-rate-drop",
)
INVOICES, CUSTOMERS, LEDGER, ROUNDS = 250_000, 20_000, 400_000, 5
TOGETHER_S, ONE_S, WHY_NOT_S, DRY_RUN_S, BACKTEST_S = 2.0, 0.3, 0.1, 3.0, 60.0
BACKTESTED, BACK_DAYS = "first-reminder-small", 84
"""Twelve weeks are sixty business days."""

SETTLED = f"""
INSERT INTO app.invoice (tenant_id, id, debtor_id, number, currency, amount_minor, issued_on, due_on, open_minor,
  settled_on, known_at, delivery, delivered_at, bounced_at, first_seen_at, reminder_count, last_reminder_at,
  last_reply_at, evidence_level)
SELECT %(tenant)s, {INVOICE_ID}, c.id, 'A-' || g, 'EUR', x.minor, x.issued, x.issued + 30,
  CASE WHEN x.open THEN x.minor ELSE 0 END,
  CASE WHEN NOT x.open THEN x.issued + 30 + CAST(c.n %% 41 AS integer) - 15 END, %(now)s,
  CASE WHEN g %% 50 = 0 THEN 'bounced' ELSE 'delivered' END, x.at,
  CASE WHEN g %% 50 = 0 THEN x.at END, CASE WHEN g %% 5 < 3 THEN x.at + interval '2 days' END,
  CASE WHEN x.open AND g %% 3 = 0 THEN 1 ELSE 0 END,
  CASE WHEN x.open AND g %% 3 = 0 THEN %(now)s - interval '1 day' * (g %% 20) END,
  CASE WHEN g %% 11 = 0 THEN x.at + interval '5 days' END, 2
FROM generate_series(0, %(n)s - 1) g
JOIN bench_customer c ON c.n = g %% %(customers)s
CROSS JOIN LATERAL (
  SELECT 5000 + (CAST(g AS bigint) * 7919) %% 4000000 AS minor, h %% 100 < 23 AS open,
    CASE WHEN h %% 100 < 23 THEN %(day)s - CAST((h / 100) %% 110 AS integer)
         ELSE %(day)s - 60 - CAST((h / 7) %% 400 AS integer) END AS issued
  FROM (SELECT abs(hashtext(CAST(g AS text))) AS h) k) y
CROSS JOIN LATERAL (
  SELECT y.minor, y.open, y.issued, CAST(y.issued AS timestamptz) + interval '8 hours' AS at) x
"""
GROUPS = f"""
INSERT INTO app.debtor_group (tenant_id, debtor_id, key)
SELECT %(tenant)s, {CUSTOMER_ID}, CASE g %% 4 WHEN 0 THEN 'key' WHEN 1 THEN 'strategic' ELSE 'other' END
FROM generate_series(0, %(customers)s - 1, 5) g
"""
CONTACTS = f"""
INSERT INTO app.contact (tenant_id, id, debtor_id, email, known_at)
SELECT %(tenant)s, {CUSTOMER_ID}, {CUSTOMER_ID}, 'c' || g || '@example.com', %(now)s
FROM generate_series(0, %(customers)s - 1) g
"""
COUNTRIES = """
UPDATE app.debtor SET country = (ARRAY['DE','AT','FR','GB','NL'])[1 + CAST(substr(number, 3) AS integer) %% 5]
WHERE tenant_id = %(tenant)s
"""
HELD = """
INSERT INTO app.hold (tenant_id, id, kind, debtor_id, invoice_id, starts_on, ends_on, actor, opened_at)
SELECT tenant_id, id, CASE WHEN amount_minor %% 80 = 0 THEN 'dispute' ELSE 'promise' END, debtor_id, id, issued_on,
  CASE WHEN amount_minor %% 80 = 0 THEN NULL ELSE %(day)s + CAST(amount_minor %% 30 AS integer) - 15 END, 'bench',
  CAST(issued_on AS timestamptz)
FROM app.invoice WHERE tenant_id = %(tenant)s AND open_minor > 0 AND amount_minor %% 40 = 0
"""
ACTED = """
INSERT INTO app.rule_state (tenant_id, rule_id, subject_id, matched_since, last_fired_at, fire_count)
SELECT i.tenant_id, r.id, i.id, %(now)s - interval '90 days', %(now)s - interval '90 days', 1
FROM app.rule r JOIN app.invoice i ON i.tenant_id = r.tenant_id AND abs(hashtext(r.key || i.number)) %% 1000 < %(share)s
WHERE r.tenant_id = %(tenant)s ON CONFLICT DO NOTHING
"""
ALLOCATED = """
INSERT INTO app.payment (tenant_id, id, debtor_id, reference, currency, amount_minor, unapplied_minor, received_on,
  known_at)
SELECT tenant_id, id, debtor_id, number, currency, amount_minor, 0, settled_on, %(now)s
FROM app.invoice WHERE tenant_id = %(tenant)s AND settled_on IS NOT NULL
"""
APPLIED = """
INSERT INTO app.allocation (tenant_id, id, debtor_id, invoice_id, kind, payment_id, currency, amount_minor,
  effective_on, known_at)
SELECT tenant_id, id, debtor_id, id, 'payment', id, currency, amount_minor, settled_on, %(now)s
FROM app.invoice WHERE tenant_id = %(tenant)s AND settled_on IS NOT NULL
"""
BALANCES = """
INSERT INTO app.open_balance (tenant_id, currency, due_on, open_minor, open_count)
SELECT tenant_id, currency, due_on, sum(open_minor), count(*) FROM app.invoice
WHERE tenant_id = %(tenant)s AND open_minor > 0 GROUP BY tenant_id, currency, due_on
"""
BY_HAND = """
SELECT i.id FROM invoice i
WHERE i.tenant_id = %(tenant)s AND i.open_minor > 0 AND i.voided_on IS NULL AND i.issued_on <= %(day)s
  AND i.due_on <= %(day)s - 15 AND i.reminder_count BETWEEN 1 AND 3
  AND (i.last_reply_at IS NULL OR i.last_reply_at < %(now)s - interval '9 days')
  AND NOT EXISTS (SELECT FROM hold h WHERE h.tenant_id = %(tenant)s AND h.debtor_id = i.debtor_id
                    AND h.ended_at IS NULL AND (h.invoice_id IS NULL OR h.invoice_id = i.id))
"""


def fill(admin_url: str, tenant: UUID, *, n: int) -> None:
    """Write the books past the walls, as months of use would have left them."""
    values = {
        "tenant": tenant,
        "n": n,
        "customers": max(20, n * CUSTOMERS // INVOICES),
        "now": NOW,
        "day": NOW.date(),
        "share": round(1000 * LEDGER / INVOICES / len(TWELVE)),
    }
    with psycopg.connect(admin_url) as connection:
        for sql in (DEBTORS, COUNTRIES, GROUPS, CONTACTS, NUMBERED, SETTLED, HELD, ACTED, ALLOCATED, APPLIED, BALANCES):
            connection.execute(sql, values)
        connection.execute("DROP TABLE bench_customer")
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def seconds(work: Callable[[], Any]) -> float:
    """The seconds of one call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def asked(tenant: UUID, key: str, rule_id: UUID) -> tuple[float, int]:
    """One rule as a run asks it, from the document to the ids it would act on, and how many those are."""
    with unit_of_work(scope.viewing(tenant, actor="bench")):
        store.db.session.connection().exec_driver_sql(running.BOUNDED.format(ms=60_000))
        begun = time.perf_counter()
        question = compiler.compile(language.read(recipes.find(key)), at=bounds.here(NOW))
        found = store.run(statements.matching(question), **question.values, rule=rule_id).scalars().all()
        return time.perf_counter() - begun, len(found)


def measure(stage: _stage.Stage, n: int) -> list[dict[str, Any]]:
    """Fill the books, then ask, try, explain and look back."""
    tenant = stage.open_client("twelve")
    rules: dict[str, UUID] = {}
    with unit_of_work(scope.tenant(tenant, actor="bench")):
        for key in TWELVE:
            rules[key] = rule_book.install(key, now=NOW - timedelta(days=90)).id
    fill(stage.admin_url, tenant, n=n)
    each: dict[str, list[float]] = {key: [] for key in TWELVE}
    counts: dict[str, int] = {}
    for turn in range(-1, ROUNDS):
        for key, rule_id in rules.items():
            taken, counts[key] = asked(tenant, key, rule_id)
            each[key] += [taken] * (turn >= 0)
    together = statistics.median(sum(each[key][turn] for key in TWELVE) for turn in range(ROUNDS))
    singles = sorted(taken for found in each.values() for taken in found)
    worst = singles[min(len(singles) - 1, round(len(singles) * 0.95))]
    told = {key: [round(1000 * statistics.median(each[key])), counts[key]] for key in TWELVE}
    floor = _floor(stage, tenant)
    return [
        _line("rules.twelve", n, together, TOGETHER_S, floor=len(TWELVE) * n / floor, rate=len(TWELVE) * n / together)
        | {"ms_and_matches": told},
        _line("rules.one", n, worst, ONE_S),
        *_answers(tenant, n),
        _looked_back(tenant, n),
    ]


def _line(name: str, n: int, taken: float, most: float, *, floor: float = 0.0, rate: float = 0.0) -> dict[str, Any]:
    return line(name, n=n, seconds=taken, rate=rate or n / taken, floor=floor, target=most, passed=taken <= most)


def _floor(stage: _stage.Stage, tenant: UUID) -> float:
    """The second reminder by hand, as the worker's role behind the same walls, twelve times."""
    with psycopg.connect(stage.env["GOODTERMS_DATABASE_URL"], options="-csearch_path=app") as wire:
        taken = []
        values = {"tenant": tenant, "day": NOW.date(), "now": NOW}
        for _ in range(ROUNDS):
            with wire.transaction():
                wire.execute("SELECT gt.enter(%s, NULL, NULL)", ([tenant],))
                taken.append(seconds(lambda: wire.execute(BY_HAND, values).fetchall()))
    return statistics.median(taken) * len(TWELVE)


def _answers(tenant: UUID, n: int) -> list[dict[str, Any]]:
    with unit_of_work(scope.viewing(tenant, actor="bench")):
        sql = "SELECT id FROM invoice WHERE tenant_id = :tenant AND open_minor > 0 ORDER BY due_on, id LIMIT 30"
        some = list(store.run(sql).scalars())
    why, tries = [], []
    for place, invoice_id in enumerate(some):
        with unit_of_work(scope.viewing(tenant, actor="bench")):
            key = TWELVE[place % 11]
            why.append(seconds(lambda k=key, i=invoice_id: explain.why_not(k, invoice_id=i, now=NOW)))
    for key in TWELVE:
        with unit_of_work(scope.viewing(tenant, actor="bench")):
            tries.append(seconds(lambda k=key: dryrun.count(language.read(recipes.find(k)), now=NOW)))
    return [
        _line("rules.why_not", n, sorted(why)[round(len(why) * 0.95) - 1], WHY_NOT_S),
        _line("rules.dry_run", n, max(tries), DRY_RUN_S),
    ]


def _looked_back(tenant: UUID, n: int) -> dict[str, Any]:
    """As the job does it: fill the days once, then some days a turn, each turn a transaction."""
    day = NOW.date()
    with unit_of_work(scope.tenant(tenant, actor="bench")):
        test = backtesting.ask(
            recipes.find(BACKTESTED),
            from_on=day - timedelta(days=BACK_DAYS),
            to_on=day - timedelta(days=1),
            today=day,
            now=NOW,
            real=NOW,
        )
    begun, more, turns = time.perf_counter(), True, 0
    while more:
        with unit_of_work(scope.tenant(tenant, actor="bench")):
            more = backtesting.advance(test, now=NOW)
        turns += 1
    taken = time.perf_counter() - begun
    with unit_of_work(scope.tenant(tenant, actor="bench")):
        found, kept = backtesting.find(test), daily.first_kept()
    told = {"turns": turns, "days": found["days"], "text": found["result"]["text"], "since": str(kept)}
    return _line("rules.backtest", n, taken, BACKTEST_S) | told
