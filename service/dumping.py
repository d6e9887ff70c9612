"""Answers are written by functions that are made once from their schemas.

What comes out is what the schema would dump; a long list takes a tenth of the time. Whatever a schema does that is not
plain (hooks, fields of other kinds, parts of a nested schema) is left to the schema itself.
"""

from collections.abc import Callable, Mapping
from datetime import UTC
from functools import cache
from typing import Any

from marshmallow import RAISE, Schema, fields, missing

from service.fields import Day, Instant, MoneyField, Ref
from tenants.values import ids, money

Getter = Callable[[str], Any]
Part = Callable[[Getter, Any], Any]
PLAIN: dict[type[fields.Field[Any]], type] = {fields.String: str, fields.Integer: int, fields.Boolean: bool}


def dump(schema: type[Schema], given: Any) -> Any:
    """What the schema would dump."""
    return _writer(schema)(given)


@cache
def reader(schema: type[Schema]) -> Schema:
    """The one instance that reads requests; parts that it does not know are refused."""
    return schema(unknown=RAISE)


@cache
def _writer(kind: type[Schema]) -> Callable[[Any], Any]:
    schema = kind()
    if (
        schema._hooks["pre_dump"]
        or schema._hooks["post_dump"]
        or kind.get_attribute is not Schema.get_attribute
        or schema.many
    ):
        return schema.dump
    own = [
        (field.data_key or name, *_direct(name, field), _part(schema, name, field))
        for name, field in schema.dump_fields.items()
    ]

    def write(given: Any) -> dict[str, Any]:
        get, is_row, told = _getter(given), isinstance(given, Mapping), {}
        for name, key, plain, convert, part in own:
            if is_row and convert is not None:
                try:
                    value = given[key]
                except KeyError:
                    value = missing
                if value is not missing:
                    told[name] = value if value is None or type(value) is plain else convert(value)
                    continue
            value = part(get, given)
            if value is not missing:
                told[name] = value
        return told

    return write


def _direct(name: str, field: fields.Field[Any]) -> tuple[str, type | None, Callable[[Any], Any] | None]:
    """Under which key a row holds the field, what is written as it is, and who writes the rest; None for nobody."""
    key = field.attribute or name
    if isinstance(field, MoneyField) and field.minor:
        return key, None, None
    convert = None if "." in key or field.dump_default is not missing else _converter(field)
    return key, PLAIN.get(type(field)), convert


def _getter(given: Any) -> Getter:
    """How a part of a row, a dictionary or an object is reached."""
    if isinstance(given, Mapping):

        def of_mapping(name: str) -> Any:
            try:
                return given[name]
            except KeyError:
                return getattr(given, name, missing)

        return of_mapping
    if hasattr(given, "__getitem__"):
        return lambda name: reader(Schema).get_attribute(given, name, missing)
    return lambda name: getattr(given, name, missing)


def _part(schema: Schema, name: str, field: fields.Field[Any]) -> Part:
    """The function that writes one field."""
    key = field.attribute or name
    if isinstance(field, MoneyField) and field.minor:
        return _money(field)
    convert = None if "." in key or field.dump_default is not missing else _converter(field)
    if convert is None:
        return lambda _get, given: field.serialize(name, given, accessor=schema.get_attribute)

    def part(get: Getter, _given: Any) -> Any:
        value = get(key)
        return value if value is None or value is missing else convert(value)

    return part


def _money(field: MoneyField) -> Part:
    def part(get: Getter, _given: Any) -> Any:
        minor, currency = get(field.minor), get(field.currency)
        if minor is None or minor is missing or not currency or currency is missing:
            return None
        return {"amount": money.written(minor, currency), "currency": currency}

    return part


def _converter(field: fields.Field[Any]) -> Callable[[Any], Any] | None:
    """How a value of the field is written; None when only the field itself knows."""
    kind = type(field)
    if kind is Ref:
        prefix = field.prefix  # type: ignore[attr-defined]
        return lambda value: ids.show(prefix, value)
    if kind is Day:
        return lambda value: value.isoformat()
    if kind is Instant:
        return lambda value: value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if kind in PLAIN:
        plain = PLAIN[kind]
        return lambda value: value if type(value) is plain else field._serialize(value, "", None)
    if kind is fields.Nested:
        return _nested(field)
    if kind is fields.List:
        inner = _converter(field.inner)  # type: ignore[attr-defined]
        return None if inner is None else lambda value: [each if each is None else inner(each) for each in value]
    return None


def _nested(field: Any) -> Callable[[Any], Any] | None:
    whole = not (field.many or field.only or field.exclude) and isinstance(field.nested, type)
    return _writer(field.nested) if whole and issubclass(field.nested, Schema) else None
