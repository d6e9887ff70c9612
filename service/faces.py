"""All faces of the house in one list: health, static files, sign-in, pages, portal, hooks, API."""

from pathlib import Path

from flask import Flask

from service import health, static
from service.auth import sign_in

TEMPLATES = str(Path(__file__).parent / "templates")
BLUEPRINTS = (health.face, static.face, sign_in.face)


def hang(app: Flask) -> None:
    """Hang every blueprint on the application."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
