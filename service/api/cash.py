"""Cash application: lines that wait with their proposals, what a person decides, and how sure the machine is."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api import paging
from service.api.amounts import in_currency
from service.endpoint import endpoint
from service.fields import Day, Instant, MoneyField, Ref
from tenants.cash import bands, deciding, deductions, queue
from tenants.cash.deciding import REASONS, Share
from tenants.cash.evidence import Part
from tenants.directory.access import VisibleClient

face = Blueprint("api_cash", __name__, url_prefix="/api/v1")
QUEUE = "/tenants/<client:client>/cash/queue"
LINE = f"{QUEUE}/<ref('cmt'):match_id>"
STATES = ("waiting", "parked", "applied", "replaced", "undone", "returned", "withdrawn")


class QueueQuery(paging.PageQuery):
    """Which lines."""

    state = fields.String(load_default="waiting", validate=validate.OneOf(("waiting", "parked")))


class CashPart(Schema):
    """What a line pays of one invoice, and what it leaves short for a reason."""

    invoice_id = Ref("inv", required=True)
    number = fields.String(required=True)
    amount = MoneyField("minor", required=True)
    short = MoneyField("short_minor", required=True)
    reason = fields.String(required=True)
    due_on = Day(required=True)


class CashLine(Schema):
    """One line of a statement with its proposal: whose money it is, what it pays, and why."""

    id = Ref("cmt", required=True)
    bank_line_id = Ref("bnk", required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    band = fields.String(required=True, validate=validate.OneOf(("automatic", "suggested", "manual")))
    score = fields.Integer(required=True)
    evidence = fields.String(attribute="pattern", required=True)
    reasons = fields.List(fields.String(), required=True)
    note = fields.String(required=True)
    amount = MoneyField("amount_minor", required=True)
    unapplied = MoneyField("rest_minor", required=True, metadata={"description": "What would stay on account"})
    booked_on = Day(required=True)
    decided_at = Instant(required=True, allow_none=True)
    party = fields.String(required=True)
    words = fields.String(required=True)
    reference = fields.String(required=True)
    debtor_id = Ref("deb", required=True, allow_none=True)
    payment_id = Ref("pay", required=True, allow_none=True)
    parts = fields.List(fields.Nested(CashPart), required=True)


class WantedPart(Schema):
    """So much of the line for an invoice; what stays open of it is a deduction if there is a reason."""

    invoice_id = Ref("inv", required=True)
    amount = MoneyField(required=True)
    short = MoneyField(load_default=None, allow_none=True)
    reason = fields.String(load_default="", validate=validate.OneOf(("", *REASONS)))


class WantedShare(Schema):
    """A part of the line for one customer; what its parts leave stays on account."""

    debtor_id = Ref("deb", required=True)
    amount = MoneyField(required=True)
    parts = fields.List(fields.Nested(WantedPart), load_default=list, validate=validate.Length(max=500))


class Shares(Schema):
    """Whose money the line is. The shares make the amount of the line."""

    shares = fields.List(fields.Nested(WantedShare), required=True, validate=validate.Length(1, 50))


class Note(Schema):
    """Why."""

    note = fields.String(load_default="", validate=validate.Length(max=500))


class Booked(Schema):
    """The payments that were made."""

    payment_ids = fields.List(Ref("pay"), required=True)


class Waiting(Schema):
    """The line, waiting once more."""

    id = Ref("cmt", required=True)


class Precision(Schema):
    """How often one kind of evidence was right at this client in the last year."""

    evidence = fields.String(attribute="pattern", required=True)
    right = fields.Integer(required=True)
    wrong = fields.Integer(required=True)
    alone = fields.Integer(required=True, metadata={"description": "How often it acted without a person"})
    precision = fields.Float(required=True, allow_none=True)


class Precisions(Schema):
    """All that acted alone together, and each kind of evidence."""

    alone = fields.Nested(Precision, required=True)
    kinds = fields.List(fields.Nested(Precision), required=True)


class DeductionOut(Schema):
    """What a customer kept back of an invoice."""

    id = Ref("ded", required=True)
    debtor_id = Ref("deb", required=True)
    invoice_id = Ref("inv", required=True)
    number = fields.String(required=True)
    amount = MoneyField("amount_minor", required=True)
    reason = fields.String(required=True)
    opened_on = Day(required=True)


@endpoint(face, QUEUE, needs="ledger.read", query=QueueQuery, returns=paging.page_of(CashLine))
def list_cash_lines(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Money that waits for a person, the oldest first."""
    name = f"cash:{query['state']}"
    after = paging.start(name, query, date.fromisoformat, UUID) or (date.min, UUID(int=0))
    found = queue.waiting(query["state"], after=(after[0], after[1]), limit=query["limit"] + 1)
    return paging.cut(name, query, found, lambda line: (line.booked_on, line.id))


@endpoint(face, LINE, needs="ledger.read", returns=CashLine)
def show_cash_line(client: VisibleClient, match_id: UUID) -> queue.Line:
    """One line with its proposal."""
    return queue.one(match_id)


@endpoint(face, f"{LINE}/accept", needs="ledger.write", method="POST", returns=Booked, status=201, once=True)
def accept_cash_line(client: VisibleClient, match_id: UUID) -> dict[str, Any]:
    """Do what is proposed: the line becomes a payment and pays its invoices."""
    here = moment.here()
    return {"payment_ids": [deciding.accept(match_id, now=here.now, wall=here.wall)]}


@endpoint(
    face, f"{LINE}/split", needs="ledger.write", method="POST", accepts=Shares, returns=Booked, status=201, once=True
)
def split_cash_line(client: VisibleClient, match_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Say whose money the line is and what it pays; a payment for each share."""
    here, currency = moment.here(), queue.one(match_id).currency
    shares = [_share(share, currency, f"/shares/{at}") for at, share in enumerate(body["shares"])]
    return {"payment_ids": deciding.split(match_id, shares=shares, now=here.now, wall=here.wall)}


@endpoint(face, f"{LINE}/park", needs="ledger.write", method="POST", accepts=Note, returns=CashLine, once=True)
def park_cash_line(client: VisibleClient, match_id: UUID, body: dict[str, Any]) -> queue.Line:
    """Put a line by, with a note why."""
    deciding.park(match_id, now=moment.here().now, note=body["note"])
    return queue.one(match_id)


@endpoint(face, f"{LINE}/take-up", needs="ledger.write", method="POST", returns=CashLine, once=True)
def take_up_cash_line(client: VisibleClient, match_id: UUID) -> queue.Line:
    """Take a line that was put by back into the queue."""
    deciding.take_up(match_id, now=moment.here().now)
    return queue.one(match_id)


@endpoint(
    face, f"{LINE}/undo", needs="ledger.write", method="POST", accepts=Note, returns=Waiting, status=201, once=True
)
def undo_cash_line(client: VisibleClient, match_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Take back what was booked for a line: its invoices are open again from today, and the line waits."""
    here = moment.here()
    return {"id": deciding.undo(match_id, now=here.now, today=here.today, reason=body["note"])}


@endpoint(face, "/tenants/<client:client>/cash/precision", needs="ledger.read", returns=Precisions)
def show_cash_precision(client: VisibleClient) -> dict[str, Any]:
    """How often the machine was right, by kind of evidence."""
    found = list(bands.measured(now=moment.here().now).values())
    return {"alone": bands.overall(found), "kinds": found}


@endpoint(
    face,
    "/tenants/<client:client>/deductions",
    needs="ledger.read",
    query=paging.PageQuery,
    returns=paging.page_of(DeductionOut),
)
def list_deductions(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """What customers kept back and still owe, the oldest first."""
    after = paging.start("deductions", query, date.fromisoformat, UUID) or (date.min, UUID(int=0))
    found = deductions.still_open(after=(after[0], after[1]), limit=query["limit"] + 1)
    return paging.cut("deductions", query, found, lambda each: (each.opened_on, each.id))


def _share(share: dict[str, Any], currency: str, pointer: str) -> Share:
    parts = [
        Part(
            part["invoice_id"],
            "",
            in_currency(part["amount"], currency, pointer=f"{pointer}/parts/{at}/amount"),
            in_currency(part["short"], currency, pointer=f"{pointer}/parts/{at}/short"),
            part["reason"],
        )
        for at, part in enumerate(share["parts"])
    ]
    return Share(share["debtor_id"], in_currency(share["amount"], currency, pointer=f"{pointer}/amount"), parts)
