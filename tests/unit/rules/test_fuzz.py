"""Random documents: each is a rule that compiles, or refused with a place; nothing else ever happens.

GOODTERMS_FULL=1 plays the long form: 100,000 documents.
"""

import os
from copy import deepcopy
from datetime import UTC, datetime
from random import Random
from typing import Any

import jsonschema_rs
import pytest

from tenants import store
from tenants.rules import compiler, language, recipes, schema, sentence, statements
from tenants.rules.bounds import Moment
from tenants.rules.faults import RuleRefused
from tenants.values.calendars import BusinessCalendar, zone
from tests.unit.rules.strangers import Strangers

MANY = 100_000 if os.environ.get("GOODTERMS_FULL") else 1_500
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
SCHEMA = jsonschema_rs.validator_for(schema.of_rules())
AT = Moment(NOW, zone("Europe/Berlin"), BusinessCalendar.for_country("DE"))
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 3, 0.5, 1e308, 10**30, "", "x", "EUR", "eq", "open", "\u0000", "💶" * 40, "a" * 5000,
    [], {}, [[]], [{}], {"all": []}, {"any": [{}]}, {"not": {}}, {"days": 3}, {"days": 10**9}, {"business_days": 1000},
    {"amount": "1", "currency": "EUR"}, {"amount": "1e9", "currency": "XXX"}, {"field": "customer.late_risk"},
    [1, 3], [3, 1], ["key"], {"never": True}, {"on": "rematch"}, "invoice", "segment", "09:00",
)  # fmt: skip


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(each for key, child in inside for each in places(child, (*path, key)))]


def mutated(document: Any, dice: Random) -> Any:
    """Some places replaced, dropped, doubled or renamed."""
    for _ in range(dice.randint(0, 3)):
        *path, last = dice.choice(places(document)[1:] or [("x",)])
        node = document
        for step in path:
            node = node[step]
        roll = dice.random()
        if roll < 0.6 or not isinstance(node, dict):
            node[last] = deepcopy(dice.choice(ODD))
        elif roll < 0.8:
            node.pop(last)
        else:
            node[dice.choice(("do", "if", "then", "field", "any", "colour", ""))] = deepcopy(dice.choice(ODD))
        if not isinstance(document, dict) or not places(document)[1:]:
            return document
    return document


def documents(count: int):
    dice, strangers = Random(20261120), Strangers(5, NOW)
    known = [recipes.find(name) for name in recipes.names()]
    for n in range(count):
        yield mutated(strangers.document() if n % 2 else deepcopy(dice.choice(known)), dice)


@pytest.mark.timeout(600 if MANY > 10_000 else 120)
def test_each_is_a_rule_that_compiles_or_is_refused_with_a_place(in_alder):
    accepted = refused = 0
    for n, document in enumerate(documents(MANY)):
        try:
            rule = language.read(document)
        except RuleRefused as fault:
            assert all(each.reason and each.remedy for each in fault.faults)
            assert all(each.pointer == "" or each.pointer.startswith("/") for each in fault.faults)
            refused += 1
            continue
        accepted += 1
        assert sentence.of(rule) and SCHEMA.is_valid(document), "the schema is never stricter than the reading"
        asked = compiler.compile(rule, at=AT)
        assert statements.firing(asked) and statements.found(asked)
        if n % 50 == 0:
            with in_alder:
                store.run(statements.tally(asked), **asked.values, rule="00000000-0000-0000-0000-000000000000").one()
    assert min(accepted, refused) > MANY // 10, (accepted, refused)


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"key": 1, "key": 2}', "1e999", '"' + "x" * 40_000 + '"'])
def test_text_that_is_no_rule_is_refused(text):
    with pytest.raises(RuleRefused):
        language.read(language.parse(text))
