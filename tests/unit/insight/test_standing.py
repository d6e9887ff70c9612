"""An invoice stands in one way wherever it is looked at, and every list adds up to the tile beside it."""

from datetime import timedelta

import pytest

from tenants.insight import aging, customers, items, register
from tenants.insight.register import Asked
from tenants.ledger import invoices, registers, standing
from tests.cast import NOW, TODAY, Door
from tests.factories import a_debtor, a_payment, an_invoice

TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def books(alder, in_alder):
    """One invoice of each standing; one bears the date of tomorrow."""
    dune = a_debtor(alder, name="Dune Garden Centres")
    made = {name: an_invoice(alder, dune, number=name, late=late) for name, late in WHEN.items()}
    made["future"] = an_invoice(alder, dune, number="future", issued_on=TOMORROW, due_on=TOMORROW, amount=70_00)
    a_payment(alder, dune, amount=130_00, parts=[(made["part"], 30_00), (made["paid"], 100_00)])
    with in_alder:
        invoices.void(made["void"], on=TODAY, now=NOW, reason="Billed twice")
    return made


WHEN = {"open": -5, "late": 5, "part": 45, "paid": 3, "void": 2, "ancient": 400}
CALLED = {
    "open": "open",
    "late": "open",
    "ancient": "open",
    "part": "part-paid",
    "paid": "settled",
    "void": "void",
    "future": "not-issued",
}


def test_an_invoice_is_called_the_same_on_every_page(books, in_alder: Door):
    with in_alder:
        listed = {row["number"]: row["standing"] for row in registers.invoices(today=TODAY).rows}
        found = {row.number: row.standing for row in register.find(Asked("all"), today=TODAY).rows}
        cards = {name: invoices.card(made, today=TODAY).standing for name, made in books.items()}
    assert listed == found == cards == CALLED
    assert set(CALLED.values()) == set(standing.WORDS)


@pytest.mark.parametrize("wanted", standing.CONDITIONS)
def test_both_lists_find_the_same_invoices(books, in_alder: Door, wanted):
    with in_alder:
        page = register.find(Asked(wanted), today=TODAY)
        listed = registers.invoices(wanted, today=TODAY).rows
    assert {row.number for row in page.rows} == {row["number"] for row in listed}
    assert sum(total.count for total in page.totals) == len(page.rows) > 0


def test_the_totals_of_the_lists_are_those_of_the_tiles_and_of_their_rows(books, in_alder: Door):
    """Open and overdue, of the client and of the customer; each bucket is the list between its days."""
    with in_alder:
        line = aging.today(TODAY).of("EUR")
        for wanted, tile in (("open", line.gross), ("overdue", line.overdue)):
            (total,) = register.find(Asked(wanted), today=TODAY).totals
            assert (total.minor, total.count) == (tile.minor, tile.count)
        (owing,) = customers.owing(TODAY, currency="EUR").customers
        assert (owing.open_minor, owing.overdue_minor) == (line.gross.minor, line.overdue.minor)
        listed = registers.invoices("open", today=TODAY).rows
        for tile in (line.not_due, *line.late):
            behind = {each.id for each in items.behind(tile.key, currency="EUR", day=TODAY).items}
            assert sum(row["open_minor"] for row in listed if row["id"] in behind) == tile.minor
            assert len(behind) == tile.count


def test_on_its_day_an_invoice_is_open(books, in_alder: Door):
    with in_alder:
        assert invoices.card(books["future"], today=TOMORROW).standing == "open"
        (total,) = register.find(Asked("open"), today=TOMORROW).totals
        assert total.count == aging.today(TOMORROW).of("EUR").gross.count
