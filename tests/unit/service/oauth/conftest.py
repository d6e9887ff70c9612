"""API clients of Alder: a machine, an app that proves who it is, and one that cannot."""

import pytest
from flask import Flask
from joserfc.jwk import ECKey

from tenants.directory import signing_keys
from tenants.isolation import scope
from tenants.settings import Settings
from tenants.work import unit_of_work
from tests.cast import NOW, Player
from tests.unit.service.oauth.desk import Desk, Walk, register


@pytest.fixture
def machine(web: Flask, alder) -> Desk:
    """Alder's ERP."""
    return register(web, alder)


@pytest.fixture
def app(web: Flask, alder) -> Desk:
    """An app of Alder's with a key of its own."""
    return register(web, alder, kind="app")


@pytest.fixture
def loose_app(web: Flask, alder) -> Desk:
    """An app that can keep no key; its refresh tokens are changed at each use."""
    return register(web, alder, "none", kind="app", waiver="An old phone that cannot sign")


@pytest.fixture
def walk(app: Desk, as_, alder_approver: Player) -> Walk:
    """Anton on his way through Alder's app."""
    return Walk(app, as_(alder_approver))


@pytest.fixture
def loose_walk(loose_app: Desk, as_, alder_approver: Player) -> Walk:
    """Anton on his way through the app without a key."""
    return Walk(loose_app, as_(alder_approver))


@pytest.fixture
def our_key(web: Flask, settings: Settings) -> ECKey:
    """The key that signs tokens, as somebody would hold it who had stolen it."""
    with unit_of_work(scope.platform(actor="test", reason="a test forges tokens")):
        return signing_keys.signer(ring=settings.keyring, now=NOW).key
