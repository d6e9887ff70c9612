"""Figures by API: each number leads to the rows that add up to it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.cast import TODAY
from tests.factories import a_debtor, a_payment, an_invoice
from tests.unit.service.test_lists import leaf


@pytest.fixture
def browser(as_, alder_viewer):
    """Vera of Alder's finance team."""
    return as_(alder_viewer)


@pytest.fixture
def base(browser):
    return f"~/tenants/{browser.get('~/whoami').json['clients'][0]['slug']}"


@pytest.fixture
def books(alder):
    """Five invoices of two customers, one partly paid, and a payment that nobody has applied."""
    marigold, dune = a_debtor(alder, name="Marigold Stores"), a_debtor(alder, name="Dune Garden")
    an_invoice(alder, marigold, amount=100_00, late=-5)
    an_invoice(alder, marigold, amount=200_00, late=5)
    half = an_invoice(alder, marigold, amount=300_00, late=45)
    an_invoice(alder, dune, amount=50_00, late=5)
    an_invoice(alder, dune, amount=70_00, late=5, currency="USD")
    a_payment(alder, marigold, amount=150_00, on=TODAY - timedelta(days=1), parts=[(half, 100_00)])


def amount(money):
    return Decimal(money["amount"])


def test_each_number_of_the_aging_opens_rows_that_add_up_to_it(browser, base, books):
    aging = browser.get(f"{base}/aging").json
    assert (aging["as_of"], aging["basis"], aging["known_at"]) == (str(TODAY), "due", None)
    assert [line["currency"] for line in aging["currencies"]] == ["EUR", "USD"]
    for line in aging["currencies"]:
        for bucket in (*line["buckets"], line["overdue"], line["all"]):
            page = browser.get(bucket["rows"]).json
            assert page["total"] == bucket["open"] and page["count"] == bucket["count"]
            assert sum(amount(row["open"]) for row in page["items"]) == amount(bucket["open"])
    (euros, _) = aging["currencies"]
    assert {each["key"]: each["open"]["amount"] for each in euros["buckets"] if each["count"]} == {
        "not_due": "100.00",
        "1-30": "250.00",
        "31-60": "200.00",
    }
    assert (euros["unapplied"]["amount"], euros["outstanding"]["amount"]) == ("50.00", "500.00")
    assert round(euros["percent_current"]["percent"], 2) == 18.18


def test_a_past_day_is_told_again_or_as_it_was_known_then(browser, base, books):
    past = TODAY - timedelta(days=10)
    told = browser.get(f"{base}/aging?as_of={past}").json["currencies"][0]
    assert told["all"]["open"]["amount"] == "650.00"
    assert browser.get(told["all"]["rows"]).json["total"]["amount"] == "650.00"
    known = browser.get(f"{base}/aging?as_of={past}&known_at=2026-11-10T00:00:00Z").json
    assert known["currencies"] == [] and known["known_at"] == "2026-11-10T00:00:00Z"
    now = browser.get(f"{base}/aging?as_of={past}&known_at=2026-11-21T00:00:00%2B01:00").json["currencies"][0]
    assert browser.get(now["all"]["rows"]).json["count"] == now["all"]["count"]


def test_lateness_may_be_counted_from_the_invoice_date(browser, base, books):
    line = browser.get(f"{base}/aging?basis=invoice").json["currencies"][0]
    assert {each["key"] for each in line["buckets"] if each["count"]} == {"1-30", "31-60", "61-90"}


def test_a_bucket_that_is_none_and_a_time_without_a_zone_are_refused(browser, base):
    bad = browser.get(f"{base}/aging/items?bucket=7-8&currency=EUR")
    assert (bad.status_code, bad.json["code"]) == (422, "unknown_bucket")
    bare = browser.get(f"{base}/aging?known_at=2026-11-10T00:00:00")
    assert (bare.status_code, bare.json["errors"][0]["pointer"]) == (422, "/known_at")


def test_who_owes_most_comes_first(browser, base, books):
    first = browser.get(f"{base}/aging/debtors?currency=EUR&limit=1").json
    second = browser.get(f"{base}/aging/debtors?currency=EUR&limit=1&cursor={first['next']}").json
    rows = first["items"] + second["items"]
    assert [(row["name"], row["overdue"]["amount"]) for row in rows] == [
        ("Marigold Stores", "400.00"),
        ("Dune Garden", "50.00"),
    ]
    assert second["next"] is None


def test_the_rows_of_a_bucket_are_leafed_through(browser, base, books):
    rows = leaf(browser, f"{base}/aging/items?bucket=all&currency=EUR", limit=2)
    assert [row["days_late"] for row in rows] == [45, 5, 5, -5]


def test_a_share_of_nothing_is_no_number(browser, base):
    funnel = browser.get(f"{base}/receipts/funnel").json
    assert {step["count"] for step in funnel["steps"]} == {0}
    assert {step["share"]["percent"] for step in funnel["steps"]} == {None}
    assert all(step["share"]["reason"] for step in funnel["steps"])


def test_the_funnel_counts_the_invoices_of_its_period(browser, base, books):
    asked = f"first_on={TODAY - timedelta(days=90)}&last_on={TODAY}"
    steps = {step["key"]: step for step in browser.get(f"{base}/receipts/funnel?{asked}").json["steps"]}
    assert (steps["issued"]["count"], steps["sent"]["count"]) == (5, 0)
    assert steps["sent"]["share"] == {"percent": 0.0, "numerator": 0, "denominator": 5, "reason": ""}
    backwards = browser.get(f"{base}/receipts/funnel?first_on=2026-11-02&last_on=2026-11-01")
    assert (backwards.status_code, backwards.json["errors"][0]["pointer"]) == (422, "/last_on")


def test_what_was_done_is_counted_from_what_happened(browser, base, books):
    deeds = {each["key"]: each for each in browser.get(f"{base}/activity?until=2026-11-21T00:00:00Z").json["items"]}
    assert deeds["payments_applied"]["amount"] == {"amount": "100.00", "currency": "EUR"}
    assert (deeds["invoices_sent"]["count"], deeds["invoices_sent"]["amount"]) == (0, None)
