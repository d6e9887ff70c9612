"""Figures are kept as they were counted, and what is shown of them opens the rows as they were known then."""

from datetime import date, datetime, timedelta

import pytest

from tenants.insight import family, keeping, overview
from tenants.insight.definitions import DEFINITIONS
from tenants.insight.facts import Period
from tenants.insight.keeping import DAYS
from tenants.insight.narrowing import Narrow
from tests.cast import NOW, TODAY, Door
from tests.factories import a_debtor, a_payment, an_invoice

OCTOBER = date(2026, 10, 31)


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


@pytest.fixture
def books(alder):
    """Two customers, invoices since August, one of them paid; all known for long."""
    dune = a_debtor(alder, name="Dune Garden Centres", country="FR")
    an_invoice(alder, dune, amount=900_00, late=60, now=ago(80))
    paid = an_invoice(alder, dune, amount=500_00, late=40, now=ago(70))
    a_payment(alder, dune, amount=450_00, on=days_ago(25), parts=[(paid, 400_00)], now=ago(25))
    an_invoice(alder, a_debtor(alder), amount=70_00, late=-10, now=ago(40))
    return dune


@pytest.fixture
def large(monkeypatch):
    """Every client is large."""
    monkeypatch.setattr(keeping, "SMALL", 0)


def values(kept):
    return {each.figure.name: each.figure.value for each in kept if each.figure.currency == "EUR"}


def test_the_ends_of_thirteen_months_that_are_over():
    ends = keeping.month_ends(date(2026, 3, 31))
    assert (len(ends), ends[0], ends[-1]) == (13, date(2025, 2, 28), date(2026, 2, 28))


def test_what_is_kept_is_what_is_counted(books, in_alder: Door):
    with in_alder:
        keeping.keep(OCTOBER, today=TODAY, now=NOW)
        kept = {each.figure.name: each for each in keeping.kept(OCTOBER) if each.period_days == DAYS}
        counted = {each.name: each for each in family.of(Period(OCTOBER, DAYS)) if each.currency == "EUR"}
        assert set(kept) == set(DEFINITIONS) == set(counted)
        for name, each in counted.items():
            found = kept[name].figure
            assert (found.value, found.numerator, found.denominator, found.reason, found.unit) == (
                each.value, each.numerator, each.denominator, each.reason, each.unit
            ), name  # fmt: skip


def test_a_kept_figure_opens_the_rows_that_it_was_counted_from(books, alder, in_alder: Door):
    """A payment of today, applied to the past, changes the figure and not the rows of the one that was kept."""
    with in_alder:
        keeping.keep(OCTOBER, today=TODAY, now=NOW - timedelta(hours=2))
    late = an_invoice(alder, books, amount=33_00, late=50, now=NOW)
    a_payment(alder, books, amount=10_00, on=days_ago(30), parts=[(late, 10_00)], now=NOW)
    with in_alder:
        for each in keeping.kept(OCTOBER):
            known = DEFINITIONS[each.figure.name]
            if known.top is None or known.unit != "minor":
                continue
            period = Period(OCTOBER, each.period_days, each.kept_at)
            page = family.behind(known.name, side="numerator", currency="EUR", period=period)
            assert page.minor == each.figure.numerator, known.name
        assert values(keeping.kept(OCTOBER))["overdue"] == 1_000_00
        assert family.of(Period(OCTOBER, DAYS), names=["overdue"], currencies=["EUR"])[0].value == 1_023_00


def test_months_are_counted_once_and_again_when_their_past_has_changed(books, alder, in_alder: Door):
    with in_alder:
        first = keeping.due(TODAY)
        assert first == [date(2026, 8, 31), date(2026, 9, 30), OCTOBER]
        for day in first:
            keeping.keep(day, today=TODAY, now=NOW - timedelta(hours=1))
        assert keeping.due(TODAY) == []
    an_invoice(alder, books, issued_on=date(2026, 9, 15), due_on=date(2026, 9, 25), now=NOW)
    with in_alder:
        assert keeping.due(TODAY) == [date(2026, 9, 30), OCTOBER]
        assert keeping.due(date(2026, 12, 1))[-1] == date(2026, 11, 30)


def test_of_the_days_that_are_over_only_the_ends_of_months_stay(books, in_alder: Door):
    with in_alder:
        for day in (OCTOBER, days_ago(1), TODAY):
            keeping.keep(day, today=day, now=NOW)
        assert not keeping.kept(days_ago(1)) and keeping.kept(OCTOBER) and keeping.kept(TODAY)
        assert {each.figure.as_of for each in keeping.latest()} == {TODAY}


def test_a_client_without_books_has_nothing_to_keep(in_alder: Door):
    with in_alder:
        assert keeping.due(TODAY) == [] and keeping.is_small()
        assert (
            overview.figures(TODAY, today=TODAY, currency="EUR", small=keeping.is_small()).figures["dso"].value is None
        )


def test_the_trend_tells_a_month_by_itself_and_a_quarter_by_the_quarter(books, in_alder: Door):
    with in_alder:
        for day in keeping.due(TODAY):
            keeping.keep(day, today=TODAY, now=NOW)
        found = overview.trend(TODAY, currency="EUR")
    assert found.ends == (date(2026, 8, 31), date(2026, 9, 30), OCTOBER)
    assert [point.period_days for point in found.of("received")] == [31, 30, 31]
    assert {point.period_days for point in found.of("dso")} == {DAYS}
    assert [int(point.figure.value) for point in found.of("received")] == [0, 0, 400_00]
    assert found.before("overdue").value == 1_000_00
    assert found.before("no-such") is None


def test_a_large_clients_dashboard_scans_nothing(books, large, alder, in_alder: Door, monkeypatch):
    with in_alder:
        keeping.keep(TODAY, today=TODAY, now=NOW)
    monkeypatch.setattr(family, "of", None)
    with in_alder:
        told = overview.figures(TODAY, today=TODAY, currency="EUR", small=keeping.is_small())
        assert told.counted_at == NOW and told.figures["unapplied"].value == 50_00
        funnel, counted_at = overview.funnel(TODAY, today=TODAY, small=keeping.is_small())
        assert (funnel.step("issued").count, counted_at) == (3, NOW)
        (dune, other), fresh = overview.owing_most(
            TODAY, currency="EUR", narrow=Narrow(), limit=5, small=keeping.is_small()
        )
        assert (dune.name, dune.overdue_minor, dune.count, fresh) == ("Dune Garden Centres", 1_000_00, 2, False)
        assert other.overdue_minor == 0
        assert [each.key for each in overview.done(NOW, small=False)[0] if each.count] == []


def test_a_large_client_that_was_never_counted_shows_no_figures_rather_than_wait(books, large, in_alder: Door):
    with in_alder:
        assert overview.figures(TODAY, today=TODAY, currency="EUR", small=keeping.is_small()).figures == {}
        assert overview.funnel(TODAY, today=TODAY, small=keeping.is_small())[1] is None


def test_a_small_client_is_counted_at_once(books, in_alder: Door):
    with in_alder:
        told = overview.figures(TODAY, today=TODAY, currency="EUR", small=keeping.is_small())
        assert told.counted_at is None and told.figures["unapplied"].value == 50_00
        found, fresh = overview.owing_most(
            TODAY, currency="EUR", narrow=Narrow(country="FR"), limit=5, small=keeping.is_small()
        )
        assert [each.name for each in found] == ["Dune Garden Centres"] and fresh
        assert (
            overview.funnel(TODAY, today=TODAY, narrow=Narrow(country="FR"), small=keeping.is_small())[0]
            .step("issued")
            .count
            == 2
        )
