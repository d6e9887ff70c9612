"""The dashboard of a client with a million open and five million closed invoices, as its finance team asks for it.

The books are made past the wall, in the order of their days, as a ledger grows. The figures are kept by the very work
that keeps them each hour; thirteen ends of months are copies of them, because the page reads them all alike.
"""

import logging
import statistics
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import psycopg
import structlog
from flask import Flask

from bench import _stage
from bench.line import line
from service.app import create_app
from service.identity import COOKIE
from tenants import assembly, settings, store
from tenants.directory import memberships, people, sessions
from tenants.insight import keeping
from tenants.isolation import scope
from tenants.values import ids
from tenants.values.clock import FixedClock
from tenants.work import unit_of_work

CEILING_MS = 300
CLOSED_PER_OPEN = 5
SLUG = "giant"

# One in six is open, the youngest; ids and numbers grow with the days, as a ledger's do.
FILL = (
    """
INSERT INTO app.debtor (tenant_id, id, number, name, country, known_at)
SELECT %(tenant)s, lpad(to_hex(d), 32, '0')::uuid, 'D' || d, 'Customer ' || d,
  (ARRAY['DE', 'FR', 'NL', 'PL', 'AT'])[1 + d %% 5], %(now)s
FROM generate_series(1, 5000) d
""",
    """
INSERT INTO app.debtor_group (tenant_id, debtor_id, key)
SELECT %(tenant)s, lpad(to_hex(d), 32, '0')::uuid, (ARRAY['key', 'retail', 'trade'])[1 + d %% 3]
FROM generate_series(1, 5000) d
""",
    """
INSERT INTO app.invoice (tenant_id, id, debtor_id, number, currency, amount_minor, issued_on, due_on, open_minor,
  settled_on, known_at, delivery, delivered_at, evidence_level)
SELECT %(tenant)s, lpad(to_hex(k), 32, '0')::uuid, lpad(to_hex(1 + k %% 5000), 32, '0')::uuid,
  'I' || lpad(k::text, 9, '0'), CASE WHEN k %% 4 = 0 THEN 'USD' ELSE 'EUR' END, 10000 + k %% 90000, d.on, d.on + 30,
  CASE WHEN c.closed THEN 0 ELSE 10000 + k %% 90000 END,
  CASE WHEN c.closed THEN least(d.on + 25 + (k %% 30)::int, %(today)s) END, d.on::timestamptz,
  CASE WHEN k %% 20 = 0 THEN 'bounced' ELSE 'delivered' END, d.on::timestamptz, (k %% 7)::smallint
FROM generate_series(1, %(all)s) k, LATERAL (SELECT %(today)s - ((%(all)s - k)::bigint * 1400 / %(all)s)::int AS on) d,
  LATERAL (SELECT k <= %(all)s - %(open)s * 2 OR k %% 2 = 0 AS closed) c
""",
    """
INSERT INTO app.payment (tenant_id, id, debtor_id, reference, currency, amount_minor, unapplied_minor, received_on,
  known_at)
SELECT %(tenant)s, ('a' || lpad(to_hex(k), 31, '0'))::uuid, lpad(to_hex(1 + k %% 5000), 32, '0')::uuid, 'P' || k,
  'EUR', 1000000,
  CASE WHEN k %% 50 = 0 THEN 700 ELSE 0 END, %(today)s - ((%(all)s / 10 - k)::bigint * 1370 / (%(all)s / 10))::int,
  %(today)s::timestamptz
FROM generate_series(1, %(all)s / 10) k
""",
    """
INSERT INTO app.allocation (tenant_id, id, debtor_id, invoice_id, kind, payment_id, currency, amount_minor,
  effective_on, known_at)
SELECT tenant_id, id, debtor_id, id, 'payment', ('a' || lpad('1', 31, '0'))::uuid, currency, amount_minor, settled_on,
  settled_on::timestamptz
FROM app.invoice WHERE tenant_id = %(tenant)s AND settled_on IS NOT NULL ORDER BY issued_on, id
""",
    """
INSERT INTO app.open_balance
SELECT tenant_id, currency, due_on, sum(open_minor), count(*) FROM app.invoice
WHERE tenant_id = %(tenant)s AND open_minor > 0 GROUP BY 1, 2, 3
""",
)
COPY_MONTHS = """
INSERT INTO app.kept_figure
SELECT tenant_id, e.day, currency, name, CASE WHEN name IN ('sales', 'received') THEN 30 ELSE period_days END, over,
  under, numerator, denominator, reason, kept_at
FROM app.kept_figure, unnest(%(ends)s::date[]) e(day) WHERE tenant_id = %(tenant)s ON CONFLICT DO NOTHING
"""


def fill(admin_url: str, tenant: UUID, *, rows: int, today: date) -> None:
    """Make the books: `rows` open invoices and five times as many closed ones, without the checks of foreign keys."""
    values = {
        "tenant": tenant,
        "open": rows,
        "all": rows * (1 + CLOSED_PER_OPEN),
        "today": today,
        "now": datetime(today.year, today.month, today.day, tzinfo=UTC),
    }
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        for statement in FILL:
            admin.execute(statement, values)
        admin.execute("VACUUM ANALYZE")


def keep(admin_url: str, tenant: UUID, *, today: date, now: datetime) -> float:
    """Keep today's figures as the hourly work does, and copy them to the ends of the months; seconds of the work."""
    start = time.perf_counter()
    with unit_of_work(scope.tenant(tenant, actor="bench")):
        keeping.keep(today, today=today, now=now)
    seconds = time.perf_counter() - start
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(COPY_MONTHS, {"tenant": tenant, "ends": keeping.month_ends(today)})
        admin.execute("VACUUM ANALYZE app.kept_figure")
    return seconds


def viewer(tenant: UUID, *, now: datetime) -> str:
    """Somebody of the client's finance team, signed in; gives the cookie."""
    email = f"viewer-{ids.new().hex}@giant.test"
    with unit_of_work(scope.platform(actor="bench", reason="add a reader for the benchmark")):
        person = people.add(email, name="Vera", side="client", now=now)
        token = sessions.start(person, now=now, agent="bench").token
    with unit_of_work(scope.tenant(tenant, actor="bench")):
        memberships.give(person, name="Vera", email=email, role="client_viewer", now=now)
    return token


def web(stage: _stage.Stage, *, now: datetime) -> Flask:
    """The web face over the stage's database, at an hour of the bench's day."""
    known = replace(
        settings.read(),
        database_url=stage.urls["gt_app"],
        auth_database_url=stage.urls["gt_auth"],
        secure_cookies=False,
    )
    app = create_app(known, replace(assembly.make_tools(known), clock=FixedClock(now)))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    return app


def books(stage: _stage.Stage, *, rows: int, today: date, now: datetime) -> UUID:
    """The client with its books and its figures, as an earlier run left them or made now."""
    known = stage.client(SLUG)
    if known is not None:
        return known
    tenant = stage.open_client(SLUG)
    fill(stage.admin_url, tenant, rows=rows, today=today)
    seconds = keep(stage.admin_url, tenant, today=today, now=now)
    print(f"keeping today's figures: {seconds:.1f} s", file=sys.stderr, flush=True)
    return tenant


def measure(stage: _stage.Stage, *, rows: int, rounds: int, today: date) -> dict[str, object]:
    """How long the server takes for the whole page, from the request to its last byte."""
    now = datetime(today.year, today.month, today.day, 11, tzinfo=UTC)
    tenant = books(stage, rows=rows, today=today, now=now)
    app = web(stage, now=now)
    with app.app_context():
        token = viewer(tenant, now=now)
        visitor = app.test_client()
        visitor.set_cookie(COOKIE, token, domain="localhost")
        times = []
        for _ in range(max(rounds, 3) * 5 + 1):
            start = time.perf_counter()
            answer = visitor.get(f"/c/{SLUG}/")
            times.append(time.perf_counter() - start)
            assert answer.status_code == 200 and b"trend-owed" in answer.data, answer.status
        for engine in store.db.engines.values():
            engine.dispose()
    median = statistics.median(times[1:])
    return line("aging.dashboard", n=rows, seconds=median, rate=1 / median, floor=1000 / CEILING_MS, target=1.0)
