"""Going live and ladders by API."""

from tenants.rules import ladders
from tests.cast import engage
from tests.unit.service import world_of_rules as ruling

LADDER = ladders.STANDARD | {"key": "trade", "groups": ["trade"], "languages": ["de"]}


def test_a_client_is_tried_made_ready_and_switched_on(alder_world, as_, alder_admin, specialist):
    admin, at = as_(alder_admin), f"/api/v1/tenants/{alder_world.slug}"
    assert admin.post(f"{at}/test-mode", json={"reason": "A new ledger"}).json["testing"]
    shown = as_(specialist).get(f"{at}/go-live").json
    assert shown["since"] and "policy" in {line["key"] for line in shown["lines"] if line["must"] and not line["done"]}
    refused = admin.post(f"{at}/go-live", json={"send": False, "reason": "Now"})
    assert (refused.status_code, refused.json["code"]) == (409, "not_ready")
    customers = ruling.ready_to_go_live(alder_world)
    wrong = admin.post(f"{at}/go-live", json={"send": True, "customers": customers + 1, "reason": "Now"})
    assert wrong.json["code"] == "other_number"
    gone = admin.post(f"{at}/go-live", json={"send": True, "customers": customers, "reason": "Now"})
    assert (gone.status_code, gone.json["testing"]) == (200, False)
    assert as_(specialist).post(f"{at}/go-live", json={"send": True, "reason": "Now"}).status_code == 403


def test_a_ladder_is_expanded_kept_tried_and_published_by_a_second_person(alder, alder_world, as_, alder_admin):
    admin, at = as_(alder_admin), f"/api/v1/tenants/{alder_world.slug}/ladders"
    steps = admin.post(f"{at}/expand", json={"document": LADDER}).json["steps"]
    assert [step["key"] for step in steps] == [f"trade-{n}" for n in (1, 2, 3, 4)]
    assert "belongs to a customer in Trade" in steps[0]["sentence"] and "de" in steps[0]["sentence"]
    assert [each["key"] for each in admin.get(at).json["items"]] == []
    kept = admin.post(at, json={"document": LADDER})
    assert (kept.status_code, kept.json["version"], kept.json["state"]) == (201, 1, "draft")
    tried = admin.post(f"{at}/trade/try").json["steps"]
    assert len(tried) == 4 and all("matched" in step for step in tried)
    assert admin.post(f"{at}/trade/publish").json["code"] == "needs_second_person"
    second = as_(engage("Clara Voss", (alder, "tenant_admin")))
    assert second.post(f"{at}/trade/publish").json["state"] == "live"
    assert admin.get(f"{at}/trade").json["document"] == LADDER
    assert [each["state"] for each in admin.get(at).json["items"]] == ["live"]


def test_the_fault_of_a_ladder_has_its_place(alder_world, as_, alder_admin):
    faulty = LADDER | {"except_groups": "trade", "steps": [{"day": 0, "template": "First reminder"}]}
    answer = as_(alder_admin).post(f"/api/v1/tenants/{alder_world.slug}/ladders", json={"document": faulty})
    assert answer.status_code == 422
    assert {each["pointer"] for each in answer.json["errors"]} == {"/document/steps/0/day", "/document/except_groups"}
    assert as_(alder_admin).get(f"/api/v1/tenants/{alder_world.slug}/ladders/nosuch").status_code == 404
