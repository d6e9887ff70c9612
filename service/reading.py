"""Requests are read by their schemas, and parts that a schema does not know are refused.

A question in an address names few of the many things that it could ask; what it leaves out is taken from the schema at
once.
"""

from functools import cache
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, missing

Known = tuple[dict[str, tuple[str, fields.Field[Any]]], frozenset[str], dict[str, Any]]


@cache
def reader(schema: type[Schema]) -> Schema:
    """The one instance that reads requests; parts that it does not know are refused."""
    return schema(unknown=RAISE)


def asked(schema: type[Schema], given: dict[str, Any]) -> dict[str, Any]:
    """What the schema loads from a query string. Raises ValidationError, as the schema does."""
    known = _known(schema)
    if known is not None:
        named, required, left_out = known
        try:
            if required <= given.keys():
                return left_out | {named[key][0]: named[key][1].deserialize(given[key], key, given) for key in given}
        except (KeyError, ValidationError):
            pass  # the schema says what is wrong, and with how much more
    loaded: dict[str, Any] = reader(schema).load(given)
    return loaded


@cache
def _known(schema: type[Schema]) -> Known | None:
    """The fields by the names that callers use, those that must be there, and what stands for those that are not; None
    for a schema that does more than to read its fields."""
    one = reader(schema)
    listed = [(field.data_key or name, field.attribute or name, field) for name, field in one.load_fields.items()]
    if any(one._hooks.values()) or any(callable(field.load_default) or "." in name for _, name, field in listed):
        return None
    left_out = {name: field.load_default for _, name, field in listed if field.load_default is not missing}
    required = frozenset(key for key, _, field in listed if field.required)
    return {key: (name, field) for key, name, field in listed}, required, left_out
