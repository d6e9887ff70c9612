"""The provider sees all clients beside each other, each by its own day, and adds up nothing but one currency."""

from datetime import date, timedelta
from fractions import Fraction

from tenants.directory import clients
from tenants.insight import aging, keeping, portfolio
from tenants.insight.portfolio import Total
from tests.cast import NOW, TODAY, Door
from tests.factories import a_debtor, an_invoice


def test_each_client_stands_as_its_own_dashboard_says(alder, birch, in_alder: Door, in_birch: Door, in_both: Door):
    debtor = a_debtor(alder)
    an_invoice(alder, debtor, late=10, amount=70_00)
    an_invoice(alder, debtor, late=-40, issued_on=TODAY + timedelta(days=3), amount=999_00)
    an_invoice(alder, debtor, late=-5, amount=30_00)
    an_invoice(birch, late=0, amount=40_00, currency="GBP")
    an_invoice(birch, late=2, amount=5_00, currency="EUR")
    with in_birch:
        clients.move_clock(NOW + timedelta(days=1), real=NOW)
    with in_alder:
        keeping.keep(date(2026, 10, 31), today=TODAY, now=NOW)
        keeping.keep(TODAY, today=TODAY, now=NOW)
        mine = aging.today(TODAY).of("EUR")
    with in_both:
        found = portfolio.standings(NOW)
    assert [(each.name.split()[0], each.currency, each.day - TODAY) for each in found] == [
        ("Alder", "EUR", timedelta()), ("Birch", "EUR", timedelta(days=1)), ("Birch", "GBP", timedelta(days=1)),
    ]  # fmt: skip
    own, _, moved = found
    assert (own.open_minor, own.open_count) == (mine.gross.minor, mine.gross.count) == (100_00, 2)
    assert (own.overdue_minor, own.overdue_count) == (mine.overdue.minor, mine.overdue.count)
    assert own.current == 0.3 and own.trend == (0,) and own.figures["dso"] == Fraction(100_00 * 90, 1_099_00 - 999_00)
    assert (moved.overdue_minor, moved.figures, moved.alerts) == (40_00, {}, 0)
    assert portfolio.totals(found) == [Total("EUR", 2, 105_00, 75_00), Total("GBP", 1, 40_00, 40_00)]


def test_only_the_clients_in_scope_are_there(alder, birch, in_alder: Door):
    an_invoice(birch)
    with in_alder:
        assert portfolio.standings(NOW) == [] and portfolio.totals([]) == []
