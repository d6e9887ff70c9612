"""Answers are written as JSON by functions that are made once from their schemas.

What comes out says what the schema would dump; a long list takes a tenth of the time. What is not plain is left to the
field (kinds of which we know nothing, parts of a nested schema) or to the schema itself (hooks, and objects that miss a
value or hold one of another kind than their field).
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import Any

from marshmallow import RAISE, Schema, fields

from service.fields import Day, Instant, MoneyField, Ref
from tenants.values import ids, money

Text = Callable[[Any], str]
quoted: Text = json.encoder.encode_basestring_ascii
NULL = "null"
UNFIT = (KeyError, TypeError, AttributeError)
"""What a plain writer raises for a value that is not what the field says."""


def dump(schema: type[Schema], given: Any) -> str:
    """What the schema would dump, as JSON."""
    return _writer(schema)(given)


@cache
def reader(schema: type[Schema]) -> Schema:
    """The one instance that reads requests; parts that it does not know are refused."""
    return schema(unknown=RAISE)


@cache
def _writer(kind: type[Schema]) -> Text:
    """The function that writes such objects: rows and dictionaries at once, all others as the schema does."""
    schema = kind()

    def as_it_is(given: Any) -> str:
        return json.dumps(schema.dump(given), separators=(",", ":"))

    plain = _plain_fields(schema)
    if plain is None:
        return as_it_is
    take, told, amounts = plain

    def write(given: Any) -> str:
        try:
            values = take(given)
            said = [
                empty if value is None else lead + text(value)
                for (lead, empty, text), value in zip(told, values, strict=False)
            ]
            said += [lead + _amount(values[at], values[at + 1]) for lead, at in amounts]
        except UNFIT:
            return as_it_is(given)
        return "{" + ",".join(said) + "}"

    return write


Plain = tuple[Callable[[Any], tuple[Any, ...]], list[tuple[str, str, Text]], list[tuple[str, int]]]


def _plain_fields(schema: Schema) -> Plain | None:
    """How the values of an object are taken, how the first of them are written, and at which place those of an amount
    stand; None when one of the fields is not plain."""
    if schema._hooks["pre_dump"] or schema._hooks["post_dump"] or schema.many:
        return None
    if type(schema).get_attribute is not Schema.get_attribute:
        return None
    keys: list[str] = []
    told: list[tuple[str, str, Text]] = []
    sums: list[tuple[str, MoneyField]] = []
    for name, field in schema.dump_fields.items():
        key, lead = field.attribute or name, quoted(field.data_key or name) + ":"
        if isinstance(field, MoneyField) and field.minor:
            sums.append((lead, field))
            continue
        text = None if "." in key else _text(field)
        if text is None:
            return None
        keys.append(key)
        told.append((lead, lead + NULL, text))
    amounts = [(lead, len(keys) + 2 * number) for number, (lead, _) in enumerate(sums)]
    for _, field in sums:
        keys += [field.minor, field.currency]
    return _taker(keys), told, amounts


def _taker(keys: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    at_once = itemgetter(*keys, *keys[:1]) if keys else lambda _given: ()

    def take(given: Any) -> tuple[Any, ...]:
        if not isinstance(given, Mapping):
            raise TypeError("objects are left to their schema")
        return at_once(given)

    return take


def _amount(minor: int | None, currency: str | None) -> str:
    if minor is None or not currency:
        return NULL
    return f'{{"amount":"{money.written(minor, currency)}","currency":"{currency}"}}'


def _text(field: fields.Field[Any]) -> Text | None:
    """How a value of the field is written; None when that takes more than the value."""
    kind = type(field)
    if kind is Ref:
        lead = f'"{field.prefix}_'  # type: ignore[attr-defined]
        return lambda value: f'{lead}{ids.written(value)}"'
    if kind is fields.Nested:
        return _nested(field)
    if kind is fields.List:
        return _list(field.inner)  # type: ignore[attr-defined]
    return PLAIN.get(kind) or _by_itself(field)


def _by_itself(field: fields.Field[Any]) -> Text | None:
    if not field._CHECK_ATTRIBUTE or type(field).serialize is not fields.Field.serialize:
        return None
    return lambda value: json.dumps(field._serialize(value, "", None), separators=(",", ":"))


def _instant(value: datetime) -> str:
    return '"' + value.astimezone(UTC).isoformat().replace("+00:00", "Z") + '"'


PLAIN: dict[type[fields.Field[Any]], Text] = {
    fields.String: quoted,
    fields.Integer: int.__repr__,
    fields.Boolean: {True: "true", False: "false"}.__getitem__,
    Day: lambda value: f'"{value.isoformat()}"',
    Instant: _instant,
}


def _nested(field: Any) -> Text | None:
    whole = not (field.many or field.only or field.exclude) and isinstance(field.nested, type)
    return _writer(field.nested) if whole and issubclass(field.nested, Schema) else _by_itself(field)


def _list(inner: fields.Field[Any]) -> Text | None:
    text = _text(inner)
    if text is None:
        return None
    return lambda value: "[" + ",".join([NULL if each is None else text(each) for each in value]) + "]"
