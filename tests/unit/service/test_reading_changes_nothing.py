"""A GET changes no row of any client, whoever asks and whatever is asked."""

import psycopg
import pytest
from psycopg import sql

from service.endpoint import SAFE
from tests.cast import engage
from tests.unit.service import asking
from tests.unit.service.asking import ASKS, address

TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE n.nspname = 'app' AND c.relkind = 'r' ORDER BY c.relname
"""
SUM = "SELECT count(*), md5(coalesce(string_agg(CAST(t AS text), '|' ORDER BY CAST(t AS text)), '')) FROM app.{} t"


@pytest.fixture
def checksums(database_urls):
    """The content of every tenant table as the superuser sees it."""

    def look():
        with psycopg.connect(database_urls["admin"]) as line:
            tables = [row[0] for row in line.execute(TABLES)]
            return {name: line.execute(sql.SQL(SUM).format(sql.Identifier(name))).fetchone() for name in tables}

    return look


def test_reading_everything_changes_nothing(alder_world, birch_world, as_, specialist, checksums):
    tenant = alder_world.tenant
    browsers = [
        as_(engage("Omar Quist", *((tenant, role) for role in ("specialist_manager", "tenant_admin")))),
        as_(specialist),
    ]
    asks = {name: ASKS[name](alder_world) for name, route in asking.ROUTES.items() if route.method in SAFE}
    before = checksums()
    assert len(before) > 25 and before["invoice"][0] >= 2
    for browser in browsers:
        for name, ask in asks.items():
            answer = browser.get(address(asking.ROUTES[name], alder_world, ask))
            assert answer.status_code in (200, 403), name
    assert checksums() == before


def test_a_refused_change_leaves_nothing(alder_world, birch_world, as_, specialist, checksums):
    browser = as_(specialist)
    asks = {name: ASKS[name](birch_world) for name, route in asking.ROUTES.items() if route.method not in SAFE}
    before = checksums()
    for name, ask in asks.items():
        route = asking.ROUTES[name]
        if not asking.refs_in_path(route):
            continue
        foreign = asking.Ask({**birch_world.at, **ask.path}, ask.query, ask.body, ask.data)
        answer = browser.send(route.method, address(route, alder_world, foreign), **foreign.options())
        assert answer.status_code in (403, 404), (name, answer.text)
    assert checksums() == before
