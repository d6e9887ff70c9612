"""The web face of this worker's database, and browsers in which people of the cast are signed in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_hex
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.app import create_app
from service.identity import COOKIE
from tenants.adapters.documents import MemoryStore
from tenants.adapters.mail import MemoryMailer
from tenants.assembly import Toolbox
from tenants.directory import sessions
from tenants.isolation import scope
from tenants.settings import Settings
from tenants.store import db
from tenants.values.clock import FixedClock
from tenants.work import unit_of_work
from tests.cast import NOW, TODAY, Player
from tests.unit.service.world import World

BASE = "/api/v1"


@dataclass
class Browser:
    """One browser; `csrf` is what a change must carry."""

    client: FlaskClient
    csrf: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(_under(path), headers=self.headers, **options)

    def send(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = {
            "X-CSRF-Token": self.csrf,
            "Idempotency-Key": token_hex(8),
            "If-Match": "*",
            **self.headers,
            **options.pop("headers", {}),
        }
        return self.client.open(_under(path), method=method, headers=headers, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.send("POST", path, **({} if body is None else {"json": body}), **options)


def _under(path: str) -> str:
    """`~/whoami` is short for a path of the API."""
    return BASE + path[1:] if path.startswith("~") else path


@pytest.fixture(scope="session")
def web_clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture(scope="session")
def documents() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(scope="session")
def whole_web(settings: Settings, web_clock: FixedClock, documents: MemoryStore) -> Iterator[Flask]:
    """The whole web face; one for all tests of a worker."""
    tools = Toolbox(settings=settings, clock=web_clock, documents=documents, files=documents, mailer=MemoryMailer())
    app = create_app(settings, tools)
    yield app
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def web(whole_web: Flask, open_door: None, web_clock: FixedClock) -> Flask:
    """The web face at the time at which tests play."""
    web_clock.stand_at(NOW)
    return whole_web


@pytest.fixture
def stranger(web: Flask) -> Browser:
    """A browser in which nobody is signed in."""
    return Browser(web.test_client())


@pytest.fixture
def as_(web: Flask) -> Callable[[Player], Browser]:
    """Open a browser in which somebody of the cast is signed in, without the cost of checking the password."""

    def sign_in(player: Player) -> Browser:
        with unit_of_work(scope.platform(actor="test", reason="a test signs somebody in")):
            fresh = sessions.start(player.id, now=NOW - timedelta(seconds=1), agent="test")
        client = web.test_client()
        client.set_cookie(COOKIE, fresh.token, domain="localhost")
        return Browser(client, fresh.csrf_token)

    return sign_in


@pytest.fixture
def alder_world(alder, web, documents) -> World:
    """Alder, with one of each thing that the API can name."""
    return World(alder, NOW, TODAY, documents, "EUR").make()


@pytest.fixture
def birch_world(birch, web, documents) -> World:
    """Birch, with one of each thing too."""
    return World(birch, NOW, TODAY, documents, "GBP").make()
