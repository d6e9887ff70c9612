"""Whatever goes wrong is told in one shape, calmly, and without a word about the inside."""

import re

import pytest
from flask import Blueprint
from marshmallow import ValidationError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import Forbidden

from service import api, problems
from tenants.rules.faults import Fault, RuleRefused
from tenants.values.faults import Kind, Refusal

MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}


def shaped(web, fault, path="/api/v1/whatever"):
    with web.test_request_context(path):
        return problems.answer(fault)


def test_a_problem_has_one_shape(stranger):
    answer = stranger.get("~/whoami")
    assert answer.content_type == "application/problem+json"
    assert set(answer.json) == MEMBERS | {"remedy"}
    assert answer.json["status"] == answer.status_code == 401
    assert answer.json["type"] == "http://goodterms.test/api/v1/problems#not_signed_in"
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_of_refusal_has_its_status(web, kind):
    refusal = type("Refused", (Refusal,), {"kind": kind, "code": "refused"})("No.")
    answer = shaped(web, refusal)
    assert answer.status_code == problems.STATUS[kind]
    assert ("Retry-After" in answer.headers) == (answer.status_code in (429, 503))


def test_what_nobody_foresaw_says_nothing_about_the_inside(web):
    answer = shaped(web, ZeroDivisionError("SELECT secret FROM app.invoice at line 7"))
    assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert not re.search(r"SELECT|ZeroDivision|line", answer.get_data(as_text=True))


def test_a_lost_database_is_a_matter_of_waiting(web):
    answer = shaped(web, OperationalError("SELECT 1", {}, ConnectionError("10.0.0.7 refused")))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "10.0.0.7" not in answer.get_data(as_text=True)


def test_faults_of_fields_are_named_by_their_place(web):
    nested = {"lines": {0: {"net": ["Missing."]}}, "_schema": ["Too little."], "odd": "One sentence."}
    found = shaped(web, ValidationError(nested)).json["errors"]
    assert [(each["pointer"], each["detail"]) for each in found] == [
        ("/lines/0/net", "Missing."),
        ("/", "Too little."),
        ("/odd", "One sentence."),
    ]


def test_all_faults_of_a_rule_are_named_at_once(web):
    faults = [Fault("/document/if", "No such field.", "Use another."), Fault("", "Too large.", "Split it.")]
    found = shaped(web, RuleRefused(faults)).json["errors"]
    assert [each["pointer"] for each in found] == ["/document/if", "/"]


def test_a_refusal_that_knows_its_place_names_it(web):
    answer = shaped(web, Refusal("Not this.", pointer="/amount", remedy="Another."))
    assert answer.json["errors"] == [{"pointer": "/amount", "code": "refused", "detail": "Not this."}]
    assert answer.json["remedy"] == "Another."


def test_an_address_without_a_route_is_answered_like_an_object_that_is_not_there(stranger):
    for path in ("~/nothing", "~/tenants/alder/invoices/inv_1", "~/tenants/alder/invoices/deb_" + "0" * 26):
        answer = stranger.get(path)
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_a_method_that_an_address_does_not_know_says_which_it_knows(stranger):
    answer = stranger.send("DELETE", "~/whoami")
    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_faults_of_http_keep_their_status(web):
    assert shaped(web, Forbidden("Not here.")).json["detail"] == "Not here."


def test_people_see_a_page_and_not_a_document(stranger):
    answer = stranger.get("/nothing-here")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "There is nothing here" in answer.text


def test_a_page_that_needs_a_name_leads_to_the_sign_in_and_back(web):
    answer = shaped(web, problems.NotSignedIn("Sign in."), path="/c/alder/rules?x=1")
    assert (answer.status_code, answer.location) == (302, "/sign-in?next=/c/alder/rules%3Fx%3D1")


def test_health_answers_in_json_whatever_happens(web):
    assert shaped(web, ZeroDivisionError(), path="/readyz").mimetype == "application/problem+json"


def test_blueprints_of_the_api_do_not_take_names_of_pages(web):
    assert all(isinstance(each, Blueprint) for each in web.blueprints.values())
    assert len([name for name in web.blueprints if name.startswith("api_")]) == len(api.BLUEPRINTS)
