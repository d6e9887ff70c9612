"""Signs to stop beyond payment and dispute, and what is stricter in a country."""

from datetime import datetime, timedelta

import pytest

from tenants import store
from tenants.collections import conduct, holds, policies
from tests.cast import NOW, TODAY
from tests.unit.collections.desk import a_customer, a_delivered_invoice, a_message

gate = conduct.Gate()


def refused(message, *, now=NOW):
    verdict = gate(message, now=now)
    assert not verdict.allowed
    return verdict


@pytest.mark.parametrize("sign", holds.SIGNS)
def test_a_sign_to_stop_needs_no_end_and_stands_before_other_holds(in_alder, sign):
    with in_alder:
        kessler = a_customer()
        message = a_message(kessler, a_delivered_invoice(kessler))
        holds.open("promise", debtor_id=kessler, starts_on=TODAY, ends_on=TODAY, now=NOW, reason="They said so")
        holds.open("pause", debtor_id=kessler, starts_on=TODAY, now=NOW, reason="A letter of 3 November", sign=sign)
        verdict = refused(message)
        assert (verdict.reason, verdict.again_at) == (sign, None)
        assert verdict.detail.endswith(": A letter of 3 November")


def test_who_was_given_more_time_is_not_reminded_before_it_has_passed(in_alder):
    with in_alder:
        kessler = a_customer()
        invoice = a_delivered_invoice(kessler, overdue=-5, original_due_on=TODAY - timedelta(days=20))
        message = a_message(kessler, invoice)
        assert refused(message).reason == "extended"
        store.run(
            "UPDATE message SET template = :friendly WHERE tenant_id = :tenant AND id = :id",
            friendly=policies.TONES[0],
            id=message,
        )
        assert gate(message, now=NOW).allowed


def test_a_country_can_only_be_stricter_than_the_client(in_alder):
    with in_alder:
        dupont, kessler = a_customer("Dupont", country="FR", zone="Europe/Paris"), a_customer()
        messages = [a_message(each, a_delivered_invoice(each)) for each in (dupont, kessler)]
        rule = {"opens": "14:00", "closes": "23:00", "per_week": 1}
        policies.change({"countries": {"FR": rule}}, now=NOW, reason="As agreed")
        verdict = refused(messages[0])
        assert (verdict.reason, verdict.again_at) == ("quiet_hours", datetime.fromisoformat("2026-11-20T14:00+01:00"))
        assert gate(messages[1], now=NOW).allowed
        a_message(dupont, state="sent", rule="before-due", sent_at=NOW - timedelta(days=6))
        afternoon = NOW + timedelta(hours=4)
        assert refused(messages[0], now=afternoon).reason == "contact_budget"
        policies.change({"countries": {"FR": {"machine": False}}}, now=NOW, reason="As agreed")
        verdict = refused(messages[0], now=afternoon)
        assert (verdict.reason, verdict.again_at) == ("country", None)
