"""The document tells the truth: it is whole, it is the one that is kept, and every answer keeps its word."""

import json
import re

import jsonschema
import pytest
from click.testing import CliRunner

from console.commands.openapi import PAGE, command, written
from service import openapi
from service.endpoint import JSON, SAFE
from tests.cast import engage
from tests.unit.service import asking
from tests.unit.service.asking import ASKS, address

DOCUMENT = openapi.document()
OPERATIONS = [(path, method, told) for path, told_of in DOCUMENT["paths"].items() for method, told in told_of.items()]


def test_the_kept_document_is_current():
    assert PAGE.read_text(encoding="utf-8") == written(), "run: ./goodterms openapi"


def test_the_command_writes_the_document_and_says_whether_it_changed(tmp_path):
    page = tmp_path / "api" / "openapi.json"
    for changed in (True, False):
        told = CliRunner().invoke(command, ["--to", str(page), "--json"])
        assert json.loads(told.stdout) == {"document": str(page), "changed": changed}
    assert page.read_text(encoding="utf-8") == written()


def test_the_server_hands_out_the_same_document(stranger):
    assert stranger.get("~/openapi.json").json == DOCUMENT


def test_every_reference_leads_somewhere():
    for found in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(DOCUMENT))):
        node = DOCUMENT
        for step in found.split("/"):
            node = node[step]


def test_every_schema_is_a_schema():
    for name, schema in DOCUMENT["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert name.isidentifier() and "enum" not in name


def test_names_of_operations_and_schemas_are_unique():
    operations = [told["operationId"] for _, _, told in OPERATIONS]
    assert len(operations) == len(set(operations)) == len(openapi.described())
    names = [
        openapi._schema_name(schema) for schema in openapi.schemas() if schema.__module__.startswith("service.api")
    ]
    assert len(names) == len(set(names))


def test_every_part_of_a_path_is_told():
    for path, _, told in OPERATIONS:
        wanted = set(re.findall(r"{(\w+)}", path))
        assert {each["name"] for each in told["parameters"] if each.get("in") == "path"} == wanted, path


def test_every_operation_says_what_it_needs_and_how_it_refuses():
    for path, method, told in OPERATIONS:
        assert told["summary"].endswith("."), path
        assert told["x-needs"], path
        assert "default" in told["responses"], path
        assert ("401" in told["responses"]) == bool(told["security"]), path
        csrf = {"$ref": "#/components/parameters/Csrf"} in told["parameters"]
        assert csrf == (method.upper() not in SAFE), path


def checked(schema, value):
    """Hold a value against a schema of the document."""
    whole = {"$ref": "#/told", "told": schema, "components": DOCUMENT["components"]}
    jsonschema.validate(value, whole, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("currency_of", ["alder_world"])
def test_every_answer_is_as_the_document_says(request, as_, currency_of):
    world = request.getfixturevalue(currency_of)
    roles = [(world.tenant, role) for role in ("specialist_manager", "tenant_admin")]
    browser = as_(engage("Omar Quist", *roles, provider_role="provider_admin"))
    for name, route in asking.ROUTES.items():
        if route.produces != JSON:
            continue
        ask = ASKS[name](world)
        answer = browser.send(route.method, address(route, world, ask), **ask.options())
        assert answer.status_code == route.status, (name, answer.text[:500])
        told = DOCUMENT["paths"][openapi.PART.sub(r"{\g<name>}", route.rule)][route.method.lower()]
        checked(told["responses"][str(route.status)]["content"][JSON]["schema"], answer.json)
        if ask.body is not None:
            checked(told["requestBody"]["content"][JSON]["schema"], ask.body)


def test_every_code_of_a_problem_is_told_with_a_remedy(stranger):
    found = stranger.get("~/problems").json["items"]
    codes = [each["code"] for each in found]
    assert codes == sorted(set(codes))
    assert {"not_found", "invalid", "csrf", "over_allocated", "bad_rule", "mapping_refused"} <= set(codes)
    assert [each["code"] for each in found if not each["remedy"] or not each["meaning"].endswith(".")] == []
