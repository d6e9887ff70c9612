"""English: one paragraph from which a person can predict what a rule does, held word for word."""

import re
from pathlib import Path

import pytest

from tenants.rules import language, readers, recipes, sentence
from tenants.rules.fields import REGISTRY
from tests.unit.rules.desk import OPEN, PAUSE, SEND, a_rule, document
from tests.unit.rules.sentences import SENTENCES
from tests.unit.rules.strangers import Strangers
from tests.unit.rules.test_language import AT

PHRASES = Path(__file__).with_name("phrases.txt")
"""Every field × operator × subject, as said and as denied. After a change, read the difference and keep it."""
HELD = (
    "Held back while it is disputed, a promised date is still ahead, a payment plan is on track or contact is paused."
)
SENDS = (
    "to the billing contact in the name of the customer’s specialist, one message per customer listing all its "
    "matching invoices."
)
CODE_WORDS = re.compile(r"[_{}]| {2}|\bNone\b|\bTrue\b|\b(any_of|none_of|not_in|gte|lte)\b|invoice\.|customer\.")


def said(name):
    return sentence.of(language.read(recipes.find(name)))


@pytest.mark.parametrize("name", SENTENCES)
def test_each_of_the_thirteen_rules_reads_as_agreed(name):
    assert said(name) == SENTENCES[name]


def test_the_note_before_the_due_date_for_customers_who_pay_late():
    assert said("before-due-late-payers") == (
        "Every business day at 08:30, for each invoice that is open, is due within the next 7 days and belongs to a "
        "customer who paid on average more than 3 days late in the last 12 months: send “Friendly note before the due "
        f"date” {SENDS} Once only. {HELD}"
    )


def test_a_pause_says_what_falls_silent_and_for_how_long():
    assert ": pause all contact about this invoice for 10 business days. Once only." in sentence.of(
        a_rule(then=[PAUSE])
    )
    whole = {**PAUSE, "what": "customer", "for": {"weeks": 1}}
    assert ": pause all contact with this customer for 1 week." in sentence.of(a_rule(then=[whole]))


def test_one_average_compared_with_another():
    later = {
        "field": "customer.avg_days_late_90",
        "op": "gte",
        "value": {"field": "customer.avg_days_late_365", "plus": 10},
    }
    words = "paid at least 10 days later on average in the last 90 days than in the last 12 months"
    assert f"each customer that has {words}: raise" in sentence.of(a_rule(later, about="customer"))
    assert f"each invoice that belongs to a customer who has not {words}: raise" in sentence.of(a_rule({"not": later}))


def test_the_broken_promise_again_each_time():
    assert f"Again each time it starts to match. {HELD}" in said("broken-promise")


def test_every_phrase_is_as_it_was_read():
    lines = []
    for field in REGISTRY.values():
        for op in field.operators:
            for about in field.subjects:
                (leaf,) = language.read(document(readers.example(field, op), about=about)).leaves()
                yes, no = (sentence.condition(leaf, about=about, holds=holds) for holds in (True, False))
                assert yes != no
                lines.append(f"{about} | {field.key} {op} | {yes} | {no}")
    assert "\n".join(lines) + "\n" == PHRASES.read_text(encoding="utf-8")


def test_no_sentence_holds_code_words():
    strangers = Strangers(11, AT.now)
    for _ in range(300):
        text = sentence.of(language.read(strangers.document()))
        assert CODE_WORDS.search(text) is None, text


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (
            {"not": {"all": [OPEN, {"field": "invoice.first_seen_at", "op": "is_set"}]}},
            "either is not open or has not been seen by anyone yet",
        ),
        (
            {"not": {"any": [OPEN, {"field": "invoice.first_seen_at", "op": "is_set"}]}},
            "is not open and has not been seen by anyone yet",
        ),
        ({"not": {"not": OPEN}}, "is open"),
        ({"field": "invoice.reminder_count", "op": "ne", "value": 0}, "has had at least 1 reminder"),
        ({"field": "invoice.reminder_count", "op": "eq", "value": 1}, "has had 1 reminder"),
        ({"field": "invoice.status", "op": "in", "value": ["open", "settled"]}, "either is open or is settled"),
        (
            {"field": "invoice.status", "op": "not_in", "value": ["settled", "voided"]},
            "is not settled and is not cancelled",
        ),
        (
            {"field": "customer.overdue_total", "op": "gt", "value": {"amount": "0", "currency": "EUR"}},
            "belongs to a customer who owes anything overdue",
        ),
        (
            {
                "field": "invoice.amount",
                "op": "gte",
                "value": [{"amount": "9.50", "currency": "EUR"}, {"amount": "9", "currency": "JPY"}],
            },
            "is for EUR 9.50 or JPY 9 or more",
        ),
        ({"any": [{"all": [OPEN, OPEN]}, OPEN]}, "either both is open and is open or is open"),
    ],
)
def test_groups_and_special_values(condition, words):
    assert f"for each invoice that {words}: raise" in sentence.of(a_rule(condition))


def test_a_client_names_its_own_groups():
    rule = a_rule({"field": "customer.groups", "op": "any_of", "value": ["key", "tier-2"]}, then=[SEND])
    assert "in Gold or Tier 2:" in sentence.of(rule, groups={"key": "Gold"})
