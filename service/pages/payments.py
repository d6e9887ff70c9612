"""Payments of one client: those with something left, and one with what it pays, what went back, and why."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields
from werkzeug.wrappers import Response

from service import cursors, moment
from service.endpoint import endpoint
from service.pages import frame
from service.pages.money import Part, Why
from tenants.directory.access import VisibleClient
from tenants.ledger import debtors, payments, refunds, registers
from tenants.values.money import Money

face = Blueprint("payments", __name__)
PAGE = 50


class Listed(Schema):
    """Which payments, and where the page starts."""

    unapplied = fields.Boolean(load_default=False)
    after = fields.String(load_default="")


@endpoint(face, "/c/<client:client>/payments", needs="ledger.read", query=Listed)
def list_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """Payments, the newest first."""
    purpose = f"payments:{client.tenant_id}:{query['unapplied']}"
    found = cursors.read(purpose, query["after"])
    after = (date.fromisoformat(found[0]), UUID(found[1])) if found else None
    page = registers.payments(unapplied=query["unapplied"], after=after, limit=PAGE)
    return frame.show(
        "payments.html",
        section="payments",
        stamp=frame.stamp(),
        page=page,
        unapplied=query["unapplied"],
        first=found is None,
        place=cursors.write(purpose, [page.next[0].isoformat(), str(page.next[1])] if page.next else None),
    )


@endpoint(face, "/c/<client:client>/payments/<ref('pay'):payment_id>", needs="ledger.read")
def payment_page(client: VisibleClient, payment_id: UUID) -> str:
    """One payment, whole."""
    card = payments.card(payment_id)
    return frame.show(
        "payment.html",
        section="payments",
        stamp=frame.stamp(),
        card=card,
        debtor=debtors.card(card.debtor_id),
        parts=payments.parts(payment_id),
        back=refunds.of_source(payment_id),
    )


@endpoint(
    face,
    "/c/<client:client>/payments/<ref('pay'):payment_id>/refund",
    needs="ledger.write",
    method="POST",
    accepts=Part,
)
def refund(client: VisibleClient, payment_id: UUID, body: dict[str, Any]) -> Response:
    """Give back a part that is applied to nothing."""
    here, card = moment.here(), payments.card(payment_id)
    refunds.refund(
        payment_id,
        minor=Money.parse(body["amount"], card.currency).minor,
        effective_on=here.today,
        now=here.now,
        reason=body["reason"].strip(),
    )
    return frame.after_change(url_for("payments.payment_page", client=client.slug, payment_id=payment_id))


@endpoint(
    face,
    "/c/<client:client>/payments/<ref('pay'):payment_id>/return",
    needs="ledger.write",
    method="POST",
    accepts=Why,
)
def return_payment(client: VisibleClient, payment_id: UUID, body: dict[str, Any]) -> Response:
    """The bank took it back: what it paid is open again."""
    here = moment.here()
    refunds.return_payment(payment_id, effective_on=here.today, now=here.now, reason=body["reason"].strip())
    return frame.after_change(url_for("payments.payment_page", client=client.slug, payment_id=payment_id))
