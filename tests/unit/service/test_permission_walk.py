"""Every route of the API answers each role as the matrix says, and nobody learns more from a refusal."""

from datetime import timedelta

import pytest

from service.endpoint import OPEN_NEEDS, PUBLIC, ROUTES, SAFE, SIGNED_IN
from service.openapi import PREFIX
from tenants.directory import access_grants, memberships, permissions
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work
from tests.cast import NOW, engage
from tests.unit.service import asking
from tests.unit.service.asking import ASKS, address

OPEN = {"whoami": SIGNED_IN, "openapi_document": PUBLIC, "list_problems": PUBLIC}
"""Every route of the API that no permission guards. A new one is a decision."""
ROLES = [role for role in permissions.MATRIX if role != "debtor_contact"]
OF_CLIENT = [name for name, route in asking.ROUTES.items() if "<client:" in route.rule]


def someone(role, tenant):
    """A person with one role, in this client or at the provider."""
    if role in permissions.OF_PROVIDER:
        return engage("Paula Adeyemi", side="provider", provider_role=role)
    if role in permissions.BY_GRANT:
        return visitor(tenant)
    return engage("Robin Reed", (tenant, role))


def visitor(tenant):
    """Somebody of the provider whom a second person has let in."""
    paula = engage("Paula Adeyemi", side="provider")
    with unit_of_work(scope.tenant(tenant, actor="test")):
        asked = access_grants.ask(paula.id, name=paula.name, email=paula.email, reason="A customer called", now=NOW)
        let_in_at = NOW - timedelta(minutes=1)  # before she proved who she is
        access_grants.decide(asked, allow=True, by=ids.new(), by_name="Marek", now=let_in_at)
    return paula


def said(answer):
    """A problem without what differs from one request to the next."""
    return answer.status_code, {key: value for key, value in answer.get_json().items() if key != "request_id"}


def test_every_route_needs_a_permission_of_the_matrix_or_is_open_on_purpose():
    declared = [route for route in ROUTES if route.rule.startswith(PREFIX)]
    assert {route.view.__name__: route.needs for route in declared if route.needs in OPEN_NEEDS} == OPEN
    assert [route.name for route in ROUTES if route.needs not in (*OPEN_NEEDS, *permissions.PERMISSIONS)] == []


def test_every_route_of_the_application_was_declared(web):
    declared = {(route.rule, route.method) for route in ROUTES}
    hung = {(rule.rule, method) for rule in web.url_map.iter_rules() for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert hung == declared


def test_a_change_is_never_a_get_and_every_route_of_a_client_names_it():
    for route in asking.ROUTES.values():
        assert route.writes == (route.method not in SAFE), route.name
        assert ("<client:client>" in route.rule) == route.rule.startswith("/api/v1/tenants/"), route.name


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_what_the_matrix_says(alder_world, as_, role):
    browser = as_(someone(role, alder_world.tenant))
    wrong = []
    for name, route in asking.ROUTES.items():
        if name in OPEN:
            continue
        ask = ASKS[name](alder_world)
        answer = browser.send(route.method, address(route, alder_world, ask), **ask.options())
        allowed = permissions.allowed([role], route.needs)
        expected = route.status if allowed else 403
        if role in permissions.OF_PROVIDER and "<client:" in route.rule:
            expected = 404
        if role in permissions.BY_GRANT and route.portfolio:
            expected = 403
        if answer.status_code != expected:
            wrong.append(f"{route.method} {route.rule}: {answer.status_code}, not {expected}: {answer.text[:300]}")
    assert wrong == []


def test_nobody_gets_anything_without_a_session(alder_world, stranger):
    for name, route in asking.ROUTES.items():
        if route.needs == PUBLIC:
            continue
        answer = stranger.send(route.method, address(route, alder_world, asking.Ask({"rule": "x-1"})), json={})
        assert (answer.status_code, answer.json["code"]) == (401, "not_signed_in"), name


def test_a_change_without_the_token_of_our_page_is_refused(alder_world, as_, manager):
    browser = as_(manager)
    for token in ("", "x" * 43):
        browser.csrf = token
        for name, route in asking.ROUTES.items():
            if route.method in SAFE or not permissions.allowed(["specialist_manager"], route.needs):
                continue
            ask = ASKS[name](alder_world)
            answer = browser.send(route.method, address(route, alder_world, ask), **ask.options())
            assert (answer.status_code, answer.json["code"]) == (403, "csrf"), name


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://goodterms.test.evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 201),
        ({"Origin": "http://goodterms.test"}, 201),
    ],
)
def test_a_change_from_another_site_is_refused_even_with_the_token(alder_world, as_, manager, headers, status):
    browser = as_(manager)
    new = {"number": "O-1", "name": "Orchard"}
    assert browser.post(f"~/tenants/{alder_world.slug}/debtors", new, headers=headers).status_code == status


def test_a_foreign_client_is_answered_like_one_that_does_not_exist(alder_world, birch_world, as_, alder_admin):
    browser = as_(alder_admin)
    missing = ids.show("ten", ids.new())
    for name in OF_CLIENT:
        route, ask = asking.ROUTES[name], ASKS[name](birch_world)
        answers = [
            said(browser.send(route.method, address(route, birch_world, ask, client=client), **ask.options()))
            for client in (birch_world.slug, ids.show("ten", birch_world.tenant), missing, "nobody-at-all")
        ]
        assert answers[0][0] == 404 and all(answer == answers[0] for answer in answers), name


def test_an_id_of_another_client_is_answered_like_one_of_nobody(alder_world, birch_world, as_, specialist, alder_admin):
    """Sofia works for both clients, and still finds nothing of Birch in Alder's books."""
    browsers = [as_(specialist), as_(engage("Mo Marsh", (alder_world.tenant, "specialist_manager"))), as_(alder_admin)]
    probed = set()
    for name in OF_CLIENT:
        route = asking.ROUTES[name]
        for prefix in asking.refs_in_path(route):
            for browser in browsers:
                ask = ASKS[name](alder_world)
                answers = []
                for stranger_id in (birch_world.at[prefix], ids.new()):
                    other = asking.Ask({**ask.path, prefix: stranger_id}, ask.query, ask.body, ask.data)
                    answers.append(
                        said(browser.send(route.method, address(route, alder_world, other), **other.options()))
                    )
                assert answers[0] == answers[1] and answers[0][0] in (403, 404), (name, answers)
                if answers[0][0] == 404:
                    probed.add((name, prefix))
    assert probed == {(name, prefix) for name in OF_CLIENT for prefix in asking.refs_in_path(asking.ROUTES[name])}


def test_an_id_of_another_client_in_a_body_is_one_of_nobody_too(alder_world, birch_world, as_, alder_approver, manager):
    browser = as_(manager)
    probed = []
    for name in OF_CLIENT:
        route = asking.ROUTES[name]
        for way, prefix in asking.refs_in_body(route):
            answers = []
            for stranger_id in (birch_world.at[prefix], ids.new()):
                ask = asking.with_ref(ASKS[name](alder_world), way, ids.show(prefix, stranger_id))
                if "number" in (ask.body or {}):
                    ask.body["number"] = "T-same"
                answer = said(browser.send(route.method, address(route, alder_world, ask), **ask.options()))
                # Of a batch the other items succeed, each time with ids of their own.
                answers.append((answer[0], answer[1]["items"][0]) if name.endswith("_batch") else answer)
            # A share of a bank line that names nobody's invoice is refused as a share, with all that is wrong in it.
            missing = 422 if (name, way[-1]) == ("split_cash_line", "invoice_id") else 404
            assert answers[0] == answers[1], (name, way)
            assert answers[0][0] == (200 if name.endswith("_batch") else missing), (name, way)
            probed.append((name, way))
    assert len(probed) >= 7


def test_a_filter_with_an_id_of_another_client_finds_nothing(alder_world, birch_world, as_, specialist):
    browser = as_(specialist)
    foreign = ids.show("deb", birch_world.at["deb"])
    for noun in ("invoices", "payments", "credit-notes", "holds"):
        found = browser.get(f"~/tenants/{alder_world.slug}/{noun}?debtor_id={foreign}")
        assert (found.status_code, found.json["items"]) == (200, []), noun


def test_a_rule_of_another_client_is_no_rule_here(alder_world, birch_world, as_, specialist):
    browser, base = as_(specialist), f"~/tenants/{alder_world.slug}/rules"
    for path in ("{}", "{}/dry-run", "{}/why-not/" + ids.show("inv", alder_world.at["inv"])):
        answers = [browser.get(f"{base}/{path.format(key)}") for key in (birch_world.draft_rule(), "tried-by-nobody")]
        assert [(each.status_code, each.json["code"]) for each in answers] == [(404, "rule_unknown")] * 2


def test_a_role_that_ended_opens_nothing_on_the_next_request(alder_world, as_, web_clock):
    leaver = engage("Lea Lang", (alder_world.tenant, "client_viewer"))
    browser = as_(leaver)
    assert browser.get(f"~/tenants/{alder_world.slug}").status_code == 200
    with alder_world.books():
        (held,) = [each for each in memberships.live(now=alder_world.now) if each.person_id == leaver.id]
        memberships.end(held.id, now=alder_world.now, reason="She left")
    assert browser.get(f"~/tenants/{alder_world.slug}").status_code == 404


def test_somebody_of_the_provider_without_clients_has_an_empty_list(web, as_):
    newcomer = as_(engage("Nia Okafor", side="provider"))
    answer = newcomer.get("~/portfolio/worklist")
    assert (answer.status_code, answer.json) == (200, {"items": [], "next": None, "has_more": False})
