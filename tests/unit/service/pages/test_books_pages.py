"""Money and books on pages: due dates, refunds, closed periods, rates, credit, statements."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from service.pages.customers import told_once
from tenants.directory import clients
from tenants.events import history
from tenants.insight import forecast
from tenants.ledger import contacts, corrections, due_dates, instalments, invoices, late_terms, payments, periods, rates
from tenants.values import ids
from tests.cast import NOW, TODAY
from tests.factories import a_contact, a_debtor, a_payment, an_invoice


@pytest.fixture
def dune(alder):
    return a_debtor(alder, name="Dune Garden Centres", credit_limit_minor=110_00)


@pytest.fixture
def invoice(alder, dune):
    return an_invoice(alder, dune, late=10, number="D-1")


@pytest.fixture
def sofia(as_, specialist):
    return as_(specialist)


@pytest.fixture
def home(world_slug):
    return f"/c/{world_slug}"


@pytest.fixture
def world_slug(alder, in_alder):
    with in_alder:
        return clients.profile().slug


def post(browser, path, **form):
    answer = browser.send("POST", path, data=form)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return browser.get(answer.location)


def test_another_due_date_is_agreed_in_equal_parts_and_taken_back(sofia, home, in_alder, invoice, words):
    page = f"{home}/invoices/{ids.show('inv', invoice)}"
    said = words(post(sofia, f"{page}/due-date", due_on="2027-01-31", parts="3", reason="A flood"))
    assert "31 Jan 2027" in said and "28 Feb 2027" in said and "31 Mar 2027" in said
    with in_alder:
        shares = instalments.shares(invoices.card(invoice).schedule_id, applied=0)
        assert [each.amount_minor for each in shares] == [33_34, 33_33, 33_33]
    assert "due in" not in words(post(sofia, f"{page}/due-date/take-back", reason="Not kept"))


def test_a_part_is_written_off_and_another_kept_as_discount(sofia, home, in_alder, invoice, words):
    page = f"{home}/invoices/{ids.show('inv', invoice)}"
    assert "EUR 60.00 open" in words(post(sofia, f"{page}/write-off", amount="40.00", reason="Broken tiles"))
    said = words(post(sofia, f"{page}/discount", amount="2.00", reason="Paid early"))
    assert "EUR 58.00 open" in said and "Broken tiles" in said


def test_the_page_says_when_payment_is_expected_and_what_late_interest_comes_to(sofia, home, in_alder, invoice, words):
    page = f"{home}/invoices/{ids.show('inv', invoice)}"
    assert "Payment expected" not in words(sofia.get(page))
    with in_alder:
        forecast.keep(TODAY)
        late_terms.set_term(
            "", regime="contract", base="", percent=Decimal("36.5"), from_on=date(2026, 1, 1), source="Terms", now=NOW
        )
    said = words(sofia.get(page))
    assert "Too few payments are known" in said
    assert "EUR 1.00 on EUR 100.00: 10 days at 36.50 %" in said and "Nothing is posted" in said


def test_a_payment_is_refunded_and_returned_with_a_word_why(sofia, home, alder, in_alder, dune, invoice, words):
    first, second = a_payment(alder, dune, amount=50_00), a_payment(alder, dune, parts=[(invoice, 100_00)])
    page = f"{home}/payments/{ids.show('pay', first)}"
    assert "Paid twice" in words(post(sofia, f"{page}/refund", amount="50.00", reason="Paid twice"))
    page = f"{home}/payments/{ids.show('pay', second)}"
    assert "D-1" in words(sofia.get(page))
    assert "Returned by the bank" in words(post(sofia, f"{page}/return", reason="No funds"))
    with in_alder:
        assert payments.card(first).unapplied_minor == payments.card(second).unapplied_minor == 0
        assert invoices.card(invoice).open_minor == 100_00
    assert "Nothing is left to apply" in words(sofia.get(f"{home}/payments?unapplied=true"))


def test_the_admin_closes_a_period_and_opens_it_again(as_, alder_admin, sofia, home, in_alder, invoice, words):
    admin = as_(alder_admin)
    assert "Closed through 31 Oct 2026" in words(post(admin, f"{home}/books/close", day="2026-10-31", reason="October"))
    assert sofia.send("POST", f"{home}/books/close", data={"day": "2026-11-10"}).status_code == 403
    post(admin, f"{home}/books/reopen", day="2026-10-01", reason="Forgotten")
    with in_alder:
        assert periods.closed_through() == date(2026, 9, 30)
    assert admin.send("POST", f"{home}/books/close", data={"day": "31.10.2026"}).status_code == 422


def test_a_rate_is_entered_with_its_source(sofia, home, in_alder, invoice, words):
    form = {"base": "EUR", "quote": "USD", "day": "2026-11-20", "source": "Our bank"}
    assert "USD 1.08" in words(post(sofia, f"{home}/books/rates", rate="1.08", **form))
    for wrong in ("dear", "NaN", "-1"):
        assert sofia.send("POST", f"{home}/books/rates", data={**form, "rate": wrong}).status_code == 422
    with in_alder:
        assert rates.of_day(TODAY)[0].source == "Our bank"


def test_credit_over_nine_tenths_is_flagged_where_people_look(sofia, home, dune, invoice, words):
    assert "over 90 %" in words(sofia.get(f"{home}/customers/{ids.show('deb', dune)}"))
    said = words(sofia.get(f"{home}/books"))
    assert "Dune Garden Centres" in said and "90.9 %" in said


def test_the_statement_is_a_file(sofia, home, dune, invoice):
    page = f"{home}/customers/{ids.show('deb', dune)}/statement"
    assert sofia.get(f"{page}.pdf?as_of=2026-11-01").data.startswith(b"%PDF-")
    assert "D-1" in sofia.get(f"{page}.csv").text


def test_an_agreement_about_a_paid_invoice_is_refused(sofia, home, alder, in_alder, dune, invoice):
    a_payment(alder, dune, parts=[(invoice, 100_00)])
    path = f"{home}/invoices/{ids.show('inv', invoice)}/due-date"
    assert sofia.send("POST", path, data={"due_on": "2027-01-31", "reason": "x"}).status_code == 409
    with in_alder, pytest.raises(due_dates.NothingToAgree):
        due_dates.extend(invoice, due_on=TODAY + timedelta(days=9), effective_on=TODAY, now=NOW, reason="x")


def test_a_customer_is_corrected_by_hand_and_the_history_says_so(sofia, alder, dune, home, in_alder, words):
    page_of = f"{home}/customers/{ids.show('deb', dune)}"
    told = {"name": "Dune & Daughters", "language": "de", "country": "FR", "terms_days": "45", "groups": "key, south"}
    told |= {"address": "Quai 4\r\n 13002 Marseille", "time_zone": "Europe/Paris"}
    page = words(post(sofia, f"{page_of}/card", **told))
    assert "Dune & Daughters key south France" in page and "Address Quai 4, 13002 Marseille" in page
    assert "Payment terms 45 days" in page and "Language Deutsch" in page
    for wrong in ({"terms_days": "366"}, {"time_zone": "Paris"}, {"name": " "}, {"country": "France"}):
        assert sofia.send("POST", f"{page_of}/card", data=told | wrong).status_code in (400, 422), wrong
    assert "accounts@dune.test" in words(post(sofia, f"{page_of}/contacts", email="accounts@dune.test", name="Dana"))
    with in_alder:
        (dana,) = contacts.of_debtor(dune)
    other = a_contact(alder, a_debtor(alder))
    retire = f"{page_of}/contacts/{{}}/retire"
    assert "no longer written to" in words(post(sofia, retire.format(ids.show("con", dana.id))))
    for stranger in (other, ids.new()):
        answer = sofia.send("POST", retire.format(ids.show("con", stranger)), data={})
        assert answer.status_code == 404
    with in_alder:
        acts = [each["act"] for each in history.about("debtor", dune, limit=9)]
    assert acts[:3] == ["customer.contact_retired", "customer.contact_added", "customer.corrected"]


def test_where_a_private_person_lives_is_not_kept_in_the_history(alder, in_alder):
    anna = a_debtor(alder, name="Anna Ekholm", consumer=True)
    said = {"name": "Anna Ek", "country": "SE", "language": "en", "address": "Sjövägen 2", "terms_days": None}
    with in_alder:
        corrections.change(anna, said | {"time_zone": None}, groups=(), now=NOW)
        (line,) = history.about("debtor", anna)
        corrections.change(anna, said | {"time_zone": None}, groups=(), now=NOW)
        assert len(history.about("debtor", anna)) == 1, "nothing changed, nothing is said"
    assert line["became"] == {"name": "changed", "address": "changed", "country": "SE"}


def test_customers_are_found_among_those_who_owe_with_what_they_owe(sofia, alder, dune, invoice, home, words):
    an_invoice(alder, a_debtor(alder, name="Marigold Stores"), amount=70_00, late=-3)
    assert "EUR 100.00 overdue of EUR 170.00 open at 2 customers" in words(sofia.get(f"{home}/customers"))
    found = words(sofia.get(f"{home}/customers?q=marigold"))
    assert "EUR 70.00 open at 1 customer" in found and "Dune" not in found
    assert "Search all customers" in words(sofia.get(f"{home}/customers?q=nobody"))


def test_one_visit_is_told_once_by_its_strongest_sign():
    def sign(kind, minute, subject="D-1"):
        at = NOW - timedelta(minutes=minute)
        return {"kind": f"evidence_{kind}", "at": at, "subject": subject, "detail": "human"}

    visit = [sign("portal_view", 1), sign("download", 1), sign("link_get", 2)]
    later, other = sign("portal_view", 30), sign("link_get", 1, "D-2")
    note = {"kind": "task", "at": NOW, "subject": "Call", "detail": ""}
    assert told_once([*visit, later, other, note]) == [visit[1], later, other, note]
