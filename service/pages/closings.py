"""The page on which the provider ends its work for a client, or takes it up again; what would stop stands first."""

from typing import Any
from uuid import UUID

from flask import Blueprint, make_response
from werkzeug.wrappers import Response

from service import post
from service.api import closings as closings_api
from service.api.closings import ClosingAnswer, NewClosing, Reopening
from service.endpoint import endpoint, tools
from service.pages import frame
from service.problems import STATUS
from tenants.directory import clients, closings
from tenants.directory.closings import BadClosing
from tenants.values import ids

face = Blueprint("closings", __name__)
AT = "/provider/clients/<ref('ten'):steered>"
HERE = f"{AT}/close"
STOPS = (
    ("open_invoices", "Open invoices", "stay as they are; nobody is reminded, and nobody sees that they are paid"),
    ("owing_customers", "Customers who owe", "hear nothing more from us"),
    ("running_rules", "Rules in force", "stop"),
    ("waiting_messages", "Messages that wait", "do not leave"),
    ("open_tasks", "Open tasks", "leave every list"),
    ("running_agreements", "Promises, disputes, pauses", "are not watched any more"),
    ("waiting_work", "Work under way", "stops where it is, and is kept"),
    ("portal_links", "Links of customers", "open a page that names the client’s own contact, and nothing else"),
    ("api_clients", "API clients", "are refused"),
    ("people", "People of the client", "read and export for the days that are said"),
    ("staff", "Our people assigned", "read and export for the days that are said"),
)


@endpoint(face, HERE, needs="platform.read")
def close_page(steered: UUID) -> Response:
    """What would stop, and what was asked."""
    return _page()


@endpoint(face, HERE, needs="platform.write", method="POST", accepts=NewClosing, fresh=True)
def ask(steered: UUID, body: dict[str, Any]) -> Response:
    """Ask; what was typed stays when something in it is not right."""
    try:
        closings.ask(closings_api.person(), now=tools().clock.now(), **body)
    except BadClosing as refused:  # nothing was written before it was raised
        return _page(body, refused)
    return _again()


@endpoint(
    face,
    f"{HERE}/<ref('cls'):closing_id>",
    needs="platform.write",
    method="POST",
    accepts=ClosingAnswer,
    fresh=True,
)
def answer(steered: UUID, closing_id: UUID, body: dict[str, Any]) -> Response:
    """The second person's answer."""
    closings_api.answer(closing_id, **body)
    return _again()


@endpoint(face, f"{AT}/reopen", needs="platform.write", method="POST", accepts=Reopening, fresh=True)
def reopen(steered: UUID, body: dict[str, Any]) -> Response:
    """The way back."""
    closings.reopen(by=closings_api.person(), now=tools().clock.now(), **body)
    post.wake()
    return _again()


def _again() -> Response:
    return frame.after_change(f"/provider/clients/{clients.profile().public_id}/close")


def _page(said: dict[str, Any] | None = None, refused: BadClosing | None = None) -> Response:
    told, profile = closings_api.shown(), clients.profile()
    page = frame.show(
        "closing.html",
        section="provider",
        profile=profile,
        here=f"/provider/clients/{ids.show(clients.PREFIX, profile.tenant_id)}",
        counts=[(title, told["stops"].counts[name], becomes) for name, title, becomes in STOPS],
        found=told["request"],
        can_reopen=profile.shut_at is not None and profile.shut_at > tools().clock.now(),
        said=said or {"readable_days": closings.READABLE_DAYS},
        refused=refused,
        wrong=refused.pointer.removeprefix("/") if refused else "",
        fewest=closings.FEWEST,
        most=closings.MOST,
    )
    return make_response(page, STATUS[refused.kind] if refused else 200)
