"""Reading: what is accepted can be compiled, what is refused says where, why and what to do instead."""

import json
from datetime import UTC, datetime
from random import Random

import pytest

from tenants.rules import compiler, language, recipes, sentence
from tenants.rules.bounds import Moment
from tenants.rules.faults import RuleRefused, RuleUnknown
from tenants.rules.fields import REGISTRY
from tenants.values.calendars import BusinessCalendar, zone
from tests.unit.rules.desk import ASK, DELIVERED, OPEN, PAUSE, SEND, TASK, document
from tests.unit.rules.strangers import Strangers

CHANNEL = {"field": "customer.delivery_channel", "op": "eq", "value": "paper"}
AT = Moment(datetime(2026, 11, 20, 8, 0, tzinfo=UTC), zone("Europe/Berlin"), BusinessCalendar.for_country("DE"))
EUR = {"amount": "10", "currency": "EUR"}


def leaf(field="invoice.open_amount", op="gte", value=EUR, **more):
    return {"field": field, "op": op, "value": value} | more


def faults(doc):
    with pytest.raises(RuleRefused) as refused:
        language.read(doc)
    assert all(each.reason and each.remedy for each in refused.value.faults)
    return {each.pointer: each.reason for each in refused.value.faults}


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_is_a_rule_under_its_own_name(name):
    assert language.read(recipes.find(name)).key == name


def test_a_recipe_is_a_fresh_copy_and_an_unknown_one_is_refused():
    recipes.find("bounced")["key"] = "spoiled"
    assert recipes.find("bounced")["key"] == "bounced"
    with pytest.raises(RuleUnknown):
        recipes.find("../secrets")


def test_the_four_of_the_demo_are_recipes():
    assert set(recipes.DEMO) <= set(recipes.names())


@pytest.mark.parametrize(
    ("condition", "pointer", "reason"),
    [
        (leaf("invoice.updated_at"), "/if/all/0/field", "There is no field “invoice.updated_at”."),
        (leaf(7), "/if/all/0/field", "The field is missing."),
        (leaf(op="within_last"), "/if/all/0/op", "“within_last” does not fit invoice.open_amount."),
        (leaf(op=None), "/if/all/0/op", "The operator is missing."),
        (leaf(value=10), "/if/all/0/value", "An amount has exactly an amount and a currency, both as text."),
        (
            leaf(value={"amount": "1.234", "currency": "EUR"}),
            "/if/all/0/value",
            "EUR has no more than 2 digits after the point.",
        ),
        (leaf(value={"amount": "1", "currency": "EURO"}), "/if/all/0/value", "“EURO” is not a currency."),
        (leaf(value=[EUR, EUR]), "/if/all/0/value", "A currency stands here twice."),
        (leaf(op="between", value=[EUR]), "/if/all/0/value", "“between” needs two amounts."),
        (
            leaf(op="between", value=[{"amount": "11", "currency": "EUR"}, EUR]),
            "/if/all/0/value",
            "The two amounts must be of one currency, the lower first.",
        ),
        (leaf("invoice.status", "eq", "paid"), "/if/all/0/value", "“paid” is not a value of invoice.status."),
        (leaf("invoice.status", "in", []), "/if/all/0/value", "The value must be a list of 1 to 50 entries."),
        (leaf("invoice.status", "in", ["open", 3]), "/if/all/0/value/1", "This is not a value of invoice.status."),
        (leaf("customer.groups", "any_of", ["Key Accounts"]), "/if/all/0/value/0", "This is not the key of a group."),
        (leaf("customer.country", "eq", "Germany"), "/if/all/0/value", "This is not a code of customer.country."),
        (
            leaf("invoice.reminder_count", "gte", True),
            "/if/all/0/value",
            "The value must be a whole number from 0 to 1000000.",
        ),
        (leaf("invoice.reminder_count", "between", [3, 1]), "/if/all/0/value", "The lower number stands first."),
        (leaf("invoice.reminder_count", "between", 3), "/if/all/0/value", "“between” needs two numbers."),
        (leaf("invoice.due_date", "before", "31.3.2026"), "/if/all/0/value", "The value must be a day."),
        (leaf("invoice.due_date", "before", "2026-02-30"), "/if/all/0/value", "The value must be a day."),
        (
            leaf("invoice.due_date", "past_by", {"hours": 3}),
            "/if/all/0/value",
            "A duration names exactly one of business_days, days, weeks.",
        ),
        (
            leaf("invoice.delivered_at", "older_than", {"days": 0}),
            "/if/all/0/value/days",
            "The number of days must be whole, from 1 to 3660.",
        ),
        (leaf("invoice.purchase_order", "is", ""), "/if/all/0/value", "The value must be text of 1 to 100 characters."),
        (leaf("invoice.first_seen_at", "is_set"), "/if/all/0/value", "“value” is not known here."),
        ({"field": "invoice.status", "op": "eq"}, "/if/all/0/value", "“value” is missing."),
        (leaf(comment="x"), "/if/all/0/comment", "“comment” is not known here."),
        ("open", "/if/all/0", "A condition is an object."),
        ({"any": []}, "/if/all/0/any", "A group holds 1 to 20 conditions."),
        ({"any": [OPEN], "not": OPEN}, "/if/all/0", "A group has exactly one of all, any and not, and nothing else."),
        (
            {"not": {"any": [{"all": [{"not": OPEN}]}]}},
            "/if/all/0/not/any/0/all/0",
            "Groups are nested more than 4 deep.",
        ),
    ],
)
def test_a_wrong_condition_is_named_by_its_place(condition, pointer, reason):
    assert faults(document(condition))[pointer] == reason


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"skip_whlie": []}, "/skip_whlie"),
        ({"format": "goodterms.rule/9"}, "/format"),
        ({"key": "No Spaces"}, "/key"),
        ({"about": "planet"}, "/about"),
        ({"about": "segment"}, "/if/all/0/field"),
        ({"group_by": "customer.country"}, "/group_by"),
        ({"hold_for": {"months": 1}}, "/hold_for"),
        ({"if": {"count": "moon.rose", "within_last": {"days": 3}, "op": "lt", "value": 3}}, "/if/count"),
        ({"if": {"count": "contact.sent", "op": "lt", "value": 3}}, "/if/within_last"),
        ({"if": {"field": "customer.late_risk", "op": "gte", "value": "0.7"}}, "/if/value"),
        ({"if": {"field": "customer.late_risk", "op": "between", "value": [0.7, 0.2]}}, "/if/value"),
        ({"when": {"every": "hour", "at": "09:00"}}, "/when/every"),
        ({"when": {"every": "day", "at": "9:00"}}, "/when/at"),
        ({"when": {"every": "day", "at": "09:00", "on_day": 1}}, "/when/on_day"),
        ({"when": {"every": "week", "at": "09:00", "on_day": "mon"}}, "/when/on_day"),
        ({"when": {"every": "month", "at": "09:00", "on_day": 31}}, "/when/on_day"),
        ({"when": {"every": "day", "at": "09:00", "on": ["full.moon"]}}, "/when/on/0"),
        ({"when": {"every": "day", "at": "09:00", "on": "delivery.bounced"}}, "/when/on"),
        ({"when": {"every": "day", "at": "09:00", "zone": "UTC"}}, "/when/zone"),
        ({"when": "daily"}, "/when"),
        ({"then": []}, "/then"),
        ({"then": ["alert"]}, "/then/0"),
        ({"then": [{"do": "fly"}]}, "/then/0/do"),
        ({"then": [{"do": "webhook"}]}, "/then/0/endpoint"),
        ({"then": [{"do": "tag", "tag": "No Tag"}]}, "/then/0/tag"),
        ({"then": [{"do": "stage", "to": "Revenge"}]}, "/then/0/to"),
        ({"then": [{"do": "set", "field": "invoice.amount", "value": "0"}]}, "/then/0/field"),
        ({"then": [{**ASK, "within": {"days": 60}}]}, "/then/0/within/days"),
        ({"then": [{**ASK, "then": []}]}, "/then/0/then"),
        ({"then": [{**ASK, "then": [ASK]}]}, "/then/0/then/0/do"),
        ({"then": [{"do": "alert", "severity": "normal"}]}, "/then/0/to"),
        ({"then": [{**TASK, "to": "everybody"}]}, "/then/0/to"),
        ({"then": [{**TASK, "title": " "}]}, "/then/0/title"),
        ({"then": [{**TASK, "due": {"hours": 2}}]}, "/then/0/due"),
        ({"then": [{**TASK, "colour": "red"}]}, "/then/0/colour"),
        ({"then": [TASK, TASK]}, "/then"),
        ({"then": [{"do": "pause", "for": {"days": 3}}]}, "/then/0/what"),
        ({"then": [{**PAUSE, "what": "everybody"}]}, "/then/0/what"),
        ({"then": [{**PAUSE, "for": {"days": 91}}]}, "/then/0/for/days"),
        ({"then": [{**PAUSE, "for": {"hours": 3}}]}, "/then/0/for"),
        ({"then": [PAUSE], "about": "customer", "if": CHANNEL}, "/then/0/what"),
        ({"then": [{**SEND, "template": "Invoice"}]}, "/then/0/template"),
        ({"then": [{**SEND, "bundle": "none"}]}, "/then/0/bundle"),
        ({"again": {}}, "/again"),
        ({"again": {"never": False}}, "/again"),
        ({"again": {"after": {"days": 1}, "max": 0}}, "/again/max"),
        ({"again": {"after": 3, "max": 1}}, "/again/after"),
        ({"skip_while": "dispute"}, "/skip_while"),
        ({"skip_while": ["weather"]}, "/skip_while/0"),
        ({"caps": {"per_run": 0}}, "/caps/per_run"),
        ({"caps": {"per_day": 5}}, "/caps/per_day"),
        ({"caps": 5}, "/caps"),
        ({"priority": 101}, "/priority"),
        ({"quiet_share": 0}, "/quiet_share"),
        ({"quiet_share": 21}, "/quiet_share"),
        ({"quiet_share": 5, "then": [PAUSE]}, "/quiet_share"),
        ({"quiet_share": 5, "about": "customer", "if": CHANNEL}, "/quiet_share"),
        ({"if": {"all": [{"any": [OPEN] * 20}] * 4}}, "/if"),
    ],
)
def test_what_is_wrong_elsewhere_is_named_too(over, pointer):
    assert pointer in faults(document(OPEN, **over))


def test_a_rule_about_customers_cannot_ask_about_one_invoice_nor_wait_for_its_dispute():
    found = faults(document(OPEN, about="customer", then=[SEND], skip_while=["dispute"]))
    assert set(found) == {"/if/all/0/field", "/skip_while/0"}


@pytest.mark.parametrize("skip", [["dispute"], ["weather"], "dispute"])
def test_a_rule_about_segments_waits_for_no_hold(skip):
    assert faults(document(DELIVERED, about="segment", skip_while=skip)) == {"/skip_while": "No segment is held."}
    assert language.read(document(DELIVERED, about="segment", skip_while=[])).skip_while == ()


def test_all_faults_come_at_once_and_the_first_stands_for_the_whole():
    with pytest.raises(RuleRefused) as refused:
        language.read(document(leaf(op="no"), leaf("gone"), priority=-1))
    assert len(refused.value.faults) == 3
    assert refused.value.pointer == "/if/all/0/op"


@pytest.mark.parametrize(
    "doc", [None, 3, [], "x", float("nan"), {"key": float("inf")}, {"key": "\ud800"}, {"key": "a\0b"}, {1: object()}]
)
def test_what_is_no_document_is_refused(doc):
    assert faults(doc)


def test_a_document_that_is_too_large_or_too_deep_is_refused():
    assert "32 kB" in faults(document(OPEN, key="x" * 40_000))[""]
    deep: dict = {}
    for _ in range(100_000):
        deep = {"not": deep}
    assert "nested" in faults(deep)[""]


def test_text_with_a_key_twice_is_refused():
    assert language.parse('{"a": [1, {"b": 2}]}') == {"a": [1, {"b": 2}]}
    for text in ('{"a": 1, "a": 2}', "{", "[" * 30_000, " " * 40_000):
        with pytest.raises(RuleRefused):
            language.parse(text)


def test_the_written_form_does_not_depend_on_the_order_of_keys():
    doc = document(OPEN)
    assert language.read(dict(reversed(doc.items()))).canonical == language.read(doc).canonical


def spoiled(doc, dice):
    """The document with one place replaced by something else, removed, or doubled."""
    doc = json.loads(json.dumps(doc))
    holders = []

    def walk(node):
        if isinstance(node, dict | list) and node:
            holders.append(node)
            for each in node.values() if isinstance(node, dict) else node:
                walk(each)

    walk(doc)
    holder = dice.choice(holders)
    key = dice.choice(list(holder)) if isinstance(holder, dict) else dice.randrange(len(holder))
    junk = [
        None,
        True,
        -1,
        2**70,
        0.5,
        "",
        "x" * 300,
        [],
        {},
        [[]],
        {"all": []},
        {"field": []},
        "invoice.status",
        "é\u202e",
        ["a", "a"],
    ]
    if dice.random() < 0.2:
        del holder[key]
    elif dice.random() < 0.2 and isinstance(holder, dict):
        holder[dice.choice(("~/", "value", "op", "x"))] = dice.choice(junk)
    else:
        holder[key] = dice.choice(junk)
    return doc


def test_random_documents_are_refused_with_a_pointer_or_can_be_compiled():
    dice, strangers, accepted = Random(5), Strangers(5, AT.now), 0
    for _ in range(1500):
        doc = strangers.document()
        for _ in range(dice.randint(0, 3)):
            doc = spoiled(doc, dice) if isinstance(doc, dict) and doc else doc
        try:
            rule = language.read(doc)
        except RuleRefused as refused:
            assert all(each.pointer == "" or each.pointer.startswith("/") for each in refused.faults)
        else:
            compiler.compile(rule, at=AT)
            assert sentence.of(rule)
            accepted += 1
    assert 300 < accepted < 1400


def test_the_registry_names_words_for_each_operator():
    for field in REGISTRY.values():
        assert field.operators and (field.words or field.phrases), field.key


@pytest.mark.parametrize(
    ("field", "op", "value"),
    [
        ("customer.avg_days_late_90", "lt", {"field": "customer.avg_days_late_365", "plus": 1}),
        ("customer.avg_days_late_90", "gte", {"field": "customer.avg_days_late_365", "minus": 1}),
        ("customer.avg_days_late_90", "gte", {"field": ["x"]}),
        ("customer.avg_days_late_90", "gte", {"field": "customer.avg_days_late_365", "plus": 1.5}),
        ("invoice.reminder_count", "gte", {"field": "customer.avg_days_late_90"}),
    ],
)
def test_fields_are_compared_only_with_fields_of_their_own_sort(field, op, value):
    with pytest.raises(RuleRefused) as refused:
        language.read(document({"field": field, "op": op, "value": value}))
    assert refused.value.faults[0].pointer.startswith("/if/all/0/value")
