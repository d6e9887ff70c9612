"""A real browser before the real web face, with Alder's and Birch's books behind it."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from werkzeug.serving import make_server

from service.app import create_app
from service.identity import COOKIE
from tenants.adapters.documents import MemoryStore
from tenants.adapters.mail import MemoryMailer
from tenants.assembly import Toolbox
from tenants.delivery import links as portal_links
from tenants.directory import clients, sessions
from tenants.isolation import scope
from tenants.settings import Settings
from tenants.store import db
from tenants.values.clock import FixedClock
from tenants.work import unit_of_work
from tests.cast import NOW, Player
from tests.unit.service.world import World

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PRESENT = max(NOW, datetime.now(UTC))
"""Browsers throw away cookies by their own clock, so the web face must not live in their past."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of a worker."""
    found = os.environ.get("GOODTERMS_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), "")
    if not found:
        pytest.skip("no chromium here: install Debian's package, or name one in GOODTERMS_CHROMIUM")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def kept() -> MemoryStore:
    """Where the documents of these tests are."""
    return MemoryStore()


@pytest.fixture(scope="session")
def site(settings: Settings, kept: MemoryStore) -> Iterator[tuple[str, Flask]]:
    """The address of the web face, served by a thread of this process."""
    tools = Toolbox(settings=settings, clock=FixedClock(PRESENT), documents=kept, files=kept, mailer=MemoryMailer())
    app = create_app(settings, tools)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", app
    server.shutdown()
    thread.join()
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def alder_books(alder, site, kept) -> World:
    """Alder with one of each thing."""
    return _books(alder, "EUR", kept)


@pytest.fixture
def birch_books(birch, site, kept) -> World:
    """Birch with one of each thing."""
    return _books(birch, "GBP", kept)


def _books(tenant, currency: str, kept: MemoryStore) -> World:
    return World(tenant, PRESENT, PRESENT.date(), kept, currency).make()


@pytest.fixture
def open_for(site, open_door: None, chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Open a browser window in which somebody of the cast is signed in, or nobody."""
    opened: list[BrowserContext] = []

    def open_window(player: Player | None = None, **options) -> BrowserContext:
        window = chromium.new_context(base_url=site[0], reduced_motion="reduce", **options)
        opened.append(window)
        if player is not None:
            with unit_of_work(scope.platform(actor="test", reason="a test signs somebody in")):
                fresh = sessions.start(player.id, now=PRESENT - timedelta(seconds=1), agent="test")
            window.add_cookies([{"name": COOKIE, "value": fresh.token, "url": site[0]}])
        return window

    yield open_window
    for window in opened:
        window.close()


@pytest.fixture
def portal_path(site, alder_books: World) -> str:
    """The path of a link that a customer of Alder got by mail."""
    with alder_books.books():
        clients.change(iban="DE02120300000000202051", contact_name="Sofia Lindqvist", contact_email="ask@alder.test")
        link_id, ends = portal_links.make(
            alder_books.at["deb"],
            contact_id=alder_books.at["con"],
            invoice_id=alder_books.at["inv"],
            message_id=None,
            now=PRESENT,
        )
    secret = site[1].extensions["goodterms"].settings.secret_key
    return f"/p/{portal_links.token(alder_books.tenant, link_id=link_id, expires_at=ends, secret=secret)}"
