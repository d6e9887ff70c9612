"""Undoing an import: Vera loaded the wrong file, and within a day the books say what they said before."""

from datetime import timedelta

import pytest

from jobs.collections import settle_open_work
from jobs.intake import HANDLERS
from tenants.collections import holds
from tenants.collections.building import ABOVE
from tenants.collections.holds import NewHold
from tenants.events import history
from tenants.insight import aging, statements
from tenants.intake import outcomes, runs, undoing
from tenants.intake.imports import NotLoadable
from tenants.intake.undoing import NotUndoable
from tenants.ledger import allocation, debtors, due_dates, invoices, payments, periods, registers, selfcheck
from tests.unit.intake import papers_made_up as made
from tests.unit.intake.desk import ELM, LEDGER, OPEN, PAID
from tests.unit.intake.test_einvoices import send
from tests.unit.intake.test_lane import turn

BEFORE = f"B-1,C-2,{ELM},2026-09-07,2026-10-07,80.00,,,,"
PAID_LATER = f"B-1,C-2,{ELM},2026-09-07,2026-10-07,80.00,,2026-11-02,80.00,"
STANDING = (
    "SELECT number, open_minor, settled_on FROM invoice WHERE tenant_id = :tenant AND voided_on IS NULL ORDER BY 1"
)
UNAPPLIED = """
SELECT sum(unapplied_minor) FROM (SELECT unapplied_minor FROM payment WHERE tenant_id = :tenant
  UNION ALL SELECT unapplied_minor FROM credit_note WHERE tenant_id = :tenant) s
"""


@pytest.fixture
def loaded(desk):
    """A ledger that is right, and then one that is not: it pays the first one's invoice and brings five of its own."""
    desk.take(BEFORE, source="right")
    import_id = desk.receive(PAID_LATER, *LEDGER)
    desk.check(import_id)
    desk.load(import_id)
    return import_id


def undo(desk, import_id, *, later=timedelta(hours=1), **over):
    with desk.door():
        return undoing.undo(import_id, now=desk.now + later, real=desk.now, reason="Wrong client", **over)


def hindrance(desk, import_id, later=timedelta(hours=1)):
    with desk.door():
        return undoing.hindrance(runs.one(import_id), now=desk.now + later, above=ABOVE)


def test_the_books_say_again_what_they_said_before(desk, loaded):
    done = undo(desk, loaded)
    assert [done[name] for name in ("invoices", "credit_notes", "payments", "allocations", "debtors")] == [
        4,
        1,
        3,
        3,
        1,
    ]
    assert desk.asked(STANDING) == [("B-1", 8000, None)]
    assert desk.asked(UNAPPLIED) == [(0,)]
    with desk.door():
        assert selfcheck.run(desk.today) == []
        listed = registers.debtors().rows
        assert [each["number"] for each in listed] == ["C-2"]
        assert registers.invoices("open", today=desk.today).rows[0]["number"] == "B-1"


def test_on_every_past_day_the_file_never_came_and_what_was_known_then_is_still_known(desk, loaded):
    with desk.door():
        then = [aging.as_of(on, known_at=desk.now) for on in past(desk)]
    undo(desk, loaded)
    with desk.door():
        assert [aging.as_of(on, known_at=desk.now) for on in past(desk)] == then
        open_then = {on: aging.as_of(on).currencies for on in past(desk)}
    for on, (line,) in open_then.items():
        assert line.not_due.minor + sum(bucket.minor for bucket in line.late) == 8000, on
        assert line.unapplied_minor == 0
    assert periods_of(desk) == [(8000, 0)]


def past(desk):
    return [desk.today - timedelta(days=days) for days in (0, 10, 20, 60)]


def periods_of(desk):
    with desk.door():
        periods.close(desk.today - timedelta(days=1), now=desk.now)
    return desk.asked("SELECT open_minor, unapplied_minor FROM period_control WHERE tenant_id = :tenant")


def test_the_same_file_can_be_loaded_again_and_does_what_it_did(desk, loaded):
    before = desk.asked(STANDING)
    undo(desk, loaded)
    outcome = desk.take(PAID_LATER, *LEDGER)
    assert (outcome.added, outcome.payments_added, outcome.debtors_added) == (5, 3, 1)
    assert desk.asked(STANDING) == before
    with desk.door():
        assert selfcheck.run(desk.today) == []
    assert desk.asked("SELECT active FROM contact WHERE tenant_id = :tenant AND email = 'bills@dune.test'") == [
        (False,),
        (True,),
    ]


def test_an_undone_import_stays_undone(desk, loaded):
    undo(desk, loaded)
    assert undo(desk, loaded) is None
    with pytest.raises(NotLoadable):
        desk.check(loaded)
    assert desk.load(loaded).added == 0
    with desk.door():
        run = runs.one(loaded)
        assert (run.state, run.report["undo"]["invoices"]) == ("undone", 4)
        line = history.about("import", loaded)[0]
        assert (line.act, line.reason) == ("import.undone", "Wrong client")
        assert {count.outcome for count in outcomes.counts(loaded, today=desk.today)}


def test_the_customers_statement_shows_that_something_was_taken_back(desk, loaded):
    undo(desk, loaded)
    (elm,) = desk.asked("SELECT id FROM debtor WHERE tenant_id = :tenant AND number = 'C-2'")
    with desk.door():
        said = statements.of(elm[0], day=desk.today, today=desk.today)
    (account,) = said.accounts
    assert sorted(each.minor for each in account.movements if each.kind == "undone") == [2000, 3000, 8000]
    assert account.closing_minor == 8000


def test_only_for_a_day(desk, loaded):
    assert hindrance(desk, loaded, timedelta(hours=23, minutes=59)) == ""
    assert "24 hours" in hindrance(desk, loaded, timedelta(hours=24, minutes=1))


def test_a_file_that_is_not_loaded_cannot_be_undone(desk):
    received = desk.receive(OPEN)
    assert hindrance(desk, received) == "Only a loaded import can be undone."


def sent(desk, invoice):
    desk.asked("UPDATE invoice SET delivery = 'sent' WHERE tenant_id = :tenant AND id = :id RETURNING id", id=invoice)


def voided(desk, invoice):
    invoices.void(invoice, on=desk.today, now=desk.now, reason="Wrong")


def rescheduled(desk, invoice):
    due_dates.agree(invoice, parts=[(desk.today, 11900)], effective_on=desk.today, now=desk.now, reason="Asked")


def forgiven(desk, invoice):
    allocation.write_off(invoice, minor=100, effective_on=desk.today, now=desk.now, reason="Small")


def paused(desk, invoice):
    debtor = invoices.card(invoice).debtor_id
    holds.open_many(
        [NewHold("pause", debtor, desk.today, invoice_id=invoice, ends_on=desk.today, reason="By phone")], now=desk.now
    )


def paid_on_account(desk, invoice):
    debtor = invoices.card(invoice).debtor_id
    payments.receive(debtor, reference="T-1", currency="EUR", amount_minor=5, received_on=desk.today, now=desk.now)


def closed(desk, _invoice):
    periods.close(desk.today - timedelta(days=5), now=desk.now)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (sent, "Invoice A-1 was sent to its customer since."),
        (voided, "Invoice A-1 was cancelled since"),
        (rescheduled, "another due date was agreed"),
        (forgiven, "Something was posted on A-1 since."),
        (paused, "Invoice A-1 has a pause that was entered since."),
        (paid_on_account, "Customer C-1, whom the file brought, has other postings since."),
        (closed, "The books are closed through"),
    ],
)
def test_nobodys_work_is_undone_over_their_heads(desk, loaded, act, said):
    with desk.door():
        act_on = invoices.numbered("A-1").id
    if act is sent:
        sent(desk, act_on)
    else:
        with desk.door():
            act(desk, act_on)
    assert said in hindrance(desk, loaded)
    before = desk.asked(STANDING)
    assert undo(desk, loaded, above=ABOVE) is None
    assert desk.asked(STANDING) == before
    with desk.door():
        assert said in runs.one(loaded).report["undo"]["refused"]
        with pytest.raises(NotUndoable):
            undoing.ask(loaded, now=desk.now, real=desk.now, reason="x", above=ABOVE)


def test_what_the_file_paid_and_somebody_took_back_is_not_taken_back_twice(desk, loaded):
    ((paid,),) = desk.asked(
        "SELECT a.id FROM allocation a JOIN invoice i ON i.tenant_id = :tenant AND i.id = a.invoice_id"
        " WHERE a.tenant_id = :tenant AND i.number = 'B-1'"
    )
    with desk.door():
        allocation.reverse(paid, effective_on=desk.today, now=desk.now, reason="Bounced")
    assert hindrance(desk, loaded) in (
        "Something was posted on B-1/8000 since.",
        "What the file paid on invoice B-1 was reversed since.",
    )


def test_a_file_that_was_undone_itself_stands_in_nobodys_way(desk):
    first = desk.receive(OPEN)
    desk.check(first)
    desk.load(first)
    second = desk.receive(PAID, OPEN.replace(",,,north", ",2026-11-02,119.00,north"), source="other")
    desk.check(second)
    desk.load(second)
    assert hindrance(desk, first) == "Something was posted on A-1 since."
    undo(desk, second)
    assert hindrance(desk, first) == ""
    assert undo(desk, first)["invoices"] == 1
    with desk.door():
        assert selfcheck.run(desk.today) == []


def test_an_invoice_in_instalments_that_the_file_paid_is_open_by_its_parts_again(desk):
    desk.take(BEFORE, source="right")
    with desk.door():
        old = invoices.numbered("B-1")
        parts = [(desk.today - timedelta(days=30), 3000), (desk.today + timedelta(days=30), 5000)]
        due_dates.agree(old.id, parts=parts, effective_on=desk.today, now=desk.now, reason="Asked")
        due = invoices.card(old.id).due_on
    line = PAID_LATER.replace("2026-11-02,80.00", f"{desk.today},40.00")
    import_id = desk.receive(line, OPEN)
    desk.check(import_id)
    desk.load(import_id)
    assert desk.asked("SELECT open_minor, due_on > :today FROM invoice WHERE tenant_id = :tenant AND number = 'B-1'",
                      today=desk.today) == [(4000, True)]  # fmt: skip
    undo(desk, import_id)
    with desk.door():
        assert (invoices.card(old.id).open_minor, invoices.card(old.id).due_on) == (8000, due)
        assert selfcheck.run(desk.today) == []


def test_a_worker_undoes_what_was_asked_for_and_ends_the_work_about_it(desk, alder, settings, loaded):
    with desk.door():
        invoice = invoices.numbered("A-1")
        undoing.ask(loaded, now=desk.now, real=desk.now, reason="Wrong client", above=ABOVE)
        disputed = [NewHold("dispute", invoice.debtor_id, desk.today, invoice_id=invoice.id, reason=BY_FILE)]
        holds.open_many(disputed, now=desk.now)
    for _ in range(2):
        with desk.door():
            HANDLERS["undo_import"](turn(desk, alder, settings, "undo_import", import_id=loaded, reason="Wrong client"))
    with desk.door():
        settle_open_work(turn(desk, alder, settings, "settle_open_work", import_id=loaded))
    assert desk.asked("SELECT count(*) FROM hold WHERE tenant_id = :tenant AND ended_at IS NULL") == [(0,)]
    kinds = desk.asked("SELECT kind FROM work_item WHERE tenant_id = :tenant AND dedupe_key LIKE :key",
                       key=f"%{loaded}%")  # fmt: skip
    assert {("undo_import",), ("plan_figures",), ("settle_open_work",)} <= set(kinds)


BY_FILE = "Disputed in the imported ledger"


def test_a_paper_is_undone_like_a_ledger(desk):
    paper = send(desk, made.ubl(prepaid="38.00", payable="200.00"))
    desk.check(paper)
    desk.load(paper)
    assert undo(desk, paper)["payments"] == 1
    assert desk.asked(STANDING) == []
    again = send(desk, made.ubl(prepaid="38.00", payable="200.00"))
    desk.check(again)
    assert desk.load(again).added == 1
    with desk.door():
        assert selfcheck.run(desk.today) == []
        assert [each["number"] for each in registers.debtors().rows] == ["C-1"]
        assert debtors.card(invoices.numbered("U-1").debtor_id).name == "Dune Garden Centres"
