"""The end of a client: what would stop, the request, the second person's answer, and the way back."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import identity, post
from service.endpoint import endpoint, tools
from service.fields import Instant, Ref
from tenants.directory import clients, closings
from tenants.directory.closings import Closing, Person
from tenants.rules import ending

face = Blueprint("api_closings", __name__, url_prefix="/api/v1")
AT = "/provider/clients/<ref('ten'):steered>"


class Stopping(Schema):
    """What is there and stops: numbers alone, nothing of what is in any books."""

    open_invoices = fields.Integer(required=True)
    owing_customers = fields.Integer(required=True)
    running_rules = fields.Integer(required=True)
    waiting_messages = fields.Integer(required=True)
    open_tasks = fields.Integer(required=True)
    running_agreements = fields.Integer(required=True, metadata={"description": "Promises, disputes, pauses and plans"})
    waiting_work = fields.Integer(required=True)
    portal_links = fields.Integer(required=True)
    api_clients = fields.Integer(required=True)
    people = fields.Integer(required=True, metadata={"description": "Of the client; they read and export until then"})
    staff = fields.Integer(required=True, metadata={"description": "Of the provider; they read and export too"})


class ClosingRequest(Schema):
    """One request to close a client, and what became of it."""

    id = Ref("cls", required=True)
    state = fields.String(required=True, validate=validate.OneOf(("asked", "closed", "refused", "reopened", "lapsed")))
    reason = fields.String(required=True)
    readable_days = fields.Integer(required=True)
    asked_at = Instant(required=True)
    asked_by_name = fields.String(required=True)
    decided_at = Instant(required=True, allow_none=True)
    decided_by_name = fields.String(required=True)
    decision = fields.String(required=True)


class ClientEnd(Schema):
    """How a client stands between open and closed."""

    state = fields.String(required=True)
    closed_at = Instant(required=True, allow_none=True)
    readable_until = Instant(
        required=True, allow_none=True, metadata={"description": "Until then people read and export, and it can reopen"}
    )
    request = fields.Nested(ClosingRequest, required=True, allow_none=True)
    stops = fields.Nested(Stopping, required=True)


class NewClosing(Schema):
    """What must be said before a client is closed."""

    short_name = fields.String(
        required=True,
        validate=validate.Length(1, 62),
        metadata={"description": "The client's short name, so that it is no other"},
    )
    reason = fields.String(required=True, validate=validate.Length(1, 500))
    readable_days = fields.Integer(
        load_default=closings.READABLE_DAYS, validate=validate.Range(closings.FEWEST, closings.MOST)
    )


class ClosingAnswer(Schema):
    """What the second person says; who asked may say no."""

    agree = fields.Boolean(required=True)
    why = fields.String(load_default="", validate=validate.Length(max=300))


class Reopening(Schema):
    """Why the client is opened again."""

    reason = fields.String(required=True, validate=validate.Length(1, 500))


@endpoint(face, f"{AT}/closing", needs="platform.read", returns=ClientEnd)
def show_closing(steered: UUID) -> dict[str, Any]:
    """Whether a client is closed or asked to be, and what closing it would stop."""
    return shown()


@endpoint(
    face,
    f"{AT}/closing",
    needs="platform.write",
    method="POST",
    accepts=NewClosing,
    returns=ClientEnd,
    status=201,
    once=True,
    fresh=True,
)
def ask_to_close(steered: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Ask that a client be closed. A second administrator agrees within seven days."""
    closings.ask(person(), now=tools().clock.now(), **body)
    return shown()


@endpoint(
    face,
    f"{AT}/closing/<ref('cls'):closing_id>/answer",
    needs="platform.write",
    method="POST",
    accepts=ClosingAnswer,
    returns=ClientEnd,
    fresh=True,
)
def answer_closing(steered: UUID, closing_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Agree, and the client is closed from now on; or do not."""
    answer(closing_id, **body)
    return shown()


@endpoint(
    face,
    f"{AT}/reopening",
    needs="platform.write",
    method="POST",
    accepts=Reopening,
    returns=ClientEnd,
    fresh=True,
)
def reopen_client(steered: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Open a closed client again while its books can be read; it begins in test mode."""
    closings.reopen(by=person(), now=tools().clock.now(), **body)
    post.wake()
    return shown()


def answer(closing_id: UUID, *, agree: bool, why: str) -> Closing:
    """Decide as whoever is calling, and let the letters to the client's admins leave."""
    decided = closings.decide(closing_id, agree=agree, by=person(), now=tools().clock.now(), why=why)
    post.wake()
    return decided


def person() -> Person:
    """Whoever is calling; no token acts at the provider, so it is a person."""
    caller = identity.caller(tools().clock.now())
    assert caller is not None and caller.person_id is not None
    return Person(caller.person_id, caller.name)


def shown() -> dict[str, Any]:
    """How the client of the open unit stands."""
    now, profile = tools().clock.now(), clients.profile()
    return {
        "state": profile.state,
        "closed_at": profile.closed_at,
        "readable_until": profile.shut_at,
        "request": closings.newest(now=now),
        "stops": ending.consequences(now=now),
    }
