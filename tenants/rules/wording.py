"""Decides how an explanation reads: each condition in words with the value that was seen, never a code word or a bare
true."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tenants.rules import sentence
from tenants.rules.fields import Kind
from tenants.rules.statements import SEGMENT
from tenants.rules.tree import Leaf, Rule
from tenants.values.money import Money

WORD_ALONE = ("is_set", "is_not_set")
PLAIN = (Kind.CHOICE, Kind.LEVEL, Kind.CODE, Kind.NUMBER, Kind.COUNT)
"""Kinds whose phrase says the value already when the condition holds."""


def of(leaf: Leaf, *, about: str, holds: bool, value: Any, zone: ZoneInfo) -> str:
    """One condition or its opposite, with the actual value in brackets where that tells more."""
    said = sentence.condition(leaf, about=about, holds=holds)
    seen = actual(leaf, value, zone=zone)
    if not seen or (leaf.op in WORD_ALONE and value is None) or (leaf.field.kind in PLAIN and holds):
        return said
    return f"{said} ({seen})"


def actual(leaf: Leaf, value: Any, *, zone: ZoneInfo) -> str:
    """The value that a condition saw, as a person writes it; empty when there is nothing to say."""
    if value is None:
        return "never" if leaf.field.kind is Kind.INSTANT else ""
    if leaf.field.kind is Kind.MONEY:
        return ", ".join(sentence.amount(Money(minor, currency)) for currency, minor in value.items())
    if leaf.field.kind is Kind.DATE:
        return sentence.day(date.fromisoformat(value))
    if leaf.field.kind is Kind.INSTANT:
        return sentence.day(datetime.fromisoformat(value).astimezone(zone).date())
    if leaf.field.kind is Kind.KEYS:
        return ", ".join(sentence.group_name(key, {}) for key in value)
    if leaf.field.kind is Kind.SHARE:
        return sentence.percent(Decimal(str(value)))
    if leaf.field.kind in (Kind.NUMBER, Kind.COUNT):
        return f"{value:g} {leaf.field.unit[0 if value == 1 else 1]}".rstrip()
    if leaf.field.kind is Kind.LEVEL:
        return f"grade {value} of 7"
    return leaf.field.words[value].yes if value in leaf.field.words else f"“{value}”"


def reason(rule: Rule, explanation: dict[str, Any], *, zone: ZoneInfo) -> str:
    """Why a rule acted, in one sentence for a task or an alert; that the invoice is open goes without saying."""
    said = []
    for leaf in rule.leaves():
        holds, value = explanation[leaf.pointer]
        if leaf.field.key != "invoice.status":
            said.append(of(leaf, about=rule.about, holds=holds, value=value, zone=zone))
    text = "; ".join(said) or "it matches the rule"
    return f"{_subject(rule, explanation)}: {text}."


def _subject(rule: Rule, explanation: dict[str, Any]) -> str:
    if rule.about != "segment":
        return rule.about.capitalize()
    label = str(explanation.get(SEGMENT, ""))
    if rule.group_by == "customer.country":
        label = sentence.country(label)
    return label if rule.group_by else "All customers"


def title(key: str) -> str:
    """What people call a rule: its key as words."""
    return key.replace("-", " ").capitalize()
