"""The wider books by API: due dates, refunds, closed periods, rates, forecasts, statements and credit."""

import pytest

from tests.unit.service.test_ledger_api import DAY, base, bill, browser, euros, made, marigold, refused

__all__ = ["base", "bill", "browser", "marigold"]


@pytest.fixture
def paid(browser, base, marigold):
    body = {"debtor_id": marigold["id"], "reference": "W-1", "amount": euros("100.00"), "received_on": DAY}
    return made(browser.post(f"{base}/payments", body))


def test_an_invoice_in_instalments_says_when_each_is_due(browser, base, bill):
    parts = [{"due_on": "2026-11-30", "amount": euros("40.00")}, {"due_on": "2026-12-20", "amount": euros("60.00")}]
    issued = made(bill(instalments=parts))
    said = browser.get(f"{base}/invoices/{issued['id']}/due-dates").json
    assert (said["due_on"], said["original_due_on"], said["agreed"]) == ("2026-11-30", "2026-12-20", True)
    assert [(each["due_on"], each["open"]) for each in said["parts"]] == [
        ("2026-11-30", euros("40.00")),
        ("2026-12-20", euros("60.00")),
    ]
    refused(bill(number="A-2", instalments=parts[:1]), 422, "bad_invoice", "/due_on")
    refused(bill(number="A-2", amount="99.00", instalments=parts), 422, "bad_schedule", "/instalments")


def test_another_due_date_is_agreed_and_taken_back(browser, base, bill):
    address = f"{base}/invoices/{made(bill())['id']}/due-dates"
    later = {"parts": [{"due_on": "2027-01-31", "amount": euros("100.00")}], "reason": "A flood"}
    assert made(browser.post(address, later))["due_on"] == "2027-01-31"
    back = browser.post(f"{address}/take-back", {"reason": "Not kept"}).json
    assert (back["due_on"], back["original_due_on"]) == ("2026-12-20", "2026-12-20")
    refused(browser.post(address, {**later, "effective_on": "2026-11-30"}), 422, "bad_schedule", "/effective_on")


def test_what_is_left_of_a_payment_goes_back_and_can_come_again(browser, base, paid):
    address = f"{base}/payments/{paid['id']}"
    gone = made(browser.post(f"{address}/refunds", {"amount": euros("30.00"), "reason": "Paid twice"}))
    assert browser.get(address).json["unapplied"] == euros("70.00")
    refused(browser.post(f"{address}/refunds", {"amount": euros("71.00"), "reason": "x"}), 409, "over_allocated")
    refused(browser.post(f"{address}/return", {"reason": "x"}), 409, "over_allocated")
    made(browser.post(f"{base}/refunds/{gone['id']}/take-back", {"reason": "Account closed"}))
    assert browser.get(address).json["unapplied"] == euros("100.00")
    assert [each["amount"] for each in browser.get(f"{address}/refunds").json["items"]] == [
        euros("30.00"),
        euros("-30.00"),
    ]


def test_a_returned_payment_opens_its_invoices(browser, base, bill, paid):
    invoice = made(bill())
    parts = [{"invoice_id": invoice["id"], "amount": euros("100.00")}]
    made(browser.post(f"{base}/payments/{paid['id']}/allocations", {"parts": parts}))
    assert made(browser.post(f"{base}/payments/{paid['id']}/return", {"reason": "No funds"}))["kind"] == "returned"
    assert browser.get(f"{base}/invoices/{invoice['id']}").json["open"] == euros("100.00")
    assert browser.get(f"{base}/payments/{paid['id']}").json["unapplied"] == euros("0.00")


def test_a_part_is_written_off_or_kept_as_discount(browser, base, bill):
    address = f"{base}/invoices/{made(bill())['id']}"
    assert made(browser.post(f"{address}/discounts", {"amount": euros("2.00"), "reason": "Early"}))["open"] == euros(
        "98.00"
    )
    assert made(browser.post(f"{address}/write-offs", {"amount": euros("98.00"), "reason": "Lost"}))["open"] == euros(
        "0.00"
    )


def test_nothing_counts_in_a_closed_period(as_, alder_admin, browser, base, bill):
    admin = as_(alder_admin)
    closed = made(admin.post(f"{base}/periods", {"through_on": "2026-11-15", "reason": "Month end"}))
    assert closed["closed_through"] == "2026-11-15" and closed["items"][0]["control"] == []
    late = bill(issued_on="2026-11-10")
    refused(late, 409, "period_closed", "/issued_on")
    assert late.json["remedy"] == "Post it today."
    made(admin.post(f"{base}/periods/reopen", {"from_on": "2026-11-05", "reason": "An invoice was forgotten"}))
    made(bill(issued_on="2026-11-10"))
    assert browser.get(f"{base}/periods").json["closed_through"] == "2026-11-04"
    refused(browser.post(f"{base}/periods", {"through_on": "2026-11-15"}), 403, "not_allowed")


def test_rates_have_a_source_and_a_day(browser, base):
    file = "Date,USD,JPY\n2026-11-19,1.08,162.1\n"
    assert browser.post(f"{base}/rates", {"ecb_file": file}).json == {"kept": 2}
    rate = {"base": "EUR", "quote": "GBP", "on_day": DAY, "rate": "0.84"}
    assert browser.post(f"{base}/rates", {"rates": [rate], "source": "Our bank"}).json == {"kept": 1}
    found = {each["quote"]: each["source"] for each in browser.get(f"{base}/rates").json["items"]}
    assert found == {"USD": "ECB reference rates", "JPY": "ECB reference rates", "GBP": "Our bank"}
    refused(browser.post(f"{base}/rates", {"ecb_file": "nonsense"}), 422, "bad_rates")


def test_before_anybody_looked_nothing_is_expected(browser, base, bill):
    issued = made(bill())
    said = browser.get(f"{base}/forecast").json
    assert said == {"items": [], "error": {"count": 0, "mean_days": None, "within_5_days": 0, "within_range": 0}}
    assert browser.get(f"{base}/invoices/{issued['id']}/forecast").json["expected_on"] is None
    rows = browser.get(f"{base}/forecast/invoices?week=2026-11-16&currency=EUR").json
    assert (rows["items"], rows["total"]) == ([], euros("0.00"))


def test_a_statement_is_told_printed_and_exported(browser, base, bill, marigold, paid):
    made(bill())
    address = f"{base}/debtors/{marigold['id']}/statement"
    (account,) = browser.get(address).json["accounts"]
    assert [each["kind"] for each in account["movements"]] == ["invoice", "payment"]
    assert (account["closing"], account["unapplied"]) == (euros("0.00"), euros("100.00"))
    made_pdf = browser.get(f"{address}.pdf?language=de")
    assert (made_pdf.content_type, made_pdf.data[:5]) == ("application/pdf", b"%PDF-")
    table = browser.get(f"{address}.csv?as_of={DAY}")
    assert table.content_type.startswith("text/csv") and "movement,2026-11-20,invoice,A-1" in table.text
    refused(browser.get(f"{address}?as_of=2027-01-01"), 422, "bad_statement", "/as_of")


def test_credit_is_told_against_its_limit(browser, base, bill, marigold):
    made(bill())
    said = browser.get(f"{base}/debtors/{marigold['id']}/credit").json
    assert (said["limit"], said["exposure"], said["tight"]) == (None, euros("100.00"), False)
    assert browser.get(f"{base}/credit").json == {"items": []}


def test_late_interest_is_shown_as_a_computation_and_posts_nothing(as_, alder_admin, browser, base, bill):
    admin = as_(alder_admin)
    issued = made(bill(issued_on="2026-08-01", due_on="2026-09-08"))
    address = f"{base}/invoices/{issued['id']}/late-charges"
    assert browser.get(address).json == {"term": None, "items": []}
    term = {"regime": "eu", "base": "ecb", "percent": "8", "from_on": "2026-01-01", "source": "Directive 2011/7"}
    made(admin.post(f"{base}/late-terms", term))
    refused(browser.get(address), 409, "no_base_rate")
    made(admin.post(f"{base}/base-rates", {"base": "ecb", "from_on": "2026-07-01", "percent": "2", "source": "ECB"}))
    (charge,) = browser.get(address).json["items"]
    assert (charge["principal"], charge["interest"], charge["fixed"]) == (
        euros("100.00"),
        euros("2.00"),
        euros("40.00"),
    )
    assert charge["slices"] == [{"first_on": "2026-09-09", "last_on": DAY, "days": 73, "percent": 10.0}]
    assert browser.get(f"{base}/invoices/{issued['id']}").json["open"] == euros("100.00")
    assert len(browser.get(f"{base}/late-terms").json["items"]) == 1
