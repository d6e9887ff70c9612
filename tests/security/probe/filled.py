"""A form that a schema takes, filled with what its fields allow."""

from typing import Any

from marshmallow import Schema, fields, validate

from service.fields import Day, Instant, MoneyField, Ref
from tenants.values import ids


def form(schema: type[Schema] | None, *, nobody: bool = False) -> dict[str, Any]:
    """The required fields with a value each; ids that must be named are left to the probes, or are those of nobody."""
    if schema is None:
        return {}
    wanted = {name: field for name, field in schema().load_fields.items() if field.required}
    return {
        field.data_key or name: ids.show(field.prefix, ids.new()) if isinstance(field, Ref) else value(field)
        for name, field in wanted.items()
        if nobody or not isinstance(field, Ref)
    }


def value(field: fields.Field[Any]) -> Any:
    """Something that the field takes."""
    for rule in field.validators:
        if isinstance(rule, validate.OneOf):
            return next(iter(choice for choice in rule.choices if choice != ""))
    if isinstance(field, MoneyField):
        return {"amount": "5.00", "currency": "EUR"}
    if isinstance(field, fields.Date | Day):
        return "2026-11-27"
    if isinstance(field, fields.AwareDateTime | Instant):
        return "2026-11-27T10:00:00Z"
    if isinstance(field, fields.Boolean):
        return "true"
    if isinstance(field, fields.Number):
        lowest = [rule.min for rule in field.validators if isinstance(rule, validate.Range) and rule.min is not None]
        return str(lowest[0] if lowest else 1)
    if isinstance(field, fields.Enum):
        return str(next(iter(field.enum)).value)
    if isinstance(field, fields.UUID):
        return "01a00000-0000-7000-8000-000000000000"
    return "somebody@probe.test" if isinstance(field, fields.Email) else "A word"
