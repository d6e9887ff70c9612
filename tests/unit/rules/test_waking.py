"""Each event of the language wakes the rules that listen, about the invoices that it names and no others."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from jobs import rules
from jobs.turns import Turn
from tenants import store
from tenants.collections import holds, promises
from tenants.events import recording
from tenants.events.catalogue import CONSUMERS
from tenants.ledger import allocation, invoices, payments
from tenants.rules import timing, waking
from tenants.values import ids
from tenants.values.calendars import BusinessCalendar
from tenants.values.clock import FixedClock
from tests.cast import NOW, TODAY
from tests.unit.rules.desk import OPEN, a_bill, a_customer, change, days, document, go_live, rows

GERMANY = BusinessCalendar.for_country("DE")
OF = "SELECT debtor_id FROM invoice WHERE tenant_id = :tenant AND id = :id"
IMPORT = """
INSERT INTO import_run (tenant_id, id, source, file_name, file_sha256, file_key, bytes, state, actor, received_at)
VALUES (:tenant, :id, 'file', 'ledger.csv', '', '', 0, 'loaded', 'test', :now)
"""
ROW = """
INSERT INTO import_row (tenant_id, import_id, row_no, invoice_id, debtor_number, debtor_name, number, currency,
  amount_minor, issued_on, due_on, paid_minor)
SELECT :tenant, :import_id, :row_no, CAST(:kept AS uuid), 'C-1', 'Kessler', i.number, i.currency, i.amount_minor,
  i.issued_on, i.due_on, :paid
FROM invoice i WHERE i.tenant_id = :tenant AND i.id = :invoice RETURNING row_no
"""


def of(bill):
    return store.run(OF, id=bill).scalar_one()


def objects(bill):
    holds.open("dispute", debtor_id=of(bill), invoice_id=bill, starts_on=TODAY, now=NOW)


def breaks_its_word(bill, *, whole=False):
    about = None if whole else bill
    promised = {"starts_on": TODAY - days(12), "ends_on": TODAY - days(7), "now": NOW - days(12)}
    holds.open("promise", debtor_id=of(bill), invoice_id=about, **promised)
    promises.judge(now=NOW, today=TODAY, calendar=GERMANY)


def pays_in_part(bill):
    how = {"currency": "EUR", "amount_minor": 500, "reference": str(bill), "received_on": TODAY, "now": NOW}
    allocation.apply(payments.receive(of(bill), **how), parts=[(bill, 500)], effective_on=TODAY, now=NOW)


def told(event):
    def tell(bill):
        recording.record(event, key=str(ids.new()), now=NOW, invoice_ids=[str(bill)])

    return tell


def looks(bill):
    change(bill, evidence_level=6, first_seen_at=NOW)
    told("delivery.seen")(bill)


CAUSES = {
    "delivery.bounced": told("delivery.bounced"),
    "invoice.issued": told("invoice.issued"),
    "reply.received": told("reply.received"),
    "dispute.opened": objects,
    "promise.broken": breaks_its_word,
    "payment.applied": pays_in_part,
    "portal.viewed": looks,
}


def woken(alder):
    """Do the work that waits in the rules lane for events; how often a rule ran."""
    done = 0
    for item in rows("work_item", "id, kind, payload"):
        if item.kind in waking.WAKES:
            tools = SimpleNamespace(clock=FixedClock(NOW))
            rules.HANDLERS[item.kind](Turn(alder, item.id, item.kind, item.payload, tools))
            done += 1
    return done


def listening(event, **over):
    return go_live(document(OPEN, when={"every": "day", "at": "09:00", "on": [event]}, skip_while=[], **over))


def test_every_event_of_the_language_has_its_work_and_a_cause_here():
    kinds = {consumer.kind for each in CONSUMERS.values() for consumer in each}
    assert set(waking.WAKES) <= kinds
    assert set(timing.events()) == set(waking.WAKES.values()) == set(CAUSES)


@pytest.mark.parametrize("event", CAUSES)
def test_the_event_wakes_the_rule_that_listens_about_its_invoice_only(in_alder, alder, event):
    with in_alder:
        concerned, _other = a_bill(late=40), a_bill(late=40)
        listening(event)
        CAUSES[event](concerned)
        assert woken(alder) == 1
        assert [row.subject_id for row in rows("rule_firing", "subject_id")] == [concerned]
        assert woken(alder) == 1 and len(rows("rule_run")) == 1, "the same work again is the same occurrence"


def test_who_listens_to_something_else_is_not_asked(in_alder, alder):
    with in_alder:
        listening("reply.received")
        objects(a_bill())
        assert woken(alder) == 1 and rows("rule_run") == []


def test_a_look_that_was_not_in_the_portal_is_none(in_alder, alder):
    with in_alder:
        listening("portal.viewed")
        bill = a_bill(evidence_level=4)
        told("delivery.seen")(bill)
        assert woken(alder) == 1 and rows("rule_run") == []


def test_a_broken_promise_for_the_account_is_about_each_open_invoice_of_it(in_alder, alder):
    with in_alder:
        kessler = a_customer()
        first, second, paid = a_bill(kessler, late=40), a_bill(kessler, late=50), a_bill(kessler, late=60)
        change(paid, open_minor=0, settled_on=TODAY)
        listening("promise.broken")
        breaks_its_word(first, whole=True)
        woken(alder)
        assert {row.subject_id for row in rows("rule_firing", "subject_id")} == {first, second}


def test_a_file_tells_of_the_rows_that_it_made_and_of_those_that_it_paid(in_alder, alder):
    with in_alder:
        new, later, paid = (a_bill(late=9) for _ in range(3))
        listening("invoice.issued")
        listening("payment.applied", key="another-rule")
        of_file = {"import_id": ids.new()}
        store.run(IMPORT, id=of_file["import_id"], now=NOW)
        for row_no, (bill, kept, minor) in enumerate(
            [(new, new, 0), (later, later, 0), (paid, ids.new(), 100)], start=1
        ):
            store.run(ROW, **of_file, row_no=row_no, invoice=bill, kept=kept, paid=minor)
        named = {"import_id": str(of_file["import_id"])}
        recording.record("invoice.issued", key="1", now=NOW, **named, from_row=1, to_row=1, count=1)
        recording.record("payment.applied", key="2", now=NOW, **named)
        woken(alder)
        assert {row.subject_id for row in rows("rule_firing", "subject_id")} == {new, paid}


def test_an_issued_invoice_tells_by_itself(in_alder, alder):
    with in_alder:
        listening("invoice.issued")
        how = {"currency": "EUR", "amount_minor": 900, "issued_on": TODAY, "due_on": TODAY + timedelta(days=30)}
        issued = invoices.issue("A-77", debtor_id=a_customer(), now=NOW, **how)
        woken(alder)
        assert [row.subject_id for row in rows("rule_firing", "subject_id")] == [issued]
