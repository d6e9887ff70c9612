"""When Alder's customers are expected to pay, and what the coming weeks bring."""

from datetime import timedelta

import pytest

from tenants.collections import holds
from tenants.insight import forecast
from tenants.insight.narrowing import Narrow
from tenants.ledger import allocation
from tests.cast import NOW, TODAY, Door
from tests.factories import a_debtor, a_payment, an_invoice

MONDAY = TODAY - timedelta(days=TODAY.weekday())


def days(count: int):
    return timedelta(days=count)


@pytest.fixture
def dune(alder):
    return a_debtor(alder, name="Dune Garden Centres", country="DE")


@pytest.fixture
def habits(alder, in_alder: Door, dune):
    """Dune pays ten days late, give or take two; Fern pays in time. Forty invoices of each are paid."""
    with in_alder:
        fern = a_debtor(alder, name="Fern & Sons", country="FR")
        for at in range(40):
            for debtor, late in ((dune, 8 + at % 5), (fern, 0)):
                due_on = TODAY - days(60 + 6 * at)
                invoice = an_invoice(alder, debtor, due_on=due_on)
                a_payment(alder, debtor, on=due_on + days(late), parts=[(invoice, 100_00)])
    return fern


def test_a_customer_is_expected_to_pay_as_late_as_it_did(alder, in_alder: Door, dune, habits):
    soon = an_invoice(alder, dune, late=-5)
    with in_alder:
        assert forecast.keep(TODAY) == 1
        found = forecast.of_invoice(soon)
    assert abs((found.expected_on - (TODAY + days(15))).days) <= 1
    assert found.earliest_on <= found.expected_on <= found.latest_on <= TODAY + days(25)
    assert (found.basis, found.seen, found.own_days) == ("customer", 20, 10)


def test_a_day_that_passed_moves_on(alder, in_alder: Door, dune, habits):
    overdue = an_invoice(alder, dune, late=11)
    forgotten = an_invoice(alder, dune, late=90)
    with in_alder:
        forecast.keep(TODAY)
        assert TODAY <= forecast.of_invoice(overdue).expected_on <= TODAY + days(3)
        lost = forecast.of_invoice(forgotten)
        assert lost.expected_on == TODAY + days(90), "nobody was ever as late: it takes as long again"
        assert (lost.earliest_on, lost.latest_on) == (TODAY + days(10), TODAY + days(730))
        forecast.keep(TODAY + days(30))
        assert forecast.of_invoice(overdue).expected_on >= TODAY + days(30)


def test_a_new_customer_is_expected_to_pay_as_its_group_does(alder, in_alder: Door, dune, habits):
    like_dune = an_invoice(alder, a_debtor(alder, name="Dill Ltd", country="DE"), late=0)
    like_nobody = an_invoice(alder, a_debtor(alder, name="Dock Ltd", country="JP"), late=0)
    with in_alder:
        forecast.keep(TODAY)
        by_group, by_all = forecast.of_invoice(like_dune), forecast.of_invoice(like_nobody)
    assert (by_group.basis, by_group.seen, by_group.own_days, by_group.group_days) == ("group", 0, None, 10)
    assert (by_all.basis, by_all.group_days) == ("all", None)
    assert by_group.expected_on > by_all.expected_on


def test_while_nothing_is_known_everybody_is_expected_on_the_due_date(alder, in_alder: Door, dune):
    ahead, overdue = an_invoice(alder, dune, late=-9), an_invoice(alder, dune, late=9)
    with in_alder:
        forecast.keep(TODAY)
        assert forecast.of_invoice(ahead).expected_on == TODAY + days(9)
        assert forecast.of_invoice(overdue).expected_on == TODAY
        assert forecast.of_invoice(ahead).basis == "due"
        assert sum(week.minor for week in forecast.weeks()) == 200_00


def test_weeks_add_up_to_their_rows_and_to_what_is_open(alder, in_alder: Door, dune, habits):
    for late in (-25, -20, -5, 0, 3, 12, 30):
        an_invoice(alder, dune, late=late, amount=1000_00)
        an_invoice(alder, habits, late=late, amount=500_00)
    with in_alder:
        forecast.keep(TODAY)
        found = forecast.weeks()
        for week in found:
            page = forecast.behind(week.first_on, currency="EUR", limit=3)
            assert (page.count, page.minor) == (week.count, week.minor)
            seen, after = list(page.rows), page.next
            while after:
                more = forecast.behind(week.first_on, currency="EUR", after=after, limit=3)
                seen, after = [*seen, *more.rows], more.next
            assert sum(row.minor for row in seen) == week.minor and len(seen) == week.count
            assert 0 <= week.low_minor <= week.minor <= week.high_minor
        only_dune = forecast.weeks(narrow=Narrow(debtor_id=dune))
    assert [week.first_on for week in found] == [MONDAY + days(7 * at) for at in range(13)]
    assert 11 * 500_00 < sum(week.minor for week in found) < 7 * 1500_00, "of the very late ones only a part is counted"
    assert 6 * 1000_00 < sum(week.minor for week in only_dune) < 7 * 1000_00


def test_what_is_disputed_is_no_cash_until_that_is_settled(alder, in_alder: Door, dune, habits):
    whole, part, other = (an_invoice(alder, dune, late=0) for _ in range(3))
    with in_alder:
        opened = {"starts_on": TODAY, "now": NOW, "reason": "Two were missing"}
        first = holds.open("dispute", debtor_id=dune, invoice_id=whole, **opened)
        holds.open("dispute", debtor_id=dune, invoice_id=part, amount_minor=30_00, currency="EUR", **opened)
        forecast.keep(TODAY)
        assert sum(week.minor for week in forecast.weeks()) == 170_00
        assert [forecast.of_invoice(each).basis for each in (whole, part, other)] == ["dispute", "customer", "customer"]
        holds.end(first, now=NOW, outcome="They were there")
        everything = holds.open("dispute", debtor_id=habits, starts_on=TODAY, now=NOW, reason="All of it")
        an_invoice(alder, habits, late=0)
        forecast.keep(TODAY)
        assert sum(week.minor for week in forecast.weeks()) == 270_00
        holds.end(everything, now=NOW, outcome="No")
        forecast.keep(TODAY)
        assert sum(week.minor for week in forecast.weeks()) == 370_00


def test_what_is_paid_since_is_expected_no_more(alder, in_alder: Door, dune, habits):
    invoice = an_invoice(alder, dune, late=0)
    with in_alder:
        forecast.keep(TODAY)
        assert sum(week.minor for week in forecast.weeks()) == 100_00
        payment = a_payment(alder, dune, amount=100_00)
        allocation.apply(payment, parts=[(invoice, 100_00)], effective_on=TODAY, now=NOW)
        assert forecast.weeks() == []
        said = forecast.error(TODAY)
    assert (said.count, said.days, said.within_5) == (1, 10.0, 0)


def test_each_instalment_is_expected_in_its_own_week(alder, in_alder: Door, dune):
    parts = [(TODAY + days(1), 40_00), (TODAY + days(29), 60_00)]
    invoice = an_invoice(alder, dune, due_on=TODAY + days(29), issued_on=TODAY, parts=parts)
    with in_alder:
        forecast.keep(TODAY)
        assert [week.minor for week in forecast.weeks() if week.minor] == [40_00, 60_00]
        assert forecast.of_invoice(invoice).expected_on == TODAY + days(1)


def test_before_anybody_looked_there_is_no_forecast(alder, in_alder: Door, dune):
    invoice = an_invoice(alder, dune)
    with in_alder:
        assert forecast.weeks() == [] and forecast.of_invoice(invoice) is None
        assert forecast.behind(MONDAY, currency="EUR").rows == []
        assert forecast.error(TODAY).days is None


def test_the_history_of_one_client_says_nothing_about_another(alder, birch, in_birch: Door, dune, habits):
    stranger = an_invoice(birch, a_debtor(birch, name="Dune Garden Centres", country="DE"), currency="GBP")
    with in_birch:
        forecast.keep(TODAY)
        assert forecast.of_invoice(stranger).basis == "due"


def week(found, day):
    return next(each.minor for each in found if each.first_on <= day < each.first_on + days(7))


def test_a_promise_moves_the_money_to_its_day_as_far_as_promises_are_kept(alder, in_alder: Door, dune, habits):
    late, later = an_invoice(alder, dune, late=20, amount=900_00), an_invoice(alder, dune, late=5, amount=100_00)
    day = TODAY + days(45)
    with in_alder:
        forecast.keep(TODAY)
        before = week(forecast.weeks(), day)
        for number in range(10):
            said_on, until = TODAY - days(30 + number), TODAY - days(20 + number)
            past = holds.open("promise", debtor_id=dune, starts_on=said_on, ends_on=until, now=NOW)
            holds.end(past, now=NOW, outcome="kept" if number < 7 else "broken")
        holds.open("promise", debtor_id=dune, invoice_id=late, starts_on=TODAY, ends_on=day, now=NOW)
        forecast.keep(TODAY)
        found, other = forecast.of_invoice(late), forecast.of_invoice(later)
        after = week(forecast.weeks(), day)
    assert (found.expected_on, found.basis, found.earliest_on < day <= found.latest_on) == (day, "promise", True)
    assert other.basis == "customer"
    assert after - before == pytest.approx(900_00 * 8 / 12, abs=20_00), "eight of twelve, with one of each assumed"


def test_what_is_promised_for_a_customer_pays_its_oldest_items_first(alder, in_alder: Door, dune, habits):
    new = an_invoice(alder, dune, late=1, amount=100_00)
    old = an_invoice(alder, dune, late=30, amount=100_00)
    dollars = an_invoice(alder, dune, late=60, amount=100_00, currency="USD")
    with in_alder:
        holds.open(
            "promise",
            debtor_id=dune,
            starts_on=TODAY,
            ends_on=TODAY + days(70),
            amount_minor=150_00,
            currency="EUR",
            now=NOW,
        )
        forecast.keep(TODAY)
        told = {each: forecast.of_invoice(each) for each in (old, new, dollars)}
        weeks = forecast.weeks()
    assert [told[each].basis for each in (old, new, dollars)] == ["promise", "customer", "customer"]
    assert told[new].latest_on == TODAY + days(70), "half of it is promised"
    assert week([each for each in weeks if each.currency == "EUR"], TODAY + days(70)) >= 75_00
    assert sum(each.minor for each in weeks if each.currency == "EUR") <= 200_00
