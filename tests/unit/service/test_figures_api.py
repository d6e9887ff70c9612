"""The family of figures by API and on its page: defined, dated, and never without the rows behind it."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest

from tenants.insight.definitions import DEFINITIONS
from tests.cast import NOW, TODAY
from tests.factories import a_debtor, a_payment, an_invoice


@pytest.fixture
def browser(as_, alder_viewer):
    """Vera of Alder's finance team."""
    return as_(alder_viewer)


@pytest.fixture
def slug(browser):
    return browser.get("~/whoami").json["clients"][0]["slug"]


@pytest.fixture
def books(alder):
    """Five sales in two currencies, one of them paid."""
    marigold = a_debtor(alder, name="Marigold Stores")
    for late in (-5, 5, 45):
        an_invoice(alder, marigold, late=late)
    an_invoice(alder, marigold, late=5, currency="JPY", amount=7_000)
    paid = an_invoice(alder, marigold, late=20, amount=50_00)
    a_payment(alder, marigold, amount=50_00, on=TODAY - timedelta(days=10), parts=[(paid, 50_00)])


def by_name(answer):
    return {(each["name"], each["currency"]): each for each in answer.json["items"]}


def test_each_figure_says_what_it_is_and_leads_to_its_rows(browser, slug, books):
    answer = browser.get(f"~/tenants/{slug}/figures")
    found = by_name(answer)
    assert {name for name, currency in found if currency == "EUR"} == set(DEFINITIONS)
    dso = found["dso", "EUR"]
    assert (dso["value"], dso["numerator"], dso["denominator"]) == (pytest.approx(300 / 350 * 90), 300_00, 350_00)
    assert (dso["unit"], dso["as_of"], dso["known_at"], answer.json["period"]) == ("days", str(TODAY), None, 90)
    rows = browser.get(dso["numerator_rows"]).json
    assert (rows["total"], rows["count"]) == ({"amount": "300.00", "currency": "EUR"}, 3)
    assert sum(Decimal(row["amount"]["amount"]) for row in rows["items"]) == 300
    assert browser.get(dso["denominator_rows"]).json["total"]["amount"] == "350.00"
    assert found["dso", "JPY"]["value"] == 90
    arrived = found["delivered-rate", "EUR"]
    assert (arrived["value"], arrived["reason"]) == (None, "no invoice was sent in the period")
    assert browser.get(arrived["denominator_rows"]).json["count"] == 0


def test_one_figure_with_its_definition_as_it_was_known(browser, slug, books):
    known = (NOW - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    answer = browser.get(f"~/tenants/{slug}/figures/days-to-pay?period=30&known_at={known}").json
    assert (answer["title"], answer["formula"]) == (
        "Average days to pay",
        "mean of days from invoice date to full settlement",
    )
    assert answer["items"] == [] and answer["known_at"] == known
    (euro,) = [
        each for each in browser.get(f"~/tenants/{slug}/figures/days-to-pay").json["items"] if each["currency"] == "EUR"
    ]
    assert (euro["value"], euro["denominator"]) == (40, 1)
    (row,) = browser.get(euro["numerator_rows"]).json["items"]
    assert (row["kind"], row["days"], row["id"][:4]) == ("invoice", 40, "inv_")


def test_the_rows_come_page_by_page(browser, slug, books):
    base = f"~/tenants/{slug}/figures/dso/rows?currency=EUR&side=denominator&limit=3"
    first = browser.get(base).json
    rest = browser.get(f"{base}&cursor={first['next']}").json
    assert (len(first["items"]), len(rest["items"]), rest["has_more"]) == (3, 1, False)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("best-guess", "unknown_figure"),
        ("best-guess/rows?currency=EUR", "unknown_figure"),
        ("cei/rows?currency=EUR", "no_rows"),
    ],
)
def test_what_is_no_figure_is_not_there(browser, slug, path, code):
    answer = browser.get(f"~/tenants/{slug}/figures/{path}")
    assert answer.status_code == 404 and code in answer.get_data(as_text=True)


def test_the_catalogue_opens_the_rows_under_the_same_sum(browser, slug, books):
    assert f"/c/{slug}/figures?" in unescape(browser.get(f"/c/{slug}/").get_data(as_text=True))
    page = browser.get(f"/c/{slug}/figures").get_data(as_text=True)
    for known in DEFINITIONS.values():
        assert known.title in page
    addresses = [unescape(found) for found in re.findall(r'href="([^"]+/figures/dso/rows[^"]+)"', page)]
    said = [browser.get(address).get_data(as_text=True) for address in addresses if "EUR" in address]
    assert ["300.00" in said[0], "350.00" in said[1], "Marigold Stores" in said[0]] == [True] * 3


def test_a_client_without_books_has_an_empty_catalogue(browser, slug):
    assert "Nothing to count yet" in browser.get(f"/c/{slug}/figures").get_data(as_text=True)
