"""What payments and credit notes have in common: the parts of them that count for invoices."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api import paging
from service.api.amounts import in_currency
from service.endpoint import endpoint
from service.fields import Day, MoneyField, Ref
from tenants.directory.access import VisibleClient
from tenants.ledger import allocation

face = Blueprint("api_allocations", __name__, url_prefix="/api/v1")


class Sources(paging.PageQuery):
    """Which payments or credit notes."""

    debtor_id = Ref("deb", load_default=None)
    unapplied = fields.Boolean(load_default=False, metadata={"description": "Only those with something left to apply"})


class Part(Schema):
    """An invoice and what is applied to it."""

    invoice_id = Ref("inv", required=True)
    amount = MoneyField(required=True)


class Parts(Schema):
    """What is applied, from which day on."""

    parts = fields.List(fields.Nested(Part), required=True, validate=validate.Length(1, 500))
    effective_on = Day(load_default=None, metadata={"description": "The client's today, unless another day"})


class Applied(Schema):
    """The allocations that were made."""

    allocation_ids = fields.List(Ref("all"), required=True)
    unapplied = MoneyField("unapplied_minor", required=True)


class Reversal(Schema):
    """Why and from which day on an allocation counts no more."""

    effective_on = Day(load_default=None)
    reason = fields.String(required=True, validate=validate.Length(1, 500))


class Reversed(Schema):
    """The correction, and what it corrects."""

    id = Ref("all", required=True)
    reverses_id = Ref("all", required=True)


@endpoint(
    face,
    "/tenants/<client:client>/allocations/<ref('all'):allocation_id>/reverse",
    needs="ledger.write",
    method="POST",
    accepts=Reversal,
    returns=Reversed,
    status=201,
    once=True,
)
def reverse_allocation(client: VisibleClient, allocation_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Take an allocation back: its invoice is open again, its payment is free again."""
    here = moment.here()
    day: date = body["effective_on"] or here.today
    made = allocation.reverse(allocation_id, effective_on=day, now=here.now, reason=body["reason"])
    return {"id": made, "reverses_id": allocation_id}


def apply(source_id: UUID, body: dict[str, Any], *, currency: str) -> tuple[UUID, ...]:
    """Apply a payment or a credit note to the invoices of the body."""
    here = moment.here()
    parts = [
        (part["invoice_id"], in_currency(part["amount"], currency, pointer=f"/parts/{at}/amount"))
        for at, part in enumerate(body["parts"])
    ]
    day: date = body["effective_on"] or here.today
    return allocation.apply(source_id, parts=parts, effective_on=day, now=here.now, wall=here.wall)
