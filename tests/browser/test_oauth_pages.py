"""The pages of the authorization server in a real browser: asked, answered, sent back; and the page of API clients."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.browser.looks import faults_on
from tests.unit.service.oauth.desk import Walk, new_key, register

pytestmark = [pytest.mark.browser, pytest.mark.slow]


class Back(BaseHTTPRequestHandler):
    """The app to which people return."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><html lang=en><title>Back</title><p>You are back")

    def log_message(self, *_: object) -> None:
        """Quietly."""


@pytest.fixture
def there() -> Iterator[str]:
    """Where the app waits."""
    server = HTTPServer(("127.0.0.1", 0), Back)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/back"
    server.shutdown()
    server.server_close()


@pytest.fixture
def asking(site, alder_books, there):
    """The address under which a browser is asked, and where it comes back to."""
    scope = "openid profile email offline_access ledger.read ledger.write"
    options = {
        "scopes": scope.split(),
        "kind": "app",
        "needs_pushing": False,
        "redirect_uris": (there,),
        "name": "Alder Cash Cockpit",
    }
    desk = register(site[1], alder_books.tenant, **options)
    return f"/oauth/authorize?{urlencode(Walk(desk, None).request(redirect_uri=there, scope=scope))}", there


@pytest.mark.parametrize("answer", ["allow", "deny"])
def test_an_answer_takes_the_browser_back_to_the_app(open_for, alder_approver, asking, answer):
    page = open_for(alder_approver).new_page()
    page.goto(asking[0])
    page.click(f"button[value={answer}]")
    page.wait_for_url(f"{asking[1]}*")
    said = parse_qs(urlsplit(page.url).query)
    assert said["iss"] == ["http://goodterms.test"] and ("code" in said) == (answer == "allow")


def test_the_pages_can_be_read_by_everybody(site, open_for, alder_admin, alder_books, asking):
    page = open_for(alder_admin).new_page()
    register(site[1], alder_books.tenant, waiver="A pilot")
    paths = [asking[0], "/oauth/logout", "/oauth/authorize?client_id=nobody", f"/c/{alder_books.slug}/api-clients"]
    assert {path: found for path in paths if (found := faults_on(page, path))} == {}


def test_toni_makes_a_machine_at_the_page(open_for, alder_admin, alder_books):
    page = open_for(alder_admin).new_page()
    page.goto(f"/c/{alder_books.slug}/api-clients")
    page.fill("#name", "Bank feed")
    page.fill("#keys", json.dumps(new_key().as_dict(private=False)))
    page.check("input[value='import.write']")
    page.click("text=Let it call")
    page.wait_for_selector("#fresh")
    assert "“Bank feed” may call now" in page.inner_text("#fresh")
    assert "cli_" in page.inner_text("main")
