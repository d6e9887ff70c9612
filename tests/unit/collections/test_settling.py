"""What ends by itself when the money is there, or when somebody has looked."""

from datetime import timedelta

from tenants import store
from tenants.collections import alerts, holds, settling, tasks
from tenants.collections.alerts import NewAlert
from tenants.collections.settling import Ended
from tenants.collections.tasks import NewTask
from tests.cast import NOW, TODAY
from tests.unit.collections.desk import a_customer, a_delivered_invoice, a_message, held_reasons, pay


def everything_about(customer, invoice, *, ends_when="settled"):
    words = {"title": "Look", "reason": "Because", "invoice_id": invoice, "ends_when": ends_when}
    tasks.raise_many([NewTask(dedupe_key=f"t:{invoice}", kind="call", **words)], now=NOW, today=TODAY)
    alerts.raise_many([NewAlert(dedupe_key=f"a:{invoice}", **words)], now=NOW)
    holds.open(
        "promise",
        debtor_id=customer,
        invoice_id=invoice,
        starts_on=TODAY,
        ends_on=TODAY + timedelta(days=3),
        now=NOW,
    )


def states(table):
    column = "outcome" if table != "alert" else "resolution"
    return sorted(store.run(f"SELECT {column} FROM {table} WHERE tenant_id = :tenant").scalars())


def message_states():
    return sorted(store.run("SELECT state FROM message WHERE tenant_id = :tenant").scalars())


def test_a_payment_ends_task_alert_promise_and_the_queued_reminder(in_alder):
    with in_alder:
        kessler = a_customer()
        invoice = a_delivered_invoice(kessler)
        everything_about(kessler, invoice)
        a_message(kessler, invoice)
        pay(invoice)
        assert settling.settle_open_work([invoice], now=NOW) == Ended(tasks=1, alerts=1, holds=1, messages=1)
        assert (states("task"), states("alert"), states("hold")) == (["settled"], ["settled"], ["kept"])
        assert (message_states(), held_reasons()) == (["cancelled"], {"settled": 1})


def test_a_part_payment_ends_nothing(in_alder):
    with in_alder:
        kessler = a_customer()
        invoice = a_delivered_invoice(kessler, amount=1000, open_minor=1)
        everything_about(kessler, invoice)
        a_message(kessler, invoice)
        assert settling.settle_open_work([invoice], now=NOW) == Ended()
        assert message_states() == ["queued"]


def test_a_bundle_with_something_open_in_it_goes_on(in_alder):
    with in_alder:
        kessler = a_customer()
        paid, still_open = a_delivered_invoice(kessler), a_delivered_invoice(kessler)
        a_message(kessler, paid, still_open)
        pay(paid)
        assert settling.settle_open_work([paid], now=NOW).messages == 0
        pay(still_open)
        assert settling.settle_open_work([still_open], now=NOW).messages == 1


def test_what_has_left_or_is_leaving_is_not_called_back(in_alder):
    with in_alder:
        kessler = a_customer()
        invoice = a_delivered_invoice(kessler)
        for state in ("sending", "delivered"):
            a_message(kessler, invoice, state=state, sent_at=NOW)
        pay(invoice)
        assert settling.settle_open_work([invoice], now=NOW).messages == 0


def test_settling_twice_changes_nothing_more(in_alder):
    with in_alder:
        kessler = a_customer()
        invoice = a_delivered_invoice(kessler)
        everything_about(kessler, invoice)
        pay(invoice)
        settling.settle_open_work([invoice], now=NOW)
        assert settling.settle_open_work([invoice], now=NOW) == Ended()


def test_a_look_ends_what_waited_for_a_look_and_nothing_else(in_alder):
    with in_alder:
        kessler = a_customer()
        unseen, bounced = a_delivered_invoice(kessler), a_delivered_invoice(kessler)
        everything_about(kessler, unseen, ends_when="seen")
        everything_about(kessler, bounced)
        assert settling.resolve_seen([unseen, bounced], now=NOW) == Ended(tasks=1, alerts=1)
        assert states("alert") == ["", "seen"]


def test_what_only_a_person_may_end_outlives_the_payment(in_alder):
    with in_alder:
        kessler = a_customer()
        invoice = a_delivered_invoice(kessler)
        everything_about(kessler, invoice, ends_when="done")
        pay(invoice)
        ended = settling.settle_open_work([invoice], now=NOW)
        assert (ended.tasks, ended.alerts) == (0, 0)


def test_birchs_payment_ends_nothing_in_alder(in_alder, in_birch):
    with in_alder:
        kessler = a_customer()
        invoice = a_delivered_invoice(kessler)
        everything_about(kessler, invoice)
        pay(invoice)
    with in_birch:
        assert settling.settle_open_work([invoice], now=NOW) == Ended()
        assert settling.resolve_seen([invoice], now=NOW) == Ended()
