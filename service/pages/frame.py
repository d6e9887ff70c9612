"""The frame around every page: where we are, which client, as of when, and the way to the other pages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import g, render_template, request, url_for
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from service import identity
from service.endpoint import tools
from service.identity import Caller
from tenants.collections import test_mode
from tenants.directory import clients
from tenants.directory.access import VisibleClient
from tenants.intake import runs

LAST_ID = UUID(int=2**128 - 1)
ACROSS = (
    ("my_day", "My day", "portfolio.read", "worklist.my_day"),
    ("clients", "Clients", "portfolio.read", "portfolio.clients_page"),
    ("alerts", "Alerts", "alerts.read", "alerts.inbox_page"),
)
OF_PROVIDER = (
    ("provider", "Assignments", "platform.read", "provider.clients_page"),
    ("staff", "Our people", "platform.read", "staff.people_page"),
    ("provider_history", "Our history", "platform.read", "provider_history.history_page"),
    ("stopped_all", "Stopped work, all clients", "platform.read", "stopped_everywhere.list_page"),
)
OWN_ALONE = "own_history.read"
"""Whoever reads the whole history finds their own lines there."""
OF_CLIENT = (
    ("dashboard", "Dashboard", "insight.read", "dashboard.dashboard_page"),
    ("invoices", "Invoices", "ledger.read", "invoices.list_page"),
    ("customers", "Customers", "ledger.read", "customers.list_page"),
    ("payments", "Payments", "ledger.read", "payments.list_page"),
    ("books", "Books", "ledger.read", "books.books_page"),
    ("cash", "Cash", "ledger.read", "cash.list_page"),
    ("imports", "Imports", "import.read", "imports.list_page"),
    ("rules", "Rules", "rules.read", "rules.list_page"),
    ("approvals", "Approvals", "rules.read", "approvals.list_page"),
    ("delivery", "Delivery", "delivery.read", "delivery.health_page"),
    ("mailbox", "Sent mail", "delivery.write", "mailbox.list_page"),
    ("people", "People", "people.read", "people.people_page"),
    ("history", "History", "history.read", "history.history_page"),
    ("own_history", "What I did", OWN_ALONE, "history.own_page"),
    ("connections", "Company sign-in", "connections.read", "company_sign_in.connections_page"),
    ("stopped", "Stopped work", "work.read", "stopped.list_page"),
    ("api_clients", "API clients", "api_clients.read", "callers.list_page"),
)


@dataclass(frozen=True, slots=True)
class Way:
    """One entry of the rail."""

    key: str
    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """As of when the figures of a page are, on the client's clock, and when its ledger last came in."""

    now: datetime
    today: date
    zone: str
    moved: bool
    loaded_at: datetime | None


def show(template: str, *, section: str, **context: Any) -> str:
    """Render a page inside the frame for whoever is calling."""
    caller = signed_in()
    client: VisibleClient | None = g.get("client")

    def can(need: str) -> bool:
        return client is not None and caller.may(need, client)

    return render_template(
        template,
        section=section,
        me=caller,
        client=client,
        searches=bool(caller.clients_with("ledger.read")),
        testing_since=test_mode.since() if client else None,
        across=_ways(ACROSS, lambda need: bool(caller.clients_with(need))) + _ways(OF_PROVIDER, caller.may_at_provider),
        ways=_ways(OF_CLIENT, lambda need: can(need) and not (need == OWN_ALONE and can("history.read")), client),
        can=can,
        **context,
    )


def fragment(template: str, **context: Any) -> str:
    """Render a piece of a page, for a swap into one that is open."""
    caller, client = signed_in(), g.get("client")
    return render_template(
        template,
        me=caller,
        client=client,
        can=lambda need: client is not None and caller.may(need, client),
        **context,
    )


def signed_in() -> Caller:
    """Whoever is calling; the declaration of the route made sure that somebody is."""
    caller = identity.caller(tools().clock.now())
    assert caller is not None
    return caller


def stamp() -> Stamp:
    """The client's own present, read in the open unit of work of that client."""
    real = tools().clock.now()
    clock = clients.clock()
    newest = runs.latest(before=real + timedelta(days=36500), before_id=LAST_ID, limit=10)
    loaded = [run.loaded_at for run in newest if run.loaded_at is not None]
    moved = abs(clock.shift) > timedelta(hours=1)
    return Stamp(clock.now(real), clock.today(real), str(clock.zone), moved, max(loaded, default=None))


def wants_fragment() -> bool:
    """Whether htmx asks for a piece and not a browser for a page."""
    return request.headers.get("HX-Request") == "true"


def after_change(address: str) -> Response:
    """Show the page again after a change, so that reloading does not repeat it."""
    return redirect(address, 303)


def _ways(
    entries: tuple[tuple[str, str, str, str], ...], allowed: Callable[[str], bool], client: VisibleClient | None = None
) -> list[Way]:
    values: dict[str, Any] = {"client": client.slug} if client else {}
    return [Way(key, title, url_for(name, **values)) for key, title, need, name in entries if allowed(need)]
