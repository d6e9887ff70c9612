"""The portal page of one mail: what is due, how to pay, and how to say something. Looking changes nothing.

Looking leaves a trace that is judged later; only a button press, which is a POST, changes anything.
"""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from babel.dates import format_date
from flask import Blueprint, redirect, render_template, request, url_for
from marshmallow import Schema, fields, validate
from sqlalchemy import RowMapping
from werkzeug.wrappers import Response

from service import door, downloads, moment, problems
from service import links as traces
from service.endpoint import PORTAL, PUBLIC, endpoint, tools
from service.portal import words
from tenants.collections import holds, tasks
from tenants.collections.tasks import NewTask
from tenants.delivery import documents, evidence, facts, links, portal_posts, printing, tallies, tracking, unsubscribing
from tenants.delivery import words as writing
from tenants.delivery.facts import Item, Reader
from tenants.delivery.hits import Hit
from tenants.delivery.links import LinkGrant
from tenants.delivery.tokens import BadToken
from tenants.directory import clients
from tenants.isolation import scope
from tenants.ledger import debtors
from tenants.values.faults import Refusal
from tenants.values.money import Money
from tenants.work import unit_of_work

face = Blueprint("portal", __name__)
LATEST_PROMISE = timedelta(days=90)
THANKS = ("received", "promised", "objected", "stopped")


class NotUnderstood(Refusal):
    """The form of the portal cannot be taken as it is."""

    code = "not_understood"
    remedy = "Go back and try again."


class Thanked(Schema):
    """What was just said."""

    said = fields.String(load_default="", validate=validate.OneOf(["", *THANKS]))


class Promise(Schema):
    """A day on which somebody will pay."""

    by = fields.String(load_default="", validate=validate.Length(max=10))


class Objection(Schema):
    """What is not right."""

    message = fields.String(load_default="", validate=validate.Length(max=2000))


class Nothing(Schema):
    """A button without a field."""


@endpoint(face, "/p/<token>", needs=PORTAL, query=Thanked, leaves="link_get")
def portal_page(grant: LinkGrant, query: dict[str, str]) -> str:
    """What the mail was about."""
    return page(_items(grant), reader=_reader(grant), said=query["said"], stop_at=_stop_at(grant))


@endpoint(face, "/p/<token>/view", needs=PORTAL, query=Thanked, leaves="portal_view")
def portal_view(grant: LinkGrant, query: dict[str, str]) -> str:
    """The same page after a button was pressed: whoever sees it is a person."""
    return page(_items(grant), reader=_reader(grant), said=query["said"], stop_at=_stop_at(grant))


@endpoint(face, "/p/<token>/all", needs=PUBLIC)
def decoy(token: str) -> Response:
    """A link that no person sees: whatever follows it with the others is a machine."""
    toolbox = tools()
    try:
        tenant_id, link_id = links.named(token, secret=toolbox.settings.secret_key)
    except BadToken:
        raise problems.NotFound("There is no such page.") from None
    _take(tenant_id, Hit(traces.fetch("link_get"), toolbox.clock.now(), link_id=link_id))
    return Response(status=204)


@endpoint(face, "/p/<token>/<ref('inv'):invoice_id>.pdf", needs=PORTAL, leaves="download")
def portal_document(grant: LinkGrant, invoice_id: UUID) -> Response:
    """The document of one invoice of the mail."""
    return _document(invoice_id, _one_of(grant, invoice_id), reader=_reader(grant))


def _document(invoice_id: UUID, item: Item, *, reader: Reader) -> Response:
    """The kept document of an invoice, or one that is printed now."""
    kept = documents.newest(invoice_id)
    if kept is not None:
        body = tools().documents.get(kept["store_key"])
    else:
        portal = tools().settings.public_url
        body = printing.pdf(printing.sheet(item, creditor=clients.profile(), reader=reader, portal=portal))
    return downloads.attachment(body, name=f"{_file_name(item.number)}.pdf", media_type=documents.PDF)


@endpoint(face, "/p/<token>/<ref('inv'):invoice_id>/take", needs=PORTAL, method="POST", accepts=Nothing)
def take_new(grant: LinkGrant, invoice_id: UUID, body: dict[str, Any]) -> Response:
    """An invoice that was laid into the portal: the reader takes it, which is the sign that it arrived."""
    posted = next((row for row in portal_posts.unseen(grant.debtor_id) if row["id"] == invoice_id), None)
    found = facts.invoice(invoice_id) if posted else None
    if posted is None or found is None:
        raise problems.NotFound("There is no such page.")
    if not traces.by_staff(tools()):
        here = moment.here()
        portal_posts.taken(posted["message_id"], now=here.now, real=here.wall)
    return _document(invoice_id, found[0], reader=_reader(grant))


@endpoint(
    face,
    "/p/<token>/<ref('inv'):invoice_id>/received",
    needs=PORTAL,
    method="POST",
    accepts=Nothing,
    leaves="portal_interaction",
)
def received(grant: LinkGrant, invoice_id: UUID, body: dict[str, Any]) -> Response:
    """The reader says that the invoice is there."""
    _one_of(grant, invoice_id)
    return _thanks("received")


@endpoint(
    face,
    "/p/<token>/<ref('inv'):invoice_id>/promise",
    needs=PORTAL,
    method="POST",
    accepts=Promise,
    leaves="portal_interaction",
)
def promise(grant: LinkGrant, invoice_id: UUID, body: dict[str, str]) -> Response:
    """A promise to pay: nothing is chased before its day."""
    item, clock, real = _one_of(grant, invoice_id), clients.clock(), tools().clock.now()
    today = clock.today(real)
    by = _day(body["by"])
    if by is None or not today <= by <= today + LATEST_PROMISE:
        raise NotUnderstood(_words(grant)["bad_day"], pointer="/by")
    earlier = [each["id"] for each in _said_before(grant, "promise", invoice_id, today)]
    holds.end_many(earlier, now=clock.now(real), outcome="replaced by a newer promise")
    hold_id = holds.open(
        "promise",
        debtor_id=grant.debtor_id,
        invoice_id=item.invoice_id,
        starts_on=today,
        ends_on=by,
        reason="Promised by the customer in the portal",
        now=clock.now(real),
    )
    _statement(grant, "promise", hold_id)
    return _thanks("promised")


@endpoint(
    face,
    "/p/<token>/<ref('inv'):invoice_id>/objection",
    needs=PORTAL,
    method="POST",
    accepts=Objection,
    leaves="portal_interaction",
)
def objection(grant: LinkGrant, invoice_id: UUID, body: dict[str, str]) -> Response:
    """An objection: a dispute that stops what is automatic, and a task for a person."""
    item, clock, real = _one_of(grant, invoice_id), clients.clock(), tools().clock.now()
    said = " ".join(body["message"].split())
    if not said:
        raise NotUnderstood(_words(grant)["no_text"], pointer="/message")
    now, today = clock.now(real), clock.today(real)
    if any(each["reason"] == said[:500] for each in _said_before(grant, "dispute", invoice_id, today)):
        return _thanks("objected")
    hold_id = holds.open(
        "dispute",
        debtor_id=grant.debtor_id,
        invoice_id=item.invoice_id,
        starts_on=today,
        reason=said[:500],
        now=now,
        wall=real,
    )
    about = NewTask(
        dedupe_key=f"dispute:{item.invoice_id}",
        kind="dispute",
        title="Answer the objection",
        reason=f"The customer objects to invoice {item.number} in the portal: “{said[:300]}”",
        debtor_id=grant.debtor_id,
        invoice_id=item.invoice_id,
    )
    tasks.raise_many([about], now=now, today=today)
    _statement(grant, "objection", hold_id)
    return _thanks("objected")


@endpoint(face, "/p/<token>/no-images", needs=PORTAL, method="POST", accepts=Nothing)
def stop_images(grant: LinkGrant, body: dict[str, Any]) -> Response:
    """No image tells any more when this reader opens a mail, old mails included."""
    now = moment.here().now
    tracking.consent(grant.contact_id, said="withdrawn", basis="By the reader, in the portal", now=now)
    return _thanks("stopped")


@endpoint(face, "/o/<token>.gif", needs=PUBLIC)
def pixel(token: str) -> Response:
    """The image in a mail: kept only where the client and the reader allow it; the answer is always the same."""
    toolbox = tools()
    try:
        tenant_id, message_id = links.read_pixel(token, secret=toolbox.settings.secret_key)
    except BadToken:
        raise problems.NotFound("There is no such image.") from None
    _take(tenant_id, Hit(traces.fetch("pixel"), toolbox.clock.now(), message_id=message_id))
    return Response(door.PIXEL, headers=door.IMAGE_HEADERS)


@endpoint(face, "/o/t/<token>.gif", needs=PUBLIC)
def counted_pixel(token: str) -> Response:
    """The image of a mail whose loads are counted and nobody's; the answer is always the same."""
    toolbox = tools()
    try:
        tenant_id, template, country = tallies.read(token, secret=toolbox.settings.secret_key)
    except BadToken:
        raise problems.NotFound("There is no such image.") from None
    if not traces.by_staff(toolbox):
        agent, method = request.headers.get("User-Agent", ""), request.method
        with unit_of_work(scope.tenant(tenant_id, actor="reader")):
            tallies.count(template, country=country, agent=agent, method=method, real=toolbox.clock.now())
    return Response(door.PIXEL, headers=door.IMAGE_HEADERS)


def _take(tenant_id: UUID, hit: Hit) -> None:
    """Keep a hit before it is answered; our own people leave nothing."""
    if not traces.by_staff(tools()):
        traces.reception().keep(tenant_id, hit)


def _stop_at(grant: LinkGrant) -> str:
    """Where this reader stops reminders by mail; only what came by a mail can say by which."""
    if grant.message_id is None:
        return ""
    return unsubscribing.url(grant.tenant_id, message_id=grant.message_id, settings=tools().settings)


def page(items: tuple[Item, ...], *, reader: Reader, said: str = "", preview: bool = False, stop_at: str = "") -> str:
    """The page itself; as a preview its buttons are off."""
    profile = clients.profile()
    today = profile.clock.today(tools().clock.now())
    language, text = words.of(reader.language)
    place = writing.locale(language, profile.country)
    return render_template(
        "portal.html",
        items=[_shown(each, place, today) for each in items],
        news=[] if preview else _news(reader, {each.invoice_id for each in items}, place),
        reader=reader,
        profile=profile,
        provider=tools().settings.provider_name,
        language=language,
        text=text,
        said=said,
        preview=preview,
        stop_at=stop_at,
        first_on=today,
        last_on=today + LATEST_PROMISE,
    )


def _shown(item: Item, place: str, today: date) -> dict[str, Any]:
    """One invoice as its reader writes amounts and days."""
    return {
        "item": item,
        "open": item.open.shown(place),
        "amount": item.amount.shown(place),
        "part": item.open_minor != item.amount_minor,
        "due": format_date(item.due_on, "long", locale=place),
        "issued": format_date(item.issued_on, "long", locale=place),
        "late": item.due_on < today,
        "lines": [(line.description, Money(line.net_minor, item.currency).shown(place)) for line in item.lines],
    }


def _news(reader: Reader, known: set[UUID], place: str) -> list[dict[str, Any]]:
    """Invoices that were laid into the portal for this customer, beside those that the page is about."""
    return [
        {
            "id": row["id"],
            "number": row["number"],
            "open": Money(row["open_minor"], row["currency"]).shown(place),
            "due": format_date(row["due_on"], "long", locale=place),
        }
        for row in portal_posts.unseen(reader.debtor_id)
        if row["id"] not in known
    ]


def _items(grant: LinkGrant) -> tuple[Item, ...]:
    """The invoices that this link is about, and no others of the same customer."""
    if grant.invoice_id is not None:
        found = facts.invoice(grant.invoice_id)
        return (found[0],) if found else ()
    if grant.message_id is not None:
        return facts.items_of(grant.message_id, debtor_id=grant.debtor_id, with_lines=False)
    return ()


def _one_of(grant: LinkGrant, invoice_id: UUID) -> Item:
    for item in _items(grant):
        if item.invoice_id == invoice_id:
            return item
    raise problems.NotFound("There is no such page.")


def _said_before(grant: LinkGrant, kind: str, invoice_id: UUID, today: date) -> list[RowMapping]:
    """What this customer said about the invoice and still stands: a button that is pressed twice counts once."""
    held = holds.live(today=today, debtor_id=grant.debtor_id)
    return [each for each in held if (each["kind"], each["invoice_id"]) == (kind, invoice_id) and _by_debtor(each)]


def _by_debtor(held: RowMapping) -> bool:
    return str(held["actor"]).startswith("debtor:")


def _statement(grant: LinkGrant, kind: str, hold_id: UUID) -> None:
    """The debtor's own words: the strongest evidence that the mail was read."""
    if grant.message_id is not None:
        real = tools().clock.now()
        now = clients.clock().now(real)
        evidence.of_person(grant.message_id, kind=kind, at=now, now=now, real=real, source_key=f"hold:{hold_id}")


def _reader(grant: LinkGrant) -> Reader:
    card = debtors.card(grant.debtor_id)
    return Reader(card.id, card.number, card.name, card.country, grant.contact_id, "", card.language)


def _words(grant: LinkGrant) -> dict[str, str]:
    return words.of(_reader(grant).language)[1]


def _thanks(said: str) -> Response:
    """The page again, as somebody who has just pressed a button sees it."""
    return redirect(url_for("portal.portal_view", token=(request.view_args or {})["token"], said=said), 303)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _file_name(number: str) -> str:
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "_" for letter in number)
