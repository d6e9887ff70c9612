"""A short size of the probes: every route is covered, and what is tried leaks nothing, with both walls and with one.

`./goodterms probe` is the whole.
"""

import pytest

from service.endpoint import ROUTES
from tests.security.probe import asks, canaries, run, slots, walls
from tests.security.probe.findings import Finding, Findings
from tests.security.probe.run import PARTS
from tests.security.probe.slots import Slot
from tests.security.probe.walker import Size, Walk
from tests.unit.service.asking import Ask

FEW = ("specialist of two", "viewer", "stranger", "machine", "app of the manager of two")


def told(findings: Findings) -> dict[str, object]:
    """What is wrong, and nothing else."""
    shown = findings.told()
    return {name: shown[name] for name in ("found", "uncovered", "lists")}


CLEAN = {
    "found": [],
    "uncovered": {"routes": [], "references": [], "jobs": []},
    "lists": {"unequal": [], "unknown": []},
}


def test_every_route_and_every_reference_is_covered(stage):
    """A new route stands in asking.py or asks.py, a new field that names an object is a Ref."""
    walk = Walk(stage, Size(objects=1, callers=("specialist of two",)))
    run.coverage(walk.findings)
    for route in asks.known():
        build = asks.builder(route)
        assert build is not None, f"nobody says how {route.name} is asked"
        ask = build(stage.alder)
        asks.address(route, stage.alder, ask, token="x")
        for slot in slots.of(route):
            slots.put(ask, slot, "x")
    assert told(walk.findings) == CLEAN


def test_an_eighth_of_the_routes_gives_nothing_away(stage):
    walk = Walk(stage, Size(objects=1, callers=FEW, every=8))
    for part in ("controls", "lists", "clients", "tokens", "portal", "growth"):
        PARTS[part](walk)
    assert told(walk.findings) == CLEAN
    assert walk.findings.counted["foreign"] > 200


def test_work_of_every_kind_does_nothing_with_the_ids_of_another_client(stage):
    walk = Walk(stage, Size(objects=1))
    PARTS["work"](walk)
    assert told(walk.findings) == CLEAN
    assert walk.findings.counted["foreign work"] >= 15


@pytest.mark.parametrize("without", [walls.RLS, walls.GUARD])
def test_either_wall_holds_alone(stage, without, monkeypatch):
    monkeypatch.setattr(stage, "without", without)
    routes = [route.name for route in ROUTES if route.rule.startswith("/api/") and slots.of(route)][::9]
    with walls.without(without, stage.admin_url):
        walk = Walk(stage, Size(objects=1, callers=FEW[:1], routes=routes))
        for part in ("controls", "lists", "clients"):
            PARTS[part](walk)
    assert told(walk.findings) == CLEAN


@pytest.mark.parametrize("what", ["a cursor fits every client's list", "a token opens every client of its person"])
def test_a_mistake_that_is_sown_is_found(stage, what):
    (defect,) = [each for each in run.DEFECTS if each.what == what]
    assert run.sow(stage, defect) == "caught"


def test_there_are_enough_mistakes_to_sow():
    assert len({defect.what for defect in run.DEFECTS}) == len(run.DEFECTS) >= 20


def test_the_guard_is_taken_out_of_statements_and_put_back(stage):
    with walls.without_guard():
        pass
    assert walls.widen("INSERT INTO x VALUES (:tenant)") == "INSERT INTO x VALUES (:tenant)"
    wide = walls.widen("SELECT 1 FROM a JOIN b ON b.tenant_id = :tenant WHERE a.tenant_id = ANY(:tenants)")
    assert wide.count("OR true") == 2 and ":tenants" in wide


def test_a_mark_in_another_clients_answer_is_seen(stage):
    with stage.eye() as line:
        owners = canaries.Owners(line)
    alder, birch = stage.worlds[0].tenant, stage.worlds[1].tenant
    assert owners.strangers(f"… {canaries.mark(birch)}name …", allowed={alder}) == [canaries.mark(birch)]
    assert owners.strangers(f"… {canaries.mark(alder)}name …", allowed={alder}) == []
    assert owners.strangers(str(stage.worlds[1].at["inv"]), allowed={alder}) == [str(stage.worlds[1].at["inv"])]


def test_an_id_is_put_into_any_place_of_a_request():
    ask = Ask({"inv": "a"}, {"q": "1"}, {"parts": [{"invoice_id": "a"}]})
    assert slots.put(ask, Slot("path", ("inv",), "inv"), "b").path == {"inv": "b"}
    assert slots.put(ask, Slot("query", ("debtor_id",), "deb"), "b").query == {"q": "1", "debtor_id": "b"}
    assert slots.put(ask, Slot("body", ("parts", 0, "invoice_id"), "inv"), "b").body == {"parts": [{"invoice_id": "b"}]}
    assert slots.put(Ask(), Slot("body", ("debtor_id",), "deb"), "b").body == {"debtor_id": "b"}


def test_what_was_found_is_told_in_a_sentence():
    findings = Findings(leaks=[Finding("leaks", "GET /x", "viewer", "path:inv", "200 shows it")])
    assert findings.told()["found"] == ["leaks: GET /x by viewer, path:inv: 200 shows it"]
    assert not findings.clean
