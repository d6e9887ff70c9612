"""The contact policy: one document in versions, checked part by part, obeyed by the gate, overruled with a reason."""

import json
from datetime import date, timedelta

import pytest

from tenants import store
from tenants.collections import conduct, overruling, policies
from tenants.collections.overruling import NotOverruled
from tenants.collections.policies import PolicyRefused
from tenants.events import history, recording
from tests.cast import NOW, TODAY
from tests.unit.collections.desk import a_customer, a_delivered_invoice, a_message, held_reasons

gate = conduct.Gate()
CLOSED = {"first_on": TODAY.isoformat(), "last_on": (TODAY + timedelta(days=9)).isoformat(), "reason": "Stocktaking"}


def decide(**parts):
    return policies.change(parts, now=NOW, reason="as agreed with the client")


def reminder(template="First reminder", *, customer=None, group="", **over):
    customer = customer or a_customer()
    if group:
        sql = "INSERT INTO debtor_group (tenant_id, debtor_id, key) VALUES (:tenant, :debtor, :key)"
        store.run(sql, debtor=customer, key=group)
    message = a_message(customer, a_delivered_invoice(customer, **over))
    sql = "UPDATE message SET template = :template WHERE tenant_id = :tenant AND id = :id"
    store.run(sql, id=message, template=template)
    return message


def test_without_a_document_the_plain_policy_holds(in_alder):
    with in_alder:
        assert policies.current() == policies.PLAIN
        assert policies.versions() == []


def test_a_document_comes_back_as_it_was_read(in_alder):
    with in_alder:
        countries = {"FR": {"opens": "10:00"}, "US": {"machine": False}}
        decide(
            blackouts=[CLOSED],
            ceilings={"key": "First reminder"},
            countries=countries,
            most_reminders=4,
            overrides=True,
        )
        found = policies.current()
        assert found.blackouts[0].covers(TODAY) and found.most_reminders == 4
        assert policies.read(json.loads(json.dumps(policies.as_document(found)))) == found
        decide(consumers="automatic")
        assert [row["version"] for row in policies.versions()] == [2, 1]
        newest = history.latest(since=NOW - timedelta(days=1), limit=1)[0]
        assert newest["act"] == "policy.changed" and newest["became"]["consumers"] == "automatic"


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ([], ""),
        ({"blackout": []}, "/blackout"),
        ({"blackouts": "never"}, "/blackouts"),
        ({"blackouts": [{}]}, "/blackouts/0"),
        ({"blackouts": [CLOSED | {"first_on": "soon"}]}, "/blackouts/0/first_on"),
        ({"blackouts": [CLOSED | {"last_on": "2020-01-01"}]}, "/blackouts/0/last_on"),
        ({"blackouts": [CLOSED | {"reason": " "}]}, "/blackouts/0/reason"),
        ({"ceiling": "Ransom note"}, "/ceiling"),
        ({"ceilings": []}, "/ceilings"),
        ({"ceilings": {"key": "Ransom note"}}, "/ceilings/key"),
        ({"pays_by_itself": "x"}, "/pays_by_itself"),
        ({"consumers": "always"}, "/consumers"),
        ({"most_reminders": 0}, "/most_reminders"),
        ({"silence_after_talk": True}, "/silence_after_talk"),
        ({"overrides": 1}, "/overrides"),
        ({"ways": []}, "/ways"),
        ({"per_month": 32}, "/per_month"),
        ({"ways": ["pigeon"]}, "/ways"),
        ({"countries": []}, "/countries"),
        ({"countries": {"France": {}}}, "/countries"),
        ({"countries": {"FR": {"hours": 3}}}, "/countries/FR"),
        ({"countries": {"FR": {"opens": "9 am"}}}, "/countries/FR/opens"),
        ({"countries": {"FR": {"opens": "12:00", "closes": "11:00"}}}, "/countries/FR/closes"),
        ({"countries": {"FR": {"per_week": 8}}}, "/countries/FR/per_week"),
    ],
)
def test_a_fault_is_named_with_its_place(document, pointer):
    with pytest.raises(PolicyRefused) as refused:
        policies.read(document)
    assert refused.value.pointer == pointer


def test_a_change_has_a_reason(in_alder):
    with in_alder, pytest.raises(PolicyRefused, match="reason"):
        policies.change({}, now=NOW, reason=" ")


def test_r10_who_pays_by_itself_is_never_reminded(in_alder):
    with in_alder:
        verdict = gate(reminder(group="auto-pay"), now=NOW)
        assert (verdict.allowed, verdict.reason, verdict.again_at) == (False, "pays_by_itself", None)
        decide(pays_by_itself=[])
        assert gate(reminder(group="auto-pay"), now=NOW).allowed


def test_r12_a_day_off_of_the_client_is_waited_for(in_alder):
    with in_alder:
        decide(blackouts=[CLOSED])
        verdict = gate(reminder(), now=NOW)
        assert verdict.reason == "quiet_hours"
        assert verdict.again_at.date() > date.fromisoformat(CLOSED["last_on"])


def test_consumers_are_left_to_people_unless_the_client_has_cleared_it(in_alder):
    with in_alder:
        customer = a_customer()
        store.run("UPDATE debtor SET consumer = true WHERE tenant_id = :tenant AND id = :id", id=customer)
        assert gate(reminder(customer=customer), now=NOW).reason == "consumer"
        tasks = store.run("SELECT reason FROM task WHERE tenant_id = :tenant").scalars().all()
        assert tasks == ["This customer is a consumer: people write to consumers."]
        decide(consumers="automatic")
        assert gate(reminder(customer=customer), now=NOW).allowed


def test_the_mildest_ceiling_of_the_customers_groups_holds(in_alder):
    with in_alder:
        decide(ceilings={"key": "First reminder", "old": "Formal letter"}, ceiling="Second reminder, with ways to pay")
        assert gate(reminder("Formal letter"), now=NOW).reason == "above_ceiling"
        assert gate(reminder("Second reminder, with ways to pay", group="key"), now=NOW).reason == "above_ceiling"
        assert gate(reminder("First reminder", group="key"), now=NOW).allowed
        assert gate(reminder("Second reminder, with ways to pay", group="old"), now=NOW).allowed


def test_after_a_talk_the_machine_is_silent_for_a_while(in_alder):
    with in_alder:
        customer = a_customer()
        talked = NOW - timedelta(hours=3)
        a_delivered_invoice(customer, overdue=3)
        sql = "UPDATE invoice SET last_reply_at = :at, last_contact_at = :at WHERE tenant_id = :tenant"
        store.run(sql, at=talked)
        message = reminder(customer=customer)
        assert gate(message, now=NOW).reason == "talked_lately"
        decide(silence_after_talk=0)
        assert gate(message, now=NOW).allowed


def test_a_cadence_ends_where_the_policy_says(in_alder):
    with in_alder:
        decide(most_reminders=2)
        customer = a_customer()
        invoice = a_delivered_invoice(customer)
        store.run("UPDATE invoice SET reminder_count = 2 WHERE tenant_id = :tenant AND id = :id", id=invoice)
        assert gate(a_message(customer, invoice), now=NOW).reason == "cap_reached"


# --- overruling ------------------------------------------------------------------------------------------------------


def waiting(event="message.queued"):
    """A reminder that waits for its hour: queued, with its work put off."""
    message = reminder()
    recording.record(event, key=str(message), now=NOW, message_id=str(message))
    store.run("UPDATE work_item SET run_at = :at WHERE tenant_id = :tenant", at=NOW + timedelta(days=1))
    sql = "UPDATE message SET held_reason = 'contact_budget' WHERE tenant_id = :tenant AND id = :id"
    store.run(sql, id=message)
    return message


@pytest.mark.parametrize("event", ["message.queued", "text.queued", "notice.posted"])
def test_a_person_may_send_earlier_where_the_client_allows_it(in_alder, event):
    with in_alder:
        decide(overrides=True)
        late = NOW + timedelta(hours=12)
        message = waiting(event)
        assert gate(message, now=late).reason == "quiet_hours"
        overruling.overrule(message, reason="Dana asked for it on the phone", now=NOW, real=NOW)
        assert gate(message, now=late).allowed
        assert store.run("SELECT run_at FROM work_item WHERE tenant_id = :tenant").scalar_one() == NOW
        assert history.latest(since=NOW - timedelta(days=1), limit=1)[0]["reason"] == "Dana asked for it on the phone"


def test_what_is_wrong_for_ever_stays_refused(in_alder):
    with in_alder:
        decide(overrides=True)
        message = waiting()
        overruling.overrule(message, reason="please", now=NOW, real=NOW)
        store.run("UPDATE invoice SET open_minor = 0, settled_on = :today WHERE tenant_id = :tenant", today=TODAY)
        assert gate(message, now=NOW).reason == "settled"
        assert held_reasons() == {"settled": 1}


def test_overruling_needs_permission_a_reason_and_something_that_waits(in_alder):
    with in_alder:
        message = waiting()
        with pytest.raises(NotOverruled, match="does not let"):
            overruling.overrule(message, reason="x", now=NOW, real=NOW)
        decide(overrides=True)
        with pytest.raises(NotOverruled, match="reason"):
            overruling.overrule(message, reason="", now=NOW, real=NOW)
        with pytest.raises(NotOverruled, match="not waiting"):
            overruling.overrule(reminder(), reason="x", now=NOW, real=NOW)
