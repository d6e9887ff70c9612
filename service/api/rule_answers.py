"""What the API says about rules beyond the rules themselves: fields, recipes, trials and explanations."""

from typing import Any

from marshmallow import Schema, fields

from service.fields import Day, Instant, MoneyField, Ref
from tenants.rules.dryrun import DryRun
from tenants.rules.fields import REGISTRY


class FieldShown(Schema):
    """One thing that a rule may ask about."""

    key = fields.String(required=True)
    kind = fields.String(required=True)
    subjects = fields.List(fields.String(), required=True)
    operators = fields.List(fields.String(), required=True)
    values = fields.List(fields.String(), required=True, metadata={"description": "Where the values are a closed list"})
    example = fields.String(required=True)
    as_of = fields.Boolean(required=True, metadata={"description": "Whether its value on a past day can be told"})
    personal = fields.Boolean(required=True)


class Fields(Schema):
    """The registry of fields."""

    items = fields.List(fields.Nested(FieldShown), required=True)


class Recipe(Schema):
    """A document to start from."""

    key = fields.String(required=True)
    document = fields.Dict(required=True)


class Recipes(Schema):
    """All recipes by key."""

    items = fields.List(fields.Nested(Recipe), required=True)


class Count(Schema):
    """How many, and of what."""

    what = fields.String(required=True)
    count = fields.Integer(required=True)


class Match(Schema):
    """One of the subjects that a rule matches."""

    invoice_id = Ref("inv", required=True, allow_none=True)
    debtor_id = Ref("deb", required=True, allow_none=True)
    number = fields.String(required=True)
    customer = fields.String(required=True)
    open = MoneyField("open_minor", required=True, allow_none=True)
    due_on = Day(required=True, allow_none=True)


class DryRunShown(Schema):
    """What a rule would do now."""

    matched = fields.Integer(required=True)
    would_act = fields.Integer(required=True)
    stopped_by_cap = fields.Integer(required=True)
    without_address = fields.Integer(required=True)
    held = fields.List(fields.Nested(Count), required=True)
    funnel = fields.List(fields.Nested(Count), required=True)
    sums = fields.List(MoneyField(), required=True)
    largest = fields.List(fields.Nested(Match), required=True)


class Said(Schema):
    """One condition, as it turned out."""

    pointer = fields.String(required=True)
    holds = fields.Boolean(required=True)
    text = fields.String(required=True)


class WhyShown(Schema):
    """Why a rule acted, in the wording that was live then."""

    key = fields.String(required=True)
    version = fields.Integer(required=True)
    episode = fields.Integer(required=True)
    fired_at = Instant(required=True)
    text = fields.String(required=True)
    conditions = fields.List(fields.Nested(Said), required=True)


class WhyNotShown(Schema):
    """Where a rule stands with an invoice now."""

    key = fields.String(required=True)
    would_act = fields.Boolean(required=True)
    text = fields.String(required=True)
    conditions = fields.List(fields.Nested(Said), required=True)
    holds = fields.List(fields.String(), required=True)
    acted_before = fields.Boolean(required=True)


def fields_shown() -> list[dict[str, Any]]:
    """The registry as plain data; how a field is computed stays inside."""
    return [
        {
            "key": each.key,
            "kind": each.kind.value,
            "subjects": each.subjects,
            "operators": each.operators,
            "values": list(each.words),
            "example": each.example,
            "as_of": each.as_of,
            "personal": each.personal,
        }
        for each in REGISTRY.values()
    ]


def dry_run(found: DryRun) -> dict[str, Any]:
    """A trial as its schema dumps it."""
    return {
        "matched": found.matched,
        "would_act": found.would_act,
        "stopped_by_cap": found.stopped_by_cap,
        "without_address": found.nobody,
        "held": [{"what": what, "count": count} for what, count in found.held.items()],
        "funnel": [{"what": what, "count": count} for what, count in found.funnel],
        "sums": found.sums,
        "largest": found.top,
    }
