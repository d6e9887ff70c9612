"""The goal of e-invoices: where it starts, how it moves, whether the pace is enough, and whom to ask."""

from datetime import timedelta

import pytest

from tenants import store
from tenants.collections import adoption, tasks
from tenants.delivery.einvoices import goal, wishes
from tenants.delivery.einvoices.goal import BadGoal, Standing
from tenants.delivery.einvoices.wishes import Wish
from tests.cast import NOW, TODAY
from tests.unit.collections.desk import a_customer, a_delivered_invoice

DUE = TODAY + timedelta(weeks=10)
OPEN = "SELECT debtor_id, title FROM task WHERE tenant_id = :tenant AND state = 'open' ORDER BY title"


def billed(name, count):
    """A customer with so many invoices of the last weeks."""
    customer = a_customer(name)
    for _ in range(count):
        a_delivered_invoice(customer, overdue=-10)
    return customer


@pytest.fixture
def books(in_alder):
    with in_alder:
        yield {name: billed(name, count) for name, count in (("Ash", 5), ("Beech", 3), ("Cedar", 2))}


def take(customer, at=NOW):
    wishes.change(customer, wish=Wish("ubl", "9930:DE123456789"), now=at)


def wanted(metric="invoices", target=800):
    goal.set_goal(metric, target=target, due_on=DUE, today=TODAY, now=NOW)


def test_shares_are_of_what_was_billed_lately(books):
    take(books["Cedar"])
    assert goal.standing("invoices", today=TODAY) == Standing(10, 2)
    assert goal.standing("customers", today=TODAY).share == 333
    assert goal.standing("customers", today=TODAY + timedelta(days=400)) == Standing(0, 0)
    assert Standing(0, 0).share == 0


def test_a_goal_starts_where_the_client_is_and_names_the_fewest_who_would_close_the_gap(books):
    take(books["Cedar"])
    assert goal.progress(today=TODAY) is None
    wanted()
    found = goal.progress(today=TODAY)
    assert (found.baseline, found.now.share, found.target, found.reached) == (200, 200, 800, False)
    assert [(each.name, each.invoices, each.adds) for each in found.candidates] == [("Ash", 5, 500), ("Beech", 3, 300)]
    assert (found.pace, found.needed, found.expected_on, found.on_track) == (0.0, 60.0, None, False)
    assert found.weekly == ((TODAY, 200),)


def test_the_pace_so_far_says_whether_it_will_be_in_time(books):
    wanted(target=600)
    take(books["Beech"], at=NOW + timedelta(days=6))
    later = TODAY + timedelta(weeks=2)
    found = goal.progress(today=later)
    assert [share for _, share in found.weekly] == [0, 300, 300]
    assert found.pace == 150.0 and found.expected_on == later + timedelta(weeks=2) and found.on_track
    take(books["Ash"], at=NOW + timedelta(days=13))
    assert goal.progress(today=later).reached


@pytest.mark.parametrize(
    ("metric", "target", "days"),
    [("money", 800, 70), ("invoices", 1001, 70), ("invoices", 200, 70), ("invoices", 800, 0)],
)
def test_what_is_no_goal_is_refused(books, metric, target, days):
    take(books["Cedar"])
    with pytest.raises(BadGoal):
        goal.set_goal(metric, target=target, due_on=TODAY + timedelta(days=days), today=TODAY, now=NOW)


def test_a_goal_can_be_dropped_once(books):
    wanted()
    assert goal.drop(now=NOW) and not goal.drop(now=NOW)
    assert goal.progress(today=TODAY) is None


def test_people_ask_those_who_would_help_and_who_takes_them_ends_the_task(books):
    assert adoption.ask(today=TODAY, now=NOW) == []
    wanted()
    assert len(adoption.ask(today=TODAY, now=NOW)) == 2
    assert adoption.ask(today=TODAY, now=NOW) == []
    assert [title for _, title in store.run(OPEN)] == [
        "Ask Ash where e-invoices should go",
        "Ask Beech where e-invoices should go",
    ]
    assert adoption.end_answered(now=NOW) == 0
    take(books["Ash"])
    assert adoption.end_answered(now=NOW) == 1
    assert [customer for customer, _ in store.run(OPEN)] == [books["Beech"]]
    assert tasks.priority.of("call").chance == 60
