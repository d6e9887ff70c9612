"""How a customer's account is kept: who looks after it, and how much it may owe at once."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api.amounts import in_currency
from service.endpoint import endpoint
from service.fields import Day, MoneyField, Ref
from tenants.directory.access import VisibleClient
from tenants.ledger import debtors, owners

face = Blueprint("api_accounts", __name__, url_prefix="/api/v1")
BASE = "/tenants/<client:client>/debtors"
ONE = f"{BASE}/<ref('deb'):debtor_id>"
WHY = fields.String(load_default="", validate=validate.Length(max=500))


class NewOwner(Schema):
    """Who looks after a customer from a day on."""

    owner_id = Ref("per", required=True, allow_none=True, metadata={"description": "null: nobody"})
    since_on = Day(load_default=None, metadata={"description": "The client's today, unless a day before"})
    reason = WHY


class NewOwners(NewOwner):
    """The same for many customers at once."""

    debtor_ids = fields.List(Ref("deb"), required=True, validate=validate.Length(1, 1000))


class OwnerSpan(Schema):
    """The days on which somebody looked after a customer."""

    owner_id = Ref("per", required=True, allow_none=True)
    name = fields.String(required=True)
    since_on = Day(required=True)
    until_on = Day(required=True, allow_none=True, metadata={"description": "The first day that is not theirs"})


class OwnerSpans(Schema):
    """Who looked after a customer when, the present one first."""

    items = fields.List(fields.Nested(OwnerSpan), required=True)


class Given(Schema):
    """For how many customers that was new."""

    changed = fields.Integer(required=True)


class NewLimit(Schema):
    """How much a customer may owe at once, in the client's own currency."""

    limit = MoneyField(required=True, allow_none=True, metadata={"description": "null: no limit is set"})
    reason = WHY


class Limit(Schema):
    """The limit of a customer."""

    limit = MoneyField("credit_limit_minor", required=True, allow_none=True)


@endpoint(face, f"{ONE}/owners", needs="ledger.read", returns=OwnerSpans)
def list_owners(client: VisibleClient, debtor_id: UUID) -> dict[str, Any]:
    """Who looked after a customer when."""
    debtors.card(debtor_id)
    return {"items": owners.of_debtor(debtor_id)}


@endpoint(face, f"{ONE}/owners", needs="team.write", method="POST", accepts=NewOwner, returns=OwnerSpans)
def give_owner(client: VisibleClient, debtor_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Give a customer to somebody from a day on, or to nobody; the days before stay whose they were."""
    debtors.card(debtor_id)
    give([debtor_id], body)
    return {"items": owners.of_debtor(debtor_id)}


@endpoint(face, f"{BASE}/owners", needs="team.write", method="POST", accepts=NewOwners, returns=Given)
def give_owners(client: VisibleClient, body: dict[str, Any]) -> dict[str, int]:
    """Give many customers to somebody at once: all of them or none."""
    return {"changed": give(body["debtor_ids"], body)}


@endpoint(face, f"{ONE}/credit-limit", needs="ledger.write", method="POST", accepts=NewLimit, returns=Limit, once=True)
def set_credit_limit(client: VisibleClient, debtor_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Say how much a customer may owe at once."""
    debtors.card(debtor_id)
    limit, currency = body["limit"], client.base_currency
    minor = None if limit is None else in_currency(limit, currency, pointer="/limit")
    debtors.set_limit(debtor_id, minor, now=moment.here().now, reason=body["reason"].strip())
    return {"credit_limit_minor": minor, "currency": currency}


def give(debtor_ids: list[UUID], body: dict[str, Any]) -> int:
    """Give the customers as it was asked for, from the client's today unless a day is named."""
    here = moment.here()
    return owners.give(
        [(debtor_id, body["owner_id"]) for debtor_id in dict.fromkeys(debtor_ids)],
        since_on=body["since_on"] or here.today,
        today=here.today,
        now=here.now,
        reason=body["reason"].strip(),
    )
