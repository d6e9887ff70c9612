"""Everybody can read every page: no violation found by axe, light and dark, on a desk and on a phone.

Every rule is asked on a light desk; elsewhere those whose answer can differ by colour and width, which is much faster.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tenants.directory import clients, permissions
from tenants.values import ids
from tests.unit.service.pages.test_every_page import OF_CLIENT, address
from tests.unit.service.world import FAULTY, LEDGER

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SIZES = {"desk": {"width": 1360, "height": 860}, "phone": {"width": 360, "height": 780}}
NARROWEST = 320
AXE = Axe()
EVERYTHING = {"resultTypes": ["violations"]}
BY_LOOK = EVERYTHING | {
    "runOnly": {
        "type": "rule",
        "values": ["color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block"],
    }
}
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
    """Every page that is declared, by whoever may read it: those of a specialist and those of an admin alone."""
    pages = [route for route in OF_CLIENT if route.view.__name__ not in FILES and not route.rule.endswith("/export")]
    both = [(permissions.allowed(["specialist"], route.needs), address(route, world)) for route in pages]
    return [path for allowed, path in both if allowed], [path for allowed, path in both if not allowed]


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


def faults_on(page, path, options):
    """What axe finds, what the browser complains of, and whether the page is wider than its window."""
    told = []

    def listen(said):
        if said.type == "error":
            told.append(said.text)

    page.on("console", listen)
    answer = page.goto(path)
    found = [
        (each["id"], each["nodes"][0]["html"][:200]) for each in AXE.run(page, options=options).response["violations"]
    ]
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append(("wider than its window", ""))
    page.remove_listener("console", listen)
    told = [text for text in told if answer.status < 400 or "Failed to load resource" not in text]
    return found + [("console", text) for text in told]


@pytest.fixture
def empty_slug(birch, in_birch):
    with in_birch:
        return clients.profile().slug


@pytest.mark.timeout(280)
@pytest.mark.parametrize(("scheme", "size"), [("light", "desk"), ("dark", "phone")])
def test_no_page_shuts_anybody_out(
    alder_books, empty_slug, portal_path, open_for, specialist, alder_admin, scheme, size
):
    looks = {"color_scheme": scheme, "viewport": SIZES[size]}
    options = EVERYTHING if size == "desk" else BY_LOOK
    theirs, admins = declared(alder_books)
    paths = theirs + states(alder_books, empty_slug)
    # In the dark every second page: the sheet's few colours are the same on all of them.
    walks = {specialist: paths, alder_admin: admins} if size == "desk" else {specialist: paths[::2]}
    wrong = {}
    for player, paths in walks.items():
        page = open_for(player, **looks).new_page()
        for path in paths:
            if found := faults_on(page, path, options):
                wrong[path] = found
    stranger = open_for(**looks).new_page()
    for path in (portal_path, f"{portal_path}/view?said=objected", "/sign-in"):
        if found := faults_on(stranger, path, options):
            wrong[path] = found
    assert wrong == {}


@pytest.mark.timeout(200)
def test_at_320_pixels_nothing_runs_out_of_the_window(
    alder_books, empty_slug, portal_path, open_for, specialist, alder_admin
):
    theirs, admins = declared(alder_books)
    walks = {specialist: [*theirs, *states(alder_books, empty_slug), portal_path], alder_admin: admins}
    wide = []
    for player, paths in walks.items():
        page = open_for(player, viewport={"width": NARROWEST, "height": 640}).new_page()
        for path in paths:
            page.goto(path)
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                wide.append(path)
    assert wide == []


def test_a_refused_sign_in_is_readable_too(open_for, site):
    page = open_for().new_page()
    page.goto("/sign-in")
    page.fill("#email", "nobody@people.test")
    page.keyboard.press("Enter")
    page.fill("#password", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("#fault")
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.activeElement.id") == "password"
