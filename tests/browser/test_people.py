"""A passkey is made and used in a real browser, and everybody can read the pages about people."""

import re
import socket
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from werkzeug.serving import make_server

from service.app import create_app
from service.identity import COOKIE
from tenants.adapters.documents import MemoryStore
from tenants.adapters.mail import MemoryMailer
from tenants.assembly import Toolbox
from tenants.directory import access_grants, clients, connections, letters, people, sessions, steps
from tenants.directory.provisioning import tokens
from tenants.isolation import scope
from tenants.store import db
from tenants.values import ids
from tenants.values.clock import FixedClock
from tenants.work import unit_of_work
from tests.browser.conftest import PRESENT
from tests.browser.looks import AXE, faults_on
from tests.cast import engage

pytestmark = [pytest.mark.browser, pytest.mark.slow]
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/127.0.0.0 Safari/537.36"


@pytest.fixture(scope="module")
def named_site(settings):
    """The web face under a name, for which browsers make passkeys."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
    address = f"http://localhost:{port}"
    kept, chosen = MemoryStore(), replace(settings, public_url=address)
    app = create_app(chosen, Toolbox(chosen, FixedClock(PRESENT), documents=kept, files=kept, mailer=MemoryMailer()))
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield address
    server.shutdown()
    thread.join()
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def window(named_site, chromium):
    opened = []

    def open_window(player=None, **options):
        context = chromium.new_context(base_url=named_site, reduced_motion="reduce", **options)
        opened.append(context)
        if player is not None:
            with unit_of_work(scope.platform(actor="test", reason="a test signs somebody in")):
                fresh = sessions.start(player.id, now=PRESENT - timedelta(seconds=1), agent=AGENT)
            context.add_cookies([{"name": COOKIE, "value": fresh.token, "url": named_site}])
        return context

    yield open_window
    for each in opened:
        each.close()


def with_a_key(page):
    """A device of this browser that answers by itself."""
    line = page.context.new_cdp_session(page)
    line.send("WebAuthn.enable")
    device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options = device | {"isUserVerified": True, "automaticPresenceSimulation": True}
    line.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_sofia_makes_a_passkey_and_signs_in_with_it(window, specialist, on_platform):
    browser = window(specialist)
    page = browser.new_page()
    with_a_key(page)
    page.goto("/account")
    page.click("text=Add a passkey")
    page.fill("#name", "Sofia's laptop")
    page.click("text=Make it")
    page.wait_for_selector("text=Sofia's laptop")
    assert page.locator(".codes code").count() == 10, "her first factor comes with recovery codes"
    browser.clear_cookies()
    page.goto("/sign-in?next=/account")
    page.fill("#email", specialist.email)
    page.keyboard.press("Enter")
    page.click("text=Use a passkey")
    page.wait_for_url("**/account")
    assert page.locator("td", has_text=re.compile("^passkey$")).count() == 1
    other = browser.new_page()
    other.goto("/account")
    page.goto("/step-up?next=/account")
    page.click("text=With a passkey")
    page.click("text=Use the passkey")
    page.wait_for_url("**/account")
    fresh = page.locator('meta[name="csrf"]').get_attribute("content")
    other.locator(f'form input[value="{fresh}"]').first.wait_for(state="attached")
    other.get_by_role("button", name="Make new ones").click()
    other.wait_for_selector(".codes")
    page.get_by_role("button", name="Remove Sofia's laptop").click()
    page.wait_for_selector("text=Sofia's laptop", state="detached")


def test_nils_comes_in_for_the_first_time_with_a_passkey(window, alder, on_platform):
    nils = f"nils.{ids.new().hex[-10:]}@people.test"
    with on_platform:
        person = people.add(nils, name="Nils Ahrens", side="client", now=PRESENT)
        link = steps.begin(letters.INVITATION, now=PRESENT, person_id=person, waits=timedelta(days=7))
    page = window().new_page()
    with_a_key(page)
    page.goto(f"/welcome/{link}")
    assert page.url.endswith("/welcome") and page.locator("h1").inner_text() == "Welcome"
    assert AXE.run(page).response["violations"] == []
    page.click("text=Use a passkey instead")
    page.click("text=Make the passkey")
    page.wait_for_url("**/no-clients")
    assert page.goto(f"/welcome/{link}").status == 404, "the link opens once"
    for wish, lasts in ((False, -1), (True, PRESENT.timestamp() + timedelta(days=30).total_seconds())):
        page.context.clear_cookies()
        page.goto("/sign-in")
        page.fill("#email", nils)
        page.keyboard.press("Enter")
        page.set_checked("#keep", wish)
        page.click("text=Use a passkey")
        page.wait_for_url("**/no-clients")
        (held,) = [each for each in page.context.cookies() if each["name"] == COOKIE]
        assert held["expires"] == pytest.approx(lasts, abs=2), "closing the browser ends a session that is not kept"


@pytest.fixture
def furnished(alder, settings, specialist):
    """Alder with people, a visit, a connection and a directory."""

    with unit_of_work(scope.tenant(alder, actor="test")):
        slug = clients.profile().slug
        asked = access_grants.ask(
            ids.new(),
            name="Paula Adeyemi",
            email="paula@people.test",
            reason="A customer called about a bill that was sent twice",
            now=PRESENT,
        )
        access_grants.decide(asked, allow=True, by=ids.new(), by_name="Marek Novak", now=PRESENT, why="I know of it")
        access_grants.ask(
            ids.new(), name="Piet Maas", email="piet@people.test", reason="Figures of October look odd", now=PRESENT
        )
        connections.add(
            "Alder login",
            issuer="https://login.alder.test",
            client_id="x",
            secret="y",
            now=PRESENT,
            keys=settings.keyring,
            jit=True,
        )
        connections.claim_domain("alder.test", now=PRESENT)
        tokens.make("Entra", now=PRESENT)
    return slug, ids.show("agr", asked)


def test_the_pages_about_people_can_be_read_by_everybody(window, alder, furnished):
    slug, grant = furnished
    person = engage(
        "Toni Keller",
        (alder, "tenant_admin"),
        (alder, "specialist_manager"),
        provider_role="provider_admin",
        side="provider",
    )
    page = window(person).new_page()
    paths = [
        "/account",
        f"/c/{slug}/access/{grant}",
        f"/c/{slug}/connections",
        "/provider",
        "/provider/clients/new",
        f"/provider/clients/{ids.show('ten', alder)}",
        "/step-up",
        "/sign-in/help",
        "/provider/people",
        "/provider/history",
    ]
    assert {path: found for path in paths if (found := faults_on(page, path))} == {}
    page.goto("/account")
    page.click("text=Set up")
    page.wait_for_selector(".qr")
    assert AXE.run(page).response["violations"] == []
