"""Applying cash and credit: what counts for what, from when, and never more than there is."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tenants.isolation import scope
from tenants.ledger import allocation, balances, credit_notes, invoices, locking, payments, selfcheck
from tenants.values import ids
from tenants.values.faults import Refusal
from tenants.work import unit_of_work
from tests.cast import NOW, TODAY, Door
from tests.factories import a_credit_note, a_debtor, a_payment, an_allocation, an_invoice


def days_ago(days: int):
    return TODAY - timedelta(days=days)


@pytest.fixture
def dune(alder):
    return a_debtor(alder, name="Dune Garden Centres")


def assert_books_are_right():
    assert balances.drift() == []
    assert selfcheck.run(TODAY) == []


def test_a_payment_over_two_invoices_settles_one_and_lowers_the_other(alder, in_alder: Door, dune):
    first, second = an_invoice(alder, dune, late=20), an_invoice(alder, dune, late=5)
    payment = a_payment(alder, dune, amount=150_00, on=days_ago(2), parts=[(first, 100_00), (second, 40_00)])
    with in_alder:
        assert (invoices.card(first).standing, invoices.card(first).settled_on) == ("settled", days_ago(2))
        assert (invoices.card(second).standing, invoices.card(second).open_minor) == ("part-paid", 60_00)
        assert payments.card(payment).unapplied_minor == 10_00
        assert_books_are_right()


def test_a_credit_note_a_write_off_and_a_discount_settle_together(alder, in_alder: Door, dune):
    invoice = an_invoice(alder, dune, late=20)
    note = a_credit_note(alder, dune, amount=20_00, on=days_ago(9))
    an_allocation(alder, note, invoice, amount=20_00, on=days_ago(8))
    with in_alder:
        allocation.discount(invoice, minor=3_00, effective_on=days_ago(7), now=NOW)
        allocation.write_off(invoice, minor=77_00, effective_on=days_ago(1), now=NOW, reason="insolvent")
        assert invoices.card(invoice).settled_on == days_ago(1)
        assert credit_notes.card(note).unapplied_minor == 0
        postings = allocation.of_invoice(invoice)
        assert [(each.kind, each.amount_minor) for each in postings] == [
            ("credit_note", 20_00),
            ("discount", 3_00),
            ("write_off", 77_00),
        ]
        assert postings[0].source == credit_notes.card(note).number and postings[2].reason == "insolvent"
        assert_books_are_right()


def test_a_reversed_payment_opens_the_invoice_again_and_stays_in_the_past(alder, in_alder: Door, dune):
    invoice = an_invoice(alder, dune, late=20)
    payment = a_payment(alder, dune, amount=100_00, on=days_ago(9))
    applied = an_allocation(alder, payment, invoice, amount=100_00, on=days_ago(9))
    with in_alder:
        allocation.reverse(applied, effective_on=days_ago(2), now=NOW, reason="direct debit returned")
        card = invoices.card(invoice)
        assert (card.open_minor, card.settled_on, payments.card(payment).unapplied_minor) == (100_00, None, 100_00)
        assert [each.amount_minor for each in allocation.of_invoice(invoice)] == [100_00, -100_00]
        assert_books_are_right()


def test_a_write_off_can_be_taken_back(alder, in_alder: Door, dune):
    invoice = an_invoice(alder, dune, late=20)
    with in_alder:
        given_up = allocation.write_off(invoice, minor=100_00, effective_on=days_ago(3), now=NOW, reason="lost")
        allocation.reverse(given_up, effective_on=TODAY, now=NOW, reason="paid after all")
        assert invoices.card(invoice).open_minor == 100_00
        assert_books_are_right()


def test_an_allocation_is_reversed_once_and_a_reversal_never(alder, in_alder: Door, dune):
    invoice = an_invoice(alder, dune, late=20)
    payment = a_payment(alder, dune, amount=100_00)
    applied = an_allocation(alder, payment, invoice, amount=100_00)
    with in_alder:
        reversal = allocation.reverse(applied, effective_on=TODAY, now=NOW, reason="wrong")
        for each in (applied, reversal):
            with pytest.raises(allocation.AlreadyReversed):
                allocation.reverse(each, effective_on=TODAY, now=NOW, reason="again")
        with pytest.raises(allocation.UnknownAllocation):
            allocation.reverse(ids.new(), effective_on=TODAY, now=NOW, reason="what")


@pytest.mark.parametrize(
    ("minor", "effective_on", "refusal"),
    [
        (100_01, TODAY, allocation.OverAllocated),
        (0, TODAY, allocation.BadAllocation),
        (-5, TODAY, allocation.BadAllocation),
        (10_00, days_ago(11), allocation.BadAllocation),
        (10_00, TODAY + timedelta(days=1), allocation.BadAllocation),
    ],
)
def test_a_part_that_does_not_fit_is_refused(alder, in_alder: Door, dune, minor, effective_on, refusal):
    invoice = an_invoice(alder, dune, late=20)
    payment = a_payment(alder, dune, amount=500_00, on=days_ago(10))
    with in_alder, pytest.raises(refusal):
        allocation.apply(payment, parts=[(invoice, minor)], effective_on=effective_on, now=NOW)


def test_parts_for_one_invoice_are_added_before_they_are_judged(alder, in_alder: Door, dune):
    invoice = an_invoice(alder, dune, late=20)
    payment = a_payment(alder, dune, amount=500_00)
    with in_alder, pytest.raises(allocation.OverAllocated):
        allocation.apply(payment, parts=[(invoice, 60_00), (invoice, 60_00)], effective_on=TODAY, now=NOW)


def test_a_payment_gives_no_more_than_it_is_worth(alder, in_alder: Door, dune):
    first, second = an_invoice(alder, dune, late=20), an_invoice(alder, dune, late=5)
    payment = a_payment(alder, dune, amount=120_00, parts=[(first, 100_00)])
    with in_alder, pytest.raises(allocation.OverAllocated):
        allocation.apply(payment, parts=[(second, 20_01)], effective_on=TODAY, now=NOW)


def test_a_posting_for_a_past_day_cannot_make_a_later_day_negative(alder, in_alder: Door, dune):
    """Paid nine days ago and returned two days ago: in between nothing was open, whatever is open now."""
    invoice = an_invoice(alder, dune, late=20)
    bounced = a_payment(alder, dune, amount=100_00, on=days_ago(9))
    applied = an_allocation(alder, bounced, invoice, amount=100_00, on=days_ago(9))
    other = a_payment(alder, dune, amount=100_00, on=days_ago(9))
    with in_alder:
        allocation.reverse(applied, effective_on=days_ago(2), now=NOW, reason="returned")
        for source in (other, bounced):
            with pytest.raises(allocation.OverAllocated):
                allocation.apply(source, parts=[(invoice, 100_00)], effective_on=days_ago(5), now=NOW)
        allocation.apply(other, parts=[(invoice, 100_00)], effective_on=days_ago(2), now=NOW)
        assert_books_are_right()


def test_what_does_not_belong_together_is_refused(alder, in_alder: Door, dune):
    invoice = an_invoice(alder, dune, late=20)
    marigold = a_payment(alder, a_debtor(alder), amount=10_00)
    dollars = a_payment(alder, dune, amount=10_00, currency="USD")
    euros = a_payment(alder, dune, amount=10_00)
    coming = an_invoice(alder, dune, issued_on=TODAY + timedelta(days=1), due_on=TODAY + timedelta(days=30))
    void = an_invoice(alder, dune, late=1)
    with in_alder:
        invoices.void(void, on=TODAY, now=NOW, reason="wrong")
        for source, target in ((marigold, invoice), (dollars, invoice), (euros, coming), (euros, void)):
            with pytest.raises(allocation.BadAllocation):
                allocation.apply(source, parts=[(target, 5_00)], effective_on=TODAY, now=NOW)
        with pytest.raises(allocation.BadAllocation):
            allocation.write_off(invoice, minor=0, effective_on=TODAY, now=NOW, reason="nothing")


def test_what_is_not_there_cannot_be_applied(alder, in_alder: Door, birch, dune):
    foreign = an_invoice(birch, number="B-1", currency="EUR")
    payment = a_payment(alder, dune, amount=10_00)
    with in_alder:
        with pytest.raises(invoices.UnknownInvoice):
            allocation.apply(payment, parts=[(foreign, 5_00)], effective_on=TODAY, now=NOW)
        with pytest.raises(locking.UnknownSource):
            allocation.apply(ids.new(), parts=[(ids.new(), 5_00)], effective_on=TODAY, now=NOW)


def test_a_reversal_starts_not_before_what_it_reverses_nor_after_today(alder, in_alder: Door, dune):
    invoice = an_invoice(alder, dune, late=20)
    payment = a_payment(alder, dune, amount=100_00, on=days_ago(5))
    applied = an_allocation(alder, payment, invoice, amount=100_00, on=days_ago(4))
    with in_alder:
        for day in (days_ago(5), TODAY + timedelta(days=1)):
            with pytest.raises(allocation.BadAllocation):
                allocation.reverse(applied, effective_on=day, now=NOW, reason="wrong")


def test_what_was_applied_is_told_once(alder, statements, dune):
    invoice = an_invoice(alder, dune, late=20)
    a_payment(alder, dune, amount=100_00, parts=[(invoice, 100_00)])
    told = statements(
        f"SELECT payload->'invoice_ids'->>0 FROM app.work_item"
        f" WHERE tenant_id = '{alder}' AND kind = 'settle_open_work'"
    )
    assert told == [(str(invoice),)]


def test_two_people_cannot_apply_the_same_cash_twice(bare_shell, alder, in_alder: Door, dune):
    """Both have the same payment on their screens, and list the invoices in opposite order."""
    first, second = an_invoice(alder, dune, amount=60_00, late=20), an_invoice(alder, dune, amount=60_00, late=5)
    payment = a_payment(alder, dune, amount=100_00)
    other = a_payment(alder, dune, amount=100_00)
    tries = [(payment, first, second), (payment, second, first), (other, first, second), (other, second, first)]

    def apply(what) -> int:
        source, one, two = what
        with bare_shell.app_context():
            try:
                with unit_of_work(scope.tenant(alder, actor="test")):
                    allocation.apply(source, parts=[(one, 50_00), (two, 50_00)], effective_on=TODAY, now=NOW)
            except Refusal:
                return 0
            return 1

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(apply, tries)) == 1
    with in_alder:
        assert {invoices.card(each).open_minor for each in (first, second)} == {10_00}
        assert_books_are_right()
