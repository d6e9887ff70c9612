"""What was done for a client, thing by thing, and what its customers dispute: the rows behind two parts of the
dashboard."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import fields, validate

from service import cursors
from service.endpoint import endpoint
from service.fields import Instant
from service.pages import asked, frame, labels
from tenants.directory.access import VisibleClient
from tenants.insight import activity, breakdown, causes
from tenants.insight.overview import DONE_DAYS

face = Blueprint("deeds", __name__)
PAGE = 50


class Behind(asked.Filters):
    """Up to which instant the week is counted, in which currency, and where the page starts."""

    until = Instant(load_default=None)
    after = fields.String(load_default="")


class Disputes(asked.Listed):
    """Disputes of which currency, and of one reason or of all."""

    reason = fields.String(load_default="", validate=validate.Length(max=500))


@endpoint(face, "/c/<client:client>/done/<deed>", needs="insight.read", query=Behind)
def done_page(client: VisibleClient, deed: str, query: dict[str, Any]) -> str:
    """What one line of the work done is made of, under its number."""
    stamp = frame.stamp()
    until: datetime = query["until"] or stamp.now
    currency = query["currency"] or client.base_currency
    base = {"client": client.slug, "deed": deed, "until": until.isoformat()}
    base |= {"currency": query["currency"]} if query["currency"] else {}
    purpose = f"deeds:{sorted(base.items())}"
    place = cursors.read(purpose, query["after"])
    page = activity.behind(
        deed,
        since=until - timedelta(days=DONE_DAYS),
        until=until,
        currency=currency,
        after=(datetime.fromisoformat(place[0]), UUID(place[1])) if place else None,
        limit=PAGE,
    )
    return frame.show(
        "deeds.html",
        section="dashboard",
        stamp=stamp,
        title=labels.DONE[deed],
        until=until,
        since=until - timedelta(days=DONE_DAYS),
        page=page,
        currency=currency,
        base=base,
        first=place is None,
        further_cursor=cursors.write(purpose, [page.next[0].isoformat(), str(page.next[1])] if page.next else None),
    )


@endpoint(face, "/c/<client:client>/disputes", needs="insight.read", query=Disputes)
def disputes_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """What customers dispute, the largest first, all of it or what is disputed for one reason."""
    stamp = frame.stamp()
    currency, narrow = query["currency"] or client.base_currency, asked.narrow(query)
    base: dict[str, Any] = {"client": client.slug} | asked.words(query, basis="", known="")
    base |= {"reason": query["reason"]} if query["reason"] else {}
    purpose = f"disputes:{sorted(base.items())}"
    place = cursors.read(purpose, query["after"])
    page = causes.disputes(
        currency=currency,
        reason=query["reason"],
        narrow=narrow,
        after=(int(place[0]), UUID(place[1])) if place else None,
        limit=PAGE,
    )
    return frame.show(
        "disputes.html",
        section="dashboard",
        stamp=stamp,
        query=query,
        options=breakdown.options(),
        currency=currency,
        page=page,
        base=base,
        first=place is None,
        further_cursor=cursors.write(purpose, [page.next[0], str(page.next[1])] if page.next else None),
    )
