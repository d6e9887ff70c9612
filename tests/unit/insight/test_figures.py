"""The figures that finance teams see, each with what it was counted from and the rows behind it."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import psycopg
import pytest

from tenants.directory import clients
from tenants.insight import activity, aging, customers, items, receipts
from tenants.insight.aging import Bucket
from tenants.insight.figures import ratio
from tenants.insight.narrowing import Narrow
from tenants.ledger import allocation, invoices
from tests.cast import NOW, TODAY, Door
from tests.factories import a_credit_note, a_debtor, a_payment, an_allocation, an_invoice


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@pytest.fixture
def dune(alder, birch):
    """A customer of Alder, with near misses around: another client's, and another currency's invoices."""
    an_invoice(birch, number="B-1", late=10)
    debtor = a_debtor(alder, name="Dune Garden Centres")
    an_invoice(alder, debtor, late=10, currency="JPY", amount=5)
    return debtor


def test_the_identity_holds_with_unapplied_cash_beside(alder, in_alder: Door, dune):
    an_invoice(alder, dune, amount=300_00, late=-5)
    an_invoice(alder, dune, amount=100_00, late=10)
    a_payment(alder, dune, amount=25_00)
    a_credit_note(alder, dune, amount=5_00)
    with in_alder:
        line = aging.today(TODAY).of("EUR")
    assert (line.not_due.minor, line.overdue.minor, line.unapplied_minor) == (300_00, 100_00, 30_00)
    assert line.gross == Bucket("all", 400_00, 2)
    assert line.outstanding_minor == 370_00


def test_percent_current_says_what_it_is_a_share_of(alder, in_alder: Door, dune):
    an_invoice(alder, dune, amount=300_00, late=-5)
    an_invoice(alder, dune, amount=100_00, late=10)
    with in_alder:
        found = aging.today(TODAY)
    figure = found.percent_current("EUR")
    assert (figure.value, figure.percent, figure.unit) == (Fraction(3, 4), 75.0, "ratio")
    assert (figure.numerator, figure.denominator, figure.as_of, figure.basis) == (300_00, 400_00, TODAY, "due")
    nothing = found.percent_current("USD")
    assert (nothing.value, nothing.percent, nothing.reason) == (None, None, "nothing is open")


def test_cash_applied_later_is_unapplied_in_between(alder, in_alder: Door, dune):
    """Received on the 3rd and applied on the 9th: unapplied from the 3rd to the 8th."""
    invoice = an_invoice(alder, dune, late=30)
    payment = a_payment(alder, dune, amount=100_00, on=days_ago(17))
    an_allocation(alder, payment, invoice, amount=100_00, on=days_ago(11))
    with in_alder:
        by_day = {back: aging.as_of(days_ago(back)).of("EUR") for back in (18, 17, 12, 11)}
    assert [by_day[back].unapplied_minor for back in (18, 17, 12, 11)] == [0, 100_00, 100_00, 0]
    assert [by_day[back].gross.minor for back in (18, 17, 12, 11)] == [100_00, 100_00, 100_00, 0]


def test_the_report_of_a_past_day_is_the_report_that_was_saved_on_it(alder, in_alder: Door, dune):
    """A payment of last week that was learned of today changes the restated past, not the past as it was known."""
    invoice = an_invoice(alder, dune, late=30, now=at(days_ago(60)))
    last_week = days_ago(7)
    with in_alder:
        saved = aging.as_of(last_week, known_at=NOW).of("EUR")
    a_payment(alder, dune, amount=100_00, on=days_ago(8), parts=[(invoice, 100_00)], now=NOW)
    with in_alder:
        assert aging.as_of(last_week, known_at=NOW - timedelta(seconds=1)).of("EUR") == saved
        assert aging.as_of(last_week).of("EUR").gross.minor == 0


def test_paid_later_is_still_open_on_the_day_before(alder, in_alder: Door, dune):
    invoice = an_invoice(alder, dune, late=30)
    a_payment(alder, dune, amount=100_00, on=days_ago(1), parts=[(invoice, 100_00)])
    with in_alder:
        assert aging.as_of(days_ago(2)).of("EUR").gross == Bucket("all", 100_00, 1)
        page = items.behind("overdue", currency="EUR", day=days_ago(2))
        assert [(each.id, each.open_minor, each.late) for each in page.items] == [(invoice, 100_00, 28)]
        assert aging.today(TODAY).of("EUR").gross.count == 0


def test_an_invoice_void_today_was_open_yesterday(alder, in_alder: Door, dune):
    invoice = an_invoice(alder, dune, late=30)
    with in_alder:
        invoices.void(invoice, on=TODAY, now=NOW, reason="wrong")
        assert items.behind("all", currency="EUR", day=days_ago(1)).total == Bucket("all", 100_00, 1)
        assert items.behind("all", currency="EUR", day=TODAY).total == Bucket("all", 0, 0)


def test_what_is_issued_tomorrow_is_not_owed_today(alder, in_alder: Door, dune):
    an_invoice(alder, dune, issued_on=TODAY + timedelta(days=1), due_on=TODAY + timedelta(days=1))
    with in_alder:
        assert aging.today(TODAY).of("EUR").gross.count == 0
        assert items.behind("all", currency="EUR", day=TODAY).items == []
        assert aging.today(TODAY + timedelta(days=1)).of("EUR").not_due.count == 1


def test_by_invoice_date_the_same_item_is_older_and_the_report_says_so(alder, in_alder: Door, dune):
    an_invoice(alder, dune, late=10)
    with in_alder:
        found = aging.as_of(TODAY, basis=aging.INVOICE)
        assert found.basis == "invoice"
        assert [each.key for each in found.of("EUR").late if each.count] == ["31-60"]
        page = items.behind("31-60", currency="EUR", day=TODAY, basis=aging.INVOICE)
        assert (page.total.count, page.items[0].late) == (1, 40)


def test_overdue_begins_with_the_clients_midnight_and_not_with_another(in_alder: Door, in_birch: Door):
    """23:30 in London on the last day of October is half past midnight, one day later, in Berlin."""
    instant = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)
    with in_alder:
        assert clients.clock().today(instant) == date(2026, 11, 1)
    with in_birch:
        assert clients.clock().today(instant) == date(2026, 10, 31)


@pytest.mark.parametrize("night", [date(2026, 3, 29), date(2026, 10, 25)])
def test_nights_on_which_clocks_change_lose_no_day(alder, in_alder: Door, night):
    an_invoice(alder, a_debtor(alder), due_on=night - timedelta(days=1), issued_on=night - timedelta(days=30))
    with in_alder:
        counts = [aging.as_of(night + timedelta(days=n)).of("EUR").overdue.count for n in (-1, 0, 1)]
    assert counts == [0, 1, 1]


def test_the_rows_come_page_by_page_with_the_total_of_the_tile(alder, in_alder: Door, dune):
    made = {an_invoice(alder, dune, amount=100_00 + late, late=late) for late in (3, 3, 3, 9, 27, 29, 30)}
    an_invoice(alder, dune, late=31)
    with in_alder:
        tile = aging.today(TODAY).of("EUR").late[0]
        seen, after = [], None
        while True:
            page = items.behind("1-30", currency="EUR", day=TODAY, after=after, limit=2)
            assert page.total == tile
            seen += page.items
            after = page.next
            if after is None:
                break
    assert {each.id for each in seen} == made and len(seen) == len(made)
    assert [each.late for each in seen] == [30, 29, 27, 9, 3, 3, 3]
    assert sum(each.open_minor for each in seen) == tile.minor


def test_the_rows_of_one_customer(alder, in_alder: Door, dune):
    mine = an_invoice(alder, dune, late=3)
    an_invoice(alder, a_debtor(alder), late=3)
    with in_alder:
        page = items.behind("all", currency="EUR", day=TODAY, narrow=Narrow(debtor_id=dune))
        assert ([each.id for each in page.items], page.total) == ([mine], Bucket("all", 100_00, 1))
        assert page.items[0].debtor_name == "Dune Garden Centres"
        past = items.behind("all", currency="EUR", day=days_ago(1), known_at=NOW, narrow=Narrow(debtor_id=dune))
        assert past.total.count == 1


def test_buckets_that_do_not_add_up_are_never_shown(in_alder: Door):
    sums = [("EUR", 1, 100, 1), ("EUR", None, 101, 1)]
    with pytest.raises(aging.IdentityBroken):
        aging._lines(sums, [], (30, 60))


def test_who_owes_most_comes_first(alder, in_alder: Door, dune):
    marigold, quiet = a_debtor(alder, name="Marigold Stores"), a_debtor(alder, name="Quiet Corner")
    an_invoice(alder, dune, amount=50_00, late=40)
    an_invoice(alder, marigold, amount=80_00, late=10)
    an_invoice(alder, marigold, amount=500_00, late=-10)
    an_invoice(alder, quiet, amount=900_00, late=-3)
    with in_alder:
        first = customers.owing(TODAY, currency="EUR", limit=2)
        assert [each.name for each in first.customers] == ["Marigold Stores", "Dune Garden Centres"]
        top = first.customers[0]
        assert (top.overdue_minor, top.open_minor, top.count, top.oldest_due_on) == (80_00, 580_00, 2, days_ago(10))
        assert (top.buckets["1-30"], top.buckets["not_due"], top.buckets["121+"]) == (80_00, 500_00, 0)
        rest = customers.owing(TODAY, currency="EUR", after=first.next, limit=2)
        assert [each.name for each in rest.customers] == ["Quiet Corner"] and rest.next is None
        assert (first.count, first.overdue_minor, first.open_minor) == (3, 130_00, 1530_00)
        called = customers.owing(TODAY, currency="EUR", words="marigold")
        assert (called.count, called.open_minor) == (1, 580_00)
        assert customers.owing(TODAY, currency="EUR", words="100%").customers == []
        (only,) = customers.owing(TODAY, currency="EUR", narrow=Narrow(debtor_id=dune)).customers
        assert only.number and sum(only.buckets.values()) == only.open_minor == 50_00


def test_a_ratio_of_nothing_is_no_number():
    figure = ratio("rate", numerator=0, denominator=0, as_of=TODAY, basis="due", nothing="nobody was asked")
    assert (figure.value, figure.reason) == (None, "nobody was asked")


def test_the_funnel_counts_each_step_of_what_came_before(alder, in_alder: Door, dune, database_urls):
    sent = [an_invoice(alder, dune, number=f"F-{n}", issued_on=days_ago(10), due_on=TODAY) for n in range(4)]
    an_invoice(alder, dune, number="F-OLD", issued_on=days_ago(50), due_on=TODAY)
    a_payment(alder, dune, amount=100_00, parts=[(sent[0], 100_00)])
    with psycopg.connect(database_urls["admin"], options="-c search_path=app") as admin:
        for number, delivery, level, came, back in (
            ("F-0", "delivered", 6, NOW, None),
            ("F-1", "delivered", 3, NOW, None),
            ("F-2", "bounced", 2, NOW, NOW),
        ):
            admin.execute(
                "UPDATE invoice SET delivery = %s, evidence_level = %s, delivered_at = %s, bounced_at = %s"
                " WHERE number = %s AND tenant_id = %s",
                (delivery, level, came, back, number, alder),
            )
    with in_alder:
        funnel = receipts.funnel(days_ago(12), last_on=days_ago(9))
    counts = {step.key: step.count for step in funnel.steps}
    assert counts == {"issued": 4, "sent": 3, "delivered": 2, "bounced": 1, "seen": 1, "portal": 1, "paid": 1}
    seen = funnel.step("seen")
    assert (seen.of, seen.share.value, seen.share.denominator) == ("sent", Fraction(1, 3), 3)


def test_a_funnel_of_nothing_gives_reasons_and_no_zeros(in_alder: Door):
    with in_alder:
        funnel = receipts.funnel(days_ago(12), last_on=days_ago(9))
    assert [step.share.value for step in funnel.steps] == [None] * 7
    assert funnel.step("seen").share.reason == "no invoice was sent in the period"


def test_what_was_done_is_counted_within_the_period_and_in_each_currency(alder, in_alder: Door, dune):
    invoice = an_invoice(alder, dune, late=3)
    a_payment(alder, dune, amount=100_00, parts=[(invoice, 60_00)])
    with in_alder:
        allocation.write_off(invoice, minor=40_00, effective_on=TODAY, now=NOW, reason="small")
        done = activity.done(NOW, until=NOW + timedelta(seconds=1))
        later = activity.done(NOW + timedelta(seconds=1), until=NOW + timedelta(days=1))
        within = {"since": NOW, "until": NOW + timedelta(seconds=1), "currency": "EUR"}
        behind = {each.key: activity.behind(each.key, **within) for each in done}
        with pytest.raises(activity.UnknownDeed):
            activity.behind("invoices_guessed", **within)
    assert {key: page.count for key, page in behind.items()} == {each.key: each.count for each in done}
    (row,) = behind["payments_applied"].rows
    assert (row.id, row.minor, behind["payments_applied"].minor) == (invoice, 60_00, 60_00)
    (money,) = [each for each in done if each.key == "payments_applied"]
    assert (money.count, money.minor, money.currency) == (1, 60_00, "EUR")
    assert {each.key for each in later} >= {"invoices_sent", "reminders_sent", "tasks_done", "alerts_raised"}
    assert all(each.count == 0 for each in later)
