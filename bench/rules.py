"""`bench rules`: the unopened-key-account rule over the open invoices of one client among others.

`rules.unopened`: the compiled rule, from the document to the ids it would act on, against hand-written SQL that returns
the same ids. Both run as the worker's role behind forced row security; the floor goes straight through the driver.
`rules.rowwise`: the same against fetching every open invoice and judging it in Python, by code for this one rule.

One client has n open invoices of n / 50 customers, a tenth of them in the groups that the rule names; four others have
a twentieth of that each. Some invoices are on hold and some were acted on before, as in a ledger that is in use.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import psycopg

from bench import _stage, reminders, twelve
from bench._books import CUSTOMER_ID, DEBTORS, INVOICE_ID, NOW, NUMBERED
from bench.line import line, show
from tenants import store
from tenants.isolation import scope
from tenants.rules import bounds, compiler, language, recipes, rule_book, statements
from tenants.work import unit_of_work

ROUNDS, SLOW_ROUNDS, CUSTOMERS, OTHERS = 9, 3, 50, 4
FLOOR_RATIO, ROWWISE_RATIO = 0.77, 5.0
GROUPS = f"""
INSERT INTO app.debtor_group (tenant_id, debtor_id, key)
SELECT %(tenant)s, {CUSTOMER_ID}, CASE g %% 4 WHEN 0 THEN 'key' WHEN 1 THEN 'strategic' ELSE 'other' END
FROM generate_series(0, %(customers)s - 1, 5) g
"""
INVOICES = f"""
INSERT INTO app.invoice (tenant_id, id, debtor_id, number, currency, amount_minor, issued_on, due_on, open_minor,
  known_at, delivery, delivered_at, first_seen_at)
SELECT %(tenant)s, {INVOICE_ID}, c.id, 'A-' || g, 'EUR', a.minor, %(day)s - CAST(g %% 90 AS integer),
  %(day)s + 30 - CAST(g %% 90 AS integer), a.minor, %(now)s, 'delivered', %(now)s - interval '1 hour' * (g / 3 %% 2000),
  CASE WHEN g / 7 %% 5 < 3 THEN %(now)s - interval '1 hour' * (g %% 1500) END
FROM generate_series(0, %(n)s - 1) g
JOIN bench_customer c ON c.n = g %% %(customers)s
CROSS JOIN LATERAL (SELECT 5000 + (CAST(g AS bigint) * 7919) %% 400000 AS minor) a
"""
HELD = """
INSERT INTO app.hold (tenant_id, id, kind, debtor_id, invoice_id, starts_on, actor, opened_at)
SELECT tenant_id, id, CASE WHEN amount_minor %% 80 = 0 THEN 'dispute' ELSE 'plan' END, debtor_id, id, issued_on,
  'bench', known_at
FROM app.invoice WHERE tenant_id = %(tenant)s AND amount_minor %% 40 = 0
"""
ACTED = """
INSERT INTO app.rule_state (tenant_id, rule_id, subject_id, matched_since, last_fired_at, fire_count)
SELECT tenant_id, %(rule)s, id, %(now)s, %(now)s, 1 FROM app.invoice
WHERE tenant_id = %(tenant)s AND amount_minor %% 25 = 0
"""
BY_HAND = """
SELECT i.id FROM invoice i
WHERE i.tenant_id = %(tenant)s AND i.open_minor > 0 AND i.voided_on IS NULL AND i.issued_on <= %(today)s
  AND i.delivered_at < %(cutoff)s AND i.first_seen_at IS NULL AND i.open_minor >= 100000 AND i.currency = 'EUR'
  AND EXISTS (SELECT FROM debtor_group g
              WHERE g.tenant_id = %(tenant)s AND g.debtor_id = i.debtor_id AND g.key IN ('key', 'strategic'))
  AND NOT EXISTS (SELECT FROM hold h
                  WHERE h.tenant_id = %(tenant)s AND h.debtor_id = i.debtor_id
                    AND (h.invoice_id IS NULL OR h.invoice_id = i.id) AND h.ended_at IS NULL
                    AND h.starts_on <= %(today)s AND (h.ends_on IS NULL OR h.ends_on >= %(today)s))
  AND NOT EXISTS (SELECT FROM rule_state s
                  WHERE s.tenant_id = %(tenant)s AND s.rule_id = %(rule)s AND s.subject_id = i.id AND s.fire_count > 0)
"""
ALL_ROWS = """
SELECT id, debtor_id, currency, open_minor, voided_on, issued_on, delivered_at, first_seen_at FROM invoice
WHERE tenant_id = %(tenant)s AND open_minor > 0
"""
KEY_CUSTOMERS = "SELECT debtor_id FROM debtor_group WHERE tenant_id = %(tenant)s AND key IN ('key', 'strategic')"
ON_HOLD = """
SELECT invoice_id FROM hold WHERE tenant_id = %(tenant)s AND ended_at IS NULL AND starts_on <= %(today)s
  AND (ends_on IS NULL OR ends_on >= %(today)s)
"""
ACTED_ON = "SELECT subject_id FROM rule_state WHERE tenant_id = %(tenant)s AND rule_id = %(rule)s AND fire_count > 0"


def fill(admin_url: str, tenant: UUID, *, n: int, rule: UUID | None) -> None:
    """Write a ledger past the walls, as its measured statement would read it after months of use."""
    values = {
        "tenant": tenant,
        "n": n,
        "customers": max(20, n // CUSTOMERS),
        "now": NOW,
        "day": NOW.date(),
        "rule": rule,
    }
    with psycopg.connect(admin_url) as connection:
        for sql in (DEBTORS, GROUPS, NUMBERED, INVOICES, HELD, *([ACTED] if rule else [])):
            connection.execute(sql, values)
        connection.execute("DROP TABLE bench_customer")


def timed(work: Callable[[], set[UUID]]) -> tuple[float, set[UUID]]:
    """The seconds of one call, and what it found."""
    begun = time.perf_counter()
    found = work()
    return time.perf_counter() - begun, found


def compiled(tenant: UUID, rule: UUID) -> set[UUID]:
    """Ours: read, compile, ask."""
    with unit_of_work(scope.viewing(tenant, actor="bench")):
        question = compiler.compile(language.read(recipes.find("unopened-key-account")), at=bounds.here(NOW))
        return set(store.run(statements.matching(question), **question.values, rule=rule).scalars())


def entered(line_: psycopg.Connection[Any], tenant: UUID) -> None:
    """The scope, as every transaction of the program opens."""
    line_.execute("SELECT gt.enter(%s, NULL, NULL)", ([tenant],))


def by_hand(line_: psycopg.Connection[Any], values: dict[str, Any]) -> set[UUID]:
    """The floor: SQL by a person who knows the tables."""
    with line_.transaction():
        entered(line_, values["tenant"])
        return {row[0] for row in line_.execute(BY_HAND, values)}


def behind_the_wall(line_: psycopg.Connection[Any]) -> dict[str, str]:
    """Who runs the floor: the role of ours, with row security forced, or the comparison would be a lie."""
    with line_.transaction():
        (role,) = line_.execute("SELECT current_user").fetchone() or ("",)
        kept = "SELECT bool_and(relforcerowsecurity) FROM pg_class WHERE oid = ANY(%s::regclass[])"
        (forced,) = line_.execute(kept, (["invoice", "hold", "debtor_group", "rule_state"],)).fetchone() or (False,)
    ours = store.db.engine.url.username
    assert role == ours and forced, f"the floor must run as {ours} behind forced row security"
    return {"floor_is": f"SQL by hand as {role}, behind the same forced row security"}


def row_by_row(line_: psycopg.Connection[Any], values: dict[str, Any]) -> set[UUID]:
    """The other way: fetch what is open and judge each row in Python."""
    with line_.transaction():
        entered(line_, values["tenant"])
        key, held, acted = (
            {row[0] for row in line_.execute(sql, values)} for sql in (KEY_CUSTOMERS, ON_HOLD, ACTED_ON)
        )
        today, cutoff, found = values["today"], values["cutoff"], set()
        for invoice, debtor, currency, minor, voided, issued, delivered, seen in line_.execute(ALL_ROWS, values):
            due = voided is None and issued <= today and delivered is not None and delivered < cutoff and seen is None
            big = currency == "EUR" and minor >= 100_000
            if due and big and debtor in key and invoice not in held and invoice not in acted:
                found.add(invoice)
        return found


def measure(stage: _stage.Stage, n: int) -> list[dict[str, Any]]:
    """Fill the books and take turns."""
    tenant = stage.open_client("largest")
    with unit_of_work(scope.tenant(tenant, actor="bench")):
        rule = rule_book.install("unopened-key-account", now=NOW - timedelta(days=60)).id
    fill(stage.admin_url, tenant, n=n, rule=rule)
    for other in range(OTHERS):
        fill(stage.admin_url, stage.open_client(f"other-{other}"), n=n // 20, rule=None)
    with psycopg.connect(stage.admin_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    with unit_of_work(scope.viewing(tenant, actor="bench")):
        question = compiler.compile(language.read(recipes.find("unopened-key-account")), at=bounds.here(NOW))
    cutoff = datetime.fromisoformat(question.bounds["/if/all/1"])
    values = {"tenant": tenant, "rule": rule, "today": NOW.date(), "cutoff": cutoff}
    with psycopg.connect(stage.env["GOODTERMS_DATABASE_URL"], options="-csearch_path=app") as line_:
        ways = {
            "ours": lambda: compiled(tenant, rule),
            "floor": lambda: by_hand(line_, values),
            "rowwise": lambda: row_by_row(line_, values),
        }
        walled = behind_the_wall(line_)
        wanted = by_hand(line_, values)
        assert wanted, "the rule must match something"
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(-1, ROUNDS):
            for name in sorted(ways, reverse=bool(turn % 2)):  # who goes first finds colder caches, so they take turns
                if name != "rowwise" or 0 <= turn < SLOW_ROUNDS:
                    taken, found = timed(ways[name])
                    assert found == wanted, f"{name} must find the same invoices"
                    seconds[name] += [taken] * (turn >= 0)
    took, hand, slow = (statistics.median(seconds[name]) for name in ("ours", "floor", "rowwise"))
    return [
        line("rules.unopened", n=n, seconds=took, rate=n / took, floor=n / hand, target=FLOOR_RATIO) | walled,
        line("rules.rowwise", n=n, seconds=took, rate=n / took, floor=n / slow, target=ROWWISE_RATIO),
    ]


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench rules")
    parser.add_argument("--n", type=int, default=None)
    parser.add_argument("--twelve", action="store_true", help="the twelve rules over one client of months of use")
    parser.add_argument("--reminders", action="store_true", help="one reminder run over what is overdue")
    wanted = parser.parse_args(argv)
    with TemporaryDirectory(prefix="goodterms-bench-") as folder, _stage.stage(Path(folder)) as stage:
        if wanted.twelve:
            return show(twelve.measure(stage, wanted.n or twelve.INVOICES))
        if wanted.reminders:
            return show(reminders.measure(stage, wanted.n or reminders.INVOICES_DUE))
        return show(measure(stage, wanted.n or 1_000_000))
