"""Everybody can read every page: no violation found by axe, light and dark, on a desk and on a phone."""

import pytest

from tenants.directory import clients, permissions
from tenants.values import ids
from tests.browser.looks import AXE, faults_on
from tests.unit.service.pages.test_every_page import OF_CLIENT, address
from tests.unit.service.world import FAULTY, LEDGER

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FILES = {
    "document",
    "certificate_page",
    "statement_pdf",
    "statement_csv",
    "chain_piece",
    "export",
    "result_file",
    "pack_paper",
    "trial",
    "batch_file",
    "mail_page",
}
"""Answers that are no page of their own: papers, tables, fragments, and the mail that was never sent."""


def declared(world):
    """Every page that is declared, by whoever may read it: a specialist, else an admin, else who leads specialists."""
    pages = [route for route in OF_CLIENT if route.view.__name__ not in FILES and not route.rule.endswith("/export")]
    roles = ("specialist", "tenant_admin", "specialist_manager")
    found = {role: [] for role in roles}
    for route in pages:
        first = next(role for role in roles if permissions.allowed([role], route.needs))
        found[first].append(address(route, world))
    return [found[role] for role in roles]


def states(world, empty):
    """The states of a specialist's pages that are not their first look: empty, with faults, at work, not there."""
    waiting = ids.show("imp", world.received_import(LEDGER))
    checked = ids.show("imp", world.checked_import(LEDGER))
    faulty = ids.show("imp", world.checked_import(FAULTY))
    loaded = ids.show("imp", world.loaded_import())
    own = [
        "?as_of=2026-01-31&basis=invoice",
        "aging/91-120?currency=EUR",
        "invoices?q=nothing+like+this",
        "alerts?cause=none",
        f"imports/{waiting}",
        f"imports/{checked}",
        f"imports/{faulty}",
        f"imports/{loaded}",
        "no-such-page",
    ]
    bare = ["", "invoices", "customers", "imports", "rules", "cash", "books", "figures"]
    across = ["/my-day", "/my-day?section=waiting", "/my-day?section=done", "/alerts", "/clients", "/no-clients"]
    return across + [f"/c/{world.slug}/{each}" for each in own] + [f"/c/{empty}/{each}" for each in bare]


@pytest.fixture
def empty_slug(birch, in_birch):
    with in_birch:
        return clients.profile().slug


@pytest.mark.timeout(900)
def test_no_page_shuts_anybody_out(alder_books, empty_slug, portal_path, open_for, specialist, alder_admin, manager):
    theirs, admins, managers = declared(alder_books)
    walks = [
        (open_for(specialist), theirs + states(alder_books, empty_slug)),
        (open_for(alder_admin), admins),
        (open_for(manager), managers),
        (open_for(), [portal_path, f"{portal_path}/view?said=objected", "/sign-in"]),
    ]
    wrong = {}
    for window, paths in walks:
        page = window.new_page()
        for path in paths:
            if found := faults_on(page, path):
                wrong[path] = found
    assert wrong == {}


def test_a_refused_sign_in_is_readable_too(open_for, site):
    page = open_for().new_page()
    page.goto("/sign-in")
    page.fill("#email", "nobody@people.test")
    page.keyboard.press("Enter")
    page.fill("#password", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("#fault")
    assert AXE.run(page).response["violations"] == []
    assert page.evaluate("document.activeElement.id") == "password"
