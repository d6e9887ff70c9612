"""Figures about work: who was reached, what was disputed and deducted, what matched itself, what arrived."""

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest

from tenants import store
from tenants.collections import holds, tasks
from tenants.collections.tasks import NewTask
from tenants.insight import family
from tenants.insight.definitions_of_work import NOW_ONLY
from tenants.insight.facts import Period
from tenants.insight.narrowing import Narrow
from tenants.ledger import allocation, discounts
from tenants.ledger.discounts import BadDiscount, Offer
from tenants.values import ids
from tests.cast import NOW, TODAY, Door
from tests.factories import a_contact, a_credit_note, a_debtor, a_payment, an_invoice

QUARTER = Period(TODAY, 90)
MESSAGE = """
INSERT INTO message (tenant_id, id, debtor_id, contact_id, step_key, kind, recipient, template, state, queued_at,
  sent_at)
VALUES (:tenant, :id, :debtor, :contact, :key, 'reminder', 'a@b.test', 'reminder', 'sent', :at, :at)
"""
ITEM = """
INSERT INTO message_item (tenant_id, message_id, invoice_id, debtor_id) VALUES (:tenant, :id, :invoice, :debtor)
"""
RECEIVED = """
UPDATE invoice SET delivery = 'delivered', delivered_at = :at, first_seen_at = :seen
WHERE tenant_id = :tenant AND id = :id
"""
LOOKED_AT = "UPDATE invoice SET evidence_level = 4 WHERE tenant_id = :tenant AND id = :id"
BOUNCED = "UPDATE invoice SET delivery = 'bounced', bounced_at = :at WHERE tenant_id = :tenant AND id = :id"


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def at(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=UTC)


def of(name: str, period: Period = QUARTER, **more: Any) -> family.Figure:
    (found,) = family.of(period, names=[name], currencies=["EUR"], **more)
    return found


def remind(debtor: UUID, contact: UUID, invoice: UUID, on: date) -> None:
    message = ids.new()
    store.run(MESSAGE, id=message, debtor=debtor, contact=contact, key=str(message), at=at(on))
    store.run(ITEM, id=message, invoice=invoice, debtor=debtor)


@pytest.fixture
def dune(alder):
    return a_debtor(alder, name="Dune Garden Centres", country="FR")


def test_who_was_reached_and_how_soon(alder, dune, in_alder: Door):
    """Dune was written to on the tenth day, Fern was called on the twentieth, nobody spoke to Moss."""
    fern, moss = a_debtor(alder, name="Fern"), a_debtor(alder, name="Moss")
    late = {debtor: an_invoice(alder, debtor, late=40, amount=100_00) for debtor in (dune, fern, moss)}
    an_invoice(alder, a_debtor(alder), late=-3)
    contact = a_contact(alder, dune)
    with in_alder:
        remind(dune, contact, late[dune], days_ago(30))
        call = NewTask("call", "call", "Call Fern", "It is late", invoice_id=late[fern], debtor_id=fern)
        (task,) = tasks.raise_many([call], now=NOW, today=TODAY)
        tasks.complete(task, now=at(days_ago(20)), outcome="They pay on Friday")
        assert (of("coverage-count").value, of("coverage-count").denominator) == (Fraction(1, 3), 3)
        assert of("coverage-amount", Period(days_ago(15), 90)).value == Fraction(2, 3)
        assert of("first-contact-count").value == Fraction(1, 3)
        assert of("first-contact-count", narrow=Narrow(country="FR")).value == 1
        assert of("first-contact-count", Period(days_ago(30), 10)).reason.startswith("no invoice became 15 days late")


def test_objections_how_many_how_right_how_often(alder, dune, in_alder: Door):
    first, second = (an_invoice(alder, dune, late=20, amount=200_00) for _ in range(2))
    with in_alder:
        old = holds.open("dispute", debtor_id=dune, invoice_id=first, starts_on=days_ago(20), now=at(days_ago(20)),
                         amount_minor=50_00, currency="EUR", reason="Two were missing")  # fmt: skip
        note = a_credit_note(alder, dune, amount=30_00, on=days_ago(15))
        allocation.apply(note, parts=[(first, 30_00)], effective_on=days_ago(15), now=NOW)
        holds.end(old, now=at(days_ago(10)), outcome="credited")
        holds.open("dispute", debtor_id=dune, invoice_id=second, starts_on=days_ago(5), now=at(days_ago(5)),
                   reason="two were missing ")  # fmt: skip
        assert of("dispute-rate").value == Fraction(250_00, 400_00)
        assert of("dispute-validity").value == Fraction(30_00, 50_00)
        assert of("dispute-repeat").value == Fraction(1, 2)
        assert of("dispute-repeat", Period(days_ago(6), 30)).value == 0
        assert of("dispute-validity", Period(days_ago(30), 10)).reason == "no such dispute was in the period"


def test_what_was_deducted_stays_until_it_is_settled(alder, dune, in_alder: Door):
    with in_alder:
        assert of("deductions").value == 0
        assert of("deduction-days").reason == "nothing was deducted in the period"
        assert of("auto-match-count").reason == "nothing was received in the period"
    a_payment(alder, dune, amount=50_00, on=days_ago(3))
    with in_alder:
        assert (of("auto-match-count").value, of("auto-match-amount").denominator) == (0, 50_00)
        assert of("auto-match-reversed").reason == "the machine matched nothing in the period"


def test_discounts_over_what_was_paid(alder, dune, in_alder: Door):
    made = an_invoice(alder, dune, amount=100_00)
    a_payment(alder, dune, amount=98_00, on=days_ago(1), parts=[(made, 98_00)])
    with in_alder:
        store.run(
            "INSERT INTO allocation (tenant_id, id, debtor_id, invoice_id, kind, currency, amount_minor, effective_on,"
            " known_at) VALUES (:tenant, :id, :debtor, :invoice, 'discount', 'EUR', 200, :on, :now)",
            id=ids.new(), debtor=dune, invoice=made, on=days_ago(1), now=NOW,
        )  # fmt: skip
        assert of("discounts-taken").value == Fraction(2, 98)


def test_what_was_offered_for_early_payment_and_what_of_it_was_kept(alder, dune, in_alder: Door):
    """One took its two per cent, one a part of them, one nothing; of the fourth the day has not come."""
    made = [an_invoice(alder, dune, amount=100_00, issued_on=days_ago(30), due_on=TODAY) for _ in range(4)]
    tiers = [Offer(days_ago(20), 3_00), Offer(days_ago(16), 2_00)]
    with in_alder:
        for invoice in made[:2]:
            discounts.offer(invoice, [Offer(days_ago(16), 2_00)], now=NOW)
        discounts.offer(made[2], tiers, now=NOW)
        discounts.offer(made[3], [Offer(TODAY, 5_00)], now=NOW)
        assert discounts.of_invoice(made[2]) == tiers
        assert of("discounts-captured-amount").value == 0
        allocation.discount(made[0], minor=2_00, effective_on=days_ago(16), now=NOW)
        allocation.discount(made[1], minor=50, effective_on=days_ago(2), now=NOW)
        back = allocation.discount(made[2], minor=3_00, effective_on=days_ago(9), now=NOW)
        allocation.reverse(back, effective_on=days_ago(8), now=NOW, reason="paid too late")
        assert (of("discounts-offered").value, of("discounts-missed").value) == (7_00, 4_50)
        assert of("discounts-captured-count").value == Fraction(2, 3)
        assert of("discounts-captured-amount").value == Fraction(2_50, 7_00)
        assert of("discounts-captured-count", Period(days_ago(17), 9)).reason == (
            "no offered discount ended in the period"
        )
        page = family.behind("discounts-missed", side="numerator", currency="EUR", period=QUARTER)
        assert [(row.id, row.minor) for row in page.rows] == [(made[1], 1_50), (made[2], 3_00)]
        assert of("discounts-offered", narrow=Narrow(country="DE")).value == 0


@pytest.mark.parametrize(
    "offers",
    [
        [Offer(TODAY, 0)],
        [Offer(TODAY, 100_00)],
        [Offer(days_ago(31), 1_00)],
        [Offer(days_ago(-31), 1_00)],
        [Offer(TODAY, 1_00), Offer(days_ago(1), 50)],
        [Offer(days_ago(1), 1_00), Offer(TODAY, 1_00)],
    ],
)
def test_offers_that_cannot_be_meant_are_refused(offers):
    with pytest.raises(BadDiscount):
        discounts.refuse_bad(offers, amount_minor=100_00, issued_on=days_ago(30), due_on=days_ago(-30))


def test_invoices_that_go_electronically_and_how_soon_somebody_looks(alder, dune, in_alder: Door):
    sent = [an_invoice(alder, dune, amount=100_00, issued_on=days_ago(20 - at)) for at in range(3)]
    an_invoice(alder, a_debtor(alder), amount=700_00, issued_on=days_ago(9))
    with in_alder:
        for invoice, seen in zip(sent, (2, 6, None), strict=True):
            looked = None if seen is None else at(days_ago(10 - seen))
            store.run(RECEIVED, id=invoice, at=at(days_ago(10)), seen=looked)
        assert (of("delivered-rate").value, of("seen-rate").value) == (1, 0), "what only machines fetched is not seen"
        store.run(LOOKED_AT, id=sent[0])
        assert (of("seen-rate").value, of("seen-rate").denominator) == (Fraction(1, 3), 3)
        assert of("seen-rate", Period(TODAY, 90, NOW)).reason == NOW_ONLY
        assert of("adoption-count").value == Fraction(3, 4)
        assert of("adoption-amount").value == Fraction(300, 1000)
        assert of("adoption-customers").value == Fraction(1, 2)
        assert of("first-seen-days").value == 6
        assert of("first-seen-days", Period(days_ago(5), 90)).reason.startswith("nobody has looked at more than half")
        store.run(BOUNCED, id=sent[2], at=at(days_ago(1)))
        assert of("adoption-customers").value == 0
        assert (of("delivered-rate").value, of("seen-rate").denominator) == (Fraction(2, 3), 2)
        assert of("adoption-count", Period(TODAY, 90, NOW)).reason == NOW_ONLY
        assert of("first-seen-days", narrow=Narrow(country="DE")).reason == "no invoice arrived in the period"


def test_what_a_year_taught_is_what_the_open_items_may_lose(alder, dune, in_alder: Door):
    """A fifth of what was 31 to 60 days late a year ago was given up; so is a fifth of what is so late now."""
    lost, kept = (an_invoice(alder, dune, late=365 + 40, amount=500_00) for _ in range(2))
    a_payment(alder, dune, amount=500_00, on=days_ago(200), parts=[(kept, 500_00)])
    with in_alder:
        assert of("provision", Period(days_ago(500), 90)).reason == "nothing was open a year before"
        allocation.write_off(lost, minor=200_00, effective_on=days_ago(100), now=NOW, reason="gone")
        a_payment(alder, dune, amount=300_00, on=days_ago(90), parts=[(lost, 300_00)])
        an_invoice(alder, dune, late=45, amount=80_00)
        assert of("loss-rate-31-to-60").value == Fraction(1, 5)
        assert of("loss-rate-not-due").reason == "nothing was in the bucket a year before"
        assert of("provision").value == 16_00
