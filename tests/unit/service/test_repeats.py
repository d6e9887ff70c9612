"""A request that moves money, mail or approval happens once, however often its caller sends it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from marshmallow import Schema

from service import repeats
from service.endpoint import PUBLIC, ROUTES, endpoint
from tenants import store
from tenants.directory import permissions
from tenants.events import request_keys
from tenants.events.request_keys import Asked, Place
from tenants.isolation import scope
from tenants.work import unit_of_work
from tests.cast import NOW, engage
from tests.unit.service import asking
from tests.unit.service.asking import ASKS, address

ONCE = [name for name, route in asking.ROUTES.items() if route.once]


class Problem(Schema):
    """Any answer."""


@pytest.fixture
def platform_rows():
    """One value as the sign-in role reads it."""

    def ask(sql, **values):
        with unit_of_work(scope.platform(actor="test", reason="a test looks beside the people")):
            return store.run_identity(sql, **values).scalar_one()

    return ask


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
        role = next((each for each in roles if permissions.allowed([each], route.needs)), None)
        paula = engage("Paula Adeyemi", side="provider", provider_role="provider_admin") if role is None else None
        browser = as_(paula or engage("Robin Reed", (alder_world.tenant, role)))
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


@pytest.fixture
def paula(as_, provider_admin):
    return as_(provider_admin)


def test_a_client_that_paula_opens_twice_with_one_key_is_one_client(paula):
    """The network broke before she saw the answer; what she sends once more opens nothing twice."""
    first, other = asking.new_client(), asking.new_client()
    key = {"Idempotency-Key": f"open-{first['slug']}"}
    taken = paula.post("~/provider/clients", first | {"time_zone": "Nowhere/At_all"}, headers=key)
    assert taken.status_code == 422, "a refusal is not kept"
    answers = [paula.post("~/provider/clients", first, headers=key) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 201] and answers[0].data == answers[1].data
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    assert paula.post("~/provider/clients", other, headers=key).json["code"] == "key_of_another_request"
    assert paula.post("~/provider/clients", first).json["code"] == "slug_taken", "another key is another request"
    second = paula.post("~/provider/clients", other)
    assert second.status_code == 201 and second.json["id"] != answers[0].json["id"]
    slugs = [each["slug"] for each in paula.get(f"~/provider/clients?q={first['slug']}").json["items"]]
    assert slugs.count(first["slug"]) == 1


def test_a_colleague_who_is_added_twice_with_one_key_gets_one_letter(paula, as_, platform_rows):
    key = f"add-{asking.word()}"
    body = {"email": f"{key.lower()}@people.test", "name": "Nora Lund"}
    petra = as_(engage("Petra Lund", side="provider", provider_role="provider_admin"))
    answers = [paula.post("~/provider/people", body, headers={"Idempotency-Key": key}) for _ in range(2)]
    assert {each.status_code for each in answers} == {201} and answers[0].data == answers[1].data
    assert platform_rows("SELECT count(*) FROM identity.letter WHERE email = :email", email=body["email"]) == 1
    again = paula.post("~/provider/people", body | {"admin": True}, headers={"Idempotency-Key": key})
    assert (again.status_code, again.json["code"]) == (422, "key_of_another_request")
    refused = petra.post("~/provider/people", body, headers={"Idempotency-Key": key})
    assert (refused.status_code, refused.headers.get("Idempotency-Replayed")) == (409, None), "a key is one caller's"


def test_a_client_that_is_not_there_keeps_no_keys(paula):
    nowhere = f"~/provider/clients/{asking.ids.show('ten', asking.ids.new())}"
    for path, body in (
        ("assignments", {"email": "x@people.test", "role": "specialist"}),
        ("access-grants", {"reason": "A customer called about a bill"}),
    ):
        assert paula.post(f"{nowhere}/{path}", body).status_code == 404


def test_the_providers_keys_are_forgotten_after_a_week_too(web, platform_rows):
    old, new = (Asked("person:x", "r", f"{age}-{asking.word()}", b"x", Place.PROVIDER) for age in ("old", "new"))
    for asked, at in ((old, NOW - timedelta(days=8)), (new, NOW)):
        with unit_of_work(scope.platform(actor="test", reason="a test of keys")):
            assert request_keys.claim(asked, now=at) is None
    left = "SELECT count(*) FROM identity.request_key WHERE key = ANY(:keys)"
    assert platform_rows(left, keys=[old.key, new.key]) == 1


def test_what_cannot_be_repeated_cannot_be_declared(web):
    for options in ({"method": "GET"}, {"method": "POST"}):
        with pytest.raises(TypeError):
            endpoint(None, "/tenants/<client:client>/x", needs="ledger.write", once=True, **options)
    with pytest.raises(TypeError):
        endpoint(None, "/x", needs=PUBLIC, method="POST", returns=Problem, once=True)
    assert {route.method for route in ROUTES if route.once} == {"POST"}


def test_keys_are_forgotten_after_a_week(in_alder):
    asked = Asked("person:x", "r", "old", b"x")
    with in_alder:
        request_keys.claim(asked, now=NOW - timedelta(days=8))
        request_keys.claim(Asked("person:x", "r", "new", b"x"), now=NOW)
        assert request_keys.purge(now=NOW) == 1
        assert store.run("SELECT key FROM request_key WHERE tenant_id = :tenant").scalars().all() == ["new"]
