"""Holds: disputes, promises, plans and pauses that keep the automation away from a debtor or an invoice."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api import paging
from service.endpoint import endpoint
from service.fields import Actor, Day, Instant, MoneyField, Ref
from tenants.collections import holds
from tenants.directory.access import VisibleClient
from tenants.ledger import debtors, invoices
from tenants.values.faults import Refusal

face = Blueprint("api_holds", __name__, url_prefix="/api/v1")


class Holds(paging.PageQuery):
    """Whose holds."""

    debtor_id = Ref("deb", load_default=None)


class NewHold(Schema):
    """A hold to open: on one invoice, or on the whole debtor."""

    kind = fields.String(required=True, validate=validate.OneOf(holds.KINDS))
    debtor_id = Ref("deb", load_default=None, metadata={"description": "Needed where no invoice is named"})
    invoice_id = Ref("inv", load_default=None)
    starts_on = Day(load_default=None, metadata={"description": "The client's today, unless another day"})
    ends_on = Day(load_default=None)
    amount = MoneyField(load_default=None)
    reason = fields.String(required=True, validate=validate.Length(1, 500))
    sign = fields.String(
        load_default="",
        validate=validate.OneOf(("", *holds.SIGNS)),
        metadata={"description": "Of a pause: the sign to stop that it stands for; then it needs no end"},
    )


class Hold(Schema):
    """One hold that is in force."""

    id = Ref("hld", required=True)
    kind = fields.String(required=True)
    sign = fields.String(required=True)
    debtor_id = Ref("deb", required=True)
    debtor_name = fields.String(attribute="customer", required=True)
    invoice_id = Ref("inv", required=True, allow_none=True)
    invoice_number = fields.String(required=True, allow_none=True)
    starts_on = Day(required=True)
    ends_on = Day(required=True, allow_none=True)
    amount = MoneyField("amount_minor", required=True, allow_none=True)
    reason = fields.String(required=True)
    opened_by = Actor(attribute="actor", required=True)
    opened_at = Instant(required=True)


class HoldOpened(Schema):
    """A hold that was opened."""

    id = Ref("hld", required=True)


class HoldOfInvoice(Schema):
    """What holds an invoice today; empty when nothing does."""

    held = fields.Boolean(required=True)
    kind = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True)
    ends_on = Day(required=True, allow_none=True)


class Ending(Schema):
    """How a hold ended."""

    outcome = fields.String(required=True, validate=validate.Length(1, 500))


class HoldEnded(Schema):
    """A hold that was ended."""

    id = Ref("hld", required=True)
    outcome = fields.String(required=True)


class HoldOnNobody(Refusal):
    """Neither a debtor nor an invoice is named, or they do not belong together."""

    code = "hold_on_nobody"
    remedy = "Name the invoice, or the debtor for all of its invoices."


@endpoint(face, "/tenants/<client:client>/holds", needs="collections.read", query=Holds, returns=paging.page_of(Hold))
def list_holds(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """What is in force today, the newest first."""
    found = holds.live(
        today=moment.here().today,
        debtor_id=query["debtor_id"],
        after=paging.start("holds", query, datetime.fromisoformat, UUID),
        limit=query["limit"] + 1,
    )
    return paging.cut("holds", query, found, lambda row: (row["opened_at"], row["id"]))


@endpoint(
    face,
    "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>/hold",
    needs="collections.read",
    returns=HoldOfInvoice,
)
def show_hold_of_invoice(client: VisibleClient, invoice_id: UUID) -> dict[str, Any]:
    """Whether and by what an invoice is held today."""
    invoices.card(invoice_id)
    found = holds.on_invoices([invoice_id], today=moment.here().today).get(invoice_id)
    if found is None:
        return {"held": False, "kind": None, "reason": "", "ends_on": None}
    return {"held": True, **found}


@endpoint(
    face,
    "/tenants/<client:client>/holds",
    needs="collections.write",
    method="POST",
    accepts=NewHold,
    returns=HoldOpened,
    status=201,
    once=True,
    batch=True,
)
def open_hold(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Leave a debtor or an invoice in peace, for a reason."""
    here, amount = moment.here(), body["amount"]
    opened = holds.open(
        body["kind"],
        debtor_id=_debtor(body["debtor_id"], body["invoice_id"]),
        invoice_id=body["invoice_id"],
        starts_on=body["starts_on"] or here.today,
        ends_on=body["ends_on"],
        amount_minor=amount.minor if amount else None,
        currency=amount.currency if amount else "",
        reason=body["reason"],
        sign=body["sign"],
        now=here.now,
        wall=here.wall,
    )
    return {"id": opened}


@endpoint(
    face,
    "/tenants/<client:client>/holds/<ref('hld'):hold_id>/end",
    needs="collections.write",
    method="POST",
    accepts=Ending,
    returns=HoldEnded,
)
def end_hold(client: VisibleClient, hold_id: UUID, body: dict[str, str]) -> dict[str, Any]:
    """End a hold; the automation goes on."""
    holds.end(hold_id, now=moment.here().now, outcome=body["outcome"])
    return {"id": hold_id, "outcome": body["outcome"]}


def _debtor(debtor_id: UUID | None, invoice_id: UUID | None) -> UUID:
    """Whose hold it is; an invoice that is named must be that debtor's."""
    if invoice_id is None:
        if debtor_id is None:
            raise HoldOnNobody("The hold is on nobody.", pointer="/debtor_id")
        return debtors.card(debtor_id).id
    owner = invoices.card(invoice_id).debtor_id
    if debtor_id is not None and debtors.card(debtor_id).id != owner:
        raise HoldOnNobody("The invoice is another debtor's.", pointer="/invoice_id")
    return owner
