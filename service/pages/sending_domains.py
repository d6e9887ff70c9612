"""Sending domains: from where mail leaves, and each missing record with the three fields to copy."""

from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.endpoint import endpoint, tools
from service.pages import delivery_tabs, frame
from tenants.delivery import domains, inbound
from tenants.directory.access import VisibleClient

face = Blueprint("sending_domains", __name__)
LIST = "/c/<client:client>/delivery/domains"


class NewDomain(Schema):
    """A domain, and what stands before the @ in mail from it."""

    domain = fields.String(required=True, validate=validate.Length(4, 190))
    box = fields.String(required=True, validate=validate.Length(1, 64))


class Nothing(Schema):
    """A button without a field."""


@endpoint(face, LIST, needs="delivery.read")
def list_page(client: VisibleClient) -> str:
    """Every domain with the records that it must show."""
    rows, settings, mailbox = [(row, domains.records(row)) for row in domains.listed()], tools().settings, ""
    if settings.reply_domain:
        mailbox = inbound.mailbox(client.tenant_id, domain=settings.reply_domain, secret=settings.secret_key)
    return delivery_tabs.show(
        "sending_domains.html", client, tab="domains", rows=rows, otherwise=settings.sender, mailbox=mailbox
    )


@endpoint(face, LIST, needs="settings.write", method="POST", accepts=NewDomain)
def add(client: VisibleClient, body: dict[str, str]) -> Response:
    """Name a domain to send from."""
    here = moment.here()
    domains.open(body["domain"], box=body["box"], now=here.now, real=here.wall)
    return frame.after_change(url_for("sending_domains.list_page", client=client.slug))


@endpoint(face, f"{LIST}/<ref('sdm'):domain_id>/check", needs="settings.write", method="POST", accepts=Nothing)
def check(client: VisibleClient, domain_id: UUID, body: dict[str, Any]) -> Response:
    """Look at its records now."""
    here = moment.here()
    domains.ask(domain_id, now=here.now, real=here.wall)
    return frame.after_change(url_for("sending_domains.list_page", client=client.slug))


@endpoint(face, f"{LIST}/<ref('sdm'):domain_id>/drop", needs="settings.write", method="POST", accepts=Nothing)
def drop(client: VisibleClient, domain_id: UUID, body: dict[str, Any]) -> Response:
    """Send from it no more."""
    domains.drop(domain_id, now=moment.here().now)
    return frame.after_change(url_for("sending_domains.list_page", client=client.slug))
