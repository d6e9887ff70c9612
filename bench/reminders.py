"""`bench rules --reminders`: one reminder run over the overdue invoices of one client.

`rules.reminders`: from the occurrence to queued messages: match, what may not be chased kept back with its reason, one
message per customer, its work items and the firings written down, all in one durable transaction. The floor is the same
rows written by bare set-based SQL in the same database. `rules.reminders.growth`: what an invoice costs at ten times
the size, as a share of what it costs here.
"""

import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from bench import _stage
from bench.line import line
from tenants.isolation import scope
from tenants.rules import recipes, rule_book, running
from tenants.work import unit_of_work

ROUNDS = 3
INVOICES_DUE, PER_CUSTOMER, TIMES = 20_000, 10, 10
LEAST_RATE, MOST_GROWTH = 10_000, 1.3
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
RECIPE = "overdue-reminder"
ID = "CAST(md5(%(tenant)s::text || '{kind}' || g) AS uuid)"
DEBTORS = f"""
INSERT INTO app.debtor (tenant_id, id, number, name, country, known_at)
SELECT %(tenant)s, {ID.format(kind="d")}, 'C-' || g, 'Customer ' || g, 'DE', %(now)s
FROM generate_series(0, %(customers)s - 1) g
"""
CONTACTS = f"""
INSERT INTO app.contact (tenant_id, id, debtor_id, email, known_at)
SELECT %(tenant)s, {ID.format(kind="c")}, {ID.format(kind="d")}, 'ap' || g || '@customer.test', %(now)s
FROM generate_series(0, %(customers)s - 1) g
"""
INVOICES = f"""
INSERT INTO app.invoice (tenant_id, id, debtor_id, number, currency, amount_minor, issued_on, due_on, open_minor,
  known_at, delivery, delivered_at, evidence_level)
SELECT %(tenant)s, {ID.format(kind="i")}, CAST(md5(%(tenant)s::text || 'd' || g %% %(customers)s) AS uuid), 'A-' || g,
  'EUR', 5000 + g, %(day)s - 60, %(day)s - CAST(10 + g %% 40 AS integer), 5000 + g, %(now)s, 'delivered', %(now)s, 2
FROM generate_series(0, %(n)s - 1) g
"""
# The least that must be written: a message and its work per customer, a line and a firing per invoice.
FLOOR = (
    """INSERT INTO app.rule_firing (tenant_id, rule_id, subject_id, episode, run_id, version, fired_at)
    SELECT tenant_id, %(rule)s, id, 0, %(run)s, 1, %(now)s FROM app.invoice
    WHERE tenant_id = %(tenant)s AND open_minor > 0 AND due_on < %(day)s - 3""",
    """INSERT INTO app.message (tenant_id, id, debtor_id, contact_id, step_key, kind, recipient, template, queued_at)
    SELECT tenant_id, gen_random_uuid(), debtor_id, id, 'floor:' || id, 'reminder', email, 'First reminder', %(now)s
    FROM app.contact WHERE tenant_id = %(tenant)s""",
    """INSERT INTO app.message_item (tenant_id, message_id, invoice_id, debtor_id)
    SELECT i.tenant_id, m.id, i.id, i.debtor_id FROM app.invoice i JOIN app.message m ON m.tenant_id = i.tenant_id
      AND m.debtor_id = i.debtor_id WHERE i.tenant_id = %(tenant)s""",
    """INSERT INTO app.work_item (tenant_id, id, lane, kind, dedupe_key, payload, state, run_at, attempts, max_attempts,
      recorded_at)
    SELECT tenant_id, gen_random_uuid(), 'delivery', 'send_message', id::text, jsonb_build_object('message_id', id),
      'ready', %(now)s, 0, 8, %(now)s FROM app.message WHERE tenant_id = %(tenant)s""",
)


def measure(stage: _stage.Stage, n: int) -> list[dict[str, Any]]:
    """Runs at n and at ten times n, each in fresh books, medians of three."""
    floors = [_floor(stage, n, turn) for turn in range(ROUNDS)]
    small = [_ours(stage, n, f"small-{turn}") for turn in range(ROUNDS)]
    large = [_ours(stage, n * TIMES, f"large-{turn}") for turn in range(ROUNDS)]
    took, hand, long = (statistics.median(each) for each in (small, floors, large))
    growth = (long / (n * TIMES)) / (took / n)
    return [
        line(
            "rules.reminders",
            n=n,
            seconds=took,
            rate=n / took,
            floor=n / hand,
            target=LEAST_RATE,
            passed=n / took >= LEAST_RATE,
        )
        | {"judged_by": "rate"},
        line(
            "rules.reminders.growth",
            n=n * TIMES,
            seconds=long,
            rate=n * TIMES / long,
            floor=n / took,
            target=round(1 / MOST_GROWTH, 3),
        )
        | {"cost_grows_by": round(growth, 3)},
    ]


def _ours(stage: _stage.Stage, n: int, name: str) -> float:
    tenant = _books(stage, n, name)
    rule = recipes.find(RECIPE) | {"key": "bench-reminder", "caps": {"per_run": n}}
    with unit_of_work(scope.tenant(tenant, actor="bench")):
        rule_book.save(rule, now=NOW - timedelta(days=60), worded_by="recipe:bench")
        rule_id = rule_book.publish("bench-reminder", now=NOW - timedelta(days=60)).id
    begun = time.perf_counter()
    with unit_of_work(scope.tenant(tenant, actor="rule:bench-reminder")):
        done = running.run(rule_id, occurrence="bench", now=NOW, real=NOW)
    taken = time.perf_counter() - begun
    assert done is not None and done.acted == n, f"all {n} invoices must be acted on: {done}"
    assert stage.count(f"message_item WHERE tenant_id = '{tenant}'") == n, "every invoice stands in a message"
    return taken


def _floor(stage: _stage.Stage, n: int, turn: int) -> float:
    tenant = _books(stage, n, f"floor-{turn}")
    with unit_of_work(scope.tenant(tenant, actor="bench")):
        rule = rule_book.install(RECIPE, now=NOW - timedelta(days=60)).id
    values = {"tenant": tenant, "rule": rule, "run": tenant, "now": NOW, "day": NOW.date()}
    with psycopg.connect(stage.admin_url) as connection:
        begun = time.perf_counter()
        for sql in FLOOR:
            connection.execute(sql, values)
        connection.commit()
        return time.perf_counter() - begun


def _books(stage: _stage.Stage, n: int, name: str) -> UUID:
    tenant = stage.open_client(name)
    values = {"tenant": tenant, "n": n, "customers": n // PER_CUSTOMER, "now": NOW, "day": NOW.date()}
    with psycopg.connect(stage.admin_url, autocommit=True) as connection:
        for sql in (DEBTORS, CONTACTS, INVOICES):
            connection.execute(sql, values)
        connection.execute("ANALYZE app.debtor, app.contact, app.invoice")
    return tenant
