"""Tasks: one for each reason, in an order that can be explained, and never lost by a wrong key."""

from datetime import timedelta

import pytest

from tenants import store
from tenants.collections import priority, tasks
from tenants.collections.tasks import NewTask, TaskMoved, TaskUnknown
from tenants.events import history
from tenants.values import ids
from tests.cast import NOW, TODAY
from tests.unit.collections.desk import a_customer, a_delivered_invoice, change


def a_call(key="call-1", **more):
    return NewTask(dedupe_key=key, kind="call", title="Call them", reason="Nobody looked", **more)


def row(task):
    return store.run("SELECT * FROM task WHERE tenant_id = :tenant AND id = :id", id=task).one()


def raised(*drafts):
    return tasks.raise_many(list(drafts), now=NOW, today=TODAY)


def test_nothing_to_raise_raises_nothing(in_alder):
    with in_alder:
        assert raised() == []


def test_one_reason_is_one_open_task_however_often_it_is_raised(in_alder):
    with in_alder:
        first = raised(a_call(), a_call(), a_call("call-2"))
        assert len(first) == 2
        assert raised(a_call()) == []


def test_a_reason_that_comes_back_after_the_task_was_done_is_a_new_task(in_alder):
    with in_alder:
        (first,) = raised(a_call())
        tasks.complete(first, now=NOW, outcome="They have it")
        (second,) = raised(a_call())
        assert first != second


def test_the_same_reason_in_birch_is_birchs_own(in_alder, in_birch):
    with in_alder:
        assert len(raised(a_call())) == 1
    with in_birch:
        assert len(raised(a_call())) == 1


def test_amount_and_customer_come_from_the_invoice(in_alder):
    with in_alder:
        kessler = a_customer()
        (task,) = raised(a_call(invoice_id=a_delivered_invoice(kessler, amount=431_000)))
        found = row(task)
        assert (found.amount_minor, found.currency, found.debtor_id) == (431_000, "EUR", kessler)


def test_lateness_and_amount_and_waiting_decide_the_order(in_alder):
    with in_alder:
        kessler = a_customer()
        late, later = (a_delivered_invoice(kessler, overdue=days) for days in (5, 60))
        big = a_delivered_invoice(kessler, amount=9_000_000, overdue=5)
        waiting = NewTask("reply", "reply", "Answer", "They wrote", invoice_id=late)
        drafts = [a_call(f"call-{one}", invoice_id=one) for one in (late, later, big)]
        by_rank = {task: row(task).rank for task in raised(*drafts, waiting)}
        order = [row(task).dedupe_key for task in sorted(by_rank, key=by_rank.__getitem__, reverse=True)]
        assert order == [f"call-{big}", "reply", f"call-{later}", f"call-{late}"]


def test_the_rank_is_the_product_of_the_three_factors_shown(in_alder):
    with in_alder:
        invoice = a_delivered_invoice(a_customer(), amount=200_000, overdue=25)
        found = row(raised(a_call(invoice_id=invoice))[0])
        assert (found.chance, found.urgency) == (60, 150)
        assert found.rank == 200_000 * 60 * 150 // 10_000
        words = priority.Factors(found.amount_minor, found.currency, found.chance, found.urgency).in_words()
        assert words[0] == "€2,000.00 is at stake."
        assert "60 times out of 100" in words[1]
        assert "1.5 times" in words[2]


def test_after_four_months_nothing_becomes_more_urgent(in_alder):
    with in_alder:
        kessler = a_customer()
        drafts = [a_call(f"c{days}", invoice_id=a_delivered_invoice(kessler, overdue=days)) for days in (120, 700)]
        assert {row(task).urgency for task in raised(*drafts)} == {340}


def test_yen_do_not_outweigh_euros_by_their_number(in_alder):
    with in_alder:
        kessler = a_customer()
        yen = a_delivered_invoice(kessler, amount=120_000, currency="JPY")  # about 720 euros
        euros = a_delivered_invoice(kessler, amount=120_000)
        first, second = raised(a_call("yen", invoice_id=yen), a_call("euros", invoice_id=euros))
        ranks = {row(task).dedupe_key: row(task).rank for task in (first, second)}
        assert ranks["yen"] < ranks["euros"]


def test_work_without_an_amount_still_has_a_place(in_alder):
    with in_alder:
        assert row(raised(NewTask("q", "wonder", "Ask", "A question"))[0]).rank > 0
        assert priority.Factors(0, "", 50, 100).in_words()[0] == "No amount is at stake."


def test_a_task_about_a_customer_takes_the_lateness_of_the_oldest_open_invoice(in_alder):
    with in_alder:
        kessler = a_customer()
        for days, open_minor in ((90, 0), (40, None), (10, None)):
            a_delivered_invoice(kessler, overdue=days, open_minor=open_minor)
        assert row(raised(a_call(debtor_id=kessler))[0]).urgency == 180


def test_done_is_written_down_with_name_and_outcome(in_alder):
    with in_alder:
        (task,) = raised(a_call())
        tasks.complete(task, now=NOW, outcome="Spoke to Jana, pays on Friday")
        found = row(task)
        assert (found.state, found.closed_at, found.closed_by) == ("done", NOW, "test")
        assert found.outcome == "Spoke to Jana, pays on Friday"
        assert [line["act"] for line in history.about("task", task)] == ["done"]


def test_two_people_cannot_both_finish_one_task(in_alder):
    with in_alder:
        (task,) = raised(a_call())
        tasks.drop(task, now=NOW, reason="wrong customer")
        with pytest.raises(TaskMoved):
            tasks.complete(task, now=NOW)


def test_alders_task_is_unknown_in_birch(in_alder, in_birch):
    with in_alder:
        (task,) = raised(a_call())
    with in_birch:
        for act in (tasks.complete, tasks.undo):
            with pytest.raises(TaskUnknown):
                act(task, now=NOW)
        with pytest.raises(TaskUnknown):
            tasks.assign(task, assignee_id=None, now=NOW)


def test_a_snoozed_task_sleeps_until_its_day(in_alder):
    with in_alder:
        (task,) = raised(a_call())
        tasks.snooze(task, until=TODAY + timedelta(days=3), now=NOW, today=TODAY)
        assert raised(a_call()) == []
        tasks.freshen(today=TODAY + timedelta(days=2))
        assert row(task).state == "snoozed"
        assert tasks.freshen(today=TODAY + timedelta(days=3)) == 1
        assert (row(task).state, row(task).wakes_on) == ("open", None)


def test_nobody_can_snooze_into_the_past(in_alder):
    with in_alder:
        (task,) = raised(a_call())
        with pytest.raises(TaskMoved):
            tasks.snooze(task, until=TODAY, now=NOW, today=TODAY)


def test_undo_takes_back_what_was_done_a_moment_ago(in_alder):
    with in_alder:
        (task,) = raised(a_call())
        tasks.complete(task, now=NOW)
        tasks.undo(task, now=NOW + timedelta(minutes=9))
        assert (row(task).state, row(task).closed_at) == ("open", None)
        tasks.drop(task, now=NOW, reason="no")
        with pytest.raises(TaskMoved):
            tasks.undo(task, now=NOW + timedelta(minutes=11))


def test_undo_does_not_make_a_second_open_task_for_one_reason(in_alder):
    with in_alder:
        (task,) = raised(a_call())
        tasks.complete(task, now=NOW)
        raised(a_call())
        with pytest.raises(TaskMoved):
            tasks.undo(task, now=NOW)


def test_a_task_can_be_given_to_somebody_and_back(in_alder):
    with in_alder:
        (task,), sofia = raised(a_call()), ids.new()
        tasks.assign(task, assignee_id=sofia, now=NOW)
        assert row(task).assignee_id == sofia
        tasks.assign(task, assignee_id=None, now=NOW)
        assert row(task).assignee_id is None


def test_a_new_day_ranks_anew_and_writes_only_what_moved(in_alder):
    with in_alder:
        kessler = a_customer()
        growing, ancient = a_delivered_invoice(kessler, overdue=5), a_delivered_invoice(kessler, overdue=500)
        raised(a_call("growing", invoice_id=growing), a_call("ancient", invoice_id=ancient))
        assert tasks.freshen(today=TODAY) == 0
        assert tasks.freshen(today=TODAY + timedelta(days=1)) == 1
        change(ancient, open_minor=60_000)
        assert tasks.freshen(today=TODAY + timedelta(days=1)) == 1
        found = store.run(
            "SELECT rank, amount_minor FROM task WHERE tenant_id = :tenant AND dedupe_key = 'ancient'"
        ).one()
        assert found.amount_minor == 60_000
        assert found.rank == 60_000 * 60 * 340 // 10_000
