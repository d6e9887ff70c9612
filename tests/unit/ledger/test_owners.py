"""Who looks after a customer: from a day on, without rewriting the days before."""

from datetime import date, timedelta

import pytest

from tenants import store
from tenants.ledger import debtors, owners
from tenants.ledger.debtors import BadLimit, UnknownDebtor
from tenants.ledger.owners import NotYetOwned, UnknownOwner
from tenants.values import ids
from tests.cast import NOW, TODAY, Door
from tests.factories import a_debtor


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.fixture
def dune(alder):
    return a_debtor(alder, name="Dune Garden Centres")


@pytest.fixture
def staff(specialist, manager):
    """Two people who work for Alder."""
    return [specialist.id, manager.id]


def spans(debtor) -> list[tuple]:
    return [(each.owner_id, each.since_on, each.until_on) for each in owners.of_debtor(debtor)]


def test_a_customer_is_given_on_and_the_days_before_stay(dune, staff, in_alder: Door):
    first, second = staff
    given = {"today": TODAY, "now": NOW}
    with in_alder:
        assert owners.give([(dune, first)], since_on=ago(50), **given) == 1
        assert owners.give([(dune, second)], since_on=ago(20), **given) == 1
        assert owners.give([(dune, second)], since_on=ago(10), **given) == 0, "said again, nothing is new"
        assert spans(dune) == [(second, ago(20), None), (first, ago(50), ago(20))]
        assert debtors.card(dune).owner_id == second
        assert owners.give([(dune, None)], since_on=TODAY, **given) == 1
        assert debtors.card(dune).owner_id is None
        assert owners.give([(dune, first)], since_on=ago(30), **given) == 1, "what is said last counts from its day on"
        assert spans(dune) == [(first, ago(30), None), (first, ago(50), ago(30))]


def test_many_are_given_at_once_or_none(alder, birch, dune, staff, in_alder: Door):
    fern, strange = a_debtor(alder), a_debtor(birch)
    with in_alder:
        pairs = [(each, staff[0]) for each in (dune, fern, strange)]
        with pytest.raises(UnknownDebtor):
            owners.give(pairs, since_on=TODAY, today=TODAY, now=NOW)
        assert owners.give(pairs[:2], since_on=TODAY, today=TODAY, now=NOW) == 2
        assert spans(fern) == [(staff[0], TODAY, None)]


def test_only_people_who_work_here_and_days_that_have_come(dune, in_alder: Door):
    with in_alder:
        with pytest.raises(UnknownOwner):
            owners.give([(dune, ids.new())], since_on=TODAY, today=TODAY, now=NOW)
        with pytest.raises(NotYetOwned):
            owners.give([(dune, None)], since_on=ago(-1), today=TODAY, now=NOW)


def test_an_account_opened_for_somebody_is_theirs_from_then_on(alder, staff, in_alder: Door):
    made = a_debtor(alder, owner_id=staff[0])
    with in_alder:
        assert spans(made) == [(staff[0], NOW.date(), None)]


def test_a_limit_is_set_changed_and_taken_away(dune, in_alder: Door):
    with in_alder:
        for minor in (500_00, 500_00, 0, None):
            debtors.set_limit(dune, minor, now=NOW, reason="The insurer says so")
            assert debtors.card(dune).credit_limit_minor == minor
        with pytest.raises(BadLimit):
            debtors.set_limit(dune, -1, now=NOW)
        with pytest.raises(UnknownDebtor):
            debtors.set_limit(ids.new(), 1, now=NOW)
    with in_alder:
        lines = store.run("SELECT count(*) FROM history WHERE tenant_id = :tenant AND object_id = :id", id=dune)
        assert lines.scalar_one() == 3
