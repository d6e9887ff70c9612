"""Invoices of one client: found by filters that live in the address, and one invoice with all that is known of it."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import cursors
from service.endpoint import endpoint, tools
from service.pages import due, frame, labels, views
from service.pages.frame import Stamp
from tenants.collections import holds, refusals
from tenants.delivery import documents, facts, ladder, printing
from tenants.delivery.documents import UnknownInvoice
from tenants.directory import clients
from tenants.directory.access import VisibleClient
from tenants.events import history
from tenants.insight import register, story
from tenants.insight.register import Asked
from tenants.ledger import invoices, lines
from tenants.rules import explain, marks, rule_book
from tenants.values.money import Money

face = Blueprint("invoices", __name__)
PAGE = 50
STANDINGS = {
    "open": "Open",
    "overdue": "Overdue",
    "not-issued": "Not issued yet",
    "settled": "Paid",
    "void": "Cancelled",
    "all": "All",
}
EMBEDDED = "default-src 'none'; frame-ancestors 'self'"


class Filters(Schema):
    """What is looked for."""

    standing = fields.String(load_default="open", validate=validate.OneOf(list(STANDINGS)))
    delivery = fields.String(load_default="", validate=validate.OneOf(["", *labels.DELIVERY]))
    currency = fields.String(load_default="", validate=validate.Regexp("^([A-Z]{3})?$"))
    q = fields.String(load_default="", validate=validate.Length(max=100))
    after = fields.String(load_default="")


class NewView(Filters):
    """What was looked for, and under which name it is kept."""

    name = fields.String(required=True, validate=validate.Length(1, 60))
    shared = fields.Boolean(load_default=False)


class NewHold(Schema):
    """A dispute, promise, plan or pause, as the form says it."""

    kind = fields.String(required=True, validate=validate.OneOf(["dispute", "promise", "plan", "pause"]))
    ends_on = fields.String(load_default="")
    amount = fields.String(load_default="", validate=validate.Length(max=30))
    reason = fields.String(load_default="", validate=validate.Length(max=500))


class EndHold(Schema):
    """How a hold ended."""

    outcome = fields.String(load_default="ended by a person", validate=validate.Length(min=1, max=200))


@endpoint(face, "/c/<client:client>/invoices", needs="ledger.read", query=Filters)
def list_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """The list, its totals, and its filters."""
    stamp = frame.stamp()
    asked = Asked(query["standing"], query["delivery"], query["currency"], query["q"].strip())
    wanted = {name: value for name, value in query.items() if value and name != "after"}
    purpose = f"invoices:{client.tenant_id}:{sorted(wanted.items())}"
    place = cursors.read(purpose, query["after"])
    after = (date.fromisoformat(place[0]), UUID(place[1])) if place else None
    page = register.find(asked, today=stamp.today, after=after, limit=PAGE)
    return frame.show(
        "invoices.html",
        section="invoices",
        stamp=stamp,
        page=page,
        asked=asked,
        wanted=wanted,
        standings=STANDINGS,
        views=views.opened(client, "invoices"),
        first=place is None,
        further=cursors.write(purpose, [page.next[0].isoformat(), str(page.next[1])] if page.next else None),
    )


@endpoint(face, "/c/<client:client>/invoices/views", needs="insight.read", method="POST", accepts=NewView)
def keep_view(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Keep what was looked for under a name."""
    return views.keep(client, "invoices", body, {name: body[name] for name in views.PAGES["invoices"][1] if body[name]})


@endpoint(face, "/c/<client:client>/invoices/<ref('inv'):invoice_id>", needs="ledger.read")
def invoice_page(client: VisibleClient, invoice_id: UUID) -> str:
    """One invoice: its document, its way to the reader, its money, its rules, its history."""
    stamp, caller = frame.stamp(), frame.signed_in()
    card = invoices.card(invoice_id, today=stamp.today)
    held = [
        each
        for each in holds.live(today=stamp.today, debtor_id=card.debtor_id)
        if each["invoice_id"] in (None, invoice_id)
    ]
    return frame.show(
        "invoice.html",
        section="invoices",
        stamp=stamp,
        card=card,
        due=due.about(card, today=stamp.today),
        contents=lines.of_invoice(invoice_id),
        ladder=ladder.of_invoice(invoice_id),
        postings=story.postings(invoice_id),
        held=held,
        marked=marks.of(invoice_id),
        refused=refusals.about_invoice(invoice_id, limit=10),
        answers=_answers(client, invoice_id, stamp),
        past=history.about("invoice", invoice_id, limit=30) if caller.may("history.read", client) else None,
    )


@endpoint(face, "/c/<client:client>/invoices/<ref('inv'):invoice_id>/document.pdf", needs="delivery.read")
def document(client: VisibleClient, invoice_id: UUID) -> Response:
    """The document: the one that was kept, or one printed for looking at, which leaves no trace."""
    body = _document(invoice_id)
    response = make_response(body)
    response.headers["Content-Type"] = documents.PDF
    response.headers["Content-Disposition"] = "inline"
    response.headers["Content-Security-Policy"] = EMBEDDED
    return response


@endpoint(
    face,
    "/c/<client:client>/invoices/<ref('inv'):invoice_id>/holds",
    needs="collections.write",
    method="POST",
    accepts=NewHold,
)
def hold_open(client: VisibleClient, invoice_id: UUID, body: dict[str, Any]) -> Response:
    """Open a dispute, promise, plan or pause on one invoice."""
    clock, real = clients.clock(), tools().clock.now()
    card = invoices.card(invoice_id)
    amount = Money.parse(body["amount"], card.currency).minor if body["amount"].strip() else None
    holds.open(
        body["kind"],
        debtor_id=card.debtor_id,
        invoice_id=invoice_id,
        starts_on=clock.today(real),
        ends_on=end_of(body["ends_on"]),
        amount_minor=amount,
        currency=card.currency if amount is not None else "",
        reason=body["reason"].strip(),
        now=clock.now(real),
        wall=real,
    )
    return frame.after_change(url_for("invoices.invoice_page", client=client.slug, invoice_id=invoice_id))


@endpoint(
    face,
    "/c/<client:client>/invoices/<ref('inv'):invoice_id>/holds/<ref('hld'):hold_id>/end",
    needs="collections.write",
    method="POST",
    accepts=EndHold,
)
def hold_end(client: VisibleClient, invoice_id: UUID, hold_id: UUID, body: dict[str, Any]) -> Response:
    """End a hold: the automation may go on."""
    now = clients.clock().now(tools().clock.now())
    holds.end(hold_id, now=now, outcome=body["outcome"], invoice_id=invoice_id)
    return frame.after_change(url_for("invoices.invoice_page", client=client.slug, invoice_id=invoice_id))


def _answers(client: VisibleClient, invoice_id: UUID, stamp: Stamp) -> list[dict[str, Any]]:
    """What each live rule says about the invoice: why it acted, or why it does not."""
    if not frame.signed_in().may("rules.read", client):
        return []
    return [
        {
            "key": row["key"],
            "why": explain.why(row["key"], invoice_id=invoice_id),
            "now": explain.why_not(row["key"], invoice_id=invoice_id, now=stamp.now),
        }
        for row in rule_book.live()
    ]


def _document(invoice_id: UUID) -> bytes:
    toolbox = tools()
    kept = documents.newest(invoice_id)
    if kept is not None:
        return toolbox.documents.get(kept["store_key"])
    found = facts.invoice(invoice_id)
    if found is None:
        raise UnknownInvoice("There is no such invoice.")
    item, reader = found
    return printing.pdf(
        printing.sheet(item, creditor=clients.profile(), reader=reader, portal=toolbox.settings.public_url)
    )


def end_of(text: str) -> date | None:
    """The day that a form names, or none. Raises BadHold for what is no day."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise holds.BadHold(
            "This is not a day.", remedy="Choose a day from the calendar.", pointer="/ends_on"
        ) from None
