"""How much a role may give up alone, and what waits for a second person."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api import paging
from service.api.amounts import in_currency
from service.endpoint import endpoint
from service.fields import Actor, Instant, MoneyField, Ref
from tenants.directory import permissions
from tenants.directory.access import VisibleClient
from tenants.ledger import forgoing
from tenants.values.money import Money

face = Blueprint("api_forgoing", __name__, url_prefix="/api/v1")
ROLES = tuple(sorted(role for role, held in permissions.MATRIX.items() if "ledger.write" in held))


class WriteOffLimit(Schema):
    """How much one role may give up alone, in the client's own currency."""

    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    amount = MoneyField(required=True)


class WriteOffLimits(Schema):
    """The limits of all roles; none at all leaves it to whoever may post."""

    limits = fields.List(fields.Nested(WriteOffLimit), required=True, validate=validate.Length(max=len(ROLES)))


class WriteOffRequest(Schema):
    """What somebody wants to give up, and what became of it."""

    id = Ref("fgr", required=True)
    invoice_id = Ref("inv", required=True)
    invoice_number = fields.String(attribute="number", required=True)
    kind = fields.String(required=True, validate=validate.OneOf(tuple(forgoing.POST)))
    amount = MoneyField("amount_minor", required=True)
    reason = fields.String(required=True)
    asked_by = Actor(required=True)
    asked_at = Instant(required=True)
    state = fields.String(required=True, validate=validate.OneOf(("waiting", "posted", "refused")))
    decided_by = Actor(required=True)
    decided_at = Instant(required=True, allow_none=True)
    words = fields.String(required=True)
    allocation_id = Ref("all", required=True, allow_none=True)


class WriteOffAnswer(Schema):
    """Yes or no; a no has its reason."""

    yes = fields.Boolean(required=True)
    words = fields.String(load_default="", validate=validate.Length(max=500))


@endpoint(face, "/tenants/<client:client>/write-off-limits", needs="ledger.read", returns=WriteOffLimits)
def list_write_off_limits(client: VisibleClient) -> dict[str, Any]:
    """How much each role may give up alone."""
    return _shown(client)


@endpoint(
    face,
    "/tenants/<client:client>/write-off-limits",
    needs="settings.write",
    method="PUT",
    accepts=WriteOffLimits,
    returns=WriteOffLimits,
)
def set_write_off_limits(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Set them all; a role that is not named may give up nothing alone."""
    wanted = {
        each["role"]: in_currency(each["amount"], client.base_currency, pointer=f"/limits/{at}/amount")
        for at, each in enumerate(body["limits"])
    }
    forgoing.set_limits(wanted, now=moment.here().now)
    return _shown(client)


@endpoint(
    face,
    "/tenants/<client:client>/write-off-requests",
    needs="ledger.read",
    query=paging.PageQuery,
    returns=paging.page_of(WriteOffRequest),
)
def list_write_off_requests(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """What waits for a second person, the newest first."""
    place = paging.start("write-off-requests", query, UUID)
    found = forgoing.waiting(after=place[0] if place else None, limit=query["limit"] + 1)
    return paging.cut("write-off-requests", query, found, lambda row: (row.id,))


@endpoint(
    face,
    "/tenants/<client:client>/write-off-requests/<ref('fgr'):request_id>/answer",
    needs="rules.answer",
    method="POST",
    accepts=WriteOffAnswer,
    returns=WriteOffRequest,
    once=True,
)
def answer_write_off_request(client: VisibleClient, request_id: UUID, body: dict[str, Any]) -> forgoing.Request:
    """Agree or refuse, as another person than the one who asked; what is agreed to is posted today."""
    here = moment.here()
    return forgoing.answer(
        request_id, yes=body["yes"], words=body["words"].strip(), now=here.now, today=here.today, wall=here.wall
    )


def _shown(client: VisibleClient) -> dict[str, Any]:
    held = forgoing.limits()
    return {"limits": [{"role": role, "amount": Money(minor, client.base_currency)} for role, minor in held.items()]}
