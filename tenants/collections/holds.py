"""Decides what steers the automation: a dispute, a promise, a plan or a pause, on one invoice or on a whole customer.

A hold is live from its first to its last day in the client's calendar, until it is ended. Each has a reason and a
name behind it, and a pause always ends: a customer who is forgotten in a pause is money that nobody asks for.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, ForeignKeyConstraint, Index, RowMapping, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.events import history, recording
from tenants.events.recording import Occurrence
from tenants.isolation import scope
from tenants.store import Model, TenantOwned
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

KINDS = ("dispute", "promise", "plan", "pause")
SIGNS = ("hardship", "insolvency", "cease")
"""Pauses that are no respite but a sign to stop: the customer cannot pay, is before a court, or asked for silence."""
LONGEST_PAUSE = timedelta(days=90)
TOLD_AT_ONCE = 500
"""Invoices in one event: a file can dispute thousands."""


class BadHold(Refusal, ValueError):
    """The hold makes no sense."""

    code = "bad_hold"


class HoldUnknown(Refusal, LookupError):
    """No such hold that is still in force, or none of this client."""

    kind = Kind.UNKNOWN
    code = "hold_unknown"
    remedy = "Reload the page: the hold may have ended already."


class Hold(TenantOwned, Model):
    """One reason to leave a customer or an invoice in peace."""

    __tablename__ = "hold"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "debtor_id"], ["debtor.tenant_id", "debtor.id"]),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        Index("ix_hold_invoice", "tenant_id", "invoice_id", postgresql_where=text("ended_at IS NULL")),
        Index("ix_hold_debtor", "tenant_id", "debtor_id", postgresql_where=text("ended_at IS NULL")),
    )
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    sign: Mapped[str] = mapped_column(Text, default="")
    debtor_id: Mapped[UUID]
    invoice_id: Mapped[UUID | None]
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    actor: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_by: Mapped[str] = mapped_column(Text, default="")
    outcome: Mapped[str] = mapped_column(Text, default="")


@dataclass(frozen=True, slots=True)
class NewHold:
    """A hold to open: on one invoice, or on the whole customer when `invoice_id` is None."""

    kind: str
    debtor_id: UUID
    starts_on: date
    invoice_id: UUID | None = None
    ends_on: date | None = None
    amount_minor: int | None = None
    currency: str = ""
    reason: str = ""
    sign: str = ""
    """Of a pause: the sign to stop that it stands for; such a pause needs no end."""


LIVE = "(h.ended_at IS NULL AND h.starts_on <= :today AND (h.ends_on IS NULL OR h.ends_on >= :today))"
"""Of an alias `h`: the one meaning of "in force", for the gate and for rules."""

OPEN = """
INSERT INTO hold (tenant_id, id, kind, sign, debtor_id, invoice_id, starts_on, ends_on, amount_minor, currency, reason,
  actor, opened_at)
SELECT :tenant, d.id, d.kind, d.sign, d.debtor_id, d.invoice_id, d.starts_on, d.ends_on, d.amount_minor, d.currency,
  d.reason, :actor, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS d(id uuid, kind text, sign text, debtor_id uuid, invoice_id uuid,
  starts_on date, ends_on date, amount_minor bigint, currency text, reason text)
RETURNING id
"""
END = """
UPDATE hold SET ended_at = :now, ended_by = :actor, outcome = :outcome
WHERE tenant_id = :tenant AND id = ANY(:ids) AND ended_at IS NULL RETURNING id
"""
OVER = """
SELECT h.id FROM hold h JOIN invoice i ON i.tenant_id = :tenant AND i.debtor_id = h.debtor_id
WHERE h.tenant_id = :tenant AND h.id = :hold_id AND i.id = :invoice_id
  AND (h.invoice_id IS NULL OR h.invoice_id = i.id) AND h.ended_at IS NULL
"""
NOW_LIVE = f"""
SELECT h.id, h.kind, h.sign, h.debtor_id, d.name AS customer, h.invoice_id, i.number AS invoice_number, h.starts_on,
       h.ends_on,
  h.amount_minor, h.currency, h.reason, h.actor, h.opened_at
FROM hold h JOIN debtor d ON d.tenant_id = :tenant AND d.id = h.debtor_id
LEFT JOIN invoice i ON i.tenant_id = :tenant AND i.id = h.invoice_id
WHERE h.tenant_id = :tenant AND {LIVE} AND (CAST(:debtor AS uuid) IS NULL OR h.debtor_id = :debtor)
  AND (CAST(:after_at AS timestamptz) IS NULL OR (h.opened_at, h.id) < (:after_at, CAST(:after_id AS uuid)))
ORDER BY h.opened_at DESC, h.id DESC LIMIT :limit
"""
ON_INVOICES = f"""
SELECT i.id, h.kind, h.sign, h.reason, h.ends_on FROM invoice i
JOIN hold h ON h.tenant_id = i.tenant_id AND h.debtor_id = i.debtor_id AND (h.invoice_id IS NULL OR h.invoice_id =
  i.id)
WHERE i.tenant_id = :tenant AND h.tenant_id = :tenant AND i.id = ANY(:ids) AND {LIVE}
ORDER BY h.sign DESC, h.opened_at, h.id
"""


def open(
    kind: str,
    *,
    debtor_id: UUID,
    starts_on: date,
    now: datetime,
    invoice_id: UUID | None = None,
    ends_on: date | None = None,
    amount_minor: int | None = None,
    currency: str = "",
    reason: str = "",
    sign: str = "",
    wall: datetime | None = None,
) -> UUID:
    """Open one hold; `wall` is the real time where the client's clock may have been moved.

    Raises BadHold when it cannot be one: no such kind, a promise without a day, a pause without an end.
    """
    draft = NewHold(kind, debtor_id, starts_on, invoice_id, ends_on, amount_minor, currency, reason, sign)
    return open_many([draft], now=now, wall=wall)[0]


def open_many(drafts: Sequence[NewHold], *, now: datetime, wall: datetime | None = None) -> list[UUID]:
    """Open several holds in one statement, with one line of history each. Raises BadHold as `open` does."""
    if not drafts:
        return []
    for draft in drafts:
        _refuse_nonsense(draft)
    rows = [
        {
            "id": ids.new(),
            "kind": draft.kind,
            "sign": draft.sign,
            "debtor_id": draft.debtor_id,
            "invoice_id": draft.invoice_id,
            "starts_on": draft.starts_on,
            "ends_on": draft.ends_on,
            "amount_minor": draft.amount_minor,
            "currency": draft.currency,
            "reason": draft.reason,
        }
        for draft in drafts
    ]
    store.run(OPEN, rows=json.dumps(rows, default=str), now=now, actor=scope.current().actor)
    for row in rows:
        history.note(f"{row['kind']}.opened", about=_subject(row), at=now, became=row, reason=str(row["reason"]))
    disputed = [row for row in rows if row["kind"] == "dispute" and row["invoice_id"]]
    slices = [disputed[start : start + TOLD_AT_ONCE] for start in range(0, len(disputed), TOLD_AT_ONCE)]
    news = [
        Occurrence(str(some[0]["id"]), {"invoice_ids": [str(row["invoice_id"]) for row in some]}) for some in slices
    ]
    recording.record_many("dispute.opened", news, now=wall or now)
    return [UUID(str(row["id"])) for row in rows]


def end(hold_id: UUID, *, now: datetime, outcome: str, invoice_id: UUID | None = None) -> None:
    """End a hold by a person's word. Raises HoldUnknown when it is not in force, or does not hold the invoice named."""
    meant = invoice_id is None or store.run(OVER, hold_id=hold_id, invoice_id=invoice_id).one_or_none() is not None
    if not meant or not end_many([hold_id], now=now, outcome=outcome):
        raise HoldUnknown("There is no such hold.")


def end_many(hold_ids: Iterable[UUID], *, now: datetime, outcome: str) -> int:
    """End several holds with one outcome; those that ended before are left as they are."""
    ended = store.run(END, ids=list(hold_ids), now=now, actor=scope.current().actor, outcome=outcome).scalars().all()
    for hold_id in ended:
        history.note("hold.ended", about=("hold", hold_id), at=now, reason=outcome)
    return len(ended)


def live(
    *, today: date, debtor_id: UUID | None = None, after: tuple[datetime, UUID] | None = None, limit: int = 200
) -> Sequence[RowMapping]:
    """What is in force today, newest first, of one customer or of all; `after` is the last one of the page before."""
    after_at, after_id = after or (None, None)
    found = store.run(NOW_LIVE, today=today, debtor=debtor_id, after_at=after_at, after_id=after_id, limit=limit)
    return found.mappings().all()


def on_invoices(invoice_ids: Sequence[UUID], *, today: date) -> dict[UUID, RowMapping]:
    """For each invoice that is held today, the sign to stop or else the hold that came first; a customer's hold covers
    all its invoices."""
    found: dict[UUID, RowMapping] = {}
    for row in store.run(ON_INVOICES, ids=list(invoice_ids), today=today).mappings():
        found.setdefault(row["id"], row)
    return found


def _refuse_nonsense(draft: NewHold) -> None:
    if draft.kind not in KINDS:
        raise BadHold(f"“{draft.kind[:20]}” is no kind of hold.", remedy=f"Use one of: {', '.join(KINDS)}.")
    if draft.ends_on is not None and draft.ends_on < draft.starts_on:
        raise BadHold("The hold would end before it starts.", remedy="Choose a later last day.")
    if draft.kind == "promise" and draft.ends_on is None:
        raise BadHold("A promise needs its day.", remedy="Say by which day the customer will pay.")
    if draft.sign and (draft.kind != "pause" or draft.sign not in SIGNS or not draft.reason.strip()):
        words = f"A sign to stop is one of: {', '.join(SIGNS)}; it is a pause and has a reason."
        raise BadHold("This is no sign to stop.", remedy=words)
    endless = draft.ends_on is None or draft.ends_on - draft.starts_on > LONGEST_PAUSE
    if draft.kind == "pause" and endless and not draft.sign:
        raise BadHold("A pause needs an end within 90 days.", remedy="Choose a last day; the pause can be renewed.")
    if draft.amount_minor is not None and not draft.currency:
        raise BadHold("An amount needs its currency.", remedy="Name the currency of the amount.")


def _subject(row: dict[str, Any]) -> tuple[str, UUID]:
    return ("invoice", row["invoice_id"]) if row["invoice_id"] else ("debtor", row["debtor_id"])
