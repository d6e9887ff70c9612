"""Promises: kept by what came in until the grace was over, and work for a person when nothing did."""

from datetime import date, timedelta

import pytest

from tenants import store
from tenants.collections import holds, promises
from tenants.values import ids
from tenants.values.calendars import BusinessCalendar
from tests.cast import NOW, TODAY
from tests.unit.collections.desk import a_customer, a_delivered_invoice, pay

GERMANY = BusinessCalendar.for_country("DE")
GIVEN_ON, PROMISED_ON = date(2026, 11, 9), date(2026, 11, 13)  # a Friday; grace ends on Monday the 16th
CASH = """
WITH money AS (
  INSERT INTO payment (tenant_id, id, debtor_id, reference, currency, amount_minor, unapplied_minor, received_on,
    known_at)
  VALUES (:tenant, :payment, :debtor, :reference, 'EUR', :minor, 0, :on, :now) RETURNING id)
INSERT INTO allocation (tenant_id, id, debtor_id, invoice_id, kind, payment_id, currency, amount_minor, effective_on,
  known_at)
SELECT :tenant, :id, :debtor, :invoice, 'payment', id, 'EUR', :minor, :on, :now FROM money
"""


def cash(customer, invoice, *, minor, on):
    payment = ids.new()
    store.run(
        CASH,
        payment=payment,
        reference=payment.hex,
        id=ids.new(),
        debtor=customer,
        invoice=invoice,
        minor=minor,
        on=on,
        now=NOW,
    )


def a_promise(customer, invoice=None, *, minor=50_000):
    return holds.open(
        "promise",
        debtor_id=customer,
        invoice_id=invoice,
        starts_on=GIVEN_ON,
        ends_on=PROMISED_ON,
        amount_minor=minor,
        currency="EUR" if minor else "",
        now=NOW - timedelta(days=11),
    )


def judged(today=date(2026, 11, 17)):
    return [each.outcome for each in promises.judge(now=NOW, today=today, calendar=GERMANY)]


def open_tasks():
    return store.run("SELECT kind, reason, debtor_id FROM task WHERE tenant_id = :tenant AND state = 'open'").all()


def test_nobody_is_judged_before_the_grace_is_over(in_alder):
    with in_alder:
        a_promise(a_customer())
        assert judged(PROMISED_ON) == []
        assert judged(date(2026, 11, 16)) == []
        assert judged(date(2026, 11, 17)) == ["broken"]
        assert judged(date(2026, 11, 18)) == []


@pytest.mark.parametrize(
    ("minor", "on", "outcome"),
    [
        (50_000, PROMISED_ON, "kept"),
        (50_000, date(2026, 11, 16), "kept"),
        (50_000, date(2026, 11, 17), "broken"),
        (50_000, GIVEN_ON - timedelta(days=1), "broken"),
        (49_999, PROMISED_ON, "part"),
    ],
)
def test_what_came_in_between_the_word_and_the_grace_decides(in_alder, minor, on, outcome):
    with in_alder:
        kessler = a_customer()
        invoice = a_delivered_invoice(kessler)
        a_promise(kessler, invoice)
        cash(kessler, invoice, minor=minor, on=on)
        assert judged() == [outcome]


def test_money_for_another_invoice_does_not_keep_this_promise_but_keeps_one_for_the_account(in_alder):
    with in_alder:
        kessler = a_customer()
        promised, other = a_delivered_invoice(kessler), a_delivered_invoice(kessler)
        a_promise(kessler, promised)
        a_promise(kessler)
        cash(kessler, other, minor=50_000, on=PROMISED_ON)
        assert sorted(judged()) == ["broken", "kept"]


def test_a_broken_promise_is_work_with_its_amount_and_day_in_words(in_alder):
    with in_alder:
        kessler = a_customer()
        a_promise(kessler, a_delivered_invoice(kessler))
        judged()
        (task,) = open_tasks()
        assert (task.kind, task.debtor_id) == ("promise", kessler)
        assert task.reason.startswith("The promise of €500.00 for invoice A-")
        assert task.reason.endswith("by 13 Nov 2026 was kept not at all.")


def test_a_kept_promise_is_no_work(in_alder):
    with in_alder:
        kessler = a_customer()
        invoice = a_delivered_invoice(kessler)
        a_promise(kessler, invoice)
        pay(invoice)
        assert judged() == ["kept"]
        assert open_tasks() == []
        assert holds.live(today=TODAY) == []


def test_a_promise_without_a_sum_is_kept_by_any_money(in_alder):
    with in_alder:
        kessler = a_customer()
        a_promise(kessler, minor=None)
        cash(kessler, a_delivered_invoice(kessler), minor=1, on=PROMISED_ON)
        assert judged() == ["kept"]


def test_the_outcome_is_kept_part_or_broken():
    assert promises.outcome(promised_minor=None, paid_minor=10, open_minor=90) == "part"
    assert promises.outcome(promised_minor=None, paid_minor=0, open_minor=None) == "broken"
