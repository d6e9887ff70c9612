"""Ladders: steps in order, one rule each, the newest step alone, published by a second person."""

from datetime import timedelta

import pytest

from tenants import store
from tenants.isolation import scope
from tenants.rules import ladders, language, rechecking, rule_book
from tenants.rules.faults import RuleRefused, RuleUnknown
from tenants.rules.rule_book import NeedsSecondPerson
from tenants.work import unit_of_work
from tests.cast import NOW
from tests.factories import a_contact, a_debtor, an_invoice

STEPS = ladders.STANDARD["steps"]


def ladder(**over):
    return ladders.STANDARD | over


def go_live(at=NOW):
    """Look at what each step would do, and publish."""
    ladders.try_out("standard", now=at, real=at)
    return ladders.publish("standard", now=at, real=at)


@pytest.fixture
def second(alder):
    """Somebody else who may publish."""
    return lambda: unit_of_work(scope.tenant(alder, actor="person:clara"))


@pytest.fixture
def author(alder):
    return lambda: unit_of_work(scope.tenant(alder, actor="person:dora"))


def test_a_ladder_reads_as_one_sentence_a_step():
    said = ladders.sentences(ladders.read(ladder()))
    assert len(said) == 4
    assert "is due within the next 7 days" in said[0] and "Friendly note" in said[0]
    assert "is at least 3 days past due" in said[1] and "is not 15 days past due" in said[1]
    assert "two reminders were not answered" in said[3]


def test_a_ladder_comes_back_as_it_was_read():
    read = ladders.read(ladder(groups=["key"]))
    assert ladders.read(read.document()) == read
    assert all(language.read(rule) for rule in read.rules())
    assert [rule["key"] for rule in read.rules()] == [f"standard-{n}" for n in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ("steps", "/format"),
        (ladder(format="x"), "/format"),
        (ladder(key=" "), "/key"),
        (ladder(steps=[]), "/steps"),
        (ladder(steps=[{"day": 3}]), "/steps/0"),
        (ladder(steps=[{"day": 3, "template": "First reminder", "task": "x"}]), "/steps/0"),
        (ladder(steps=[{"day": 0, "template": "First reminder"}]), "/steps/0/day"),
        (ladder(steps=[{"day": 3, "template": "Ransom note"}]), "/steps/0/template"),
        (ladder(steps=[{"day": 3, "task": ""}]), "/steps/0/task"),
        (ladder(steps=[{"day": 3, "template": "First reminder", "as": "the king"}]), "/steps/0/as"),
        (ladder(steps=[{"day": 3, "template": "First reminder", "to": "team lead"}]), "/steps/0"),
        (ladder(steps=[STEPS[1], STEPS[0]]), "/steps/1/day"),
        (ladder(groups="key"), "/groups"),
        (ladder(rungs=[]), "/rungs"),
    ],
)
def test_a_fault_is_named_with_its_place(document, pointer):
    with pytest.raises(RuleRefused) as refused:
        ladders.read(document)
    assert pointer in {fault.pointer for fault in refused.value.faults}


def test_steps_climb_from_the_specialist_to_the_client_itself():
    climbing = ladder(
        steps=[
            {"day": 3, "template": "First reminder", "as": "specialist"},
            {"day": 15, "template": "Second reminder, with ways to pay", "as": "team lead"},
            {"day": 30, "template": "Formal letter", "as": "client finance lead"},
            {"day": 45, "task": "Decide what comes next", "to": "client finance lead"},
        ]
    )
    read = ladders.read(climbing)
    said = ladders.sentences(read)
    assert "in the name of the customer’s specialist" in said[0] and "in the name of the team lead" in said[1]
    assert "in the name of the client finance lead" in said[2] and "give the client finance lead the task" in said[3]
    assert "as" not in read.document()["steps"][0], "the specialist need not be named"
    assert ladders.read(read.document()) == read


def test_r4_whoever_comes_late_hears_the_newest_step_alone(alder, author, second):
    with author():
        ladders.keep(ladder(), now=NOW)
    with second():
        go_live()
        store.run("UPDATE rule SET state = 'live' WHERE tenant_id = :tenant")  # the days in the shadow are over
        debtor = a_debtor(alder)
        a_contact(alder, debtor)
        late = {days: an_invoice(alder, debtor, late=days) for days in (-20, -5, 0, 3, 14, 15, 29, 30, 90)}
        heard = {
            days: [n for n in (1, 2, 3, 4) if rechecking.recheck(f"standard-{n}", [invoice], NOW)]
            for days, invoice in late.items()
        }
    assert heard == {-20: [], -5: [1], 0: [1], 3: [2], 14: [2], 15: [3], 29: [3], 30: [4], 90: [4]}


def test_the_author_alone_publishes_nothing(author):
    with author():
        ladders.keep(ladder(), now=NOW)
        with pytest.raises(NeedsSecondPerson):
            go_live()


def test_a_step_that_is_gone_is_retired_and_others_rules_stay(alder, author, second):
    with author():
        assert ladders.keep(ladder(), now=NOW) == 1
        rule_book.save(ladders.read(ladder(key="standard-key")).rules()[0], now=NOW)
    with second():
        go_live()
    with author():
        assert ladders.keep(ladder(steps=STEPS[:2]), now=NOW + timedelta(days=1)) == 2
    with second():
        go_live(NOW + timedelta(days=1))
        sql = "SELECT key, state FROM rule WHERE tenant_id = :tenant ORDER BY key"
        states = dict(store.run(sql).all())
        (row,) = ladders.everything()
    assert states == {
        "standard-1": "live",
        "standard-2": "live",
        "standard-3": "retired",
        "standard-4": "retired",
        "standard-key-1": "draft",
    }
    assert (row["version"], row["state"]) == (2, "live")


def test_nobody_publishes_a_ladder_of_another_client(in_birch):
    with in_birch, pytest.raises(RuleUnknown):
        go_live()
