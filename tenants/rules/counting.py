"""Decides what a rule may count: how often something happened to a customer within a span of days.

Each count becomes one grouped table that is joined once, with the beginning of its span as a value.
"""

from dataclasses import dataclass

from tenants.rules.field import Field, Kind
from tenants.rules.phrases import Phrase, count


@dataclass(frozen=True, slots=True)
class Countable:
    """Something that happens: the rows, whose they are, and when each happened."""

    field: Field
    source: str
    """FROM and WHERE over an alias `n` that has debtor_id and the instant."""
    at: str


def _countable(key: str, source: str, at: str, unit: tuple[str, str], *, had: tuple[str, str]) -> Countable:
    said = {op: phrase for op, phrase in count(*had).items() if op != "ne"}
    windowed = {op: Phrase(*(f"{text} in the last {{w}}" for text in phrase)) for op, phrase in said.items()}
    # The key starts with "customer." so that its words fit either subject; documents name it without that.
    return Countable(Field(f"customer.{key}", Kind.COUNT, "", windowed, unit=unit, as_of=True), source, at)


_HOLD = "FROM hold n WHERE n.tenant_id = :tenant AND n.kind = '{kind}'"
COUNTABLE = {
    "contact.sent": _countable(
        "contact.sent",
        "FROM message n WHERE n.tenant_id = :tenant AND n.sent_at IS NOT NULL",
        "n.sent_at",
        ("message", "messages"),
        had=("got", "did not get"),
    ),
    "dispute.opened": _countable(
        "dispute.opened",
        _HOLD.format(kind="dispute"),
        "n.opened_at",
        ("dispute", "disputes"),
        had=("opened", "did not open"),
    ),
    "promise.made": _countable(
        "promise.made",
        _HOLD.format(kind="promise"),
        "n.opened_at",
        ("promise", "promises"),
        had=("made", "did not make"),
    ),
    "promise.broken": _countable(
        "promise.broken",
        _HOLD.format(kind="promise") + " AND n.outcome = 'broken'",
        "n.ended_at",
        ("promise", "promises"),
        had=("broke", "did not break"),
    ),
}
JOIN = """LEFT JOIN (
  SELECT n.debtor_id, count(*) AS times {source} AND {since} AND {at} <= :now{mine} GROUP BY n.debtor_id
) {alias} ON {alias}.debtor_id = {debtor}"""

OF_COUNTRY = "(SELECT {each} FROM debtor c WHERE c.tenant_id = :tenant AND c.id = n.debtor_id)"
"""Since when it counts at one customer, where the calendars of countries differ."""


def leaf_sql(alias: str) -> str:
    """How often, never NULL."""
    return f"COALESCE({alias}.times, 0)"
