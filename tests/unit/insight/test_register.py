"""Invoices are found by what a person asks, and the totals are of exactly what was found."""

from datetime import timedelta

import pytest

from tenants.insight import aging, register
from tenants.insight.register import Asked
from tests.cast import TODAY, Door
from tests.factories import a_debtor, a_payment, an_invoice


@pytest.fixture
def books(alder, birch):
    """Alder's invoices in every standing, and Birch's as noise."""
    dune, lark = a_debtor(alder, name="Dune 100% Garden"), a_debtor(alder, name="Lark_Paints")
    ids = {
        "late": an_invoice(alder, dune, amount=100_00, late=9, number="R-1"),
        "due": an_invoice(alder, dune, amount=60_00, late=-9, number="R-2", purchase_order="PO-9"),
        "dollars": an_invoice(alder, lark, amount=70_00, late=1, number="R-3", currency="USD"),
        "paid": an_invoice(alder, lark, amount=40_00, late=30, number="R-4"),
        "dune": dune,
    }
    a_payment(alder, dune, amount=25_00, parts=[(ids["late"], 25_00)])
    a_payment(alder, lark, amount=40_00, parts=[(ids["paid"], 40_00)])
    an_invoice(birch, late=9, number="R-1", currency="GBP")
    return ids


def numbers(page):
    return [row.number for row in page.rows]


def test_what_is_open_comes_oldest_first_with_what_is_left(books, in_alder):
    with in_alder:
        page = register.find(Asked(), today=TODAY)
    assert numbers(page) == ["R-1", "R-3", "R-2"]
    assert [(total.currency, total.count, total.minor) for total in page.totals] == [
        ("EUR", 2, 135_00),
        ("USD", 1, 70_00),
    ]
    assert [row.standing for row in page.rows] == ["part-paid", "open", "open"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (Asked("overdue"), ["R-1", "R-3"]),
        (Asked("settled"), ["R-4"]),
        (Asked("void"), []),
        (Asked("all"), ["R-2", "R-3", "R-1", "R-4"]),
        (Asked("open", currency="USD"), ["R-3"]),
        (Asked("open", delivery="bounced"), []),
        (Asked("open", words="dune"), ["R-1", "R-2"]),
        (Asked("open", words="po-9"), ["R-2"]),
        (Asked("open", words="100%"), ["R-1", "R-2"]),
        (Asked("open", words="%"), ["R-1", "R-2"]),
        (Asked("all", words="k_p"), ["R-3", "R-4"]),
        (Asked("open", words="_"), ["R-3"]),
    ],
)
def test_each_filter_finds_its_own(books, in_alder, asked, found):
    with in_alder:
        assert numbers(register.find(asked, today=TODAY)) == found


def test_one_customers_invoices_and_no_others(books, in_alder):
    with in_alder:
        assert numbers(register.find(Asked("all", debtor_id=books["dune"]), today=TODAY)) == ["R-2", "R-1"]


@pytest.mark.parametrize("standing", ["open", "all"])
def test_leafing_one_by_one_finds_each_once(books, in_alder, standing):
    found, after = [], None
    with in_alder:
        whole = numbers(register.find(Asked(standing), today=TODAY))
        while True:
            page = register.find(Asked(standing), today=TODAY, after=after, limit=1)
            found += numbers(page)
            if page.next is None:
                break
            after = page.next
    assert found == whole


def test_of_an_invoice_in_instalments_only_those_are_overdue_whose_day_has_passed(alder, in_alder: Door):
    parts = [(TODAY - timedelta(days=3), 40_00), (TODAY + timedelta(days=27), 60_00)]
    an_invoice(alder, issued_on=TODAY - timedelta(days=9), due_on=parts[-1][0], parts=parts)
    with in_alder:
        late, owed = (register.find(Asked(standing), today=TODAY) for standing in ("overdue", "open"))
        assert [(each.minor, each.count) for each in late.totals] == [(40_00, 1)]
        assert [each.open_minor for each in late.rows] == [40_00]
        assert late.totals[0].minor == aging.today(TODAY).of("EUR").overdue.minor
        assert owed.totals[0].minor == 100_00
