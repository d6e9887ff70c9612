"""Decides what a person may do with a waiting line: accept what is proposed, say otherwise, put it by, and undo.

Nothing is edited in the ledger. To undo takes the payment back by postings of its own, so that the invoices are open
again from today on, and the line waits once more. What a person decides otherwise counts against the kind of evidence.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from tenants import store
from tenants.cash import booking, deductions, payers, remittances
from tenants.cash.evidence import Credit, Part
from tenants.cash.matching import KEEP_PARTS
from tenants.events import history
from tenants.isolation import scope
from tenants.ledger import debtors, refunds
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

PREFIX = "cmt"
REASONS = {
    "PRI": "Price",
    "QTY": "Quantity, short shipment",
    "QUA": "Quality, damage",
    "DEL": "Delivery, late",
    "REF": "Order number missing",
    "DUP": "Invoiced twice",
    "TAX": "Tax",
    "TRM": "Discount or terms",
    "PRO": "Promotion, allowance",
    "FRT": "Freight",
    "RET": "Return",
    "CON": "Contract, scope",
    "NRC": "Not received",
    "UNR": "Not recognised",
    "CAS": "Cash misapplied",
    "BNK": "Bank charges",
    "HRD": "Hardship",
    "OTH": "Other",
}


class UnknownMatch(Refusal, LookupError):
    """No such line in the queue, or another client's."""

    kind: ClassVar[Kind] = Kind.UNKNOWN
    code = "unknown_match"
    remedy = "Go back to the queue."


class NotWaiting(Refusal):
    """The line was decided meanwhile, or has nothing to undo."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "match_decided"
    remedy = "Reload the queue."


class BadSplit(Refusal):
    """The parts do not fit the line."""

    code = "bad_split"
    remedy = "Correct the parts."


class NotApplied(Refusal):
    """Somebody was faster: what should be paid is not open any more."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "match_not_applied"
    remedy = "Look at the customer's open invoices again."


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a line for one customer: so much, of which so much for which invoice; the rest stays on account."""

    debtor_id: UUID
    minor: int
    parts: Sequence[Part]


LOCK = """
SELECT m.id, m.bank_line_id, m.debtor_id, m.state, m.pattern, m.payment_id, m.remittance_id, m.amount_minor, m.band,
  b.currency, b.amount_minor AS line_minor, b.booked_on, b.party, b.words, b.reference,
  b.party_mark
FROM cash_match m JOIN bank_line b ON b.tenant_id = :tenant AND b.id = m.bank_line_id
WHERE m.tenant_id = :tenant AND m.id = :id FOR UPDATE OF m, b
"""
PARTS = """
SELECT p.invoice_id, i.number, p.amount_minor, p.short_minor, p.reason FROM cash_part p
JOIN invoice i ON i.tenant_id = :tenant AND i.id = p.invoice_id
WHERE p.tenant_id = :tenant AND p.match_id = :id ORDER BY p.position
"""
KNOWN = "SELECT id FROM debtor WHERE tenant_id = :tenant AND id = ANY(:ids)"
DEBTORS_OF = "SELECT id, debtor_id, open_minor FROM invoice WHERE tenant_id = :tenant AND id = ANY(:ids)"
SET = """
UPDATE cash_match SET state = :state, actor = :actor, decided_at = :now, payment_id = coalesce(:payment_id, payment_id),
  note = :note
WHERE tenant_id = :tenant AND id = :id
"""
ADD = """
INSERT INTO cash_match (tenant_id, id, bank_line_id, debtor_id, currency, amount_minor, booked_on, band, state,
  payment_id, actor, proposed_at, decided_at)
VALUES (:tenant, :id, :line_id, :debtor_id, :currency, :minor, :booked_on, 'manual', 'applied', :payment_id, :actor,
  :now, :now)
"""
AGAIN = """
INSERT INTO cash_match (tenant_id, id, bank_line_id, currency, amount_minor, booked_on, band, state, reasons, actor,
  proposed_at)
VALUES (:tenant, :id, :line_id, :currency, :minor, :booked_on, 'manual', 'waiting', CAST(:reasons AS jsonb), '', :now)
"""
FREE_LINE = "UPDATE bank_line SET payment_id = NULL WHERE tenant_id = :tenant AND id = :line_id"
OF_LINE = """
SELECT id, debtor_id, payment_id, remittance_id, state FROM cash_match
WHERE tenant_id = :tenant AND bank_line_id = :line_id AND state = 'applied' ORDER BY id FOR UPDATE
"""


def accept(match_id: UUID, *, now: datetime, wall: datetime | None = None) -> UUID:
    """Do what is proposed; the payment that was made. Raises UnknownMatch, NotWaiting, NotApplied."""
    found = _locked(match_id, states=("waiting", "parked"))
    if found.debtor_id is None:
        raise NotWaiting("Nothing is proposed for this line.", remedy="Say whose money it is.")
    parts = [Part(*row) for row in store.run(PARTS, id=match_id)]
    payment = _book(match_id, found, Share(found.debtor_id, found.amount_minor, parts), now=now, wall=wall)
    _set(match_id, "applied", now=now, payment_id=payment)
    booking.tie([(match_id, parts)], now=now)
    payers.learn([(_payer(found), found.debtor_id, found.booked_on)])
    if found.remittance_id:
        remittances.use([found.remittance_id], now=now)
    _note("cash.accepted", found, now=now, became={"payment_id": payment})
    return payment


def split(match_id: UUID, *, shares: Sequence[Share], now: datetime, wall: datetime | None = None) -> tuple[UUID, ...]:
    """Say otherwise: whose money the line is and what it pays; a payment for each customer.

    Raises UnknownMatch, NotWaiting, BadSplit when the shares are not the line, UnknownDebtor, NotApplied.
    """
    found = _locked(match_id, states=("waiting", "parked"))
    _refuse_misfit(found, shares)
    made = []
    for share in shares:
        own = ids.new()
        payment = _book(own, found, share, now=now, wall=wall)
        store.run(
            ADD,
            id=own,
            line_id=found.bank_line_id,
            debtor_id=share.debtor_id,
            currency=found.currency,
            minor=share.minor,
            booked_on=found.booked_on,
            payment_id=payment,
            actor=scope.current().actor,
            now=now,
        )
        _keep_parts(own, share.parts)
        booking.tie([(own, share.parts)], now=now)
        made.append(payment)
    _set(match_id, "replaced", now=now)
    if len({share.debtor_id for share in shares}) == 1:
        payers.learn([(_payer(found), shares[0].debtor_id, found.booked_on)])
    _note("cash.split", found, now=now, became={"payment_ids": made})
    return tuple(made)


def park(match_id: UUID, *, now: datetime, note: str) -> None:
    """Put a line by, with a note why; nothing is proposed for it until it is taken up. Raises NotWaiting."""
    found = _locked(match_id, states=("waiting",))
    _set(match_id, "parked", now=now, note=note)
    _note("cash.parked", found, now=now, reason=note)


def take_up(match_id: UUID, *, now: datetime) -> None:
    """Take a line that was put by back into the queue. Raises NotWaiting."""
    found = _locked(match_id, states=("parked",))
    store.run(
        "UPDATE cash_match SET state = 'waiting', decided_at = NULL WHERE tenant_id = :tenant AND id = :id", id=match_id
    )
    _note("cash.taken_up", found, now=now)


def undo(match_id: UUID, *, now: datetime, today: date, reason: str = "") -> UUID:
    """Take back what was booked for a line, whole; the line waits again, under a new match that is returned.

    Raises UnknownMatch, NotWaiting, and what `refunds.return_payment` raises when the money was passed on meanwhile.
    """
    found = _locked(match_id, states=("applied",))
    for each in store.run(OF_LINE, line_id=found.bank_line_id).all():
        refunds.return_payment(each.payment_id, effective_on=today, now=now, reason=reason or "Cash application undone")
        deductions.close_for(each.id, on=today, outcome="undone")
        payers.forget(_payer(found), each.debtor_id)
        if each.remittance_id:
            remittances.free(each.remittance_id)
        _set(each.id, "undone", now=now, note=reason)
    store.run(FREE_LINE, line_id=found.bank_line_id)
    again = ids.new()
    store.run(
        AGAIN,
        id=again,
        line_id=found.bank_line_id,
        currency=found.currency,
        minor=found.line_minor,
        booked_on=found.booked_on,
        reasons=json.dumps(["What was booked before was undone."]),
        now=now,
    )
    _note("cash.undone", found, now=now, reason=reason)
    return again


def _locked(match_id: UUID, *, states: tuple[str, ...]) -> Any:
    found = store.run(LOCK, id=match_id).one_or_none()
    if found is None:
        raise UnknownMatch("There is no such line.")
    if found.state not in states:
        raise NotWaiting(f"This line is {found.state} already.")
    return found


def _payer(found: Any) -> Sequence[str]:
    return payers.keys(found.party, mark=found.party_mark)


def _refuse_misfit(found: Any, shares: Sequence[Share]) -> None:
    if sum(share.minor for share in shares) != found.line_minor or any(share.minor <= 0 for share in shares):
        raise BadSplit("The shares must make the amount of the line.", pointer="/shares")
    named = {share.debtor_id for share in shares}
    if named - set(store.run(KNOWN, ids=list(named)).scalars()):
        raise debtors.UnknownDebtor("There is no such customer.")
    wanted = {part.invoice_id for share in shares for part in share.parts}
    items = {row.id: row for row in store.run(DEBTORS_OF, ids=list(wanted))}
    for at, share in enumerate(shares):
        pointer = f"/shares/{at}/parts"
        if sum(part.minor for part in share.parts) > share.minor:
            raise BadSplit("More would be applied than the share is worth.", pointer=pointer)
        for part in share.parts:
            item = items.get(part.invoice_id)
            if item is None or item.debtor_id != share.debtor_id:
                raise BadSplit("A part names an invoice that is not this customer's.", pointer=pointer)
            if part.minor <= 0 or part.short_minor < 0 or part.minor + part.short_minor > item.open_minor:
                raise BadSplit("A part, with what it leaves short, is within what is open.", pointer=pointer)
            if (part.short_minor > 0) != bool(part.reason) or part.reason not in ("", *REASONS):
                raise BadSplit("What is left short needs a reason of the list, and nothing else does.", pointer=pointer)


def _book(match_id: UUID, found: Any, share: Share, *, now: datetime, wall: datetime | None) -> UUID:
    credit = Credit(
        found.bank_line_id, found.currency, share.minor, found.booked_on, found.party, found.words, found.reference
    )
    booked = booking.book([(match_id, credit, share.debtor_id, share.parts)], now=now, wall=wall)
    if match_id not in booked:
        raise NotApplied("Not so much is open any more of what this should pay.")
    return booked[match_id]


def _keep_parts(match_id: UUID, parts: Sequence[Part]) -> None:
    rows = [
        {
            "match_id": str(match_id),
            "at": at,
            "invoice_id": str(part.invoice_id),
            "minor": part.minor,
            "short": part.short_minor,
            "reason": part.reason,
        }
        for at, part in enumerate(parts, 1)
    ]
    if rows:
        store.run(KEEP_PARTS, rows=json.dumps(rows))


def _set(match_id: UUID, state: str, *, now: datetime, payment_id: UUID | None = None, note: str = "") -> None:
    actor = scope.current().actor
    store.run(SET, id=match_id, state=state, actor=actor, now=now, payment_id=payment_id, note=note)


def _note(act: str, found: Any, *, now: datetime, became: dict[str, Any] | None = None, reason: str = "") -> None:
    about = ("bank_line", found.bank_line_id)
    history.note(act, about=about, at=now, became=became, reason=reason)
