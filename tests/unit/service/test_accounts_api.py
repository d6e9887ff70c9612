"""Who looks after a customer, its limit, its discounts and how people collect: by API and on pages."""

import csv
import io
import re

import pytest

from tests.unit.service.pages.conftest import links, words
from tests.unit.service.test_ledger_api import DAY, base, bill, browser, euros, made, marigold, refused

__all__ = ["base", "bill", "browser", "links", "marigold", "words"]


def done(answer):
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.fixture
def sofia(as_, specialist):
    """Who works for Alder and gives nobody anything."""
    return as_(specialist)


@pytest.fixture
def owner(browser):
    return browser.get("~/whoami").json["id"]


@pytest.fixture
def home(base):
    return base.replace("~/tenants", "/c")


def test_a_manager_gives_a_customer_and_it_is_remembered(browser, sofia, base, marigold, owner):
    address = f"{base}/debtors/{marigold['id']}/owners"
    said = done(browser.post(address, {"owner_id": owner, "since_on": "2026-10-01"}))
    assert said["items"] == [{"owner_id": owner, "name": "Sofia Lindqvist", "since_on": "2026-10-01", "until_on": None}]
    many = {"debtor_ids": [marigold["id"]], "owner_id": None}
    assert done(browser.post(f"{base}/debtors/owners", many)) == {"changed": 1}
    assert [each["until_on"] for each in browser.get(address).json["items"]] == [None, DAY]
    refused(browser.post(address, {"owner_id": owner, "since_on": "2026-12-24"}), 422, "owner_in_future", "/since_on")
    stranger = marigold["id"].replace("deb_", "per_")
    refused(browser.post(address, {"owner_id": stranger}), 404, "unknown_owner")
    assert sofia.post(address, {"owner_id": owner}).status_code == 403


def test_a_limit_is_in_the_clients_own_currency(browser, base, marigold):
    address = f"{base}/debtors/{marigold['id']}"
    assert done(browser.post(f"{address}/credit-limit", {"limit": euros("900.00")}))["limit"] == euros("900.00")
    assert browser.get(f"{address}/credit").json["limit"] == euros("900.00")
    dollars = {"limit": euros("1.00", "USD")}
    assert browser.post(f"{address}/credit-limit", dollars).json["errors"][0]["pointer"] == "/limit"
    assert done(browser.post(f"{address}/credit-limit", {"limit": None})) == {"limit": None}


def test_a_discount_offered_is_kept_with_its_invoice(browser, base, bill):
    offers = [{"until_on": "2026-11-25", "amount": euros("2.00")}]
    issued = made(bill(discounts=offers))
    assert browser.get(f"{base}/invoices/{issued['id']}/due-dates").json["discounts"] == offers
    late = [{"until_on": "2027-11-25", "amount": euros("2.00")}]
    refused(bill(number="A-2", discounts=late), 422, "bad_discount", "/discounts")


def test_people_are_told_apart_with_their_rows(browser, sofia, base, home, bill, marigold, owner, words, links):
    made(bill())
    page = browser.get(f"{home}/collectors")
    assert "Nobody" in words(page)
    give = re.search(r'action="([^"]+/collectors/give)"', page.get_data(as_text=True))[1]
    form = {"given_to": owner, "since_on": "2026-10-01", "csrf_token": browser.csrf}
    assert browser.client.post(give, data=form).status_code == 303
    (one,) = browser.get(f"{base}/collectors?owner_id={owner}").json["items"]
    assert (one["sales"], one["customers"], one["effectiveness"]) == (euros("100.00"), 1, None)
    assert one["stretches"][0]["debtor_id"] == marigold["id"] and one["reason"]
    told = browser.get(f"{home}/collectors")
    assert "Sofia Lindqvist" in words(told) and "Over 90 days" in words(told)
    rows = words(browser.get(next(link for link in links(told) if "/collectors/rows" in link)))
    assert "1 Oct 2026" in rows and "EUR 100.00" in rows
    file = browser.get(next(link for link in links(told) if "/export" in link)).get_data().decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(file)))
    assert ["Sofia Lindqvist", "Marigold Stores", "2026-10-01", DAY] in [line[:4] for line in lines]
    assert sofia.get(f"{base}/collectors").status_code == 403, "how people collect is for those who lead them"


def test_a_customers_page_gives_it_to_somebody_and_sets_its_limit(browser, sofia, home, marigold, owner, words):
    page = f"{home}/customers/{marigold['id']}"
    form = {"given_to": owner, "since_on": DAY, "csrf_token": browser.csrf}
    assert browser.client.post(f"{page}/owner", data=form).status_code == 303
    limit = {"limit": "1234.50", "reason": "The insurer says so", "csrf_token": sofia.csrf}
    assert sofia.client.post(f"{page}/credit-limit", data=limit).status_code == 303
    said = words(sofia.get(page))
    assert "Looked after by Sofia Lindqvist from 20 Nov 2026" in said and "EUR 1,234.50" in said
    assert "Give it to somebody" not in said and "Polski" in said
    assert "Give it to somebody" in words(browser.get(page))
