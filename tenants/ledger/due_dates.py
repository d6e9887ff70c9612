"""Decides by when a customer must have paid: what the contract says, and what was agreed with the customer since.

An agreement divides what is open into parts with new due dates; aging and reminders follow it from its day on. The day
of the contract stays beside it, and lateness against the contract is counted from that.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Row

from tenants import store
from tenants.directory import clients
from tenants.events import history
from tenants.ledger import balances, instalments, periods
from tenants.ledger.balances import Move
from tenants.ledger.instalments import AGREED, TERMS, BadSchedule, Part
from tenants.ledger.invoices import UnknownInvoice
from tenants.values import calendars
from tenants.values.faults import Kind, Refusal


class NothingToAgree(Refusal):
    """Nothing of the invoice is open, or nothing was agreed."""

    kind = Kind.CONFLICT
    code = "nothing_to_agree"
    remedy = "Look at the invoice again."


LOCKED = """
SELECT id, debtor_id, currency, amount_minor, open_minor, issued_on, due_on, original_due_on, schedule_id, voided_on
FROM invoice WHERE tenant_id = :tenant AND id = :invoice_id FOR UPDATE
"""
LATEST = """
SELECT max(effective_on) FROM due_schedule WHERE tenant_id = :tenant AND invoice_id = :invoice_id
"""
BY_CONTRACT = """
SELECT id FROM due_schedule WHERE tenant_id = :tenant AND invoice_id = :invoice_id AND kind = 'terms'
ORDER BY effective_on, known_at, id LIMIT 1
"""
POINT_TO = """
UPDATE invoice SET schedule_id = :schedule, original_due_on = coalesce(original_due_on, due_on)
WHERE tenant_id = :tenant AND id = :invoice_id
"""


def agree(
    invoice_id: UUID,
    *,
    parts: Sequence[tuple[date, int]],
    effective_on: date,
    now: datetime,
    reason: str,
) -> UUID:
    """Let what is open of an invoice be due in parts, from a day on; one part is a new due date.

    Raises UnknownInvoice, NothingToAgree, BadSchedule, PeriodClosed.
    """
    item = _locked(invoice_id)
    applied = item.amount_minor - item.open_minor
    rest = instalments.divide(parts, amount_minor=item.open_minor)
    if rest[0].due_on < item.issued_on:
        raise BadSchedule("Nothing is due before it is issued.", pointer="/instalments")
    # What is paid already stays a part of its own: if the payment comes back, it is due again as it was.
    paid_by = min(item.original_due_on or item.due_on, rest[0].due_on - timedelta(days=1))
    paid = (Part(paid_by, applied, applied),) if applied else ()
    whole = (*paid, *(Part(part.due_on, part.amount_minor, applied + part.up_to_minor) for part in rest))
    made = _turn(item, whole, kind=AGREED, effective_on=effective_on, now=now, reason=reason)
    history.note(
        "invoice.due_agreed",
        about=("invoice", invoice_id),
        at=now,
        was={"due_on": item.due_on},
        became={"parts": [[part.due_on, part.amount_minor] for part in rest]},
        reason=reason,
    )
    return made


def extend(invoice_id: UUID, *, due_on: date, effective_on: date, now: datetime, reason: str) -> UUID:
    """Agree one new due date for all that is open. Raises what `agree` raises."""
    open_minor = _locked(invoice_id).open_minor
    return agree(invoice_id, parts=[(due_on, open_minor)], effective_on=effective_on, now=now, reason=reason)


def take_back(invoice_id: UUID, *, effective_on: date, now: datetime, reason: str) -> UUID:
    """Let the contract count again from a day on. Raises NothingToAgree when nothing else was agreed."""
    item = _locked(invoice_id)
    if item.schedule_id is None or item.original_due_on is None:
        raise NothingToAgree("Nothing was agreed about this invoice.")
    terms = store.run(BY_CONTRACT, invoice_id=invoice_id).scalar_one_or_none()
    parts = instalments.of_schedules([terms])[terms] if terms else ()
    whole = parts or (Part(item.original_due_on, item.amount_minor, item.amount_minor),)
    made = _turn(item, whole, kind=TERMS, effective_on=effective_on, now=now, reason=reason)
    history.note(
        "invoice.due_by_contract",
        about=("invoice", invoice_id),
        at=now,
        was={"due_on": item.due_on},
        became={"due_on": whole[0].due_on},
        reason=reason,
    )
    return made


def _locked(invoice_id: UUID) -> Row[tuple[object, ...]]:
    item = store.run(LOCKED, invoice_id=invoice_id).one_or_none()
    if item is None:
        raise UnknownInvoice("There is no such invoice.")
    if item.voided_on is not None or not item.open_minor:
        raise NothingToAgree("Nothing of this invoice is open.")
    return item


def _turn(
    item: Row[tuple[object, ...]], whole: Sequence[Part], *, kind: str, effective_on: date, now: datetime, reason: str
) -> UUID:
    """Keep a schedule, point the invoice to it, and move what is open from the old due dates to the new ones."""
    _refuse_day(item, effective_on, now=now)
    applied = item.amount_minor - item.open_minor
    before = instalments.of_schedules([item.schedule_id]).get(item.schedule_id, ())
    leaving = instalments.moves(item.currency, before, was=applied, becomes=item.amount_minor) or [
        Move(item.currency, item.due_on, -item.open_minor, -1)
    ]
    made = instalments.add(
        item.id,
        debtor_id=item.debtor_id,
        parts=whole,
        effective_on=effective_on,
        now=now,
        kind=kind,
        reason=reason,
    )
    store.run(POINT_TO, invoice_id=item.id, schedule=made)
    instalments.point([item.id])
    balances.move([*leaving, *instalments.moves(item.currency, whole, was=item.amount_minor, becomes=applied)])
    return made


def _refuse_day(item: Row[tuple[object, ...]], effective_on: date, *, now: datetime) -> None:
    periods.refuse_closed(effective_on)
    latest = store.run(LATEST, invoice_id=item.id).scalar_one()
    if effective_on > calendars.local_day(now, zone=clients.clock().zone):
        raise BadSchedule("Nothing counts before its day has come.", pointer="/effective_on")
    if effective_on < item.issued_on or (latest is not None and effective_on < latest):
        raise BadSchedule(
            "An agreement holds from the day of issue or of the last agreement on, not before.", pointer="/effective_on"
        )
