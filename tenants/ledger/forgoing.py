"""Decides who may give up how much: up to a limit by role alone, above it only when a second person agrees.

A client without limits leaves it to whoever may post. Once there is one, a role without one may give up nothing alone.
Limits are in the client's own currency; where no rate leads there, a second person looks. What is agreed to is posted
on the day of the agreement, and can be reversed like any allocation.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import clients
from tenants.events import history
from tenants.isolation import scope
from tenants.ledger import allocation, invoices, rates
from tenants.ledger.allocation import BadAllocation, OverAllocated
from tenants.ledger.rates import NoRate
from tenants.store import Model, TenantOwned
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

PREFIX = "fgr"
WRITE_OFF, DISCOUNT = "write_off", "discount"
POST: Mapping[str, Callable[..., UUID]] = {WRITE_OFF: allocation.write_off, DISCOUNT: allocation.discount}
WAITING, POSTED, REFUSED = "waiting", "posted", "refused"


class UnknownRequest(Refusal, LookupError):
    """No such request, or not yours."""

    kind: ClassVar[Kind] = Kind.UNKNOWN
    code = "unknown_request"
    remedy = "Look at the list of requests again."


class RequestDecided(Refusal):
    """Somebody was faster."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "request_decided"
    remedy = "Look at the list of requests again."


class SamePerson(Refusal):
    """Nobody agrees with themselves."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    code = "same_person"
    remedy = "Ask a colleague to decide."


class ForgoLimit(TenantOwned, Model):
    """How much a role may give up alone."""

    __tablename__ = "forgo_limit"

    role: Mapped[str] = mapped_column(primary_key=True)
    limit_minor: Mapped[int] = mapped_column(BigInteger)


class ForgoRequest(TenantOwned, Model):
    """That somebody wants to give up more than they may alone, and what became of it."""

    __tablename__ = "forgo_request"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        ForeignKeyConstraint(["tenant_id", "allocation_id"], ["allocation.tenant_id", "allocation.id"]),
        Index("ix_forgo_request_waiting", "tenant_id", "id", postgresql_where=text("state = 'waiting'")),
        Index("ix_forgo_request_invoice", "tenant_id", "invoice_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    invoice_id: Mapped[UUID]
    kind: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    state: Mapped[str]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime | None]
    words: Mapped[str]
    allocation_id: Mapped[UUID | None]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as pages show it."""

    id: UUID
    invoice_id: UUID
    number: str
    customer: str
    kind: str
    currency: str
    amount_minor: int
    reason: str
    asked_by: str
    asked_at: datetime
    state: str
    decided_by: str
    decided_at: datetime | None
    words: str
    allocation_id: UUID | None


LIMITS = "SELECT role, limit_minor FROM forgo_limit WHERE tenant_id = :tenant ORDER BY role"
CLEAR = "DELETE FROM forgo_limit WHERE tenant_id = :tenant"
SET = "INSERT INTO forgo_limit (tenant_id, role, limit_minor) VALUES (:tenant, :role, :minor)"
ASK = """
INSERT INTO forgo_request (tenant_id, id, invoice_id, kind, currency, amount_minor, reason, asked_by, asked_at, state)
VALUES (:tenant, :id, :invoice_id, :kind, :currency, :minor, :reason, :actor, :now, 'waiting')
"""
LOCK = "SELECT id FROM forgo_request WHERE tenant_id = :tenant AND id = :id FOR UPDATE"
DECIDE = """
UPDATE forgo_request SET state = :state, decided_by = :actor, decided_at = :now, words = :words,
  allocation_id = :allocation_id WHERE tenant_id = :tenant AND id = :id
"""
SHOWN = """
SELECT f.id, f.invoice_id, i.number, d.name, f.kind, f.currency, f.amount_minor, f.reason, f.asked_by, f.asked_at,
  f.state, f.decided_by, f.decided_at, f.words, f.allocation_id
FROM forgo_request f JOIN invoice i ON i.tenant_id = :tenant AND i.id = f.invoice_id
JOIN debtor d ON d.tenant_id = :tenant AND d.id = i.debtor_id
WHERE f.tenant_id = :tenant AND {narrow} ORDER BY f.id DESC LIMIT :limit
"""


def limits() -> Mapping[str, int]:
    """What each role may give up alone, in the client's own currency; empty while nobody is limited."""
    return {row.role: row.limit_minor for row in store.run(LIMITS)}


def set_limits(wanted: Mapping[str, int], *, now: datetime) -> None:
    """Set what each role may give up alone; a role that is not named may give up nothing. No role at all: no limits."""
    was = limits()
    if any(minor < 0 for minor in wanted.values()):
        raise BadAllocation("A limit is nothing or more.", pointer="/limits")
    store.run(CLEAR)
    store.run_many(SET, [{"role": role, "minor": minor} for role, minor in wanted.items()])
    history.note("forgo_limits.set", about=("forgo_limits", None), at=now, was=dict(was), became=dict(wanted))


def forgo(
    invoice_id: UUID,
    *,
    kind: str,
    minor: int,
    roles: Iterable[str],
    effective_on: date,
    now: datetime,
    today: date,
    reason: str,
    wall: datetime | None = None,
) -> Request | UUID:
    """Write off a part of an invoice, or let it go as a discount: the posting, or the request that waits now.

    Raises what `allocation.write_off` raises, also for what could not be posted if somebody agreed.
    """
    card = invoices.card(invoice_id)
    if _may_alone(minor, card.currency, roles, today=today):
        return POST[kind](invoice_id, minor=minor, effective_on=effective_on, now=now, reason=reason, wall=wall)
    if minor <= 0:
        raise BadAllocation("A part is more than nothing.", pointer="/amount")
    if minor > card.open_minor or card.voided_on is not None:
        raise OverAllocated(f"Invoice {card.number} has only {card.open_minor} minor units open.", pointer="/amount")
    made = ids.new()
    actor = scope.current().actor
    given = {"invoice_id": invoice_id, "kind": kind, "currency": card.currency, "minor": minor, "reason": reason}
    store.run(ASK, id=made, actor=actor, now=now, **given)
    history.note(f"{kind}.asked", about=("invoice", invoice_id), at=now, became={"amount_minor": minor}, reason=reason)
    return one(made)


def answer(
    request_id: UUID, *, yes: bool, words: str, now: datetime, today: date, wall: datetime | None = None
) -> Request:
    """Agree or refuse, as another person than the one who asked; what is agreed to is posted today.

    Raises UnknownRequest, RequestDecided, SamePerson, and what posting raises.
    """
    store.run(LOCK, id=request_id)
    asked, actor = one(request_id), scope.current().actor
    if asked.state != WAITING:
        raise RequestDecided("This request is decided already.")
    if asked.asked_by == actor:
        raise SamePerson("Whoever asked cannot agree.")
    made = None
    if yes:
        post, reason = POST[asked.kind], asked.reason
        made = post(asked.invoice_id, minor=asked.amount_minor, effective_on=today, now=now, reason=reason, wall=wall)
    state = POSTED if yes else REFUSED
    store.run(DECIDE, id=request_id, state=state, actor=actor, now=now, words=words, allocation_id=made)
    about, became = ("invoice", asked.invoice_id), {"amount_minor": asked.amount_minor}
    history.note(f"{asked.kind}.{'agreed' if yes else 'refused'}", about=about, at=now, became=became, reason=words)
    return one(request_id)


def one(request_id: UUID) -> Request:
    """One request. Raises UnknownRequest."""
    found = store.run(SHOWN.format(narrow="f.id = :id"), id=request_id, limit=1).one_or_none()
    if found is None:
        raise UnknownRequest("There is no such request.")
    return Request(*found)


def waiting(*, after: UUID | None = None, limit: int = 50) -> Sequence[Request]:
    """What waits for a second person, the newest first, behind the one that a page before ended with."""
    narrow = "f.state = 'waiting' AND (CAST(:after AS uuid) IS NULL OR f.id < :after)"
    return [Request(*row) for row in store.run(SHOWN.format(narrow=narrow), after=after, limit=limit)]


def waiting_at(instant: datetime, *, limit: int = 50) -> Sequence[Request]:
    """What waited for a second person at an instant, the newest first."""
    narrow = "f.asked_at < :at AND (f.decided_at IS NULL OR f.decided_at >= :at)"
    return [Request(*row) for row in store.run(SHOWN.format(narrow=narrow), at=instant, limit=limit)]


def of_invoice(invoice_id: UUID, *, limit: int = 20) -> Sequence[Request]:
    """What was asked about one invoice, the newest first."""
    return [Request(*row) for row in store.run(SHOWN.format(narrow="f.invoice_id = :id"), id=invoice_id, limit=limit)]


def _may_alone(minor: int, currency: str, roles: Iterable[str], *, today: date) -> bool:
    held = limits()
    if not held:
        return True
    most = max((held.get(role, 0) for role in roles), default=0)
    try:
        return rates.table(clients.profile().base_currency, day=today).convert(minor, currency=currency) <= most
    except NoRate:
        return False
