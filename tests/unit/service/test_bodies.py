"""What a caller sends means one thing only, or is refused with its place."""

import pytest
from marshmallow import Schema, fields

from service.endpoint import PUBLIC, SAFE
from service.fields import MoneyField, Ref
from service.openapi import schemas
from tenants.directory import permissions
from tests.cast import engage
from tests.unit.service import asking
from tests.unit.service.asking import ASKS, address

NAMES_AN_OBJECT = ("_id", "_ids")
NO_OBJECTS = {"request_id", "client_id"}


OF_PROVIDER_ALONE = permissions.MATRIX["provider_admin"]


@pytest.fixture
def everybody(alder_world, as_):
    """Somebody who may do everything in Alder and at the provider."""
    roles = ("specialist_manager", "tenant_admin", "client_approver")
    held = ((alder_world.tenant, role) for role in roles)
    return as_(engage("Omar Quist", *held, provider_role="provider_admin"))


def test_a_part_that_nobody_knows_is_refused_with_its_place(alder_world, everybody):
    for name, route in asking.ROUTES.items():
        if route.accepts is None:
            continue
        ask = ASKS[name](alder_world)
        answer = everybody.send(route.method, address(route, alder_world, ask), json={**ask.body, "zz_top": 1})
        assert answer.status_code == 422, name
        assert {"pointer": "/zz_top", "code": "invalid", "detail": "Unknown field."} in answer.json["errors"], name


def test_a_question_that_nobody_knows_is_refused_with_its_place(alder_world, everybody):
    for name, route in asking.ROUTES.items():
        if route.needs == PUBLIC:
            continue
        ask = ASKS[name](alder_world)
        asked = asking.Ask(ask.path, {**ask.query, "zz_top": 1}, ask.body, ask.data)
        answer = everybody.send(route.method, address(route, alder_world, asked), **asked.options())
        assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/zz_top"), name


def test_every_part_that_names_an_object_says_of_which_kind():
    loose = []
    for schema in schemas():
        for name, field in schema().fields.items():
            inner = field.inner if isinstance(field, fields.List) else field
            if name.endswith(NAMES_AN_OBJECT) and name not in NO_OBJECTS and not isinstance(inner, Ref):
                loose.append(f"{schema.__name__}.{name}")
    assert loose == []


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b'{"number": "1", "number": "2"}', 422, "bad_json"),
        (b'{"number": NaN}', 422, "bad_json"),
        (b'{"number": 99999999999999999999}', 422, "bad_json"),
        (b'{"number": "a\\u0000b"}', 422, "bad_text"),
        (b'{"number": "\\ud800"}', 422, "bad_text"),
        (b"[" * 40 + b"]" * 40, 422, "bad_json"),
        (b"[" * 200_000, 422, "bad_json"),
        (b'{"number": ', 422, "bad_json"),
        (b"\xff\xfe", 422, "bad_json"),
        (b"[]", 422, "invalid"),
        (b'"' + b"a" * 1_100_000 + b'"', 413, "request_entity_too_large"),
    ],
)
def test_json_that_means_two_things_or_none_is_refused(alder_world, everybody, sent, status, code):
    address_of_debtors = f"~/tenants/{alder_world.slug}/debtors"
    answer = everybody.send("POST", address_of_debtors, data=sent, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (status, code)


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        (b'{"a": [1, {"b/c": "x\\u0000"}]}', "/a/1/b~1c"),
        (b'{"a": {"\\ud800": 1}}', "/a"),
        (b'{"a": [1, -99999999999999999999]}', "/a/1"),
        (b'{"a": ' + b"9" * 5000 + b"}", "/a"),
    ],
)
def test_what_nobody_can_keep_is_refused_with_its_place(alder_world, everybody, sent, place):
    address_of_debtors = f"~/tenants/{alder_world.slug}/debtors"
    answer = everybody.send("POST", address_of_debtors, data=sent, content_type="application/json")
    assert (answer.status_code, [each["pointer"] for each in answer.json["errors"]]) == (422, [place])


def test_a_change_is_sent_as_json(alder_world, everybody):
    answer = everybody.send("POST", f"~/tenants/{alder_world.slug}/debtors", data={"number": "1"})
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")


def test_a_nul_in_a_question_is_refused_before_the_database_sees_it(alder_world, everybody):
    answer = everybody.get(f"~/tenants/{alder_world.slug}/invoices?number=%00")
    assert (answer.status_code, answer.json["code"]) == (422, "bad_text")


def test_a_question_that_stands_twice_is_refused(alder_world, everybody):
    answer = everybody.get(f"~/tenants/{alder_world.slug}/invoices?standing=open&standing=void")
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/standing")


class Priced(Schema):
    price = MoneyField(required=True)
    who = Ref("deb", allow_none=True)


@pytest.mark.parametrize(
    "price",
    [
        "5.00 EUR",
        5,
        {"amount": 5, "currency": "EUR"},
        {"amount": "5.001", "currency": "EUR"},
        {"amount": "5.00", "currency": "EUROS"},
        {"amount": "5.00", "currency": ["EUR"]},
        {"amount": "1e3", "currency": "EUR"},
        {"amount": "9" * 30, "currency": "EUR"},
        {"amount": "5.00", "currency": "EUR", "more": 1},
        {"amount": "5.00"},
    ],
)
def test_money_is_an_exact_text_with_its_currency(price):
    assert list(Priced().validate({"price": price})) == ["price"]


@pytest.mark.parametrize("who", ["inv_00000000000000000000000000", "deb_1", "deb_" + "z" * 26, 7, ["deb_1"]])
def test_an_id_of_another_kind_is_none(who):
    assert list(Priced().validate({"price": {"amount": "5.00", "currency": "EUR"}, "who": who})) == ["who"]


def test_money_and_ids_come_back_as_they_went():
    sent = {"price": {"amount": "-5.00", "currency": "EUR"}, "who": "deb_00000000000000000000000000"}
    assert Priced().dump(Priced().load(sent)) == sent


def test_a_change_without_a_body_is_refused_where_one_is_wanted(alder_world, everybody):
    for name, route in asking.ROUTES.items():
        if route.method in SAFE or route.accepts is None or route.needs in OF_PROVIDER_ALONE:
            continue
        ask = ASKS[name](alder_world)
        answer = everybody.send(route.method, address(route, alder_world, ask))
        assert answer.status_code == 415, name
