"""All faces of the house in one list: health, static files, sign-in, pages, portal, hooks, API."""

from pathlib import Path

from flask import Flask

from service import api, health, static
from service.auth import sign_in
from service.pages import alerts, customers, dashboard, imports, invoices, mailbox, rules, shown, worklist

TEMPLATES = str(Path(__file__).parent / "templates")
PAGES = (
    worklist.face,
    alerts.face,
    dashboard.face,
    invoices.face,
    customers.face,
    imports.face,
    rules.face,
    mailbox.face,
)
BLUEPRINTS = (health.face, static.face, sign_in.face, *PAGES, *api.BLUEPRINTS)


def hang(app: Flask) -> None:
    """Hang every blueprint on the application."""
    shown.dress(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
