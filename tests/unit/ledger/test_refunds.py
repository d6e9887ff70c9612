"""What goes back to a customer: refunds, and payments that the bank takes back."""

from datetime import timedelta

import pytest

from tenants.insight import aging
from tenants.ledger import allocation, credit_notes, invoices, payments, refunds, selfcheck
from tenants.ledger.allocation import AlreadyReversed, BadAllocation, OverAllocated, UnknownAllocation
from tenants.ledger.locking import UnknownSource
from tests.cast import NOW, TODAY, Door
from tests.factories import a_credit_note, a_debtor, a_payment, an_allocation, an_invoice


def ago(days: int):
    return TODAY - timedelta(days=days)


@pytest.fixture
def dune(alder):
    return a_debtor(alder, name="Dune Garden Centres")


@pytest.fixture
def payment(alder, dune):
    return a_payment(alder, dune, amount=100_00, on=ago(9))


def back(source, minor: int, *, on=TODAY):
    return refunds.refund(source, minor=minor, effective_on=on, now=NOW, reason="paid twice")


def test_what_went_back_is_neither_applied_nor_left(in_alder: Door, payment):
    with in_alder:
        back(payment, 30_00, on=ago(3))
        assert payments.card(payment).unapplied_minor == 70_00
        assert aging.as_of(ago(4)).of("EUR").unapplied_minor == 100_00
        assert aging.as_of(ago(3)).of("EUR").unapplied_minor == aging.today(TODAY).of("EUR").unapplied_minor == 70_00
        assert selfcheck.run(TODAY) == []


def test_a_credit_note_is_paid_out(alder, in_alder: Door, dune):
    note = a_credit_note(alder, dune, amount=20_00)
    with in_alder:
        back(note, 20_00)
        assert credit_notes.card(note).unapplied_minor == 0
        assert selfcheck.run(TODAY) == []


def test_no_more_goes_back_than_is_left_on_any_day(alder, in_alder: Door, dune, payment):
    an_allocation(alder, payment, an_invoice(alder, dune), amount=80_00, on=ago(1))
    with in_alder:
        for minor, on in ((20_01, TODAY), (20_01, ago(5))):
            with pytest.raises(OverAllocated):
                back(payment, minor, on=on)
        for minor, on in ((0, TODAY), (1_00, ago(10)), (1_00, TODAY + timedelta(days=1))):
            with pytest.raises(BadAllocation):
                back(payment, minor, on=on)
        back(payment, 20_00, on=ago(5))


def test_a_refund_that_came_back_can_be_applied_again(alder, in_alder: Door, dune, payment):
    with in_alder:
        gone = back(payment, 100_00, on=ago(3))
        with pytest.raises(BadAllocation):
            refunds.take_back(gone, effective_on=ago(4), now=NOW, reason="x")
        again = refunds.take_back(gone, effective_on=TODAY, now=NOW, reason="account closed")
        assert payments.card(payment).unapplied_minor == 100_00
        for twice in (gone, again):
            with pytest.raises(AlreadyReversed):
                refunds.take_back(twice, effective_on=TODAY, now=NOW, reason="x")
        assert [each.amount_minor for each in refunds.of_source(payment)] == [100_00, -100_00]
        assert selfcheck.run(TODAY) == []


def test_a_returned_payment_opens_every_invoice_that_it_paid(alder, in_alder: Door, dune, payment):
    first, second = an_invoice(alder, dune, late=20), an_invoice(alder, dune, late=5)
    with in_alder:
        allocation.apply(payment, parts=[(first, 60_00), (second, 40_00)], effective_on=ago(8), now=NOW)
        refunds.return_payment(payment, effective_on=ago(2), now=NOW, reason="no funds")
        assert [invoices.card(each).open_minor for each in (first, second)] == [100_00, 100_00]
        assert payments.card(payment).unapplied_minor == 0
        assert [each.kind for each in refunds.of_source(payment)] == ["returned"]
        assert [each.amount_minor for each in payments.parts(payment)] == [60_00, 40_00, -60_00, -40_00]
        assert selfcheck.run(TODAY) == []
        with pytest.raises(OverAllocated):
            refunds.return_payment(payment, effective_on=TODAY, now=NOW, reason="again")
        with pytest.raises(UnknownAllocation):
            refunds.take_back(refunds.of_source(payment)[0].id, effective_on=TODAY, now=NOW, reason="x")


def test_a_payment_is_not_returned_before_it_was_applied_nor_twice_in_part(alder, in_alder: Door, dune, payment):
    an_allocation(alder, payment, an_invoice(alder, dune, late=5), amount=50_00, on=ago(3))
    with in_alder:
        with pytest.raises(BadAllocation):
            refunds.return_payment(payment, effective_on=ago(4), now=NOW, reason="x")
        back(payment, 10_00)
        with pytest.raises(OverAllocated):
            refunds.return_payment(payment, effective_on=TODAY, now=NOW, reason="x")


def test_only_payments_are_returned_and_only_ones_own(alder, in_alder: Door, in_birch: Door, dune, payment):
    with in_alder:
        with pytest.raises(OverAllocated):
            refunds.return_payment(a_credit_note(alder, dune), effective_on=TODAY, now=NOW, reason="x")
        applied = an_allocation(alder, payment, an_invoice(alder, dune), amount=5_00)
        with pytest.raises(UnknownAllocation):
            refunds.take_back(applied, effective_on=TODAY, now=NOW, reason="x")
        gone = back(payment, 5_00)
        with pytest.raises(UnknownAllocation):
            allocation.reverse(gone, effective_on=TODAY, now=NOW, reason="x")
    with in_birch, pytest.raises(UnknownSource):
        back(payment, 1_00)
