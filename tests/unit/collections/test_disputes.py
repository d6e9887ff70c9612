"""Objections that came with the ledger file."""

from datetime import timedelta

from tenants import store
from tenants.collections import disputes, holds, settling
from tenants.values import ids
from tests.cast import NOW, TODAY
from tests.unit.collections.desk import a_customer, a_delivered_invoice, a_message

RUN = """
INSERT INTO import_run (tenant_id, id, source, file_name, file_sha256, file_key, bytes, state, actor, received_at)
VALUES (:tenant, :id, 'ledger', 'ledger.csv', 'x', 'x', 1, 'loaded', 'test', :now)
"""
ROW = """
INSERT INTO import_row (tenant_id, import_id, row_no, invoice_id, debtor_number, debtor_name, number, currency,
  amount_minor, issued_on, due_on, disputed)
SELECT :tenant, :run, :row, :stranger, 'C', 'C', i.number, 'EUR', 100, :day, :day, :disputed
FROM invoice i WHERE i.tenant_id = :tenant AND i.id = :invoice
"""


def a_loaded_file(*rows):
    run = ids.new()
    store.run(RUN, id=run, now=NOW)
    for number, (invoice, disputed) in enumerate(rows, 1):
        store.run(ROW, run=run, row=number, invoice=invoice, stranger=ids.new(), day=TODAY, disputed=disputed)
    return run


def test_what_the_file_calls_disputed_is_held_once_and_what_is_paid_is_not(in_alder):
    with in_alder:
        kessler = a_customer()
        disputed, calm = a_delivered_invoice(kessler), a_delivered_invoice(kessler)
        paid = a_delivered_invoice(kessler, open_minor=0)
        run = a_loaded_file((disputed, True), (calm, False), (paid, True))
        (hold,) = disputes.open_for_import(run, now=NOW, today=TODAY)
        assert set(holds.on_invoices([disputed, calm, paid], today=TODAY)) == {disputed}
        assert disputes.open_for_import(run, now=NOW, today=TODAY) == []
        holds.end(hold, now=NOW, outcome="credited")
        assert disputes.open_for_import(run, now=NOW, today=TODAY + timedelta(days=1)) == []


def test_a_file_that_brings_money_ends_the_work_about_what_it_paid(in_alder):
    with in_alder:
        kessler = a_customer()
        paid, still_open = a_delivered_invoice(kessler, open_minor=0), a_delivered_invoice(kessler)
        run = a_loaded_file((paid, False), (still_open, False))
        for invoice in (paid, still_open):
            a_message(kessler, invoice)
        assert settling.settle_import(run, now=NOW).messages == 1
