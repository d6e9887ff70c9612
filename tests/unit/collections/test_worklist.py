"""The worklist: one order over all clients, every row with its reason, and pages that neither lose nor repeat a row."""

from datetime import timedelta

import pytest

from tenants.collections import tasks, worklist
from tenants.collections.tasks import NewTask, TaskUnknown
from tenants.collections.worklist import Section
from tenants.directory import clients
from tenants.values import ids
from tests.cast import NOW, TODAY
from tests.unit.collections.desk import a_customer, a_delivered_invoice


def a_task(key, *, kind="call", **more):
    return NewTask(dedupe_key=str(key), kind=kind, title=f"Task {key}", reason="It is late", **more)


def raised(*drafts):
    return tasks.raise_many(list(drafts), now=NOW, today=TODAY)


def rows(section=Section.TODAY, **more):
    return worklist.page(section, now=NOW, **more).rows


@pytest.fixture
def both_busy(in_alder, in_birch):
    """Alder and Birch with tasks of different worth, interleaved in the common order."""
    for door, currency, amounts in ((in_alder, "EUR", (900, 500, 100)), (in_birch, "GBP", (800, 300))):
        with door:
            customer = a_customer()
            for amount in amounts:
                invoice = a_delivered_invoice(customer, amount=amount * 1000, currency=currency)
                raised(a_task(f"{currency} {amount}", invoice_id=invoice))


def test_two_clients_stand_in_one_order(both_busy, in_both):
    with in_both:
        found = rows()
        assert [row.title for row in found] == [
            f"Task {x}" for x in ("GBP 800", "EUR 900", "EUR 500", "GBP 300", "EUR 100")
        ]
        assert [row.client.split()[0] for row in found] == ["Birch", "Alder", "Alder", "Birch", "Alder"]


def test_pages_neither_lose_nor_repeat_a_row(both_busy, in_both):
    with in_both:
        seen, after = [], None
        while True:
            page = worklist.page(Section.TODAY, now=NOW, after=after, limit=2)
            seen += [row.title for row in page.rows]
            after = page.after
            if after is None:
                break
        assert seen == [row.title for row in rows()]


def test_equal_ranks_are_paged_by_id(in_alder, in_both):
    with in_alder:
        made = raised(*(a_task(n) for n in range(7)))
    with in_both:
        first = worklist.page(Section.TODAY, now=NOW, limit=4)
        second = worklist.page(Section.TODAY, now=NOW, after=first.after, limit=4)
        assert {row.task_id for row in (*first.rows, *second.rows)} == set(made)
        assert (len(second.rows), second.after) == (3, None)


def test_a_row_says_who_what_why_how_much_and_what_next(in_alder, in_both):
    with in_alder:
        kessler = a_customer("Kessler Bau")
        contact_at = NOW - timedelta(days=4)
        a_delivered_invoice(kessler, overdue=44)
        invoice = a_delivered_invoice(kessler, amount=431_000, overdue=10, level=5, last_contact_at=contact_at)
        raised(a_task("one", invoice_id=invoice))
    with in_both:
        (row,) = rows()
        assert (row.client, row.customer, row.reason) == ("Alder Tools GmbH", "Kessler Bau", "It is late")
        assert (row.amount_minor, row.currency, row.days_overdue) == (431_000, "EUR", 44)
        assert (row.last_contact_at, row.evidence_level) == (contact_at, 5)
        assert row.next_step == "Call the customer"
        assert row.why_this_order.urgency == 120


def test_a_mail_that_came_back_late_is_no_evidence_any_more(in_alder, in_both):
    with in_alder:
        kessler = a_customer()
        for delivery, level in (("bounced", 2), ("bounced", 6)):
            raised(a_task(level, invoice_id=a_delivered_invoice(kessler, delivery=delivery, level=level)))
    with in_both:
        assert sorted(row.evidence_level for row in rows()) == [0, 6]


def test_a_row_about_nothing_in_particular_is_still_a_row(in_alder, in_both):
    with in_alder:
        raised(a_task("loose"))
    with in_both:
        (row,) = rows()
        assert (row.customer, row.invoice_number, row.days_overdue, row.evidence_level) == ("", "", 0, 0)


def test_a_row_about_a_customer_shows_the_customers_contact(in_alder, in_both):
    with in_alder:
        kessler = a_customer()
        a_delivered_invoice(kessler, level=4, last_contact_at=NOW, overdue=-5)
        raised(a_task("customer", debtor_id=kessler))
    with in_both:
        (row,) = rows()
        assert (row.last_contact_at, row.evidence_level, row.days_overdue) == (NOW, 4, 0)


def test_who_waits_for_an_answer_stands_in_a_section_of_its_own(in_alder, in_both):
    with in_alder:
        raised(a_task("r", kind="reply"), a_task("b", kind="bounce"), a_task("c"))
    with in_both:
        assert {row.kind for row in rows(Section.ANSWER)} == {"reply", "bounce"}
        assert [row.kind for row in rows(Section.TODAY)] == ["call"]
        assert worklist.counts() == {Section.ANSWER: 2, Section.TODAY: 1, Section.WAITING: 0}


def test_the_next_to_wake_is_first_among_the_sleepers(in_alder, in_both):
    with in_alder:
        late, soon = raised(a_task("late"), a_task("soon"))
        tasks.snooze(late, until=TODAY + timedelta(days=9), now=NOW, today=TODAY)
        tasks.snooze(soon, until=TODAY + timedelta(days=2), now=NOW, today=TODAY)
    with in_both:
        assert [row.task_id for row in rows(Section.WAITING)] == [soon, late]
        first = worklist.page(Section.WAITING, now=NOW, limit=1)
        assert [row.task_id for row in worklist.page(Section.WAITING, now=NOW, after=first.after).rows] == [late]


def test_done_shows_the_last_day_newest_first(in_alder, in_both):
    with in_alder:
        long_ago, early, late = raised(a_task("a"), a_task("b"), a_task("c"))
        tasks.complete(long_ago, now=NOW - timedelta(days=2))
        tasks.complete(early, now=NOW - timedelta(hours=3))
        tasks.drop(late, now=NOW - timedelta(hours=1), reason="paid by cheque")
    with in_both:
        found = rows(Section.DONE)
        assert [row.task_id for row in found] == [late, early]
        assert (found[0].state, found[0].outcome, found[0].closed_by) == ("dropped", "paid by cheque", "test")


def test_my_list_is_mine_and_nobodys(in_alder, in_both):
    sofia, marek = ids.new(), ids.new()
    with in_alder:
        raised(a_task("s", assignee_id=sofia), a_task("m", assignee_id=marek), a_task("free"))
    with in_both:
        assert {row.title for row in rows(assignee_id=sofia)} == {"Task s", "Task free"}
        assert len(rows()) == 3


def test_lateness_follows_each_clients_own_moved_clock(in_alder, in_birch, in_both):
    for door in (in_alder, in_birch):
        with door:
            kessler = a_customer()
            raised(a_task("x", invoice_id=a_delivered_invoice(kessler, overdue=10)))
    with in_birch:
        clients.move_clock(NOW + timedelta(days=30), real=NOW)
    with in_both:
        assert {row.client.split()[0]: row.days_overdue for row in rows()} == {"Alder": 10, "Birch": 40}


def test_who_works_alder_only_sees_nothing_of_birch(both_busy, in_birch):
    with in_birch:
        assert {row.client for row in rows()} == {"Birch Foods Ltd"}


def test_one_task_is_shown_as_the_list_shows_it_and_to_nobody_else(in_alder, in_birch):
    with in_alder:
        (task,) = raised(a_task("one", debtor_id=a_customer("Kessler Bau")))
        assert worklist.one(task, now=NOW).customer == "Kessler Bau"
    with in_birch, pytest.raises(TaskUnknown):
        worklist.one(task, now=NOW)
