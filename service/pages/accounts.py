"""What a person says about a customer: its card and contacts, who looks after it, and how much it may owe at once."""

from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.endpoint import endpoint
from service.fields import Day
from service.pages import asked, frame
from tenants.directory.access import VisibleClient
from tenants.insight import customers
from tenants.ledger import corrections, debtors, owners
from tenants.values import ids
from tenants.values.money import Money

face = Blueprint("accounts", __name__)
LANGUAGE = validate.Regexp(r"\A[a-z]{2}\Z")
ONE = "/c/<client:client>/customers/<ref('deb'):debtor_id>"


class NewOwner(Schema):
    """Who looks after a customer from a day on; empty: nobody."""

    given_to = fields.String(load_default="", validate=validate.Length(max=60))
    since_on = Day(required=True)


class NewCard(Schema):
    """What a customer is called, where it is, its terms and its groups; empty where nothing is known."""

    name = fields.String(required=True, validate=validate.Length(1, 200))
    country = fields.String(load_default="", validate=validate.Regexp(r"\A([A-Z]{2})?\Z", error="Two capital letters."))
    language = fields.String(required=True, validate=LANGUAGE)
    address = fields.String(load_default="", validate=validate.Length(max=500))
    terms_days = fields.String(load_default="", validate=validate.Regexp(r"\A\d{0,3}\Z", error="A number of days."))
    time_zone = fields.String(load_default="", validate=validate.Length(max=60))
    groups = fields.String(load_default="", validate=validate.Length(max=1000))


class NewContact(Schema):
    """Somebody to write to."""

    email = fields.String(required=True, validate=validate.Length(3, 254))
    name = fields.String(load_default="", validate=validate.Length(max=200))
    language = fields.String(load_default="en", validate=LANGUAGE)


class NewOwners(asked.Filters, NewOwner):
    """The same for all customers who fit."""


class NewLimit(Schema):
    """How much a customer may owe at once; empty: no limit is set."""

    limit = fields.String(load_default="", validate=validate.Length(max=30))
    reason = fields.String(required=True, validate=validate.Length(1, 500))


@endpoint(face, f"{ONE}/owner", needs="team.write", method="POST", accepts=NewOwner)
def give(client: VisibleClient, debtor_id: UUID, body: dict[str, Any]) -> Response:
    """Give a customer to somebody; the days before stay whose they were."""
    card = debtors.card(debtor_id)
    _give([card.id], body)
    return frame.after_change(url_for("customers.customer_page", client=client.slug, debtor_id=card.id))


@endpoint(face, f"{ONE}/credit-limit", needs="ledger.write", method="POST", accepts=NewLimit)
def set_limit(client: VisibleClient, debtor_id: UUID, body: dict[str, Any]) -> Response:
    """Say how much a customer may owe at once."""
    card, text = debtors.card(debtor_id), body["limit"].strip()
    minor = Money.parse(text, client.base_currency).minor if text else None
    debtors.set_limit(card.id, minor, now=moment.here().now, reason=body["reason"].strip())
    return frame.after_change(url_for("customers.customer_page", client=client.slug, debtor_id=card.id))


@endpoint(face, f"{ONE}/card", needs="ledger.write", method="POST", accepts=NewCard)
def change(client: VisibleClient, debtor_id: UUID, body: dict[str, Any]) -> Response:
    """Correct what is known of a customer."""
    said = body | {
        "terms_days": int(body["terms_days"]) if body["terms_days"] else None,
        "time_zone": body["time_zone"].strip() or None,
    }
    corrections.change(debtor_id, said, groups=body["groups"].split(","), now=moment.here().now)
    return frame.after_change(url_for("customers.customer_page", client=client.slug, debtor_id=debtor_id))


@endpoint(face, f"{ONE}/contacts", needs="ledger.write", method="POST", accepts=NewContact)
def add_contact(client: VisibleClient, debtor_id: UUID, body: dict[str, Any]) -> Response:
    """Write to one more address."""
    corrections.add_contact(debtor_id, now=moment.here().now, **body)
    return frame.after_change(url_for("customers.customer_page", client=client.slug, debtor_id=debtor_id))


@endpoint(face, f"{ONE}/contacts/<ref('con'):contact_id>/retire", needs="ledger.write", method="POST")
def retire_contact(client: VisibleClient, debtor_id: UUID, contact_id: UUID) -> Response:
    """Write to an address no more."""
    corrections.retire_contact(contact_id, of=debtors.card(debtor_id).id, now=moment.here().now)
    return frame.after_change(url_for("customers.customer_page", client=client.slug, debtor_id=debtor_id))


@endpoint(face, "/c/<client:client>/collectors/give", needs="team.write", method="POST", accepts=NewOwners)
def give_all(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Give every customer of a group, a country or a person to somebody."""
    _give(customers.fitting(asked.narrow(body)), body)
    return frame.after_change(url_for("collectors.list_page", client=client.slug))


def _give(debtor_ids: list[UUID], body: dict[str, Any]) -> None:
    here, owner = moment.here(), body["given_to"]
    owner_id = ids.read("per", owner) if owner else None
    pairs = [(debtor_id, owner_id) for debtor_id in debtor_ids]
    owners.give(pairs, since_on=body["since_on"], today=here.today, now=here.now)
