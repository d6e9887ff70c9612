"""The books by API: debtors, contacts, invoices, payments, credit notes, and what is applied to what."""

import pytest

from tests.cast import engage

DAY = "2026-11-20"


@pytest.fixture
def browser(as_, alder):
    """Somebody who may write in Alder's books."""
    return as_(engage("Sofia Lindqvist", (alder, "specialist_manager")))


@pytest.fixture
def base(browser):
    return f"~/tenants/{browser.get('~/whoami').json['clients'][0]['slug']}"


def euros(amount, currency="EUR"):
    return {"amount": amount, "currency": currency}


def made(answer):
    assert answer.status_code == 201, answer.text
    return answer.json


@pytest.fixture
def marigold(browser, base):
    return made(browser.post(f"{base}/debtors", {"number": "C-1", "name": "Marigold Stores", "country": "DE"}))


@pytest.fixture
def bill(browser, base, marigold):
    """Issue an invoice to Marigold."""

    def issue(number="A-1", amount="100.00", currency="EUR", **over):
        body = {"number": number, "debtor_id": marigold["id"], "amount": euros(amount, currency)}
        return browser.post(f"{base}/invoices", {**body, "issued_on": DAY, "due_on": "2026-12-20", **over})

    return issue


def refused(answer, status, code, pointer=None):
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.text
    if pointer:
        assert answer.json["errors"][0]["pointer"] == pointer


def test_a_debtor_has_one_number(browser, base, marigold):
    assert marigold["id"].startswith("deb_") and marigold["credit_limit"] is None
    refused(browser.post(f"{base}/debtors", {"number": "C-1", "name": "Another"}), 409, "customer_known", "/number")
    assert browser.get(f"{base}/debtors/{marigold['id']}").json == marigold


def test_a_debtor_is_corrected_in_parts_by_whoever_looked_at_it(browser, base, marigold, as_, alder_viewer):
    address = f"{base}/debtors/{marigold['id']}"
    seen = {"If-Match": browser.get(address).headers["ETag"]}
    body = {"address": "Quai 4\r\n 13002 Marseille", "terms_days": 45, "groups": ["key", "south"]}
    corrected = browser.send("PATCH", address, json=body, headers=seen)
    assert corrected.json == marigold | body | {"address": "Quai 4\n13002 Marseille"}
    refused(browser.send("PATCH", address, json={"name": "Daisy"}, headers=seen), 412, "stale")
    refused(browser.send("PATCH", address, json={"name": "Daisy"}, headers={"If-Match": ""}), 428, "match_missing")
    mended = browser.send("PATCH", address, json={"name": " Daisy Stores ", "terms_days": None, "time_zone": None})
    assert (mended.json["name"], mended.json["terms_days"], mended.json["groups"]) == (
        "Daisy Stores",
        None,
        body["groups"],
    )
    told = browser.get(f"{base}/history").json["items"]
    assert [each["became"] for each in told if each["act"] == "customer.corrected"] == [
        {"name": "Daisy Stores", "terms_days": None},
        {"groups": ["key", "south"], "address": "Quai 4\n13002 Marseille", "terms_days": 45},
    ]
    for wrong, pointer in (({}, "/"), ({"number": "C-2"}, "/number"), ({"terms_days": 366}, "/terms_days")):
        assert browser.send("PATCH", address, json=wrong).json["errors"][0]["pointer"] == pointer
    refused(browser.send("PATCH", address, json={"time_zone": "Paris"}), 422, "bad_customer", "/time_zone")
    assert as_(alder_viewer).send("PATCH", address, json={"name": "Mine"}).status_code == 403


def test_a_debtor_joins_and_leaves_groups(browser, base, marigold):
    address = f"{base}/debtors/{marigold['id']}/groups"
    assert browser.post(address, {"join": ["key", "north"]}).json["groups"] == ["key", "north"]
    assert browser.post(address, {"leave": ["north"]}).json["groups"] == ["key"]


def test_a_contact_is_added_retired_and_taken_back(browser, base, marigold):
    address = f"{base}/debtors/{marigold['id']}/contacts"
    added = made(browser.post(address, {"email": "bills@marigold.test", "name": "May"}))
    assert added["active"] and added["pixel_consent"] == "unknown"
    assert browser.post(f"{base}/contacts/{added['id']}/retire").json == {"id": added["id"], "active": False}
    assert [each["active"] for each in browser.get(address).json["items"]] == [False]
    assert made(browser.post(address, {"email": "bills@marigold.test"}))["id"] == added["id"]
    refused(browser.post(address, {"email": "no address"}), 422, "bad_address", "/email")


def test_an_invoice_is_issued_with_its_lines(browser, base, bill):
    line = {"description": "Tiles", "quantity": "2.5", "unit_price": euros("40.00"), "net": euros("100.00")}
    issued = made(bill(amount="119.00", tax=euros("19.00"), lines=[{**line, "tax": euros("19.00"), "tax_rate": "19"}]))
    assert (issued["standing"], issued["open"], issued["delivery"]) == ("open", euros("119.00"), "none")
    (kept,) = browser.get(f"{base}/invoices/{issued['id']}/lines").json["items"]
    assert kept == {**line, "tax": euros("19.00"), "tax_rate": "19"}


@pytest.mark.parametrize(
    ("over", "status", "code", "pointer"),
    [
        ({"tax": {"amount": "1.00", "currency": "USD"}}, 422, "currencies_differ", "/tax"),
        ({"amount": "-1.00"}, 422, "bad_invoice", "/amount"),
        ({"due_on": "2026-11-01"}, 422, "bad_invoice", "/due_on"),
        ({"issued_on": "2026-02-30"}, 422, "invalid", "/issued_on"),
        ({"debtor_id": "deb_00000000000000000000000000"}, 404, "unknown_customer", None),
        ({"debtor_id": "inv_00000000000000000000000000"}, 422, "invalid", "/debtor_id"),
        (
            {"lines": [{"description": "x", "unit_price": {"amount": "1", "currency": "EUR"}, "net": None}]},
            422,
            "invalid",
            "/lines/0/net",
        ),
        (
            {
                "lines": [
                    {
                        "description": "x",
                        "unit_price": {"amount": "1", "currency": "EUR"},
                        "net": {"amount": "1", "currency": "USD"},
                    }
                ]
            },
            422,
            "currencies_differ",
            "/lines/0/net",
        ),
    ],
)
def test_an_invoice_that_cannot_be_right_is_refused_at_its_place(bill, over, status, code, pointer):
    refused(bill(**over), status, code, pointer)


def test_an_invoice_has_one_number_and_is_taken_back_while_nothing_is_applied(browser, base, bill):
    issued = made(bill())
    refused(bill(), 409, "invoice_known", "/number")
    void = browser.post(f"{base}/invoices/{issued['id']}/void", {"on": DAY, "reason": "Billed twice"})
    assert (void.json["standing"], void.json["voided_on"]) == ("void", DAY)
    again = browser.post(f"{base}/invoices/{issued['id']}/void", {"on": DAY, "reason": "Billed twice"})
    refused(again, 409, "invoice_has_postings")


@pytest.fixture
def paid(browser, base, marigold):
    """A payment of Marigold's."""

    def receive(reference="R-1", amount="150.00"):
        body = {"debtor_id": marigold["id"], "reference": reference, "amount": euros(amount), "received_on": DAY}
        return browser.post(f"{base}/payments", body)

    return receive


def test_a_payment_settles_invoices_and_can_be_taken_back(browser, base, bill, paid):
    first, second, payment = made(bill("A-1")), made(bill("A-2")), made(paid())
    assert payment["unapplied"] == euros("150.00")
    parts = [
        {"invoice_id": first["id"], "amount": euros("100.00")},
        {"invoice_id": second["id"], "amount": euros("30.00")},
    ]
    applied = made(browser.post(f"{base}/payments/{payment['id']}/allocations", {"parts": parts}))
    assert applied["unapplied"] == euros("20.00")
    assert browser.get(f"{base}/invoices/{first['id']}").json["settled_on"] == DAY
    assert browser.get(f"{base}/invoices/{second['id']}").json["standing"] == "part-paid"
    (posting,) = browser.get(f"{base}/invoices/{second['id']}/postings").json["items"]
    assert (posting["source"], posting["amount"], posting["effective_on"]) == ("R-1", euros("30.00"), DAY)

    back = made(browser.post(f"{base}/allocations/{posting['id']}/reverse", {"reason": "Wrong invoice"}))
    assert back["reverses_id"] == posting["id"]
    assert browser.get(f"{base}/payments/{payment['id']}").json["unapplied"] == euros("50.00")
    refused(browser.post(f"{base}/allocations/{posting['id']}/reverse", {"reason": "Again"}), 409, "already_reversed")


def test_nothing_is_applied_twice_or_beyond_what_is_there(browser, base, bill, paid):
    invoice, payment = made(bill()), made(paid())
    refused(paid(), 409, "payment_known", "/reference")
    address = f"{base}/payments/{payment['id']}/allocations"
    too_much = {"parts": [{"invoice_id": invoice["id"], "amount": euros("100.01")}]}
    refused(browser.post(address, too_much), 409, "over_allocated", "/parts")
    other = {"parts": [{"invoice_id": invoice["id"], "amount": euros("1.00", "USD")}]}
    refused(browser.post(address, other), 422, "currencies_differ", "/parts/0/amount")
    early = {"parts": [{"invoice_id": invoice["id"], "amount": euros("1.00")}], "effective_on": "2026-11-19"}
    refused(browser.post(address, early), 422, "bad_allocation", "/effective_on")
    assert browser.get(f"{base}/invoices/{invoice['id']}").json["open"] == euros("100.00")


def test_a_credit_note_lowers_an_invoice(browser, base, bill, marigold):
    invoice = made(bill())
    body = {"number": "K-1", "debtor_id": marigold["id"], "amount": euros("40.00"), "issued_on": DAY, "reason": "Chips"}
    note = made(browser.post(f"{base}/credit-notes", body))
    refused(browser.post(f"{base}/credit-notes", body), 409, "credit_note_known", "/number")
    part = {"parts": [{"invoice_id": invoice["id"], "amount": euros("40.00")}], "effective_on": DAY}
    applied = made(browser.post(f"{base}/credit-notes/{note['id']}/allocations", part))
    assert applied["unapplied"] == euros("0.00")
    assert browser.get(f"{base}/credit-notes/{note['id']}").json["unapplied"] == euros("0.00")
    (listed,) = browser.get(f"{base}/credit-notes?debtor_id={marigold['id']}").json["items"]
    assert listed["reason"] == "Chips"
    assert browser.get(f"{base}/invoices/{invoice['id']}").json["open"] == euros("60.00")


def test_a_currency_without_minor_units_has_none_in_its_text(bill):
    assert made(bill(amount="1200", currency="JPY"))["amount"] == euros("1200", "JPY")
