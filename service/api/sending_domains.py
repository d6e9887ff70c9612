"""Sending domains: from where a client's mail leaves, and which records of the name service are missing."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.endpoint import endpoint
from service.fields import Instant, Ref
from tenants.delivery import domains
from tenants.directory.access import VisibleClient

face = Blueprint("api_sending_domains", __name__, url_prefix="/api/v1")
LIST = "/tenants/<client:client>/sending-domains"
ONE = f"{LIST}/<ref('sdm'):domain_id>"


class Record(Schema):
    """One record that must be there; without a needed one nothing leaves."""

    what = fields.String(required=True)
    kind = fields.String(required=True)
    name = fields.String(required=True)
    value = fields.String(required=True)
    seen = fields.Boolean(required=True)
    needed = fields.Boolean(required=True)


class Domain(Schema):
    """One domain from which a client wants its mail to leave."""

    id = Ref("sdm", required=True)
    domain = fields.String(required=True)
    box = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf((domains.ASKED, domains.PROVED, domains.FAILING)))
    fault = fields.String(required=True)
    records = fields.List(fields.Nested(Record), required=True)
    asked_at = Instant(required=True)
    checked_at = Instant(required=True, allow_none=True)
    proved_at = Instant(required=True, allow_none=True)


class Domains(Schema):
    """All of them, by name."""

    items = fields.List(fields.Nested(Domain), required=True)


class NewDomain(Schema):
    """A domain, and what stands before the @ in mail from it."""

    domain = fields.String(required=True, validate=validate.Length(4, 190))
    box = fields.String(required=True, validate=validate.Length(1, 64))


class Dropped(Schema):
    """A domain from which nothing is sent any more."""

    id = Ref("sdm", required=True)


@endpoint(face, LIST, needs="delivery.read", returns=Domains)
def list_sending_domains(client: VisibleClient) -> dict[str, Any]:
    """The domains, with the records that each must show."""
    return {"items": [_shown(row) for row in domains.listed()]}


@endpoint(face, LIST, needs="settings.write", method="POST", accepts=NewDomain, returns=Domain, status=201)
def add_sending_domain(client: VisibleClient, body: dict[str, str]) -> dict[str, Any]:
    """Name a domain to send from; it is checked at once, and used when it is proved."""
    here = moment.here()
    made = domains.open(body["domain"], box=body["box"], now=here.now, real=here.wall)
    return _shown(domains.one(made))


@endpoint(face, ONE, needs="delivery.read", returns=Domain)
def show_sending_domain(client: VisibleClient, domain_id: UUID) -> dict[str, Any]:
    """One domain."""
    return _shown(domains.one(domain_id))


@endpoint(face, f"{ONE}/check", needs="settings.write", method="POST", returns=Domain)
def check_sending_domain(client: VisibleClient, domain_id: UUID) -> dict[str, Any]:
    """Look at its records now; what is found stands here a moment later."""
    here = moment.here()
    domains.ask(domain_id, now=here.now, real=here.wall)
    return _shown(domains.one(domain_id))


@endpoint(face, ONE, needs="settings.write", method="DELETE", returns=Dropped, changes=show_sending_domain)
def drop_sending_domain(client: VisibleClient, domain_id: UUID) -> dict[str, Any]:
    """Send from a domain no more."""
    domains.drop(domain_id, now=moment.here().now)
    return {"id": domain_id}


def _shown(row: Any) -> dict[str, Any]:
    return {**row, "records": domains.records(row)}
