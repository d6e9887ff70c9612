"""How mail fares: its health by who receives it, every message with its ladder, and the mailings that alerts judge."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import cursors, moment
from service.api.delivery import STATES
from service.endpoint import endpoint, tools
from service.pages import delivery_tabs, frame
from tenants.collections import refusals
from tenants.collections.watch import chances, cohorts, hard
from tenants.collections.watch.chances import Tally
from tenants.delivery import channels, domains, health, ladder, mailbag, outbox, unsettled, warming
from tenants.directory import clients
from tenants.directory.access import VisibleClient

face = Blueprint("delivery", __name__)
PAGE = 50
SPANS = (7, 30, 90)


class Span(Schema):
    """How many days back."""

    days = fields.Integer(load_default=30, validate=validate.OneOf(SPANS))


class Why(Schema):
    """Why somebody decides so."""

    reason = fields.String(required=True, validate=validate.Length(1, 300))


class Messages(Schema):
    """Which messages, and where the page starts."""

    state = fields.String(load_default="", validate=validate.OneOf(("", *STATES)))
    after = fields.String(load_default="")


@endpoint(face, "/c/<client:client>/delivery", needs="delivery.read", query=Span)
def health_page(client: VisibleClient, query: dict[str, int]) -> str:
    """What became of the mail of the last days, by who receives it."""
    here = moment.here()
    since = here.now - timedelta(days=query["days"])
    receivers = health.receivers(since=since)
    return delivery_tabs.show(
        "delivery_health.html",
        client,
        tab="health",
        days=query["days"],
        spans=SPANS,
        receivers=receivers,
        total=health.total(receivers),
        senders=health.senders(since=since),
        warmth=warming.of_senders(now=here.now, zone=clients.profile().time_zone),
        domains={row["domain"]: row for row in domains.listed()},
        otherwise=tools().settings.sender.rpartition("@")[2],
        waits=health.waits(since=since),
        held_back=refusals.by_reason(since=since),
        funnel=health.funnel(since=since),
        by_way=channels.use(since=since),
        bad=hard.bad_now(now=here.now),
        paused=clients.profile().sending == "paused",
    )


@endpoint(face, "/c/<client:client>/delivery/messages", needs="delivery.read", query=Messages)
def messages_page(client: VisibleClient, query: dict[str, str]) -> str:
    """Messages, the newest first."""
    purpose = f"messages:{client.tenant_id}:{query['state']}"
    place = cursors.read(purpose, query["after"])
    after = (datetime.fromisoformat(place[0]), UUID(place[1])) if place else None
    rows = outbox.listed(state=query["state"] or None, after=after, limit=PAGE)
    last = [rows[-1]["queued_at"].isoformat(), str(rows[-1]["id"])] if len(rows) == PAGE else None
    return delivery_tabs.show(
        "messages.html",
        client,
        tab="messages",
        rows=rows,
        state=query["state"],
        states=STATES,
        first=place is None,
        further=cursors.write(purpose, last) if last else None,
    )


@endpoint(face, "/c/<client:client>/delivery/messages/<ref('msg'):message_id>", needs="delivery.read")
def message_page(client: VisibleClient, message_id: UUID) -> str:
    """One message to one recipient, with its ladder."""
    return delivery_tabs.show(
        "message.html",
        client,
        tab="messages",
        message=outbox.one(message_id),
        invoices=outbox.invoices(message_id),
        attempts=outbox.attempts(message_id),
        ladder=ladder.of_message(message_id),
        came=mailbag.about(message_id),
    )


@endpoint(
    face,
    "/c/<client:client>/delivery/messages/<ref('msg'):message_id>/send-again",
    needs="delivery.write",
    method="POST",
    accepts=Why,
)
def send_again(client: VisibleClient, message_id: UUID, body: dict[str, str]) -> Response:
    """Send a message of which nobody knows whether it left."""
    here = moment.here()
    outbox.one(message_id)
    unsettled.send_again(message_id, now=here.now, real=here.wall, why=body["reason"].strip())
    return frame.after_change(url_for("delivery.message_page", client=client.slug, message_id=message_id))


@endpoint(face, "/c/<client:client>/delivery/mailings", needs="delivery.read")
def cohorts_page(client: VisibleClient) -> str:
    """The matured mailings of eight weeks, as alerts judge them."""
    here = moment.here()
    known = cohorts.kept(since=here.today - timedelta(weeks=cohorts.WEEKS))
    units: list[dict[str, Any]] = [
        {
            "unit": unit,
            "rows": [(each, chances.wilson(each.tally)) for each in reversed(series[-20:])],
            "whole": Tally(sum(each.judgeable for each in series), sum(each.seen for each in series)),
        }
        for unit, series in sorted(known.items())
    ]
    return delivery_tabs.show("cohorts.html", client, tab="cohorts", units=units)
