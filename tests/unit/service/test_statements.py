"""A page of a list costs the same statements whether it holds one row or many."""

from contextlib import contextmanager

import psycopg
import pytest

LISTS = (
    "debtors",
    "invoices",
    "payments",
    "credit-notes",
    "messages",
    "alerts",
    "tasks",
    "holds",
    "imports",
    "bank-lines",
    "history",
)


@contextmanager
def counted():
    """Every statement that goes to the database meanwhile, by whichever way."""
    heard, execute = [], psycopg.Cursor.execute

    def hear(cursor, statement, *arguments, **options):
        heard.append(statement)
        return execute(cursor, statement, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", hear)
        yield heard


@pytest.fixture
def more(alder_world):
    """Make several more of everything that is listed."""

    def make():
        for _ in range(3):
            alder_world.acted_on()
            alder_world.payment()
            alder_world.credit_note()
            alder_world.alert()
            alder_world.task()
            alder_world.hold()
            alder_world.dead_letter()
            alder_world.received_import()
            alder_world.bank_statement()

    return make


def test_no_list_asks_once_for_each_row(alder_world, as_, manager, more):
    browser = as_(manager)
    paths = [f"~/tenants/{alder_world.slug}/{noun}" for noun in (*LISTS, "work/dead-letters", "rules")]
    paths += [
        f"~/tenants/{alder_world.slug}/aging/items?bucket=all&currency=EUR",
        f"~/tenants/{alder_world.slug}/aging",
        "~/portfolio/worklist",
        "~/portfolio/alerts",
        "~/portfolio/clients",
    ]
    browser.get(paths[0])
    costs = {}
    for path in paths:
        with counted() as before:
            few = browser.get(path).json
        costs[path] = len(before), len(few.get("items", few.get("currencies")))
    more()
    for path, (before, rows) in costs.items():
        with counted() as after:
            many = browser.get(path).json
        assert len(after) == before <= 9, path
        grown = len(many.get("items", many.get("currencies"))) > rows
        assert grown or path.rsplit("/", 1)[-1] in ("messages", "aging", "rules", "clients", "alerts"), path
