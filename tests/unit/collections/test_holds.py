"""Holds: each with a reason, a name and, where it must, an end."""

from datetime import timedelta

import pytest

from tenants.collections import holds
from tenants.collections.holds import BadHold, HoldUnknown, NewHold
from tenants.events import history
from tests.cast import NOW, TODAY
from tests.unit.collections.desk import a_customer, a_delivered_invoice

NEXT_WEEK = TODAY + timedelta(days=7)


def test_a_dispute_on_one_invoice_is_live_until_it_is_ended(in_alder):
    with in_alder:
        kessler = a_customer("Kessler Bau")
        invoice = a_delivered_invoice(kessler)
        dispute = holds.open(
            "dispute", debtor_id=kessler, invoice_id=invoice, starts_on=TODAY, reason="Two pallets missing", now=NOW
        )
        (row,) = holds.live(today=TODAY + timedelta(days=400))
        assert (row["id"], row["customer"], row["reason"], row["actor"]) == (
            dispute,
            "Kessler Bau",
            "Two pallets missing",
            "test",
        )
        holds.end(dispute, now=NOW, outcome="credited")
        assert holds.live(today=TODAY) == []
        assert [line["act"] for line in history.about("invoice", invoice)] == ["dispute.opened"]
        assert [line["reason"] for line in history.about("hold", dispute)] == ["credited"]


def test_a_hold_is_live_on_its_first_and_last_day_and_on_no_other(in_alder):
    with in_alder:
        kessler = a_customer()
        holds.open("pause", debtor_id=kessler, starts_on=TODAY, ends_on=NEXT_WEEK, now=NOW)
        days = [TODAY - timedelta(days=1), TODAY, NEXT_WEEK, NEXT_WEEK + timedelta(days=1)]
        assert [len(holds.live(today=day, debtor_id=kessler)) for day in days] == [0, 1, 1, 0]
        assert holds.live(today=TODAY, debtor_id=a_customer("Brandt")) == []


def test_a_customers_hold_covers_its_invoices_and_nobody_elses(in_alder):
    with in_alder:
        kessler, brandt = a_customer(), a_customer("Brandt")
        mine, theirs = a_delivered_invoice(kessler), a_delivered_invoice(brandt)
        holds.open("plan", debtor_id=kessler, starts_on=TODAY, now=NOW)
        assert set(holds.on_invoices([mine, theirs], today=TODAY)) == {mine}


def test_of_two_holds_the_older_one_is_named(in_alder):
    with in_alder:
        kessler = a_customer()
        invoice = a_delivered_invoice(kessler)
        holds.open("plan", debtor_id=kessler, starts_on=TODAY, now=NOW - timedelta(days=1))
        holds.open("dispute", debtor_id=kessler, invoice_id=invoice, starts_on=TODAY, now=NOW)
        assert holds.on_invoices([invoice], today=TODAY)[invoice]["kind"] == "plan"


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("nap", {}),
        ("promise", {}),
        ("pause", {}),
        ("pause", {"ends_on": TODAY + timedelta(days=91)}),
        ("dispute", {"ends_on": TODAY - timedelta(days=1)}),
        ("promise", {"ends_on": NEXT_WEEK, "amount_minor": 100}),
        ("pause", {"sign": "sulking", "reason": "They said so"}),
        ("pause", {"sign": "hardship", "reason": " "}),
        ("dispute", {"sign": "hardship", "reason": "They said so"}),
    ],
)
def test_a_hold_that_makes_no_sense_is_refused_with_a_remedy(in_alder, kind, more):
    with in_alder, pytest.raises(BadHold) as refused:
        holds.open(kind, debtor_id=a_customer(), starts_on=TODAY, now=NOW, **more)
    assert refused.value.remedy


def test_several_holds_open_in_one_go_and_end_in_one_go(in_alder):
    with in_alder:
        kessler = a_customer()
        drafts = [
            NewHold("dispute", kessler, TODAY, invoice_id=a_delivered_invoice(kessler), reason="price")
            for _ in range(3)
        ]
        assert holds.open_many([], now=NOW) == []
        opened = holds.open_many(drafts, now=NOW)
        assert len(holds.live(today=TODAY)) == 3
        assert holds.end_many(opened, now=NOW, outcome="settled") == 3
        assert holds.end_many(opened, now=NOW, outcome="settled") == 0


def test_alders_hold_cannot_be_ended_from_birch(in_alder, in_birch):
    with in_alder:
        hold = holds.open("plan", debtor_id=a_customer(), starts_on=TODAY, now=NOW)
    with in_birch, pytest.raises(HoldUnknown):
        holds.end(hold, now=NOW, outcome="")
