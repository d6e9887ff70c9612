"""Who may give up how much: Vera a little alone, more only when a second person agrees."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tenants.events import history
from tenants.isolation import scope
from tenants.ledger import allocation, forgoing, invoices, rates
from tenants.ledger.allocation import BadAllocation, OverAllocated
from tenants.ledger.forgoing import RequestDecided, SamePerson, UnknownRequest
from tenants.ledger.rates import Rate
from tenants.values import ids
from tenants.work import unit_of_work
from tests.factories import an_invoice

SPECIALIST, LEAD = ("specialist",), ("specialist", "specialist_manager")


@pytest.fixture
def invoice(alder):
    return an_invoice(alder, amount=1000_00, late=10)


@pytest.fixture
def limited(alder, now):
    """Alder lets a specialist give up 10 euros alone, and a lead 100."""
    with as_(alder, "Tilda"):
        forgoing.set_limits({"specialist": 10_00, "specialist_manager": 100_00}, now=now)


def as_(tenant, actor):
    return unit_of_work(scope.tenant(tenant, actor=actor))


def forgo(tenant, invoice, minor, *, now, today, roles=SPECIALIST, kind=forgoing.WRITE_OFF, actor="Vera"):
    given = {"effective_on": today, "now": now, "today": today, "reason": "Too small to chase"}
    with as_(tenant, actor):
        return forgoing.forgo(invoice, kind=kind, minor=minor, roles=roles, **given)


def open_of(tenant, invoice):
    with as_(tenant, "reader"):
        return invoices.card(invoice).open_minor


def test_without_limits_whoever_may_post_posts(alder, invoice, now, today):
    forgo(alder, invoice, 500_00, now=now, today=today, roles=())
    assert open_of(alder, invoice) == 500_00


@pytest.mark.parametrize(("roles", "alone"), [(SPECIALIST, 10_00), (LEAD, 100_00), ((), 0)])
def test_up_to_the_limit_alone_and_above_it_it_waits(alder, limited, invoice, now, today, roles, alone):
    if alone:
        forgo(alder, invoice, alone, now=now, today=today, roles=roles)
    asked = forgo(alder, invoice, alone + 1, now=now, today=today, roles=roles)
    assert open_of(alder, invoice) == 1000_00 - alone
    assert (asked.state, asked.amount_minor, asked.asked_by, asked.reason) == (
        "waiting",
        alone + 1,
        "Vera",
        "Too small to chase",
    )
    with as_(alder, "Tilda"):
        assert [each.id for each in forgoing.waiting()] == [asked.id]
        assert [each.id for each in forgoing.of_invoice(invoice)] == [asked.id]


def test_a_second_person_agrees_and_it_is_posted_that_day(alder, limited, invoice, now, today):
    asked = forgo(alder, invoice, 200_00, now=now, today=today, kind=forgoing.DISCOUNT)
    later = now + timedelta(days=2)
    with as_(alder, "Anton"):
        said = forgoing.answer(asked.id, yes=True, words="Fine", now=later, today=today + timedelta(days=2))
        (posted,) = allocation.of_invoice(invoice)
        acts = [(line.act, line.reason) for line in history.about("invoice", invoice)]
    assert (said.state, said.decided_by, said.allocation_id) == ("posted", "Anton", posted.id)
    assert (posted.kind, posted.amount_minor, posted.effective_on) == ("discount", 200_00, today + timedelta(days=2))
    assert {("discount.agreed", "Fine"), ("discount.asked", "Too small to chase")} <= set(acts)
    assert open_of(alder, invoice) == 800_00


def test_a_no_posts_nothing_and_is_final(alder, limited, invoice, now, today):
    asked = forgo(alder, invoice, 200_00, now=now, today=today)
    with as_(alder, "Anton"):
        assert forgoing.answer(asked.id, yes=False, words="Chase it", now=now, today=today).state == "refused"
        with pytest.raises(RequestDecided):
            forgoing.answer(asked.id, yes=True, words="", now=now, today=today)
    assert open_of(alder, invoice) == 1000_00


def test_nobody_agrees_with_themselves(alder, limited, invoice, now, today):
    asked = forgo(alder, invoice, 200_00, now=now, today=today)
    with as_(alder, "Vera"), pytest.raises(SamePerson):
        forgoing.answer(asked.id, yes=True, words="", now=now, today=today)


def test_what_cannot_be_posted_is_not_asked_for_and_not_agreed_to(alder, limited, invoice, now, today):
    with pytest.raises(OverAllocated):
        forgo(alder, invoice, 1000_01, now=now, today=today)
    with pytest.raises(BadAllocation):
        forgo(alder, invoice, 0, now=now, today=today, roles=())
    asked = forgo(alder, invoice, 900_00, now=now, today=today)
    with as_(alder, "Anton"):
        forgoing.set_limits({}, now=now)
    forgo(alder, invoice, 500_00, now=now, today=today)
    with as_(alder, "Anton"), pytest.raises(OverAllocated):
        forgoing.answer(asked.id, yes=True, words="", now=now, today=today)
    with as_(alder, "Anton"):
        assert forgoing.one(asked.id).state == "waiting"


def test_another_currency_counts_by_its_rate_and_without_one_a_second_person_looks(alder, limited, now, today):
    dollars = an_invoice(alder, amount=1000_00, late=10, currency="USD")
    assert forgo(alder, dollars, 5_00, now=now, today=today).state == "waiting"
    with as_(alder, "Tilda"):
        rates.keep([Rate("EUR", "USD", today, Decimal("1.25"), "")], source="ECB", now=now)
    forgo(alder, dollars, 12_50, now=now, today=today)
    assert open_of(alder, dollars) == 987_50
    assert forgo(alder, dollars, 12_51, now=now, today=today).state == "waiting"


def test_limits_are_set_as_a_whole_with_a_line_in_the_history(alder, limited, now):
    with as_(alder, "Tilda"):
        forgoing.set_limits({"specialist": 5_00}, now=now)
        assert forgoing.limits() == {"specialist": 5_00}
        with pytest.raises(BadAllocation):
            forgoing.set_limits({"specialist": -1}, now=now)
        (line, *_) = history.latest(since=now - timedelta(days=1))
    assert (line.act, line.became) == ("forgo_limits.set", {"specialist": 5_00})


def test_another_clients_request_is_none(alder, birch, limited, invoice, now, today):
    asked = forgo(alder, invoice, 200_00, now=now, today=today)
    for unknown in (asked.id, ids.new()):
        with as_(birch, "Bea"), pytest.raises(UnknownRequest):
            forgoing.answer(unknown, yes=True, words="", now=now, today=today)
