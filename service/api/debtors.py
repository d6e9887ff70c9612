"""Debtors (“customers” on screens), their groups, and the contacts who are written to."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from service import moment
from service.api import paging
from service.endpoint import endpoint
from service.fields import Instant, MoneyField, Ref
from tenants.delivery import unsubscribing
from tenants.directory.access import VisibleClient
from tenants.ledger import contacts, corrections, debtors, registers

face = Blueprint("api_debtors", __name__, url_prefix="/api/v1")
SHORT = validate.Length(1, 200)
GROUP = fields.String(validate=validate.Length(1, 80))


class Debtors(paging.PageQuery):
    """Which debtors."""

    words = fields.String(load_default="", validate=validate.Length(max=100))
    group = fields.String(load_default="", validate=validate.Length(max=80))


class NewDebtor(Schema):
    """An account to open."""

    number = fields.String(required=True, validate=validate.Length(1, 64))
    name = fields.String(required=True, validate=SHORT)
    country = fields.String(load_default="", validate=validate.Regexp(r"\A([A-Z]{2})?\Z"))
    language = fields.String(load_default="en", validate=validate.Regexp(r"\A[a-z]{2}\Z"))
    time_zone = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=60))
    channel = fields.String(load_default="email", validate=validate.OneOf(("email", "portal", "paper")))
    consumer = fields.Boolean(load_default=False)
    groups = fields.List(GROUP, load_default=list, validate=validate.Length(max=50))


class Debtor(NewDebtor):
    """One debtor."""

    id = Ref("deb", required=True)


class DebtorCard(Debtor):
    """One debtor with the limit of its credit."""

    credit_limit = MoneyField("credit_limit_minor", allow_none=True, required=True)
    address = fields.String(
        required=True, metadata={"description": "Of the post, in lines, as a file of customers gave it"}
    )
    terms_days = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "From issue to due date, where a file gives no due date"},
    )


class CardChange(Schema):
    """What a person corrects about a debtor; what is not sent stays as it is, and the groups that are sent are all."""

    name = fields.String(validate=SHORT)
    country = fields.String(validate=validate.Regexp(r"\A([A-Z]{2})?\Z"))
    language = fields.String(validate=validate.Regexp(r"\A[a-z]{2}\Z"))
    time_zone = fields.String(allow_none=True, validate=validate.Length(1, 60))
    address = fields.String(validate=validate.Length(max=500))
    terms_days = fields.Integer(strict=True, allow_none=True, validate=validate.Range(0, corrections.MOST_DAYS))
    groups = fields.List(GROUP, validate=validate.Length(max=50))

    @validates_schema
    def _says_something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError("Name at least one part to correct.")


class Membership(Schema):
    """Groups to join and to leave."""

    join = fields.List(GROUP, load_default=list, validate=validate.Length(max=50))
    leave = fields.List(GROUP, load_default=list, validate=validate.Length(max=50))


class NewContact(Schema):
    """Somebody to write to."""

    email = fields.String(required=True, validate=validate.Length(3, 254))
    name = fields.String(load_default="", validate=validate.Length(max=200))
    role = fields.String(load_default="billing", validate=validate.Length(1, 40))
    language = fields.String(load_default="en", validate=validate.Regexp(r"\A[a-z]{2}\Z"))


class Contact(NewContact):
    """One address at one debtor."""

    id = Ref("con", required=True)
    debtor_id = Ref("deb", required=True)
    pixel_consent = fields.String(required=True)
    active = fields.Boolean(required=True)
    reminders_stopped_at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "Since when this reader wants no reminders by mail; invoices still come"},
    )


class Wanted(Schema):
    """Whether a reader wants reminders by mail, and how and when it said so."""

    wanted = fields.Boolean(required=True)
    basis = fields.String(required=True, validate=validate.Length(1, 300))


class Contacts(Schema):
    """All contacts of one debtor, those in use first."""

    items = fields.List(fields.Nested(Contact), required=True)


class Retired(Schema):
    """A contact that is written to no more."""

    id = Ref("con", required=True)
    active = fields.Boolean(required=True)


@endpoint(face, "/tenants/<client:client>/debtors", needs="ledger.read", query=Debtors, returns=paging.page_of(Debtor))
def list_debtors(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Debtors by number."""
    after = paging.start("debtors", query, str, UUID)
    found = registers.debtors(
        words=query["words"],
        group=query["group"],
        after=after,
        limit=query["limit"],
    )
    return paging.answer("debtors", query, found.rows, found.next)


@endpoint(
    face,
    "/tenants/<client:client>/debtors",
    needs="ledger.write",
    method="POST",
    accepts=NewDebtor,
    returns=DebtorCard,
    status=201,
)
def open_debtor(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Open an account for a debtor."""
    return _card(debtors.open(now=moment.here().now, **body), client)


@endpoint(face, "/tenants/<client:client>/debtors/<ref('deb'):debtor_id>", needs="ledger.read", returns=DebtorCard)
def show_debtor(client: VisibleClient, debtor_id: UUID) -> dict[str, Any]:
    """One debtor."""
    return _card(debtor_id, client)


@endpoint(
    face,
    "/tenants/<client:client>/debtors/<ref('deb'):debtor_id>",
    needs="ledger.write",
    method="PATCH",
    accepts=CardChange,
    returns=DebtorCard,
    changes=show_debtor,
)
def correct_debtor(client: VisibleClient, debtor_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Correct what is known of a debtor; a later file of customers counts again from then on."""
    corrections.change(debtor_id, body, groups=body.get("groups"), now=moment.here().now)
    return _card(debtor_id, client)


@endpoint(
    face,
    "/tenants/<client:client>/debtors/<ref('deb'):debtor_id>/groups",
    needs="ledger.write",
    method="POST",
    accepts=Membership,
    returns=DebtorCard,
)
def change_groups(client: VisibleClient, debtor_id: UUID, body: dict[str, list[str]]) -> dict[str, Any]:
    """Put a debtor into groups and take it out of others."""
    debtors.card(debtor_id)
    for key in body["join"]:
        debtors.join(debtor_id, key=key)
    for key in body["leave"]:
        debtors.leave(debtor_id, key=key)
    return _card(debtor_id, client)


@endpoint(
    face,
    "/tenants/<client:client>/debtors/<ref('deb'):debtor_id>/contacts",
    needs="contacts.read",
    returns=Contacts,
)
def list_contacts(client: VisibleClient, debtor_id: UUID) -> dict[str, Any]:
    """Everybody at a debtor whom we may write to or did."""
    debtors.card(debtor_id)
    return {"items": contacts.of_debtor(debtor_id)}


@endpoint(
    face,
    "/tenants/<client:client>/debtors/<ref('deb'):debtor_id>/contacts",
    needs="ledger.write",
    method="POST",
    accepts=NewContact,
    returns=Contact,
    status=201,
)
def add_contact(client: VisibleClient, debtor_id: UUID, body: dict[str, Any]) -> contacts.Card:
    """Add a contact; one that was retired is taken back."""
    added = corrections.add_contact(debtor_id, now=moment.here().now, **body)
    return next(each for each in contacts.of_debtor(debtor_id) if each.id == added)


@endpoint(
    face,
    "/tenants/<client:client>/contacts/<ref('con'):contact_id>/retire",
    needs="ledger.write",
    method="POST",
    returns=Retired,
)
def retire_contact(client: VisibleClient, contact_id: UUID) -> dict[str, Any]:
    """Write to this address no more."""
    corrections.retire_contact(contact_id, now=moment.here().now)
    return {"id": contact_id, "active": False}


@endpoint(
    face,
    "/tenants/<client:client>/contacts/<ref('con'):contact_id>/reminders",
    needs="ledger.write",
    method="POST",
    accepts=Wanted,
    returns=Wanted,
)
def choose_reminders(client: VisibleClient, contact_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Keep whether a reader wants reminders by mail; invoices and formal letters go on either way."""
    say = unsubscribing.resume if body["wanted"] else unsubscribing.stop
    say(contact_id, basis=body["basis"], now=moment.here().now)
    return body


def _card(debtor_id: UUID, client: VisibleClient) -> dict[str, Any]:
    return {**asdict(debtors.card(debtor_id)), "currency": client.base_currency}
