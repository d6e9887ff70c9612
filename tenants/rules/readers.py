"""Decides what the value of a condition must look like, for each type and operator, and what is said when it does
not."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, cast

from tenants.rules.faults import Ledger
from tenants.rules.fields import REGISTRY, Field, Kind
from tenants.rules.tree import Duration, Other, Value
from tenants.values import money
from tenants.values.faults import Refusal
from tenants.values.money import Money

Reader = Callable[[Any, str, Field, Ledger], Value]

LONGEST = {"business_days": 1000, "days": 3660, "weeks": 520, "hours": 8760}
MOST_KEYS = 50
MOST_CURRENCIES = 10
LARGEST_NUMBER = 1_000_000
MOST_SHARE = 10
"""A credit limit may be used ten times over."""
KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
CODES = {"customer.country": re.compile(r"[A-Z]{2}", re.ASCII), "customer.language": re.compile(r"[a-z]{2}", re.ASCII)}


def duration(raw: Any, at: str, faults: Ledger, *, units: tuple[str, ...]) -> Duration | None:
    """Read `{"business_days": 3}`; exactly one unit, a whole number from 1 up."""
    if not isinstance(raw, dict) or len(raw) != 1 or next(iter(raw)) not in units:
        faults.add(
            at, f"A duration names exactly one of {', '.join(units)}.", f'Write for example {{"{units[0]}": 3}}.'
        )
        return None
    unit, count = next(iter(raw.items()))
    if type(count) is not int or not 1 <= count <= LONGEST[unit]:
        faults.add(
            f"{at}/{unit}",
            f"The number of {unit.replace('_', ' ')} must be whole, from 1 to {LONGEST[unit]}.",
            "Write a whole number.",
        )
        return None
    return Duration(count, unit)


def text(raw: Any, at: str, faults: Ledger, *, longest: int, what: str) -> str:
    """Read words for people: not empty, not endless."""
    if not isinstance(raw, str) or not raw.strip() or len(raw) > longest:
        faults.add(at, f"{what} must be text of 1 to {longest} characters.", "Write a few words.")
        return ""
    return raw


def chosen(raw: Any, at: str, faults: Ledger, *, options: tuple[str, ...], what: str) -> str:
    """Read one word out of a closed list."""
    if not isinstance(raw, str) or raw not in options:
        shown = f"“{raw[:40]}”" if isinstance(raw, str) else "This"
        faults.add(at, f"{shown} is not {what}.", f"Use one of: {', '.join(options)}.")
        return options[0]
    return raw


def _many(raw: Any, at: str, faults: Ledger, most: int) -> list[Any]:
    if not isinstance(raw, list) or not 1 <= len(raw) <= most:
        faults.add(at, f"The value must be a list of 1 to {most} entries.", 'Write for example ["a", "b"].')
        return []
    return raw


def _choice(raw: Any, at: str, field: Field, faults: Ledger) -> Value:
    return chosen(raw, at, faults, options=tuple(field.words), what=f"a value of {field.key}")


def _choices(raw: Any, at: str, field: Field, faults: Ledger) -> Value:
    return tuple(
        str(_choice(each, f"{at}/{n}", field, faults)) for n, each in enumerate(_many(raw, at, faults, MOST_KEYS))
    )


def _code(raw: Any, at: str, field: Field, faults: Ledger) -> Value:
    if not isinstance(raw, str) or CODES[field.key].fullmatch(raw) is None:
        faults.add(at, f"This is not a code of {field.key}.", f"Write two letters such as “{field.example}”.")
        return field.example
    return raw


def _codes(raw: Any, at: str, field: Field, faults: Ledger) -> Value:
    return tuple(
        str(_code(each, f"{at}/{n}", field, faults)) for n, each in enumerate(_many(raw, at, faults, MOST_KEYS))
    )


def _keys(raw: Any, at: str, _field: Field, faults: Ledger) -> Value:
    found = []
    for n, each in enumerate(_many(raw, at, faults, MOST_KEYS)):
        if not isinstance(each, str) or KEY.fullmatch(each) is None:
            faults.add(f"{at}/{n}", "This is not the key of a group.", "Use lower-case letters, digits, - and _.")
        else:
            found.append(each)
    return tuple(found)


def _one_amount(raw: Any, at: str, faults: Ledger) -> Money | None:
    if (
        not isinstance(raw, dict)
        or set(raw) != {"amount", "currency"}
        or not all(isinstance(v, str) for v in raw.values())
    ):
        faults.add(
            at,
            "An amount has exactly an amount and a currency, both as text.",
            'Write {"amount": "1000.00", "currency": "EUR"}.',
        )
        return None
    try:
        money.digits(raw["currency"])
        return Money.parse(raw["amount"][:40], raw["currency"])
    except Refusal as refused:
        faults.add(at, refused.detail, refused.remedy)
        return None


def _amounts(raw: Any, at: str, _field: Field, faults: Ledger) -> Value:
    """One amount, or one for each of several currencies."""
    if not isinstance(raw, list):
        one = _one_amount(raw, at, faults)
        return () if one is None else (one,)
    found = [_one_amount(each, f"{at}/{n}", faults) for n, each in enumerate(_many(raw, at, faults, MOST_CURRENCIES))]
    amounts = tuple(each for each in found if each is not None)
    if len({each.currency for each in amounts}) < len(amounts):
        faults.add(at, "A currency stands here twice.", "Give one amount for each currency.")
    return amounts


def _amount_range(raw: Any, at: str, _field: Field, faults: Ledger) -> Value:
    if not isinstance(raw, list) or len(raw) != 2:
        faults.add(at, "“between” needs two amounts.", "Write [lowest, highest].")
        return ()
    low, high = (_one_amount(each, f"{at}/{n}", faults) for n, each in enumerate(raw))
    if low is None or high is None:
        return ()
    if low.currency != high.currency or low.minor > high.minor:
        faults.add(at, "The two amounts must be of one currency, the lower first.", "Write [lowest, highest].")
    return (low, high)


def other(raw: dict[str, Any], op: str, at: str, field: Field, faults: Ledger) -> Value:
    """Another field and how much more than it: `{"field": …, "plus": 10}`."""
    name, plus = raw.get("field"), raw.get("plus", 0)
    if set(raw) - {"field", "plus"} or not isinstance(name, str) or op not in field.than.get(name, {}):
        known = [f"{key} with {' or '.join(ops)}" for key, ops in field.than.items()]
        faults.add(
            at, f"{field.key} cannot be compared like this.", f"Compare it with {', '.join(known) or 'a value'}."
        )
        return 0
    return Other(REGISTRY[name], cast(int, _number(plus, f"{at}/plus", field, faults)))


def _number(raw: Any, at: str, _field: Field, faults: Ledger) -> Value:
    if type(raw) is not int or not 0 <= raw <= LARGEST_NUMBER:
        faults.add(at, f"The value must be a whole number from 0 to {LARGEST_NUMBER}.", "Write a whole number.")
        return 0
    return raw


def _number_range(raw: Any, at: str, field: Field, faults: Ledger) -> Value:
    if not isinstance(raw, list) or len(raw) != 2:
        faults.add(at, "“between” needs two numbers.", "Write [lowest, highest].")
        return (0, 0)
    low, high = (_number(each, f"{at}/{n}", field, faults) for n, each in enumerate(raw))
    if not isinstance(low, int) or not isinstance(high, int) or low > high:
        faults.add(at, "The lower number stands first.", "Write [lowest, highest].")
        return (0, 0)
    return (low, high)


def _share(raw: Any, at: str, _field: Field, faults: Ledger) -> Value:
    if type(raw) not in (int, float) or not 0 <= raw <= MOST_SHARE or len(str(raw)) > 6:
        faults.add(at, f"The value must be a share from 0 to {MOST_SHARE}.", "Write 0.6 for 60%.")
        return Decimal(0)
    return Decimal(str(raw))


def _share_range(raw: Any, at: str, field: Field, faults: Ledger) -> Value:
    if not isinstance(raw, list) or len(raw) != 2:
        faults.add(at, "“between” needs two shares.", "Write [lowest, highest].")
        return (Decimal(0), Decimal(0))
    low, high = (cast(Decimal, _share(each, f"{at}/{n}", field, faults)) for n, each in enumerate(raw))
    if low > high:
        faults.add(at, "The lower share stands first.", "Write [lowest, highest].")
    return (low, high)


def _day(raw: Any, at: str, _field: Field, faults: Ledger) -> Value:
    try:
        if isinstance(raw, str) and len(raw) == 10:
            return date.fromisoformat(raw)
    except ValueError:
        pass
    faults.add(at, "The value must be a day.", 'Write it as "2026-03-31".')
    return None


def _days(raw: Any, at: str, _field: Field, faults: Ledger) -> Value:
    return duration(raw, at, faults, units=("business_days", "days", "weeks"))


def _time(raw: Any, at: str, _field: Field, faults: Ledger) -> Value:
    return duration(raw, at, faults, units=("business_days", "days", "weeks", "hours"))


def _words(raw: Any, at: str, _field: Field, faults: Ledger) -> Value:
    return text(raw, at, faults, longest=100, what="The value")


READERS: dict[tuple[Kind, str], Reader] = {
    **{(Kind.CHOICE, op): _choice for op in ("eq", "ne")},
    **{(Kind.CHOICE, op): _choices for op in ("in", "not_in")},
    **{(Kind.CODE, op): _code for op in ("eq", "ne")},
    **{(Kind.CODE, op): _codes for op in ("in", "not_in")},
    **{(Kind.LEVEL, op): _choice for op in ("at_least", "below")},
    **{(Kind.KEYS, op): _keys for op in ("any_of", "none_of")},
    **{(Kind.MONEY, op): _amounts for op in ("gte", "gt", "lte", "lt")},
    (Kind.MONEY, "between"): _amount_range,
    **{(Kind.NUMBER, op): _number for op in ("eq", "ne", "gte", "gt", "lte", "lt")},
    (Kind.NUMBER, "between"): _number_range,
    **{(Kind.SHARE, op): _share for op in ("gte", "gt", "lte", "lt")},
    (Kind.SHARE, "between"): _share_range,
    **{(Kind.COUNT, op): _number for op in ("eq", "gte", "gt", "lte", "lt")},
    (Kind.COUNT, "between"): _number_range,
    **{(Kind.DATE, op): _days for op in ("due_in", "past_by", "within_last")},
    **{(Kind.DATE, op): _day for op in ("before", "after")},
    **{(Kind.INSTANT, op): _time for op in ("older_than", "within_last")},
    **{(Kind.TEXT, op): _words for op in ("is", "starts_with", "contains")},
}
VALUELESS = ("is_set", "is_not_set")

EXAMPLES: dict[tuple[Kind, str], Any] = {
    (Kind.KEYS, "any_of"): ["key", "strategic"],
    (Kind.KEYS, "none_of"): ["strategic"],
    **{(Kind.MONEY, op): {"amount": "1000", "currency": "EUR"} for op in ("gte", "gt", "lte", "lt")},
    (Kind.MONEY, "between"): [{"amount": "100", "currency": "EUR"}, {"amount": "500", "currency": "EUR"}],
    **{(Kind.NUMBER, op): 2 for op in ("eq", "ne", "gte", "gt", "lte", "lt")},
    (Kind.NUMBER, "between"): [1, 3],
    **{(Kind.SHARE, op): 0.6 for op in ("gte", "gt", "lte", "lt")},
    (Kind.SHARE, "between"): [0.2, 0.6],
    **{(Kind.COUNT, op): 2 for op in ("eq", "gte", "gt", "lte", "lt")},
    (Kind.COUNT, "between"): [1, 3],
    **{(Kind.DATE, op): {"business_days": 3} for op in ("due_in", "past_by", "within_last")},
    **{(Kind.DATE, op): "2026-03-31" for op in ("before", "after")},
    **{(Kind.INSTANT, op): {"business_days": 3} for op in ("older_than", "within_last")},
    **{(Kind.TEXT, op): "PO-7" for op in ("is", "starts_with", "contains")},
}


def example(field: Field, op: str) -> dict[str, Any]:
    """A condition that is right, for menus, documentation and tests."""
    if op in VALUELESS:
        return {"field": field.key, "op": op}
    value: Any = EXAMPLES.get((field.kind, op), field.example)
    if field.kind is Kind.COUNT:
        return {"count": field.key.removeprefix("customer."), "within_last": {"days": 30}, "op": op, "value": value}
    if op in ("in", "not_in"):
        value = [field.example]
    return {"field": field.key, "op": op, "value": value}
