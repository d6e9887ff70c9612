"""API clients of Alder: a machine, an app that proves who it is, and one that cannot."""

import pytest
from flask import Flask

from tests.cast import Player
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
