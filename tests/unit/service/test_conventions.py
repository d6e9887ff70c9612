"""What holds for every route of the API: limits that are told, versions, states that were looked at, many at once."""

from dataclasses import replace
from datetime import date

import pytest

from service import api_versions
from service.api_versions import Version
from service.endpoint import ROUTES
from tenants.directory.rates import LocalCounter
from tests.unit.service import asking


@pytest.fixture
def toni(as_, alder_admin):
    """The tenant admin of Alder."""
    return as_(alder_admin)


@pytest.fixture
def marek(as_, manager):
    return as_(manager)


@pytest.fixture
def slow_api(whole_web, monkeypatch):
    """The API with limits as small as a test can use up."""

    def set_to(**limits: int) -> None:
        tools = whole_web.extensions["goodterms"]
        named = {name if "_" in name else f"api_per_{name}": most for name, most in limits.items()}
        chosen = replace(tools.settings, **named)
        monkeypatch.setitem(whole_web.extensions, "goodterms", replace(tools, settings=chosen, rates=LocalCounter()))

    return set_to


def profile(world):
    return f"~/tenants/{world.slug}"


def test_a_change_says_which_state_it_is_meant_for(alder_world, toni):
    shown = toni.get(profile(alder_world))
    bare = toni.send("PATCH", profile(alder_world), json={"pixel": "on"}, headers={"If-Match": ""})
    assert (bare.status_code, bare.json["code"]) == (428, "match_missing")
    good = {"If-Match": shown.headers["ETag"]}
    changed = toni.send("PATCH", profile(alder_world), json={"pixel": "on"}, headers=good)
    assert changed.status_code == 200 and changed.headers["ETag"] != shown.headers["ETag"]
    again = toni.send("PATCH", profile(alder_world), json={"pixel": "off"}, headers=good)
    assert (again.status_code, again.json["code"]) == (412, "stale")
    assert toni.get(profile(alder_world)).json["pixel"] == "on"


def test_whatever_puts_something_else_in_the_place_of_one_object_says_which_state_it_is_meant_for():
    one = [route for route in asking.ROUTES.values() if route.method in ("PUT", "PATCH", "DELETE")]
    bare = {route.name for route in one if asking.refs_in_path(route) and route.changes is None}
    assert one and not bare


def test_the_tag_of_an_object_stays_while_only_the_clock_moves(alder_world, toni, web_clock):
    before = toni.get(profile(alder_world)).headers["ETag"]
    web_clock.stand_at(web_clock.now().replace(minute=59))
    assert toni.get(profile(alder_world)).headers["ETag"] == before


def test_one_object_carries_a_tag_and_a_list_does_not(alder_world, marek):
    invoice = asking.ids.show("inv", alder_world.at["inv"])
    assert marek.get(f"{profile(alder_world)}/invoices/{invoice}").headers["ETag"].startswith('"')
    assert "ETag" not in marek.get(f"{profile(alder_world)}/invoices").headers


def test_of_a_batch_each_item_is_answered_for_itself(alder_world, marek):
    customer = asking.ids.show("deb", alder_world.at["deb"])
    item = {"debtor_id": customer, "reference": "X-1", "amount": asking.euros(alder_world), "received_on": "2026-11-20"}
    foreign = item | {"reference": "X-2", "debtor_id": asking.ids.show("deb", asking.ids.new())}
    answer = marek.post(f"{profile(alder_world)}/payments:batch", {"items": [item, foreign, {"x": 1}]})
    assert (answer.status_code, answer.json["done"], answer.json["refused"]) == (200, 1, 2)
    first, second, third = answer.json["items"]
    assert (first["status"], first["result"]["reference"], first["problem"]) == (201, "X-1", None)
    assert (second["status"], second["problem"]["code"]) == (404, "unknown_customer")
    assert third["status"] == 422 and {"/x", "/debtor_id"} <= {each["pointer"] for each in third["problem"]["errors"]}
    listed = marek.get(f"{profile(alder_world)}/payments").json["items"]
    assert {"X-1"} == {each["reference"] for each in listed} & {"X-1", "X-2"}


@pytest.mark.parametrize("items", [[], "x", ["x"], [{}] * 201])
def test_a_batch_is_a_list_of_a_fair_size(alder_world, marek, items):
    assert marek.post(f"{profile(alder_world)}/payments:batch", {"items": items}).status_code == 422


def test_every_answer_names_the_version_and_an_unknown_one_is_refused(marek, monkeypatch):
    assert marek.get("~/whoami").headers["Goodterms-Version"] == "2026-11-22"
    marek.headers = {"Goodterms-Version": "2020-01-01"}
    answer = marek.get("~/whoami")
    assert (answer.status_code, answer.json["code"]) == (422, "unknown_version")
    old = Version(date(2020, 1, 1), deprecated_on=date(2026, 1, 1), sunset_on=date(2027, 1, 1))
    monkeypatch.setattr(api_versions, "VERSIONS", (old, *api_versions.VERSIONS))
    headers = marek.get("~/whoami").headers
    assert headers["Goodterms-Version"] == "2020-01-01"
    assert headers["Deprecation"] == "@1767225600" and headers["Sunset"] == "Fri, 01 Jan 2027 00:00:00 GMT"


def test_what_is_left_is_told_and_who_asks_too_fast_waits(alder_world, marek, toni, slow_api, web_clock):
    slow_api(caller=2, client=3)
    path = f"{profile(alder_world)}/activity"
    first, second, third = (marek.get(path) for _ in range(3))
    assert first.headers["RateLimit"] == '"caller";r=1;t=30, "client";r=2;t=20'
    assert first.headers["RateLimit-Policy"] == '"caller";q=2;w=60, "client";q=3;w=60'
    assert (second.status_code, third.status_code, third.json["code"]) == (200, 429, "too_fast")
    assert third.headers["Retry-After"] == "30"
    assert toni.get(path).status_code == 200
    assert toni.get(path).json["detail"].startswith("This client has used the 3 requests")
    web_clock.stand_at(web_clock.now().replace(minute=1))
    assert marek.get(path).status_code == 200


def test_files_of_many_rows_leave_so_often_in_an_hour_and_each_client_counts_alone(
    alder_world, birch_world, marek, slow_api
):
    slow_api(exports_per_hour=2)
    files = (f"~/tenants/{alder_world.slug}/history.csv", f"/c/{alder_world.slug}/history/table")
    first, second, third = marek.get(files[0]), marek.client.get(files[1]), marek.client.get(files[1])
    assert first.headers["RateLimit-Policy"].endswith('"exports";q=2;w=3600')
    assert (first.status_code, second.status_code, third.status_code) == (200, 200, 429)
    assert third.headers["Retry-After"] == "1800" and "can be taken in 30 minutes" in third.text
    assert marek.get(files[0]).json["code"] == "too_fast"
    assert marek.get(f"~/tenants/{birch_world.slug}/history.csv").status_code == 200


def test_whatever_gives_many_rows_away_as_a_file_asks_for_a_proof_and_is_counted():
    files = {route.rule for route in ROUTES if route.rule.endswith(("/export", "/history.csv", "/history/table"))}
    assert files == {route.rule for route in ROUTES if route.is_export} and len(files) >= 9


def test_without_limits_nothing_is_told(marek):
    assert "RateLimit" not in marek.get("~/whoami").headers
