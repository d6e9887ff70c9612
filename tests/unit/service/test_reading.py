"""A request is read as its schema reads it, however few of its words are said."""

import pytest
from marshmallow import Schema, ValidationError, fields, post_load, validate

from service import faces, reading  # noqa: F401  (every face declares its routes)
from service.endpoint import ROUTES
from service.fields import Day, Ref
from tenants.values import ids


class Narrow(Schema):
    debtor = Ref("deb", load_default=None, attribute="debtor_id")
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))
    due_from = Day(data_key="from")
    order = fields.String(required=True)


class Tagged(Schema):
    tags = fields.List(fields.String(), load_default=list)


class Signed(Narrow):
    @post_load
    def _sign(self, data, **_):
        return {**data, "signed": True}


ASKED = [
    {},
    {"order": "due_on"},
    {"order": "due_on", "limit": "7", "from": "2026-11-20", "debtor": ids.show("deb", ids.new())},
    {"order": "due_on", "limit": "0"},
    {"order": "due_on", "limit": ["1", "2"]},
    {"order": "due_on", "debtor": "inv_1", "from": "tomorrow"},
    {"order": "due_on", "other": "1"},
    {"tags": ["a", "b"]},
]


def read(load, given):
    try:
        return load(given)
    except ValidationError as fault:
        return fault.messages


@pytest.mark.parametrize("at", range(len(ASKED)))
@pytest.mark.parametrize("schema", [Narrow, Tagged, Signed])
def test_what_is_asked_is_what_the_schema_loads_and_what_is_wrong_is_what_it_says(schema, at):
    by_the_schema = read(reading.reader(schema).load, ASKED[at])
    assert read(lambda given: reading.asked(schema, given), ASKED[at]) == by_the_schema


def test_so_does_every_route_that_can_be_asked_something():
    schemas = {route.query for route in ROUTES if route.query is not None}
    assert len(schemas) > 50
    for schema in schemas:
        for given in ({}, {"limit": "3"}, {"limit": "x", "cursor": ""}):
            by_the_schema = read(reading.reader(schema).load, given)
            assert read(lambda asked, to=schema: reading.asked(to, asked), given) == by_the_schema, schema


def test_what_nobody_said_is_made_anew_where_it_could_be_changed():
    first, second = reading.asked(Tagged, {}), reading.asked(Tagged, {})
    assert first == second == {"tags": []} and first["tags"] is not second["tags"]


def test_a_request_is_read_by_one_instance_that_knows_no_other_parts():
    assert reading.reader(Narrow) is reading.reader(Narrow)
    with pytest.raises(ValidationError):
        reading.reader(Narrow).load({"other": 1})
