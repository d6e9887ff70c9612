"""What a client sees of its own API traffic: every request of the last days, without what was in it."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from jobs.handlers import HANDLERS
from jobs.turns import Turn
from service.api_log import ApiLog
from tenants import store
from tenants.events import api_calls
from tenants.events.api_calls import Call, Wanted
from tenants.values import ids
from tests.cast import NOW


@pytest.fixture
def log(whole_web, monkeypatch):
    """The log, written when the test says so."""
    kept = ApiLog(whole_web, every_s=-1)
    monkeypatch.setitem(whole_web.extensions, "api_log", kept)
    return kept


@pytest.fixture
def toni(as_, alder_admin):
    return as_(alder_admin)


def listed(browser, world, **query):
    return browser.get(f"~/tenants/{world.slug}/api-calls", query_string=query).json["items"]


def test_each_request_stands_in_the_log_of_its_client(alder_world, toni, log, alder_admin):
    toni.headers = {"X-Request-Id": "probe-1234"}
    toni.get(f"~/tenants/{alder_world.slug}/invoices?cursor=secret")
    toni.get(f"~/tenants/{alder_world.slug}/invoices/{ids.show('inv', ids.new())}")
    toni.get("~/whoami")
    log.write()
    missing, invoices = listed(toni, alder_world)
    assert (invoices["method"], invoices["status"], invoices["request_id"]) == ("GET", 422, "probe-1234")
    assert invoices["path"] == f"/api/v1/tenants/{alder_world.slug}/invoices"
    assert invoices["caller"] == f"person:{ids.show('per', alder_admin.id)}"
    assert (missing["status"], missing["code"]) == (404, "unknown_invoice")


def test_it_can_be_narrowed_and_leafed_through(alder_world, toni, log):
    for path in ("invoices", "payments", "nothing-here", "history"):
        toni.get(f"~/tenants/{alder_world.slug}/{path}")
    toni.post(f"~/tenants/{alder_world.slug}/rules/dry-run", {})
    log.write()
    assert [each["status"] for each in listed(toni, alder_world, method="POST")] == [422]
    assert {each["status"] for each in listed(toni, alder_world, failed="false")} == {200}
    assert len(listed(toni, alder_world, status=422)) == 1
    first = toni.get(f"~/tenants/{alder_world.slug}/api-calls?limit=2").json
    second = toni.get(f"~/tenants/{alder_world.slug}/api-calls?limit=2&cursor={first['next']}").json
    assert len({each["id"] for each in first["items"] + second["items"]}) == 4


def test_nobody_sees_another_clients_requests(alder_world, birch_world, toni, log, as_, manager):
    as_(manager).get(f"~/tenants/{birch_world.slug}/invoices")
    log.write()
    assert listed(toni, alder_world) == []


def test_a_page_shows_them_with_filters(alder_world, toni, log):
    toni.get(f"~/tenants/{alder_world.slug}/invoices")
    toni.get(f"~/tenants/{alder_world.slug}/invoices/{ids.show('inv', ids.new())}")
    log.write()
    page = toni.get(f"/c/{alder_world.slug}/api-calls").text
    assert "unknown_invoice" in page and page.count("<tr>") == 3
    assert "unknown_invoice" not in toni.get(f"/c/{alder_world.slug}/api-calls?outcome=good").text
    assert "No request fits" in toni.get(f"/c/{alder_world.slug}/api-calls?request_id=none").text


def test_the_page_leafs_on(alder_world, toni, in_alder):
    keep(in_alder, *(NOW - timedelta(minutes=number) for number in range(60)))
    first = toni.get(f"/c/{alder_world.slug}/api-calls").text
    assert first.count("<tr>") == 51 and "Next page" in first
    address = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = toni.get(address).text
    assert second.count("<tr>") == 11 and "First page" in second


def keep(door, *instants):
    with door:
        api_calls.keep([Call(ids.new(), at, "person:x", "GET", "/r", "/p", 200, "", 3, "request-1") for at in instants])


def test_keys_and_requests_are_forgotten_on_a_new_day(alder, in_alder, whole_web):
    keep(in_alder, NOW, NOW - timedelta(days=8))
    tools = whole_web.extensions["goodterms"]
    with in_alder:
        HANDLERS["forget_requests"](Turn(alder, ids.new(), "forget_requests", {}, tools))
        assert store.run("SELECT count(*) FROM api_call WHERE tenant_id = :tenant").scalar_one() == 1
        assert len(api_calls.page(Wanted(), now=NOW)) == 1
        assert api_calls.page(Wanted(), now=NOW + timedelta(days=8)) == []


def test_a_database_that_is_away_costs_lines_and_no_answer(whole_web, monkeypatch):
    kept = ApiLog(whole_web, every_s=1)

    def away() -> int:
        raise OperationalError("INSERT", None, Exception())

    monkeypatch.setattr(kept, "write", away)
    kept._try()


def test_the_writer_is_started_once_and_only_when_there_is_something(whole_web, alder_world, toni, monkeypatch):
    begun = []
    kept = ApiLog(whole_web, every_s=1)
    monkeypatch.setattr(kept, "_begin", lambda: begun.append(True))
    monkeypatch.setitem(whole_web.extensions, "api_log", kept)
    toni.get("~/whoami")
    assert begun == []
    toni.get(f"~/tenants/{alder_world.slug}/invoices")
    assert begun == [True] and kept.write() == 1
