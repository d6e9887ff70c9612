"""Whatever is chosen on a dashboard, every tile says what the list that it opens adds up to.

GOODTERMS_FULL=1 asks two hundred questions.
"""

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from uuid import UUID

import pytest

from tenants.collections import holds
from tenants.insight import aging, breakdown, buckets, family, items, keeping, overview, receipts
from tenants.insight.definitions import DEFINITIONS
from tenants.insight.facts import Period
from tenants.insight.keeping import DAYS
from tenants.insight.narrowing import WITHOUT, Narrow
from tenants.values import ids
from tests.cast import NOW, TODAY, Door
from tests.factories import a_credit_note, a_debtor, a_payment, an_invoice

FILTERS = 200 if os.environ.get("GOODTERMS_FULL") else 60
GROUPS, COUNTRIES = ("", "key", "retail", WITHOUT), ("", "DE", "FR", WITHOUT)
EDGES = ((30, 60, 90, 120), (7, 14), (15, 45, 46, 200))
OWNERS = (ids.new(), ids.new())


@dataclass(frozen=True)
class Chosen:
    """One question that somebody may ask of a dashboard."""

    day: date
    currency: str
    basis: str
    edges: tuple[int, ...]
    narrow: Narrow


@pytest.fixture
def chance() -> random.Random:
    return random.Random(20261120)


@pytest.fixture
def books(alder, birch, in_alder: Door, chance):
    """Forty invoices of eight customers in two currencies, some paid, some in part, some disputed."""
    an_invoice(birch, late=30)
    with in_alder:
        for at in range(8):
            debtor = _customer(alder, at, chance)
            for _ in range(5):
                _invoice(alder, debtor, chance)
            a_credit_note(alder, debtor, amount=chance.randint(1, 50), on=_day(chance))
        for day in (*keeping.month_ends(TODAY)[-4:], TODAY):
            keeping.keep(day, today=TODAY, now=NOW)


def _customer(alder: UUID, at: int, chance: random.Random) -> UUID:
    groups = [key for key in ("key", "retail") if chance.random() < 0.4]
    return a_debtor(
        alder,
        name=f"Customer {at}",
        groups=groups,
        country=chance.choice(("DE", "FR", "")),
        owner_id=chance.choice((*OWNERS, None)),
    )


def _invoice(alder: UUID, debtor: UUID, chance: random.Random) -> None:
    issued_on, currency, amount = _day(chance), chance.choice(("EUR", "EUR", "JPY")), chance.randint(10, 900)
    due_on = issued_on + timedelta(days=chance.choice((0, 14, 30, 60)))
    made = an_invoice(alder, debtor, issued_on=issued_on, due_on=due_on, amount=amount, currency=currency, now=NOW)
    if chance.random() < 0.5:
        paid_on = min(issued_on + timedelta(days=chance.randint(0, 70)), TODAY)
        part = amount if chance.random() < 0.5 else max(amount // 3, 1)
        a_payment(alder, debtor, amount=part + 7, on=paid_on, currency=currency, parts=[(made, part)], now=NOW)
    if chance.random() < 0.2:
        holds.open("dispute", debtor_id=debtor, invoice_id=made, starts_on=TODAY, now=NOW, reason="Two were missing")


def _day(chance: random.Random) -> date:
    return TODAY - timedelta(days=chance.randint(0, 240))


def asked(chance: random.Random) -> Iterator[Chosen]:
    """Questions without end: today as often as any past day, all customers as often as some."""
    while True:
        narrow = Narrow(
            group=chance.choice(GROUPS),
            country=chance.choice(COUNTRIES),
            owner=chance.choice(("", "", *OWNERS, WITHOUT)),
        )
        yield Chosen(
            day=chance.choice((TODAY, _day(chance))),
            currency=chance.choice(("EUR", "EUR", "JPY")),
            basis=chance.choice((aging.DUE, aging.DUE, aging.INVOICE)),
            edges=chance.choice(EDGES),
            narrow=chance.choice((Narrow(), narrow)),
        )


def test_each_tile_is_the_total_of_the_list_that_it_opens(books, in_alder: Door, chance):
    with in_alder:
        for each in islice(asked(chance), FILTERS):
            report = aging.on(each.day, basis=each.basis, edges=each.edges, narrow=each.narrow)
            line = report.of(each.currency)
            for tile in (line.gross, line.overdue, chance.choice((line.not_due, *line.late))):
                page = items.behind(
                    tile.key,
                    currency=each.currency,
                    day=each.day,
                    basis=each.basis,
                    edges=each.edges,
                    narrow=each.narrow,
                    limit=200,
                )
                assert page.total == tile, each
                assert sum(row.open_minor for row in page.items) == tile.minor, each
            told = overview.figures(
                each.day, today=TODAY, currency=each.currency, narrow=each.narrow, small=keeping.is_small()
            )
            _rows_agree(told.figures[chance.choice(overview.SHOWN)], each)
            assert told.figures["unapplied"].value == line.unapplied_minor, each


def _rows_agree(figure: family.Figure, each: Chosen) -> None:
    """Both sides of a figure are what their rows add up to, as far as they are sums over rows."""
    known, period = DEFINITIONS[figure.name], Period(each.day, DAYS, figure.known_at)
    for side, rows in (("numerator", known.top), ("denominator", known.bottom)):
        if rows is None:
            continue
        page = family.behind(
            figure.name, side=side, currency=each.currency, period=period, narrow=each.narrow, limit=200
        )
        amount = page.count if figure.name in ("promises-kept-count", "seen-rate") else page.minor
        assert amount == getattr(figure, side), (figure.name, side, each)


def test_each_line_of_a_division_is_the_dashboard_that_it_opens(books, in_alder: Door, chance):
    with in_alder:
        for each in islice(asked(chance), 20):
            for dimension in ("group", "country", "owner"):
                for line in breakdown.by(dimension, each.day, basis=each.basis, edges=each.edges):
                    value = breakdown.owner_named(line.value) if dimension == "owner" else line.value
                    narrowed = aging.on(
                        each.day, basis=each.basis, edges=each.edges, narrow=Narrow(**{dimension: value})
                    )
                    found = narrowed.of(line.currency)
                    assert (found.not_due, *found.late) == line.cells, (dimension, line, each)
            parts = breakdown.by("country", each.day, edges=each.edges)
            whole = aging.on(each.day, edges=each.edges)
            for line in whole.currencies:
                mine = [part.open.minor for part in parts if part.currency == line.currency]
                assert sum(mine) == line.gross.minor
            assert {(part.currency, part.open.minor) for part in breakdown.by("currency", each.day)} == {
                (line.currency, line.gross.minor) for line in whole.currencies if line.gross.count
            }


def test_each_step_of_receipt_is_the_count_of_its_list(books, in_alder: Door, chance):
    with in_alder:
        for each in islice(asked(chance), 20):
            funnel, _ = overview.funnel(each.day, today=TODAY, narrow=each.narrow, small=keeping.is_small())
            for step in funnel.steps:
                page = receipts.behind(
                    step.key, first_on=funnel.first_on, last_on=funnel.last_on, narrow=each.narrow, limit=200
                )
                assert page.count == step.count == len(page.rows), (step, each)
        with pytest.raises(receipts.UnknownStep):
            receipts.behind("lost", first_on=TODAY, last_on=TODAY)


def test_a_large_clients_kept_tile_opens_the_rows_as_they_were_known(alder, books, in_alder: Door, chance, monkeypatch):
    monkeypatch.setattr(keeping, "SMALL", 0)
    an_invoice(alder, amount=5_00, late=20, now=NOW + timedelta(hours=1))
    with in_alder:
        for name in overview.SHOWN:
            figure = overview.figures(TODAY, today=TODAY, currency="EUR", small=keeping.is_small()).figures[name]
            assert figure.known_at == NOW
            _rows_agree(figure, Chosen(TODAY, "EUR", aging.DUE, buckets.EDGES, Narrow()))


def test_what_nobody_divides_by_is_refused(in_alder: Door):
    with in_alder, pytest.raises(breakdown.UnknownDimension):
        breakdown.by("colour", TODAY)
