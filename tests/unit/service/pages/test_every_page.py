"""Every page answers those who may see it, and tells nobody else more than that it is not there."""

import re

import pytest

from service.endpoint import OPEN_NEEDS, PORTAL, ROUTES, SAFE
from service.faces import PAGES
from service.faces import PORTAL as PORTAL_FACES
from tenants.directory import permissions
from tenants.values import ids
from tests.cast import engage

NAMES = {face.name for face in PAGES}
OURS = [route for route in ROUTES if route.blueprint in NAMES]
GETS = [route for route in OURS if route.method in SAFE]
CHANGES = [route for route in OURS if route.method not in SAFE]
OF_CLIENT = [route for route in GETS if "<client:client>" in route.rule]
QUERIES = dict.fromkeys(("behind_page", "rows_page", "behind_file", "rows_file"), "?currency=EUR")
QUERIES |= dict.fromkeys(("expected_page", "expected_file"), "?currency=EUR&week=2026-11-23")
QUERIES["text_page"] = "?template=First reminder"

REF = re.compile(r"<ref\('(\w+)'\):\w+>")


def address(route, world, **over):
    """The address of a page of that client, with the ids of the world's things unless others are given."""
    path = route.rule.replace("<client:client>", world.slug).replace("<bucket>", "all").replace("<key:figure>", "dso")
    path = path.replace("<step>", "sent").replace("<deed>", "payments_applied")
    path = path.replace("<key>", "unopened-key-account").replace("<name>", "0" * 36)
    path = REF.sub(lambda ref: ids.show(ref[1], over.get(ref[1]) or world.at.get(ref[1]) or ids.new()), path)
    return path + QUERIES.get(route.view.__name__, "")


def name(route):
    return f"{route.blueprint}.{route.view.__name__}"


@pytest.fixture
def reader(specialist, alder_admin, manager, provider_admin, as_):
    """The browser of whoever of them may see a page, the specialist first."""
    people = {"specialist": specialist, "tenant_admin": alder_admin, "specialist_manager": manager}
    people["provider_admin"] = provider_admin
    browsers = {role: as_(player) for role, player in people.items()}

    def find(route):
        return next(browser for role, browser in browsers.items() if permissions.allowed([role], route.needs))

    return find


def answered(routes, ask, *, expected):
    """The pages that answer otherwise than they should, by their names: all are asked within one client."""
    assert routes
    found = {name(route): ask(route).status_code for route in routes}
    return {page: status for page, status in found.items() if status != expected}


def test_every_page_needs_a_permission_or_is_open_on_purpose():
    open_ones = {name(route) for route in OURS if route.needs in OPEN_NEEDS}
    assert open_ones == {"worklist.home", "worklist.no_clients"}
    assert {route.needs for route in OURS} - set(OPEN_NEEDS) <= permissions.PERMISSIONS
    assert {route.needs for route in ROUTES if route.blueprint in {face.name for face in PORTAL_FACES}} == {
        PORTAL,
        "public",
    }


def test_a_specialist_an_admin_or_a_manager_reads_every_page_of_a_client(alder_world, reader):
    def read(route):
        return reader(route).get(address(route, alder_world))

    never_sent = [route for route in OF_CLIENT if route.view.__name__ == "mail_page"]
    assert answered([route for route in OF_CLIENT if route not in never_sent], read, expected=200) == {}
    assert answered(never_sent, read, expected=404) == {}


def test_another_clients_people_find_no_page(alder_world, as_, birch_viewer):
    foreign = as_(birch_viewer)
    assert answered(OF_CLIENT, lambda route: foreign.get(address(route, alder_world)), expected=404) == {}


def test_a_thing_of_another_client_is_not_there(alder_world, birch_world, reader):
    def mixed(route):
        return reader(route).get(address(route, alder_world, **birch_world.at))

    assert answered([route for route in OF_CLIENT if "<ref(" in route.rule], mixed, expected=404) == {}


def test_each_page_opens_for_exactly_the_roles_of_the_matrix(alder_world, as_):
    wrong = []
    for role in ("specialist", "client_viewer", "client_approver", "tenant_admin"):
        browser = as_(engage("Robin Reed", (alder_world.tenant, role), side="provider"))
        for route in OF_CLIENT:
            expected = 200 if permissions.allowed([role], route.needs) else 403
            if expected == 200 and route.view.__name__ == "mail_page":
                expected = 404
            found = browser.get(address(route, alder_world)).status_code
            if found != expected:
                wrong.append((role, name(route), found, expected))
    assert wrong == []


@pytest.mark.parametrize("proof", [{}, {"csrf_token": "guessed"}])
def test_a_change_without_the_proof_of_our_own_page_is_refused(alder_world, reader, proof):
    def change(route):
        return reader(route).client.post(address(route, alder_world), data=proof)

    assert answered(CHANGES, change, expected=403) == {}


def test_whoever_is_not_signed_in_is_asked_to_and_comes_back(alder_world, stranger):
    answers = {name(route): stranger.get(address(route, alder_world)) for route in GETS}
    wrong = {page: (each.status_code, each.location) for page, each in answers.items() if each.status_code != 302}
    assert wrong == {}
    assert [page for page, each in answers.items() if not each.location.startswith("/sign-in?next=/")] == []


def test_reading_every_page_changes_no_table(alder_world, as_, specialist, statements):
    def books():
        tables = [row[0] for row in statements("SELECT tablename FROM pg_tables WHERE schemaname = 'app'")]
        return {
            table: statements(f"SELECT count(*), coalesce(sum(hashtext(t::text)::bigint), 0) FROM app.{table} t")
            for table in tables
        }

    browser, before = as_(specialist), books()
    for route in OF_CLIENT:
        browser.get(address(route, alder_world))
    browser.get("/my-day")
    browser.get("/alerts")
    assert books() == before


def test_each_page_has_its_own_title_one_heading_and_no_script_or_style_within(alder_world, as_, specialist):
    browser, titles = as_(specialist), set()
    for route in OF_CLIENT:
        answer = browser.get(address(route, alder_world))
        if answer.status_code != 200 or not answer.content_type.startswith("text/html"):
            continue
        text = answer.get_data(as_text=True)
        if "<html" not in text:
            continue
        assert text.count("<h1") == 1, name(route)
        assert " style=" not in text and "<style" not in text and "onclick" not in text, name(route)
        titles.add(text.split("<title>")[1].split("</title>")[0])
    assert len(titles) >= 10
