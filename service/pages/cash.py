"""Cash: money that came in and waits for a person, with what is proposed for it and why; worked by keyboard."""

import re
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, pre_load, validate
from werkzeug.wrappers import Response

from service import cursors, moment
from service.endpoint import endpoint
from service.fields import Ref
from service.pages import frame
from tenants.cash import bands, deciding, deductions, queue
from tenants.cash.deciding import REASONS, BadSplit, Share
from tenants.cash.evidence import Part
from tenants.cash.queue import Line
from tenants.directory.access import VisibleClient
from tenants.ledger import debtors, registers
from tenants.values import ids
from tenants.values.money import BadAmount, Money

face = Blueprint("cash", __name__)
PAGE = 50
FOUND = 8
LINE = "/c/<client:client>/cash/<ref('cmt'):match_id>"
_PART = re.compile(r"(part|reason)_(inv_[0-9a-v]{26})")


class Shown(Schema):
    """Which lines, and where the page starts."""

    state = fields.String(load_default="waiting", validate=validate.OneOf(("waiting", "parked", "done")))
    after = fields.String(load_default=None)


class Chosen(Schema):
    """Whose open invoices are shown beside a line: words of a name or number, or one customer."""

    find = fields.String(load_default="", validate=validate.Length(max=80))
    customer = Ref("deb", load_default=None)


class Note(Schema):
    """Why."""

    note = fields.String(load_default="", validate=validate.Length(max=500))


class Split(Schema):
    """Amounts and reasons by invoice, and whose money it is; what is left over stays on account."""

    customer = Ref("deb", required=True)
    parts = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)
    reasons = fields.Dict(keys=fields.String(), values=fields.String(), load_default=dict)

    @pre_load
    def gather(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """A form has one field for each invoice; together they are two tables."""
        told: dict[str, Any] = {"parts": {}, "reasons": {}}
        for name, value in data.items():
            found = _PART.fullmatch(name)
            if found is None:
                told[name] = value
            elif value:
                told["parts" if found[1] == "part" else "reasons"][found[2]] = value
        return told


@endpoint(face, "/c/<client:client>/cash", needs="ledger.read", query=Shown)
def list_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """What waits, what was put by, or what was booked."""
    stamp, state = frame.stamp(), query["state"]
    lines = _lines(state, cursors.read(f"cash-{state}", query["after"]))
    last = lines[PAGE - 1] if len(lines) > PAGE else None
    at = (last.decided_at if state == "done" else last.booked_on) if last else None
    measured = sorted(bands.measured(now=stamp.now).values(), key=lambda each: -(each.right + each.wrong))
    return frame.show(
        "cash.html",
        section="cash",
        stamp=stamp,
        state=state,
        lines=lines[:PAGE],
        counts=queue.counts(),
        on_account=queue.on_account(),
        alone=bands.overall(measured),
        measured=measured,
        kept=deductions.still_open(limit=FOUND),
        reasons=REASONS,
        further_after=cursors.write(f"cash-{state}", [at.isoformat(), str(last.id)] if last and at else None),
    )


@endpoint(face, LINE, needs="ledger.read", query=Chosen)
def line_page(client: VisibleClient, match_id: UUID, query: dict[str, Any]) -> str:
    """One line with its proposal, and the open invoices of the customer; a piece of the list, or a page."""
    line = queue.one(match_id)
    customer = query["customer"] or line.debtor_id
    found = registers.debtors(words=query["find"], limit=FOUND).rows if query["find"] else []
    if len(found) == 1 and query["customer"] is None:
        customer = found[0]["id"]
    context = {
        "line": line,
        "find": query["find"],
        "found": found,
        "customer": debtors.card(customer) if customer else None,
        "items": queue.open_items(customer, currency=line.currency) if customer else [],
        "proposed": {part.invoice_id: part for part in line.parts},
        "reasons": REASONS,
    }
    if frame.wants_fragment():
        return frame.fragment("parts/cash_line.html", **context)
    return frame.show("cash_line.html", section="cash", stamp=frame.stamp(), **context)


@endpoint(face, f"{LINE}/accept", needs="ledger.write", method="POST")
def accept(client: VisibleClient, match_id: UUID) -> Response | str:
    """Do what is proposed."""
    here = moment.here()
    deciding.accept(match_id, now=here.now, wall=here.wall)
    return _moved(client, "Booked.", url_for("cash.undo", client=client.slug, match_id=match_id))


@endpoint(face, f"{LINE}/split", needs="ledger.write", method="POST", accepts=Split)
def split(client: VisibleClient, match_id: UUID, body: dict[str, Any]) -> Response | str:
    """Say otherwise: the customer and the amounts of the form; what is left over stays on account."""
    line, here = queue.one(match_id), moment.here()
    share = Share(body["customer"], line.amount_minor, _parts(line, body))
    deciding.split(match_id, shares=[share], now=here.now, wall=here.wall)
    return frame.after_change(url_for("cash.list_page", client=client.slug, state="done"))


@endpoint(face, f"{LINE}/park", needs="ledger.write", method="POST", accepts=Note)
def park(client: VisibleClient, match_id: UUID, body: dict[str, Any]) -> Response | str:
    """Put a line by."""
    deciding.park(match_id, now=moment.here().now, note=body["note"])
    return _moved(client, "Set aside.", url_for("cash.take_up", client=client.slug, match_id=match_id))


@endpoint(face, f"{LINE}/take-up", needs="ledger.write", method="POST")
def take_up(client: VisibleClient, match_id: UUID) -> Response:
    """Take a line that was put by back into the queue."""
    deciding.take_up(match_id, now=moment.here().now)
    return _again(client)


@endpoint(face, f"{LINE}/undo", needs="ledger.write", method="POST", accepts=Note)
def undo(client: VisibleClient, match_id: UUID, body: dict[str, Any]) -> Response:
    """Take back what was booked for a line."""
    here = moment.here()
    deciding.undo(match_id, now=here.now, today=here.today, reason=body["note"])
    return _again(client)


def _lines(state: str, place: list[Any] | None) -> list[Line]:
    if state == "done":
        before = (datetime.fromisoformat(place[0]), UUID(place[1])) if place else (moment.here().now, frame.LAST_ID)
        return list(queue.done(before=before, limit=PAGE + 1))
    after = (date.fromisoformat(place[0]), UUID(place[1])) if place else (date.min, UUID(int=0))
    return list(queue.waiting(state, after=after, limit=PAGE + 1))


def _parts(line: Line, body: dict[str, Any]) -> list[Part]:
    """What the form says for each invoice; a reason makes what stays open of the invoice a deduction."""
    parts = []
    items = {item.id: item for item in queue.open_items(body["customer"], currency=line.currency)}
    for shown, text in body["parts"].items():
        invoice_id, reason = ids.read("inv", shown), body["reasons"].get(shown, "")
        try:
            minor = Money.parse(text.replace(",", ""), line.currency).minor
        except BadAmount as fault:
            raise BadSplit(f"“{text[:40]}” is not an amount.", remedy="Write it as 1234.50.") from fault
        item = items.get(invoice_id)
        short = max(item.open_minor - minor, 0) if item is not None and reason else 0
        if minor:
            parts.append(Part(invoice_id, "", minor, short, reason if short else ""))
    return parts


def _moved(client: VisibleClient, said: str, back: str) -> Response | str:
    if frame.wants_fragment():
        return frame.fragment("parts/cash_moved.html", said=said, back=back)
    return frame.after_change(url_for("cash.list_page", client=client.slug))


def _again(client: VisibleClient) -> Response:
    if frame.wants_fragment():
        return Response(status=204, headers={"HX-Refresh": "true"})
    return frame.after_change(url_for("cash.list_page", client=client.slug))
