"""What is written fast is what the schema would have written."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from marshmallow import Schema, fields, post_dump

from service import dumping
from service.fields import Actor, Day, Instant, MoneyField, Ref
from tenants.values import ids
from tenants.values.money import Money


class Line(Schema):
    id = Ref("inv", attribute="line_id")
    words = fields.String(data_key="text")


class Whole(Schema):
    id = Ref("deb")
    on = Day()
    at = Instant()
    count = fields.Integer()
    open = fields.Boolean()
    share = fields.Decimal(as_string=True)
    amount = MoneyField("minor")
    sum = MoneyField()
    actor = Actor()
    tags = fields.List(fields.String())
    lines = fields.List(fields.Nested(Line))
    first = fields.Nested(Line)
    named = fields.Nested(Line, only=("words",))
    deep = fields.String(attribute="first.words")
    settled = fields.String(dump_default="never")
    secret = fields.String(load_only=True)


class Hooked(Whole):
    @post_dump
    def _sign(self, data, **_):
        return {**data, "signed": True}


@dataclass
class Thing:
    id: object
    on: date
    minor: int | None
    currency: str


PLAIN = ("id", "on", "at", "count", "open", "amount", "tags", "lines", "first")
LINE = {"line_id": ids.new(), "words": "Roof tiles"}
FULL = {
    "id": ids.new(),
    "on": date(2026, 11, 20),
    "at": datetime(2026, 11, 20, 9, tzinfo=UTC),
    "count": 3,
    "open": True,
    "share": Decimal("0.5"),
    "minor": 12_50,
    "currency": "EUR",
    "sum": Money(5, "JPY"),
    "actor": f"person:{ids.new()}",
    "tags": ["a", None, "b"],
    "lines": [LINE, LINE],
    "first": LINE,
    "named": LINE,
    "settled": "today",
    "secret": "x",
}


@pytest.mark.parametrize(
    "given",
    [
        FULL,
        {},
        dict.fromkeys(FULL),
        {**FULL, "count": "7", "open": 1, "minor": None},
        Thing(ids.new(), date(2026, 1, 2), 7, "EUR"),
        Thing(ids.new(), date(2026, 1, 2), None, ""),
    ],
    ids=["full", "empty", "nothing", "of other kinds", "object", "object without money"],
)
@pytest.mark.parametrize("schema", [Whole, Hooked])
def test_it_writes_what_the_schema_would_write(schema, given):
    assert json.loads(dumping.dump(schema, given)) == schema().dump(given)


@pytest.mark.parametrize("fit", [FULL, {**FULL, "count": "7", "open": 1}], ids=["plain", "of other kinds"])
def test_rows_are_written_at_once_and_what_does_not_fit_as_the_schema_writes_it(fit):
    plain = Schema.from_dict({name: Whole._declared_fields[name] for name in PLAIN})
    given = {"items": [fit, None, FULL]}
    page = Schema.from_dict({"items": fields.List(fields.Nested(plain))})
    assert json.loads(dumping.dump(page, given)) == page().dump(given)
