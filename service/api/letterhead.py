"""What a client says of itself on its letters and invoices, and the account to which its customers pay."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from service import moment, post
from service.api.profile import Profile, show_profile
from service.endpoint import endpoint
from tenants.delivery import words
from tenants.directory import letterheads, openings
from tenants.directory.access import VisibleClient

face = Blueprint("api_letterhead", __name__, url_prefix="/api/v1")


class Parts(Schema):
    """What is not sent stays as it is."""

    @validates_schema
    def _says_something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError("Name at least one part to change.")


class Letterhead(Parts):
    """Who writes, and from where."""

    legal_name = fields.String(validate=validate.Length(1, openings.LONGEST_NAME))
    language = fields.String(validate=validate.OneOf(words.LANGUAGES), metadata={"description": "Of its letters"})
    address = fields.String(validate=validate.Length(max=400), metadata={"description": "In lines, without the name"})
    tax_number = fields.String(validate=validate.Length(max=40))
    contact_name = fields.String(validate=validate.Length(max=120), metadata={"description": "Who signs"})
    contact_phone = fields.String(validate=validate.Length(max=40))
    contact_email = fields.Email(validate=validate.Length(max=254), metadata={"description": "Where answers go"})
    terms = fields.String(validate=validate.Length(max=400), metadata={"description": "A sentence on invoices"})
    accent = fields.String(validate=validate.Length(max=7), metadata={"description": "A colour, such as #1f4e5f"})


class BankAccount(Parts):
    """Where to pay."""

    iban = fields.String(validate=validate.Length(max=60))
    bic = fields.String(validate=validate.Length(max=14))
    bank_name = fields.String(validate=validate.Length(max=120))


@endpoint(
    face,
    "/tenants/<client:client>/letterhead",
    needs="settings.write",
    method="PATCH",
    accepts=Letterhead,
    returns=Profile,
    changes=show_profile,
)
def change_letterhead(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Change who writes, and from where."""
    return _changed(body)


@endpoint(
    face,
    "/tenants/<client:client>/bank-account",
    needs="settings.write",
    method="PATCH",
    accepts=BankAccount,
    returns=Profile,
    changes=show_profile,
    fresh=True,
)
def change_bank_account(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Change where customers are asked to pay; every admin of the client gets a letter about it."""
    return _changed(body)


def _changed(body: dict[str, Any]) -> dict[str, Any]:
    here = moment.here()
    post.wake()
    return {**asdict(letterheads.change(**body, now=here.now, real=here.wall)), "now": here.now, "today": here.today}
