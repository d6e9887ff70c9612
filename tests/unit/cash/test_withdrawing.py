"""A statement or an advice that came by mistake is undone within a day, as if it had never come."""

from datetime import UTC, datetime, timedelta

import pytest

from tenants.cash import bands, deciding, deductions
from tenants.collections.building import ABOVE
from tenants.directory import clients
from tenants.insight import aging
from tenants.intake import imports, runs, undoing
from tenants.ledger import due_dates, periods, refunds, selfcheck
from tests.unit.cash.test_remittances import advice, line
from tests.unit.cash.test_remittances import send as send_advice
from tests.unit.intake import papers_made_up as made

STATES = "SELECT state FROM cash_match WHERE tenant_id = :tenant ORDER BY state"
LINES = "SELECT count(*) FROM bank_line WHERE tenant_id = :tenant AND undone_at IS NULL"
PAYMENTS = "SELECT amount_minor, unapplied_minor FROM payment WHERE tenant_id = :tenant ORDER BY amount_minor"
TIMES = "SELECT sum(times) FROM payer WHERE tenant_id = :tenant"
PAID = made.entry("100.00", "A-10017")
SHORT = made.entry("95.00", "A-10018")
UNKNOWN = made.entry("5.00", "Zinsen", party="Sparkasse")


@pytest.fixture
def owed(till):
    """Two invoices of Dune Garden."""
    dune = till.debtor()
    return [till.owes(number, 10_000, by=dune, late=late) for number, late in (("A-10017", 9), ("A-10018", 2))]


@pytest.fixture
def booked(till, owed):
    """A statement of which one line was booked by itself, one came short, and one is nobody's."""
    import_id = till.bank(PAID, SHORT, UNKNOWN)
    till.match()
    return import_id


def undo(till, import_id):
    with till.door():
        return undoing.undo(import_id, now=till.now, real=till.now, reason="Wrong account", above=ABOVE)


def hindrance(till, import_id):
    with till.door():
        return undoing.hindrance(runs.one(import_id), now=till.now, above=ABOVE)


def right(till):
    with till.door():
        assert selfcheck.run(till.today) == []


def feed(till):
    with till.door():
        return clients.profile().bank_feed_at


def test_what_was_booked_by_itself_goes_with_the_statement(till, owed, booked):
    before = feed(till)
    done = undo(till, booked)
    assert (done["lines"], done["payments"], done["lines_left"]) == (3, done["allocations"], 0)
    assert [till.open(each) for each in owed] == [10_000, 10_000]
    assert {free for _, free in till.asked(PAYMENTS)} == {0}
    assert (set(till.asked(STATES)), till.waiting(), till.asked(LINES)) == ({("withdrawn",)}, [], [(0,)])
    assert till.asked(TIMES) in ([(0,)], [(None,)])
    assert (before is not None, feed(till)) == (True, None)
    with till.door():
        assert deductions.still_open() == []
        assert all(not each.right and not each.wrong for each in bands.measured(now=till.now).values())
        assert runs.one(booked).state == "undone"
    right(till)


def test_restated_it_never_came_and_what_was_known_then_is_still_known(till, owed, booked):
    days = [till.today - timedelta(days=back) for back in (0, 1, 3)]
    with till.door():
        then = [aging.as_of(day, known_at=till.now) for day in days]
    later = till.now + timedelta(hours=2)
    with till.door():
        undoing.undo(booked, now=later, real=later, reason="Wrong account", above=ABOVE)
    with till.door():
        assert [aging.as_of(day, known_at=till.now) for day in days] == then
        for day in days:
            (currency,) = aging.as_of(day).currencies
            assert currency.unapplied_minor == 0
            assert currency.not_due.minor + sum(bucket.minor for bucket in currency.late) == 20_000


def test_the_same_statement_may_come_again_and_books_the_same(till, owed, booked):
    before = [till.open(each) for each in owed]
    undo(till, booked)
    till.takes(PAID, SHORT, UNKNOWN)
    assert [till.open(each) for each in owed] == before
    assert till.asked(LINES) == [(3,)]
    right(till)


def test_a_line_that_another_statement_tells_of_as_well_stays_with_all_that_was_booked(till, owed):
    first = till.bank(PAID, UNKNOWN)
    till.match()
    second = till.bank(PAID, SHORT)
    till.match()
    assert undo(till, first)["lines_left"] == 1
    assert (till.open(owed[0]), till.asked(LINES)) == (0, [(2,)])
    assert undo(till, second)["lines"] == 2
    assert (till.open(owed[0]), till.asked(LINES)) == (10_000, [(0,)])
    right(till)


def test_an_agreed_due_date_is_that_of_the_part_that_is_open_again(till, owed):
    with till.door():
        parts = [(till.today - timedelta(days=9), 4_000), (till.today + timedelta(days=9), 6_000)]
        due_dates.agree(owed[0], parts=parts, effective_on=till.today, now=till.now, reason="Asked")
    import_id = till.bank(PAID)
    till.match()
    assert till.open(owed[0]) == 0
    undo(till, import_id)
    due = till.asked("SELECT due_on FROM invoice WHERE tenant_id = :tenant AND id = :id", id=owed[0])
    assert due == [(till.today - timedelta(days=9),)]
    right(till)


def by_a_person(till):
    (waits,) = [each for each in till.waiting() if each.party == "Sparkasse"]
    ((debtor,),) = till.asked("SELECT DISTINCT debtor_id FROM invoice WHERE tenant_id = :tenant")
    with till.door():
        deciding.split(waits.id, shares=[deciding.Share(debtor, 500, [])], now=till.now)


def came_back(till):
    till.takes(made.entry("100.00", "RUECKLASTSCHRIFT A-10017", side="DBIT"))


def refunded(till):
    ((payment,),) = till.asked("SELECT id FROM payment WHERE tenant_id = :tenant AND amount_minor = 10000")
    with till.door():
        refunds.return_payment(payment, effective_on=till.today, now=till.now, reason="Bank")


def closed(till):
    with till.door():
        periods.close(till.today - timedelta(days=1), now=till.now)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (by_a_person, "The line of 18 Nov 2026 from Sparkasse was booked by a person: undo that under Cash first."),
        (came_back, "The line of 18 Nov 2026 from Dune Garden was booked, and the payment came back since."),
        (refunded, "Something was posted on the payment"),
        (closed, "The books are closed through"),
    ],
)
def test_nobody_is_overruled(till, owed, booked, act, said):
    act(till)
    before = [till.open(each) for each in owed], till.asked(STATES)
    assert said in hindrance(till, booked)
    assert undo(till, booked) is None
    assert ([till.open(each) for each in owed], till.asked(STATES)) == before
    with till.door():
        assert said in runs.one(booked).report["undo"]["refused"]


def test_a_statement_that_took_a_payment_back_stays(till, owed, booked):
    returning = till.bank(made.entry("100.00", "RUECKLASTSCHRIFT A-10017", side="DBIT"))
    till.match()
    assert "took a payment back" in hindrance(till, returning)


def test_what_a_person_undid_before_stands_in_nobodys_way(till, owed, booked):
    by_a_person(till)
    with till.door():
        ((mine,),) = deciding.store.run(
            "SELECT id FROM cash_match WHERE tenant_id = :tenant AND state = 'applied' AND actor <> ''"
        ).all()
        deciding.undo(mine, now=till.now, today=till.today)
    assert hindrance(till, booked) == ""
    assert undo(till, booked)["lines"] == 3
    right(till)


def test_an_older_statement_that_is_left_makes_the_feed_as_old_as_itself(till):
    till.bank(made.entry("5.00", "Zinsen", day=till.today - timedelta(days=9)))
    undo(till, till.bank(made.entry("6.00", "Zinsen", day=till.today - timedelta(days=1))))
    day = till.today - timedelta(days=8)
    assert feed(till) == datetime(day.year, day.month, day.day, tzinfo=UTC)


def test_an_advice_is_undone_until_a_payment_was_booked_by_it(till):
    dune = till.debtor()
    wanted = [till.owes(f"A-20{n}", n * 1_000, by=dune) for n in (1, 2)]
    told = advice(line("A-201", "10.00"), line("A-202", "20.00"), total="30.00")
    send_advice(till, told)
    ((first,),) = till.asked("SELECT id FROM import_run WHERE tenant_id = :tenant")
    assert undo(till, first) == {"advices": 1}
    assert till.asked("SELECT undone_at IS NULL FROM remittance WHERE tenant_id = :tenant") == [(False,)]
    assert send_advice(till, told)[1].added == 1
    till.takes(made.entry("30.00", "siehe Avis AV-7781"))
    assert [till.open(each) for each in wanted] == [0, 0]
    ((second,),) = till.asked("SELECT import_id FROM remittance WHERE tenant_id = :tenant AND used_at IS NOT NULL")
    assert hindrance(till, second) == "A payment was booked by the advice AV-7781: undo that under Cash first."
    with till.door():
        assert imports.runs.one(first).state == "undone"


def test_a_statement_undone_frees_the_advice_that_its_line_answered(till):
    till.owes("A-201", 3_000)
    send_advice(till, advice(line("A-201", "30.00"), total="30.00"))
    import_id = till.bank(made.entry("30.00", "siehe Avis AV-7781"))
    till.match()
    assert till.asked("SELECT used_at IS NULL FROM remittance WHERE tenant_id = :tenant") == [(False,)]
    undo(till, import_id)
    assert till.asked("SELECT used_at IS NULL FROM remittance WHERE tenant_id = :tenant") == [(True,)]
