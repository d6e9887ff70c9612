"""What rules do besides alerts, tasks and messages: hand over, ask, move, mark, call, add to a digest; and who goes
first."""

import json
from datetime import UTC, timedelta

import pytest
from standardwebhooks import Webhook

from tenants import store
from tenants.rules import approvals, deciding, digests, marks, notices, people, rule_book, webhooks
from tenants.rules.people import Person
from tenants.rules.ports import Heard
from tenants.values import ids
from tests.cast import NOW, TODAY
from tests.unit.rules.desk import (
    ASK,
    DELIVERED,
    OPEN,
    PAUSE,
    SEND,
    TASK,
    a_bill,
    a_customer,
    change,
    days,
    document,
    go_live,
    hold,
    pay,
    ran,
    rows,
    run,
)

OWING = {"field": "customer.oldest_due_date", "op": "past_by", "value": {"days": 1}}
WHOLE = {**PAUSE, "what": "customer"}


def test_an_invoice_is_handed_to_whoever_of_the_pool_has_least_to_do_and_is_there(in_alder, specialist, manager):
    with in_alder:
        people.join_pool("senior pool", person=Person(specialist.id, "Sofia", ""))
        people.join_pool("senior pool", person=Person(manager.id, "Marek", ""), away_from_on=TODAY)
        kessler = a_customer()
        bills = [a_bill(kessler) for _ in range(3)]
        assign = {"do": "assign", "to": "senior pool"}
        ran(go_live(document(OPEN, then=[assign, TASK])))
        assert {row.person_id for row in rows("subject_taker", "person_id")} == {specialist.id}
        assert {row.assignee_id for row in rows("task", "assignee_id")} == {specialist.id}
        people.join_pool("senior pool", person=Person(manager.id, "Marek", ""))
        ran(go_live(document(OPEN, key="again", then=[assign])))
        taken = [row.person_id for row in rows("subject_taker", "person_id")]
        assert taken.count(manager.id) >= 2 and len(taken) == len(bills), "Sofia has three tasks already"


def test_an_empty_pool_is_the_team_lead_and_nobody_at_all_is_told(in_alder, manager):
    with in_alder:
        a_bill()
        ran(go_live(document(OPEN, then=[{"do": "assign", "to": "senior pool"}])))
        assert rows("subject_taker", "person_id, role") == [(manager.id, "senior pool")]
        ran(go_live(document(OPEN, key="disputes", then=[{"do": "assign", "to": "dispute owner"}])))
        assert [row.title for row in rows("alert", "title")] == ["The rule “Disputes” found nobody to hand over to"]
        ran(go_live(document(OPEN, key="home", then=[{"do": "assign", "to": "specialist"}])))
        assert rows("subject_taker") == []


def test_a_task_for_the_clients_own_people_goes_to_one_of_them(in_alder, alder_admin):
    with in_alder:
        a_bill()
        ran(go_live(document(OPEN, then=[{**TASK, "to": "client account manager"}])))
        assert rows("task", "assignee_id") == [(alder_admin.id,)]


def test_a_message_is_signed_by_whom_the_rule_names_and_the_letterhead_signs_where_nobody_holds_the_role(
    in_alder, specialist, manager
):
    with in_alder:
        for name, owner in (("Kessler Bau", specialist.id), ("Dune Traders", None)):
            customer = a_customer(name)
            store.run("UPDATE debtor SET owner_id = :o WHERE tenant_id = :tenant AND id = :id", o=owner, id=customer)
            a_bill(customer)
        for day, sender in enumerate(("specialist", "team lead", "client finance lead")):
            rule = go_live(document(OPEN, key=f"by-{sender.split()[0]}", then=[{**SEND, "as": sender}]))
            ran(rule, on=TODAY + days(day), now=NOW + days(day))
        sql = """SELECT m.rule_key, d.name, m.signed_by FROM message m
            JOIN debtor d ON d.tenant_id = :tenant AND d.id = m.debtor_id WHERE m.tenant_id = :tenant"""
        signed = {(row.rule_key, row.name): row.signed_by for row in store.run(sql)}
    assert signed == {
        ("by-specialist", "Kessler Bau"): specialist.name,
        ("by-specialist", "Dune Traders"): "",
        ("by-team", "Kessler Bau"): manager.name,
        ("by-team", "Dune Traders"): manager.name,
        ("by-client", "Kessler Bau"): "",
        ("by-client", "Dune Traders"): "",
    }


def test_a_field_is_set_for_the_customer_with_its_line_of_history(in_alder):
    with in_alder:
        a_bill(a_customer(channel="paper"))
        change_channel = {"do": "set", "field": "customer.delivery_channel", "value": "email"}
        ran(go_live(document(OPEN, then=[change_channel])))
        assert rows("debtor", "channel") == [("email",)]
        with pytest.raises(marks.NotSettable):
            marks.set_field([], field="invoice.amount", value="0", reason="", now=NOW)


def asked_for_a_letter():
    kessler = a_customer()
    bill = a_bill(kessler, late=70)
    rule = go_live(document(OWING, about="customer", then=[ASK]))
    assert ran(rule).subjects == (kessler,)
    (question,) = approvals.page()
    return bill, question


def answer(question, *, yes=True, roles=("client_approver",), now=NOW):
    return deciding.decide(question["id"], yes=yes, words="fine", roles=roles, now=now, real=now, today=now.date())


def test_what_needs_a_word_waits_for_it_and_then_happens_once(in_alder):
    with in_alder:
        bill, question = asked_for_a_letter()
        assert (question["title"], question["role"]) == ("Send the formal letter", "client finance lead")
        assert rows("message") == rows("subject_stage") == []
        assert [row.title for row in rows("task", "title")] == ["Decide: Send the formal letter"]
        with pytest.raises(approvals.NotYours):
            answer(question, roles=("specialist",))
        assert answer(question)["state"] == "granted"
        assert rows("message", "template") == [("Formal letter",)]
        assert rows("message_item", "invoice_id") == [(bill,)]
        assert rows("subject_stage", "stage") == [("Formal",)]
        with pytest.raises(approvals.ApprovalOver):
            answer(question)
        with pytest.raises(approvals.ApprovalUnknown):
            approvals.find(ids.new())


def test_a_yes_to_what_has_ended_meanwhile_leads_to_nothing(in_alder):
    with in_alder:
        bill, question = asked_for_a_letter()
        pay(bill)
        assert answer(question)["state"] == "moot"
        assert rows("message") == []


def test_a_no_leads_to_nothing_and_silence_is_no_yes(in_alder):
    with in_alder:
        _, question = asked_for_a_letter()
        assert answer(question, yes=False)["state"] == "refused"
        assert rows("message") == []
        store.run("UPDATE action_approval SET state = 'waiting' WHERE tenant_id = :tenant")
        assert approvals.lapse(now=NOW, today=question["answer_by_on"]) == 0
        assert approvals.lapse(now=NOW, today=question["answer_by_on"] + days(1)) == 1
        assert rows("message") == []
        assert "Nobody decided: Send the formal letter" in [row.title for row in rows("task", "title")]


def test_thanks_are_about_no_invoice(in_alder):
    with in_alder:
        kessler = a_customer()
        for n in range(6):
            pay(a_bill(kessler, late=-3 - n))
        ran(go_live("thank-on-time"))
        assert rows("message", "kind, template") == [("note", "Thank you for paying on time")]
        assert rows("message_item") == []


def endpoint(on=True):
    return webhooks.keep("erp", url="https://erp.example.com/hooks", on=on, now=NOW)


def hooked():
    return go_live(document(OPEN, then=[{"do": "webhook", "endpoint": "erp"}]))


def test_a_program_of_the_client_hears_of_a_firing_in_a_signed_call(in_alder):
    with in_alder:
        secret, bill = endpoint(), a_bill()
        ran(hooked())
        (row,) = rows("webhook_call", "id, state")
        assert row.state == "waiting"
        hook = webhooks.signed(webhooks.claim(row.id), real=NOW)
        told = json.loads(hook.body)
        assert told["data"]["invoice"] == ids.show("inv", bill) and told["data"]["rule"] == "a-rule"
        headers = {**hook.headers, "webhook-timestamp": hook.headers["webhook-timestamp"]}
        signed = Webhook(secret).sign(headers["webhook-id"], NOW.astimezone(UTC), hook.body.decode())
        assert headers["webhook-signature"] == signed


def test_a_call_is_repeated_with_the_same_name_until_it_is_heard(in_alder):
    with in_alder:
        endpoint()
        a_bill()
        ran(hooked())
        (row,) = rows("webhook_call", "id")
        first = webhooks.claim(row.id)
        assert webhooks.settle(first, Heard(503), now=NOW, real=NOW) == NOW + timedelta(minutes=1)
        second = webhooks.claim(row.id)
        assert (second.id, second.attempts) == (first.id, 2)
        assert webhooks.settle(second, Heard(204), now=NOW, real=NOW) is None
        assert webhooks.claim(row.id) is None
        assert rows("webhook_call", "state, attempts, status") == [("delivered", 2, 204)]


def test_an_endpoint_that_is_gone_is_switched_off_and_one_that_never_answers_is_told(in_alder):
    with in_alder:
        endpoint()
        a_bill()
        ran(hooked())
        (row,) = rows("webhook_call", "id")
        assert webhooks.settle(webhooks.claim(row.id), Heard(410), now=NOW, real=NOW) is None
        assert [each["state"] for each in webhooks.all_endpoints()] == ["off"]
        endpoint()
        a_bill()
        ran(rule_book.find("a-rule").id, on="next")
        (row,) = [each for each in rows("webhook_call", "id, state") if each.state == "waiting"]
        waits = 0
        while webhooks.settle(webhooks.claim(row.id), Heard(0, "no answer"), now=NOW, real=NOW):
            waits += 1
        assert waits == len(webhooks.WAITS)
        assert any("cannot tell its endpoint" in each.title for each in rows("alert", "title"))


def test_a_call_to_an_endpoint_that_is_off_is_kept_and_not_made(in_alder):
    with in_alder:
        endpoint(on=False)
        a_bill()
        ran(hooked())
        assert rows("webhook_call", "state") == [("off",)]
        assert not [row for row in rows("work_item", "kind") if row.kind == "call_webhook"]


@pytest.mark.parametrize("url", ["http://erp.example.com", "https://", "ftp://x", "https://" + "x" * 600])
def test_an_address_that_is_none_is_refused(in_alder, url):
    with in_alder, pytest.raises(webhooks.BadEndpoint):
        webhooks.keep("erp", url=url, on=True, now=NOW)


def test_a_rule_whose_endpoint_is_gone_turns_red(in_alder):
    with in_alder:
        endpoint()
        a_bill()
        rule = hooked()
        store.run("DELETE FROM webhook_endpoint WHERE tenant_id = :tenant")
        done = run(rule)
        assert (done.fault, done.acted) == ("There is no endpoint “erp”.", 0)
        assert rule_book.find("a-rule").state == "broken" and rows("rule_firing") == []


def test_a_line_of_the_digest_is_told_once_to_each_of_the_role(in_alder, alder_admin):
    with in_alder:
        a_bill()
        rule = go_live(document(OPEN, then=[{"do": "digest", "to": "tenant admins"}]))
        ran(rule)
        assert digests.tell(now=NOW, real=NOW, today=TODAY) == 0, "it is tomorrow's"
        assert digests.tell(now=NOW, real=NOW, today=TODAY + days(3)) == 1
        assert digests.tell(now=NOW, real=NOW, today=TODAY + days(3)) == 0
        ((email, words),) = rows("staff_notice", "email, words")
        assert email == alder_admin.email and words == "- A rule: Invoice: it matches the rule."


def test_a_notice_is_claimed_once(in_alder, alder_admin):
    with in_alder:
        reader = Person(alder_admin.id, "Toni", alder_admin.email)
        (kept,) = notices.queue([reader], key="k", subject="s", words="w", now=NOW, real=NOW)
        assert notices.queue([reader], key="k", subject="s", words="w", now=NOW, real=NOW) == []
        assert notices.claim(kept) and notices.claim(kept) is None


def test_a_segment_that_falls_is_told_to_admins_and_lead_apart_and_ends_when_it_rises(in_alder):
    low = {"field": "segment.seen_rate", "op": "lt", "value": 0.6}
    alert = {"do": "alert", "severity": "high", "to": "tenant admins"}
    with in_alder:
        kessler = a_customer()
        bills = [a_bill(kessler, delivered_at=NOW - days(1)) for _ in range(4)]
        change(bills[0], first_seen_at=NOW - days(1))
        rule = go_live(
            document(
                DELIVERED,
                low,
                about="segment",
                group_by="customer.country",
                then=[alert, {**alert, "to": "team lead"}],
                again={"on": "rematch"},
            )
        )
        assert ran(rule).acted == 1
        found = rows("alert", "audience, reason, state")
        assert sorted(row.audience for row in found) == ["team lead", "tenant admins"]
        assert "Germany: had 1 or more invoices delivered; had less than 60% of them seen (25%)." in found[0].reason
        assert ran(rule, on="again").acted == 0
        for bill in bills:
            change(bill, first_seen_at=NOW - days(1))
        ran(rule, on="seen")
        assert {row.state for row in rows("alert", "state")} == {"resolved"}
        for bill in bills:
            change(bill, first_seen_at=None)
        assert ran(rule, on="fell again").acted == 1


def test_an_alert_ends_when_its_rule_matches_no_longer_but_not_because_of_a_hold(in_alder):
    with in_alder:
        bill = a_bill()
        rule = go_live(document(OPEN, {"field": "invoice.first_seen_at", "op": "is_not_set"}))
        ran(rule)
        hold(bill, "dispute")
        ran(rule, on="held")
        assert rows("alert", "state") == [("open",)]
        change(bill, first_seen_at=NOW)
        ran(rule, on="seen")
        assert rows("alert", "state, resolution") == [("resolved", "no longer so")]


def test_a_match_must_last_as_long_as_the_rule_asks(in_alder):
    with in_alder:
        bill = a_bill()
        rule = go_live(document(OPEN, hold_for={"business_days": 1}))
        first = ran(rule)
        assert (first.matched, first.acted, first.held) == (1, 0, {"young": 1})
        later = NOW + days(3)  # Friday to Monday is one business day
        assert ran(rule, on="monday", now=later + timedelta(minutes=1)).subjects == (bill,)


def test_a_match_that_was_interrupted_begins_anew(in_alder):
    with in_alder:
        bill = a_bill()
        rule = go_live(document(OPEN, hold_for={"days": 2}))
        ran(rule)
        change(bill, open_minor=0)
        ran(rule, on="paid", now=NOW + days(1))
        change(bill, open_minor=5)
        assert ran(rule, on="open again", now=NOW + days(3)).acted == 0
        assert (
            ran(
                rule,
                on="two days later",
                now=NOW
                + days(
                    5,
                )
                + timedelta(minutes=1),
            ).acted
            == 1
        )


def test_a_task_for_a_person_goes_before_a_message_of_the_same_day(in_alder):
    with in_alder:
        kessler = a_customer()
        a_bill(kessler, late=10)
        ran(go_live(document(OPEN, key="calling", then=[TASK])))
        reminding = go_live(document(OPEN, key="reminding", then=[SEND]))
        done = ran(reminding)
        assert (done.matched, done.acted, done.held) == (1, 0, {"outranked": 1})
        ((reason, detail),) = rows("held_action", "reason, detail")
        assert (reason, detail) == ("outranked", "Another rule comes first for this customer today: calling.")
        assert ran(reminding, on="next day", now=NOW + days(3)).acted == 1, "nothing is lost"


def test_of_two_messages_of_one_day_one_goes(in_alder):
    with in_alder:
        kessler = a_customer()
        a_bill(kessler, late=10)
        formal = {"do": "stage", "to": "Formal"}
        first = go_live(document(OPEN, key="formal", then=[SEND, formal]))
        second = go_live(document(OPEN, key="friendly", then=[SEND], priority=99))
        assert (ran(first).acted, ran(second).acted) == (1, 0)
        assert len(rows("message")) == 1


def test_a_pause_of_the_customer_goes_before_a_task(in_alder):
    with in_alder:
        a_bill(late=10)
        ran(go_live(document(OPEN, key="quiet", then=[WHOLE])))
        done = ran(go_live(document(OPEN, key="calling", then=[TASK], skip_while=[])))
        assert done.held == {"outranked": 1}


def test_two_tasks_of_one_day_are_both_given(in_alder):
    with in_alder:
        a_bill(late=10)
        assert [ran(go_live(document(OPEN, key=key, then=[TASK]))).acted for key in ("one", "two")] == [1, 1]
