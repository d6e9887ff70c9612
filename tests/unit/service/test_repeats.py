"""A request that moves money, mail or approval happens once, however often its caller sends it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from service import repeats
from service.endpoint import ROUTES, endpoint
from tenants import store
from tenants.directory import permissions
from tenants.events import request_keys
from tenants.events.request_keys import Asked
from tenants.isolation import scope
from tenants.work import unit_of_work
from tests.cast import NOW, engage
from tests.unit.service import asking
from tests.unit.service.asking import ASKS, address

ONCE = [name for name, route in asking.ROUTES.items() if route.once]


@pytest.fixture
def sofia(as_, specialist):
    return as_(specialist)


def a_payment_of(world, reference="B-1", amount="50.00"):
    return {
        "debtor_id": asking.ids.show("deb", world.at["deb"]),
        "reference": reference,
        "amount": asking.euros(world, amount),
        "received_on": "2026-11-20",
    }


def pay(browser, world, body, key="one"):
    return browser.post(f"~/tenants/{world.slug}/payments", body, headers={"Idempotency-Key": key})


def test_a_payment_that_is_sent_twice_is_booked_once_and_answered_alike(alder_world, sofia):
    first = pay(sofia, alder_world, a_payment_of(alder_world))
    again = pay(sofia, alder_world, dict(reversed(a_payment_of(alder_world).items())))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data and again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    found = sofia.get(f"~/tenants/{alder_world.slug}/payments").json["items"]
    assert [each["reference"] for each in found].count("B-1") == 1


def test_a_key_opens_no_other_request(alder_world, sofia):
    pay(sofia, alder_world, a_payment_of(alder_world))
    other = pay(sofia, alder_world, a_payment_of(alder_world, amount="51.00"))
    assert (other.status_code, other.json["code"]) == (422, "key_of_another_request")


def test_a_key_belongs_to_one_caller_one_route_and_one_client(alder_world, birch_world, sofia, as_, manager):
    assert pay(sofia, alder_world, a_payment_of(alder_world, "B-2")).status_code == 201
    for browser, world in ((as_(manager), alder_world), (sofia, birch_world)):
        answer = pay(browser, world, a_payment_of(world, "B-3"))
        assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (201, None)


def test_a_refusal_is_not_kept_because_nothing_happened(alder_world, sofia):
    missing = a_payment_of(alder_world) | {"debtor_id": asking.ids.show("deb", asking.ids.new())}
    assert pay(sofia, alder_world, missing).status_code == 404
    assert pay(sofia, alder_world, a_payment_of(alder_world)).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "with a blank"])
def test_a_key_that_is_none_is_told_in_words(alder_world, sofia, key):
    answer = pay(sofia, alder_world, a_payment_of(alder_world), key=key)
    assert (answer.status_code, answer.json["code"]) == (422, "key_missing")
    assert answer.json["errors"][0]["pointer"] == f"/{repeats.HEADER}"


def test_of_many_at_once_one_has_the_effect(alder_world, as_, specialist, web):
    browsers = [as_(specialist) for _ in range(4)]
    body = a_payment_of(alder_world, "B-9")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda browser: pay(browser, alder_world, body, key="race"), browsers))
    assert {each.status_code for each in answers} == {201}
    assert len({each.data for each in answers}) == 1
    assert sum("Idempotency-Replayed" not in each.headers for each in answers) == 1


def test_who_repeats_while_the_first_is_running_is_told_to_wait(alder_world, sofia, monkeypatch):
    """Another connection holds the key, as a slow first request would."""
    monkeypatch.setattr(request_keys, "PATIENCE_MS", 20)
    body = a_payment_of(alder_world)
    caller = sofia.get("~/whoami").json["id"]
    person = asking.ids.read("per", caller)
    held = Asked(f"person:{person}", "api_payments.receive_payment", "slow", b"x")
    with ThreadPoolExecutor(1) as pool, unit_of_work(scope.tenant(alder_world.tenant, actor="test")):
        request_keys.claim(held, now=NOW)
        answer = pool.submit(pay, sofia, alder_world, body, "slow").result()
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (409, "still_running", "1")


def test_every_route_that_happens_once_wants_a_key_and_replays(alder_world, as_):
    """In one client for all routes; which of them fail is told by their names."""
    wrong = {}
    for name in ONCE:
        route, ask = asking.ROUTES[name], ASKS[name](alder_world)
        roles = ("specialist", "specialist_manager", "client_approver", "tenant_admin")
        role = next(each for each in roles if permissions.allowed([each], route.needs))
        browser = as_(engage("Robin Reed", (alder_world.tenant, role)))
        path = address(route, alder_world, ask)
        bare, first, again = (
            browser.send(route.method, path, **ask.options(), headers={"Idempotency-Key": key})
            for key in ("", "k-1", "k-1")
        )
        seen = [(each.status_code, each.headers.get("Idempotency-Replayed")) for each in (bare, first, again)]
        told = (bare.json.get("code"), again.data == first.data)
        if (seen, told) != ([(422, None), (route.status, None), (route.status, "true")], ("key_missing", True)):
            wrong[name] = (seen, told, first.text)
    assert wrong == {} and len(ONCE) > 20


def test_what_cannot_be_repeated_cannot_be_declared(web):
    for options in ({"method": "GET"}, {"method": "POST"}):
        with pytest.raises(TypeError):
            endpoint(None, "/tenants/<client:client>/x", needs="ledger.write", once=True, **options)
    assert {route.method for route in ROUTES if route.once} == {"POST"}


def test_keys_are_forgotten_after_a_week(in_alder):
    asked = Asked("person:x", "r", "old", b"x")
    with in_alder:
        request_keys.claim(asked, now=NOW - timedelta(days=8))
        request_keys.claim(Asked("person:x", "r", "new", b"x"), now=NOW)
        assert request_keys.purge(now=NOW) == 1
        assert store.run("SELECT key FROM request_key WHERE tenant_id = :tenant").scalars().all() == ["new"]
