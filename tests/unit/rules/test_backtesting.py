"""Past days: what was true of an invoice is remembered day by day, and a rule is asked about each of them."""

from types import SimpleNamespace

import pytest

from jobs import rules as jobs
from jobs.turns import Later, Turn
from tenants import store
from tenants.rules import as_of, backtesting, daily
from tenants.values import ids
from tenants.values.clock import FixedClock
from tests.cast import NOW, TODAY
from tests.factories.ledger import a_debtor, a_payment, an_invoice
from tests.unit.rules.desk import OPEN, SEND, a_bill, a_customer, a_rule, change, days, document, hold, rows

LATE = {"field": "invoice.due_date", "op": "past_by", "value": {"days": 1}}
DAILY = {"when": {"every": "day", "at": "09:00"}}


def facts():
    found = rows("invoice_daily", "day_on, until_on, open_minor, status, evidence_level, holds")
    return sorted(found, key=lambda row: row.day_on)


def test_a_quiet_invoice_costs_one_row_and_a_change_closes_it(in_alder):
    with in_alder:
        bill = a_bill(amount=500)
        assert daily.keep(TODAY) == 1
        assert daily.keep(TODAY + days(1)) == 0
        change(bill, open_minor=200)
        hold(bill, "dispute")
        assert daily.keep(TODAY + days(2)) == 1
        first, second = facts()
        assert (first.open_minor, first.until_on) == (500, TODAY + days(2))
        assert (second.open_minor, second.until_on, second.holds) == (200, None, "dispute")
        change(bill, open_minor=0)
        daily.keep(TODAY + days(3))
        assert (facts()[-1].status, len(facts())) == ("settled", 3)


def test_the_same_day_twice_keeps_its_last_state(in_alder):
    with in_alder:
        bill = a_bill(amount=500)
        daily.keep(TODAY)
        change(bill, open_minor=100)
        daily.keep(TODAY)
        assert [(row.open_minor, row.until_on) for row in facts()] == [(100, None)]


def test_days_before_the_first_are_filled_from_the_ledgers_own_history(in_alder, alder):
    debtor = a_debtor(alder)
    invoice = an_invoice(alder, debtor, amount=100_00, late=30)
    a_payment(alder, debtor, amount=40_00, parts=[(invoice, 40_00)])
    with in_alder:
        daily.keep(TODAY)
        (paid_on,) = store.run("SELECT effective_on FROM allocation WHERE tenant_id = :tenant").scalars()
        daily.fill(TODAY - days(20), today=TODAY, zone="Europe/Berlin")
        assert daily.first_kept() == TODAY - days(20)
        assert facts()[0].open_minor == (100_00 if paid_on > TODAY - days(20) else 60_00)
        assert facts()[-1].open_minor == 60_00
        assert daily.fill(TODAY - days(20), today=TODAY, zone="Europe/Berlin") == 0


def ask(*conditions, back=10, **over):
    return backtesting.ask(
        document(*conditions, **{**DAILY, **over}),
        from_on=TODAY - days(back),
        to_on=TODAY - days(1),
        today=TODAY,
        now=NOW,
        real=NOW,
    )


def played(test):
    while backtesting.advance(test, now=NOW, seconds=0.0):
        pass
    return backtesting.find(test)


def fired(test):
    found = store.run(
        "SELECT fired_on FROM backtest_firing WHERE tenant_id = :tenant AND backtest_id = :id ORDER BY 1", id=test
    )
    return [row.fired_on for row in found]


def filled(bill):
    """Facts of an invoice that has been open all the time."""
    store.run(
        "INSERT INTO invoice_daily (tenant_id, invoice_id, day_on, open_minor, status, evidence_level) "
        "VALUES (:tenant, :id, :day, 500, 'open', 2) RETURNING invoice_id",
        id=bill,
        day=TODAY - days(60),
    )
    store.run(
        "INSERT INTO invoice_daily_kept (tenant_id, days_on) VALUES (:tenant, :day) RETURNING days_on",
        day=TODAY - days(60),
    )


def test_a_rule_would_have_acted_once_on_the_day_when_it_began_to_match(in_alder):
    with in_alder:
        filled(a_bill(late=5))
        test = ask(OPEN, LATE)
        done = played(test)
        assert fired(test) == [TODAY - days(4)]
        assert (done["state"], done["days_done"], done["days"]) == ("done", 10, 10)
        assert done["result"]["acts"] == 1 and done["result"]["paid_anyway"] == 0.0
        assert done["result"]["text"].startswith("On 10 past days: 1 act about 1 customer, at most 1 on one day")


def test_again_is_counted_as_if_the_rule_had_run(in_alder):
    with in_alder:
        filled(a_bill(late=20))
        test = ask(OPEN, LATE, again={"after": {"days": 3}, "max": 2})
        played(test)
        assert fired(test) == [TODAY - days(10), TODAY - days(7)]


def test_an_episode_that_goes_on_is_one(in_alder):
    with in_alder:
        filled(a_bill(late=20))
        test = ask(OPEN, LATE, again={"on": "rematch"})
        played(test)
        assert fired(test) == [TODAY - days(10)]


def test_a_match_must_have_lasted_in_the_past_too(in_alder):
    with in_alder:
        filled(a_bill(late=5))
        test = ask(OPEN, LATE, hold_for={"days": 2})
        played(test)
        assert fired(test) == [TODAY - days(2)]


def test_a_hold_of_the_past_held_back_then(in_alder):
    with in_alder:
        bill = a_bill(late=5)
        filled(bill)
        hold(bill, "dispute", starts_on=TODAY - days(9))
        store.run(
            "UPDATE hold SET opened_at = :at, ended_at = :ended WHERE tenant_id = :tenant",
            at=NOW - days(9),
            ended=NOW - days(2),
        )
        test = ask(OPEN, LATE)
        played(test)
        assert fired(test) == [TODAY - days(1)]


def test_messages_are_counted_by_customer_and_what_cannot_be_told_is_named(in_alder):
    with in_alder:
        kessler = a_customer()
        for bill in (a_bill(kessler, late=5), a_bill(kessler, late=5)):
            filled_once(bill)
        group = {"field": "customer.groups", "op": "any_of", "value": ["key"]}
        test = ask(OPEN, LATE, group, then=[SEND])
        result = played(test)["result"]
        assert (result["acts"], result["subjects"], result["customers"]) == (1, 2, 1)
        assert result["untold"] == ["customer.groups"]
        assert as_of.untold(a_rule(OPEN, LATE)) == ()


def filled_once(bill):
    if not rows("invoice_daily_kept"):
        filled(bill)
        return
    store.run(
        "INSERT INTO invoice_daily (tenant_id, invoice_id, day_on, open_minor, status, evidence_level) "
        "VALUES (:tenant, :id, :day, 500, 'open', 2) RETURNING invoice_id",
        id=bill,
        day=TODAY - days(60),
    )


def test_the_job_works_some_days_at_a_time_and_what_is_done_stays_done(in_alder, alder):
    with in_alder:
        filled(a_bill(late=5))
        test = ask(OPEN, LATE)
        tools = SimpleNamespace(clock=FixedClock(NOW))
        turn = Turn(alder, ids.new(), "run_backtest", {"backtest_id": str(test)}, tools)
        assert backtesting.advance(test, now=NOW, seconds=0.0)
        assert backtesting.find(test)["state"] == "running" and backtesting.find(test)["days_done"] == 1
        assert jobs.run_backtest(turn) is None
        assert backtesting.find(test)["state"] == "done"
        assert not backtesting.advance(test, now=NOW)
        assert [row["id"] for row in backtesting.latest()] == [test]


def test_the_job_asks_for_another_turn_while_days_are_left(in_alder, alder, monkeypatch):
    monkeypatch.setattr(backtesting, "SLICE_S", 0.0)
    monkeypatch.setattr(backtesting.advance, "__kwdefaults__", {"seconds": 0.0})
    with in_alder:
        test = ask(OPEN, LATE)
        turn = Turn(alder, ids.new(), "x", {"backtest_id": str(test)}, SimpleNamespace(clock=FixedClock(NOW)))
        assert isinstance(jobs.run_backtest(turn), Later)


@pytest.mark.parametrize(("start", "end"), [(1, 0), (1, 5), (400, 1)])
def test_days_that_are_not_over_or_too_many_are_refused(in_alder, start, end):
    with in_alder, pytest.raises(backtesting.BadSpan):
        backtesting.ask(
            document(OPEN),
            from_on=TODAY - days(start),
            to_on=TODAY - days(end),
            today=TODAY,
            now=NOW,
            real=NOW,
        )


def test_a_backtest_that_nobody_asked_for_is_not_there(in_alder):
    with in_alder, pytest.raises(backtesting.BacktestUnknown):
        backtesting.find(ids.new())


def test_a_new_day_keeps_the_facts_and_tends_the_rules(in_alder, alder):
    with in_alder:
        a_bill()
        turn = Turn(alder, ids.new(), "x", {}, SimpleNamespace(clock=FixedClock(NOW)))
        jobs.keep_daily_facts(turn)
        jobs.tend_rules(turn)
        assert len(facts()) == 1 and daily.first_kept() == TODAY
