"""What one rule did, act by act, each with its reason and the way to its explanation."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import cursors
from service.endpoint import endpoint
from service.pages import frame, rules_tabs
from tenants.directory.access import VisibleClient
from tenants.ledger import invoices
from tenants.rules import acts, rule_book
from tenants.rules.acts import Act, Place

face = Blueprint("rule_acts", __name__)
PAGE = 50


class Narrowed(Schema):
    """The acts that concern one invoice, or all; and where the page starts."""

    invoice = fields.String(load_default="", validate=validate.Length(max=64))
    after = fields.String(load_default="", validate=validate.Length(max=2000))


@endpoint(face, "/c/<client:client>/rules/<key>/acts", needs="rules.read", query=Narrowed)
def list_page(client: VisibleClient, key: str, query: dict[str, str]) -> str:
    """The acts of a rule, the newest first."""
    number = query["invoice"].strip()
    purpose = f"rule-acts:{client.tenant_id}:{key}:{number}"
    place = cursors.read(purpose, query["after"])
    found = _found(key, number, after=_place(place))
    shown = found[:PAGE]
    return frame.show(
        "rule_acts.html",
        section="rules",
        stamp=frame.stamp(),
        kept=rule_book.find(key),
        acts=shown,
        number=number,
        first=place is None,
        further_cursor=cursors.write(purpose, _written(shown[-1].place)) if len(found) > PAGE else None,
        tabs=rules_tabs.of(client),
        tab="rules",
    )


def _found(key: str, number: str, *, after: Place | None) -> list[Act]:
    if not number:
        return acts.of(key, after=after, limit=PAGE + 1)
    try:
        about = invoices.numbered(number).id
    except invoices.UnknownInvoice:
        return []
    return acts.of(key, subject_id=about, after=after, limit=PAGE + 1)


def _place(kept: list[Any] | None) -> Place | None:
    return (datetime.fromisoformat(kept[0]), UUID(kept[1]), UUID(kept[2]), int(kept[3])) if kept else None


def _written(place: Place) -> list[Any]:
    return [place[0].isoformat(), str(place[1]), str(place[2]), place[3]]
