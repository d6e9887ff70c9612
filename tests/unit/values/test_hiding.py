"""A log says what happened and where, and nothing that is anybody's business."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.values import hiding

SECRET = {
    "a session": "7yH3kQ0v9ZbA1tLxPz5RfUe2MnGc8WdSjKoIiYTqEuB",
    "an access token": "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJkYW5hIn0.c2lnbmF0dXJl",
    "a header": "Bearer abc.def-ghi",
    "a refresh token": "gtr_abcdefghijk",
    "a directory's token": "gt_scim_abcdefghijk",
    "a hook's secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "an address": "dana.dune+bills@dune-gardens.example.org",
    "an account": "DE89370400440532013000",
    "an account in groups": "DE89 3704 0044 0532 0130 00",
    "a key": "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----",
}


@pytest.mark.parametrize("what", SECRET)
def test_what_has_the_shape_of_a_secret_is_left_out(what):
    said = hiding.line({"event": "x", "about": f"before {SECRET[what]} after", "more": {"deep": [SECRET[what]]}})
    assert SECRET[what] not in str(said) and said["more"]["deep"] == [hiding.HIDDEN]
    assert said["about"].startswith("before ") and said["about"].endswith(" after") and hiding.HIDDEN in said["about"]


@pytest.mark.parametrize("at", [0, 1, 2, 4, 5, 7])
def test_no_secret_is_let_through_for_its_length_or_for_a_sign_that_it_lacks(at):
    _, _, shape = hiding.SECRETS[at]

    @settings(max_examples=30)
    @given(st.from_regex(shape, fullmatch=True))
    def hides(secret):
        assert shape.search(hiding.plain(secret)) is None

    hides()


def test_a_password_in_the_address_of_a_server_is_left_out():
    said = hiding.plain("postgresql://gt_app:s3cr3t@10.0.0.7:5432/goodterms")
    assert said == f"postgresql://{hiding.HIDDEN}@10.0.0.7:5432/goodterms"


@pytest.mark.parametrize("name", ["password", "client_secret", "csrf_token", "Authorization", "iban", "dpop"])
def test_a_field_that_names_a_secret_says_nothing(name):
    assert hiding.line({name: "plain", "secret_of": "plain"}) == {name: hiding.HIDDEN, "secret_of": "plain"}


def test_a_fault_says_what_it_is_and_not_what_it_quotes():
    told = hiding.fault(
        'duplicate key value violates unique constraint "person_email_key"\n'
        "DETAIL:  Key (email)=(Dana Dune) already exists.\nnothing like 'my password' or “Dune”"
    )
    assert told.startswith("duplicate key value violates unique constraint") and "already exists" not in told
    assert "Dana" not in told and "password" not in told and "Dune" not in told


def test_what_a_line_is_for_stays_in_it():
    plain = {
        "event": "request",
        "route": "/api/v1/tenants/<client:client>/debtors/<ref('deb'):debtor_id>",
        "status": 201,
        "ms": 1.5,
        "tenant": "01a20377-205c-7157-a223-93f7d15ecf2a",
        "actor": "person:01a20377-2f52-717d-8a8e-3aa5aff649bc",
        "request_id": "9ed1c0e70ab742ffa8c15700c075a108",
        "none": None,
        "final": True,
        "at": "2026-11-20T10:00:00Z",
    }
    assert hiding.line(plain) == plain
