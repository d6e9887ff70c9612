"""Answers are written as JSON by functions that are made once from their schemas.

What comes out says what the schema would dump; a long list takes a small part of the time, because it is written
column by column. What is not plain is left to the field (kinds of which we know nothing, parts of a nested schema) or
to the schema itself (hooks, and objects that miss a value or hold one of another kind than their field).
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any

from marshmallow import Schema, fields

from service.fields import Day, Instant, MoneyField, Ref
from tenants.values import ids, money
from tenants.values.tables import Table

Column = Callable[[Sequence[Any]], Sequence[str]]
"""Writes the values of one field in many objects, or many whole objects."""
quoted: Callable[[Any], str] = json.encoder.encode_basestring_ascii
NULL = "null"
UNFIT = (KeyError, TypeError, AttributeError)
"""What a plain writer raises for a value that is not what the field says."""


def dump(schema: type[Schema], given: Any) -> str:
    """What the schema would dump, as JSON."""
    return _objects(schema)([given])[0]


@cache
def _objects(kind: type[Schema]) -> Column:
    """How such objects are written: many dictionaries at once, all others as the schema does."""
    schema = kind()

    def as_they_are(given: Sequence[Any]) -> list[str]:
        return [_told(schema.dump(each)) for each in given]

    plain = _plain_fields(schema)
    if plain is None:
        return as_they_are
    columns_of, pieces = plain

    def write(given: Sequence[Any]) -> Sequence[str]:
        if not given:
            return []
        try:
            columns, many = columns_of(given), len(given)
            said: list[Sequence[str]] = []
            for lead, text, places in pieces:
                said += ([lead] * many, text(*(columns[at] for at in places)))
            return list(map("".join, zip(*said, ["}"] * many, strict=True)))
        except UNFIT:
            return as_they_are(given) if len(given) == 1 else [line for each in given for line in write([each])]

    return write


Pieces = list[tuple[str, Callable[..., Sequence[str]], tuple[int, ...]]]
"""What stands before each field, how it is written, and from which of the values."""
Plain = tuple[Callable[[Sequence[Any]], Sequence[tuple[Any, ...]]], Pieces]


def _plain_fields(schema: Schema) -> Plain | None:
    """How the values of objects are taken, and how each field is written from which of them; None when one of the
    fields is not plain."""
    if schema._hooks["pre_dump"] or schema._hooks["post_dump"] or schema.many or not schema.dump_fields:
        return None
    if type(schema).get_attribute is not Schema.get_attribute:
        return None
    keys: list[str] = []
    pieces: Pieces = []
    for name, field in schema.dump_fields.items():
        lead = f"{',' if pieces else '{'}{quoted(field.data_key or name)}:"
        if isinstance(field, MoneyField) and field.minor:
            keys += [field.minor, field.currency]
            pieces.append((lead, _amounts, (len(keys) - 2, len(keys) - 1)))
            continue
        key = field.attribute or name
        text = None if "." in key else _column(field)
        if text is None:
            return None
        keys.append(key)
        pieces.append((lead, _or_null(text) if field.allow_none else text, (len(keys) - 1,)))
    return _taker(keys), pieces


def _taker(keys: list[str]) -> Callable[[Sequence[Any]], Sequence[tuple[Any, ...]]]:
    """What takes the values of these keys from objects; one more, so that there are always several."""
    at_once = itemgetter(*keys, keys[0])

    def take(given: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
        if isinstance(given, Table):
            return given.columns(keys)
        return list(zip(*map(at_once, given), strict=True))

    return take


def _amounts(minors: Sequence[int | None], currencies: Sequence[str | None]) -> list[str]:
    told = money.all_written(minors, currencies)
    return [
        NULL if text is None else f'{{"amount":"{text}","currency":"{currency}"}}'
        for text, currency in zip(told, currencies, strict=True)
    ]


def _or_null(known: Column) -> Column:
    """The same for a field that may be empty."""

    def write(values: Sequence[Any]) -> Sequence[str]:
        if isinstance(values, Table):
            return known(values)
        held = [value for value in values if value is not None]
        if len(held) == len(values):
            return known(values)
        told = iter(known(held))
        return [NULL if value is None else next(told) for value in values]

    return write


def _column(field: fields.Field[Any]) -> Column | None:
    """How the values of the field are written; None when that takes more than the value."""
    kind = type(field)
    if kind is Ref:
        lead = f'"{field.prefix}_'  # type: ignore[attr-defined]
        return lambda values: [f'{lead}{ids.letters(value.int)}"' for value in values]
    if kind is fields.Nested:
        return _nested(field)
    if kind is fields.List:
        return _list(field.inner)  # type: ignore[attr-defined]
    return PLAIN.get(kind) or _by_itself(field)


def _by_itself(field: fields.Field[Any]) -> Column | None:
    if not field._CHECK_ATTRIBUTE or type(field).serialize is not fields.Field.serialize:
        return None
    return lambda values: [_told(field._serialize(value, "", None)) for value in values]


def _told(made: Any) -> str:
    return json.dumps(made, separators=(",", ":"))


def _instants(values: Iterable[datetime]) -> list[str]:
    return ['"' + value.astimezone(UTC).isoformat().replace("+00:00", "Z") + '"' for value in values]


@lru_cache(maxsize=4096)
def _day(value: date) -> str:
    """Kept, because a list has few days."""
    return f'"{date.isoformat(value)}"'


def _each(text: Callable[[Any], str]) -> Column:
    return lambda values: list(map(text, values))


PLAIN: dict[type[fields.Field[Any]], Column] = {
    fields.String: _each(quoted),
    fields.Integer: _each(int.__repr__),
    fields.Boolean: _each({True: "true", False: "false"}.__getitem__),
    Day: _each(_day),
    Instant: _instants,
}


def _nested(field: Any) -> Column | None:
    whole = not (field.many or field.only or field.exclude) and isinstance(field.nested, type)
    return _objects(field.nested) if whole and issubclass(field.nested, Schema) else _by_itself(field)


def _list(inner: fields.Field[Any]) -> Column | None:
    column = _column(inner)
    if column is None:
        return None
    text = _or_null(column)
    return lambda values: ["[" + ",".join(text(each)) + "]" for each in values]
