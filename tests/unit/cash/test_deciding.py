"""What a person does with a waiting line, and how it is taken back."""

import pytest

from tenants.cash import deciding, deductions, queue, returns
from tenants.cash.deciding import BadSplit, NotApplied, NotWaiting, Share, UnknownMatch
from tenants.cash.evidence import Part
from tenants.ledger import selfcheck
from tenants.ledger.debtors import UnknownDebtor
from tenants.values import ids
from tests.factories import a_payment
from tests.unit.intake import papers_made_up as made

FREE = "SELECT sum(unapplied_minor) FROM payment WHERE tenant_id = :tenant"


@pytest.fixture
def twin(till):
    """A line that fits two invoices of one customer; the older one is proposed."""
    dune = till.debtor()
    older, newer = (till.owes(number, 10_000, by=dune, late=late) for number, late in (("A-1001", 9), ("A-1002", 2)))
    till.takes(made.entry("100.00", "thank you"))
    (line,) = till.waiting()
    return dune, older, newer, line


def right(till):
    with till.door():
        assert selfcheck.run(till.today) == []


def test_accepting_does_what_is_proposed_and_is_undone_whole(till, twin):
    _, older, newer, line = twin
    with till.door():
        deciding.accept(line.id, now=till.now)
    assert (till.open(older), till.open(newer), till.waiting()) == (0, 10_000, [])
    with till.door():
        deciding.undo(line.id, now=till.now, today=till.today, reason="It was for the newer one")
    assert (till.open(older), till.asked(FREE)) == (10_000, [(0,)])
    (again,) = till.waiting()
    assert again.bank_line_id == line.bank_line_id
    assert till.match().applied == 0, "what a person undid is never done again alone"
    right(till)


def test_what_is_decided_cannot_be_decided_again(till, twin):
    line = twin[-1]
    with till.door():
        deciding.accept(line.id, now=till.now)
    for act in (deciding.accept, lambda at, now: deciding.park(at, now=now, note="")):
        with till.door(), pytest.raises(NotWaiting):
            act(line.id, now=till.now)
    with till.door(), pytest.raises(UnknownMatch):
        deciding.accept(ids.new(), now=till.now)
    with till.door(), pytest.raises(UnknownMatch):
        queue.one(ids.new())


def test_a_line_is_split_over_customers_and_what_is_left_short_is_kept(till, twin):
    dune, _, newer, line = twin
    elm = till.debtor("Elm Street Books")
    shares = [
        Share(dune, 8_000, [Part(newer, "A-1002", 7_500, 2_500, "PRI")]),
        Share(elm, 2_000, []),
    ]
    with till.door():
        assert len(deciding.split(line.id, shares=shares, now=till.now)) == 2
    assert (till.open(newer), till.asked(FREE)) == (2_500, [(2_500,)])
    with till.door():
        (kept,) = deductions.still_open()
        assert (kept.number, kept.amount_minor, kept.reason) == ("A-1002", 2_500, "PRI")
        done = queue.done(before=(till.now.replace(year=2030), ids.new()))
        assert {each.debtor_name for each in done} == {"Dune Garden", "Elm Street Books"}
        deciding.undo(done[0].id, now=till.now, today=till.today)
        assert deductions.still_open() == []
    assert (till.open(newer), till.asked(FREE)) == (10_000, [(0,)])
    right(till)


@pytest.mark.parametrize(
    ("minor", "part", "reason"),
    [(9_000, 100, ""), (10_000, 10_001, ""), (10_000, 100, "XXX"), (10_000, 0, "")],
)
def test_shares_that_do_not_make_the_line_are_refused(till, twin, minor, part, reason):
    dune, older, _, line = twin
    with till.door(), pytest.raises(BadSplit):
        deciding.split(line.id, shares=[Share(dune, minor, [Part(older, "", part, 0, reason)])], now=till.now)


def test_a_part_of_another_customers_invoice_is_refused(till, twin):
    _, older, _, line = twin
    elm = till.debtor("Elm Street Books")
    with till.door(), pytest.raises(BadSplit):
        deciding.split(line.id, shares=[Share(elm, 10_000, [Part(older, "", 10_000)])], now=till.now)


def test_a_share_for_nobody_is_refused(till, twin):
    with till.door(), pytest.raises(UnknownDebtor):
        deciding.split(twin[-1].id, shares=[Share(ids.new(), 10_000, [])], now=till.now)
    assert [line.id for line in till.waiting()] == [twin[-1].id]


def test_whoever_was_faster_wins(till, twin):
    dune, older, _, line = twin
    a_payment(till.tenant, dune, parts=[(older, 10_000)])
    with till.door(), pytest.raises(NotApplied):
        deciding.accept(line.id, now=till.now)


def test_a_line_is_put_by_and_taken_up(till, twin):
    line = twin[-1]
    with till.door():
        deciding.park(line.id, now=till.now, note="Asked the customer")
    assert (till.waiting(), till.waiting("parked")[0].note) == ([], "Asked the customer")
    assert till.match().looked_at == 0
    with till.door():
        deciding.take_up(line.id, now=till.now)
    assert len(till.waiting()) == 1


def test_a_line_of_nobody_cannot_be_accepted(till):
    till.takes(made.entry("5.00", "Zinsen", party="Sparkasse"))
    (line,) = till.waiting()
    with till.door(), pytest.raises(NotWaiting):
        deciding.accept(line.id, now=till.now)


def test_a_direct_debit_that_comes_back_opens_its_invoices_again(till):
    invoice = till.owes("A-10017", 10_000)
    till.takes(made.entry("100.00", "A-10017"))
    assert till.open(invoice) == 0
    till.takes(
        made.entry("100.00", "Miete", side="DBIT", party="Hausverwaltung"),
        made.entry("100.00", "RUECKLASTSCHRIFT A-10017", side="DBIT"),
    )
    assert till.open(invoice) == 10_000
    assert till.asked("SELECT state FROM cash_match WHERE tenant_id = :tenant") == [("returned",)]
    with till.door():
        assert returns.work(now=till.now, today=till.today) == ()
    right(till)


def test_a_deduction_ends_with_its_invoice(till):
    invoice = till.owes("A-1001", 10_000)
    till.takes(made.entry("90.00", "A-1001"))
    (debtor,) = till.asked("SELECT debtor_id FROM invoice WHERE tenant_id = :tenant")[0]
    a_payment(till.tenant, debtor, amount=1_000, parts=[(invoice, 1_000)])
    with till.door():
        assert deductions.close_settled([invoice], on=till.today) == 1
        assert deductions.still_open() == []
