"""Decides how waiting credits are worked: batch by batch as the statement has them, what is certain at once.

A line that nobody need look at becomes a payment and pays its invoices in the same unit of work. Every other line waits
with its proposal, and is looked at again whenever new invoices or advices have come.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from tenants import store
from tenants.cash import bands, booking, judging, payers, remittances, returns
from tenants.cash.bands import Measured
from tenants.cash.evidence import Band, Credit, Name, Proposal
from tenants.cash.lookup import Desk
from tenants.events import recording
from tenants.values import ids

BATCH = 1_000
MACHINE = ""
"""The actor of what nobody decided."""
START = (date.min, UUID(int=0))
WAITING = """
SELECT b.id, b.currency, b.amount_minor, b.booked_on, b.party, b.words, b.reference,
  b.party_mark
FROM bank_line b
WHERE b.tenant_id = :tenant AND b.payment_id IS NULL AND b.amount_minor > 0 AND b.undone_at IS NULL
  AND b.booked_on <= :today
  AND (b.booked_on, b.id) > (:after_on, :after_id)
  AND b.id NOT IN (SELECT m.bank_line_id FROM cash_match m WHERE m.tenant_id = :tenant AND m.state = 'parked')
ORDER BY b.booked_on, b.id LIMIT :limit
"""
UNDONE = """
SELECT DISTINCT bank_line_id FROM cash_match
WHERE tenant_id = :tenant AND bank_line_id = ANY(:lines) AND state = 'undone'
"""
CLEAR_PARTS = """
DELETE FROM cash_part p WHERE p.tenant_id = :tenant AND p.match_id IN (
  SELECT m.id FROM cash_match m WHERE m.tenant_id = :tenant AND m.bank_line_id = ANY(:lines) AND m.state = 'waiting')
"""
# A line keeps its place in the queue, and whoever has it open keeps it open, however often it is looked at again.
WAS = """
SELECT bank_line_id, id FROM cash_match WHERE tenant_id = :tenant AND bank_line_id = ANY(:lines) AND state = 'waiting'
"""
KEEP = """
INSERT INTO cash_match (tenant_id, id, bank_line_id, debtor_id, currency, amount_minor, booked_on, band, pattern, score,
  reasons, state, payment_id, remittance_id, actor, proposed_at, decided_at)
SELECT :tenant, r.id, r.line_id, r.debtor_id, r.currency, r.minor, r.booked_on, r.band, r.pattern, r.score, r.reasons,
  CASE WHEN r.payment_id IS NULL THEN 'waiting' ELSE 'applied' END, r.payment_id, r.remittance_id, '', :now,
  CASE WHEN r.payment_id IS NULL THEN NULL ELSE CAST(:now AS timestamptz) END
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id uuid, line_id uuid, debtor_id uuid, currency text, minor bigint,
  booked_on date, band text, pattern text, score smallint, reasons jsonb, payment_id uuid, remittance_id uuid)
ON CONFLICT (tenant_id, id) DO UPDATE SET debtor_id = excluded.debtor_id, band = excluded.band,
  pattern = excluded.pattern, score = excluded.score, reasons = excluded.reasons, state = excluded.state,
  payment_id = excluded.payment_id, remittance_id = excluded.remittance_id, proposed_at = excluded.proposed_at,
  decided_at = excluded.decided_at
"""
KEEP_PARTS = """
INSERT INTO cash_part (tenant_id, match_id, position, invoice_id, amount_minor, short_minor, reason)
SELECT :tenant, r.match_id, r.at, r.invoice_id, r.minor, r.short, r.reason
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
  AS r (match_id uuid, at smallint, invoice_id uuid, minor bigint, short bigint, reason text)
ON CONFLICT (tenant_id, match_id, position) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round over waiting credits did, and where the next one starts; `after` is None at the end."""

    looked_at: int = 0
    applied: int = 0
    suggested: int = 0
    after: tuple[date, UUID] | None = None


@dataclass(slots=True)
class _Judged:
    """One credit with what is thought of it."""

    id: UUID
    credit: Credit
    proposal: Proposal | None
    band: Band
    payment_id: UUID | None = None
    reasons: Sequence[str] = field(default=())


def work(
    *,
    now: datetime,
    today: date,
    wall: datetime | None = None,
    after: tuple[date, UUID] = START,
    desk: Desk | None = None,
    limit: int = BATCH,
) -> Round:
    """Look at the next waiting credits and apply what is certain; call again with `after` until that is None.

    `desk` may be kept for all calls of one unit of work.
    """
    rows = store.run(WAITING, today=today, after_on=after[0], after_id=after[1], limit=limit).all()
    credits = [Credit(*row) for row in rows]
    if not credits:
        return Round()
    lines = [each.id for each in credits]
    doubted = frozenset(store.run(UNDONE, lines=lines).scalars())
    judged = judge(credits, desk=desk or Desk(), known=bands.measured(now=now), doubted=doubted)
    kept = {row.bank_line_id: row.id for row in store.run(WAS, lines=lines)}
    for each in judged:
        each.id = kept.get(each.credit.id, each.id)
    store.run(CLEAR_PARTS, lines=lines)
    _apply(judged, now=now, wall=wall)
    _keep(judged, now=now)
    last = credits[-1]
    return Round(
        looked_at=len(credits),
        applied=sum(1 for each in judged if each.payment_id is not None),
        suggested=sum(1 for each in judged if each.payment_id is None and each.proposal is not None),
        after=(last.booked_on, last.id) if len(credits) == limit else None,
    )


def go_on(*, key: str, now: datetime, today: date, wall: datetime, after: tuple[date, UUID] = START) -> Round:
    """One round as work of its own; where more waits, the next round is recorded under the same key."""
    done = work(now=now, today=today, wall=wall, after=after)
    if done.after is None:
        returns.work(now=now, today=today)
    else:
        day, line_id = done.after
        recording.record(
            "cash.waiting",
            key=f"{key}:{line_id}",
            now=wall,
            key_of_run=key,
            after_on=day.isoformat(),
            after_id=str(line_id),
        )
    return done


def judge(
    credits: Sequence[Credit], *, desk: Desk, known: Mapping[str, Measured], doubted: frozenset[UUID] = frozenset()
) -> list[_Judged]:
    """What is thought of each credit, in their order: what one takes is not there for the next.

    A line of the `doubted`, whose booking somebody undid, is never booked again without a person.
    """
    view = desk.view(credits)
    judged = []
    for credit in credits:
        proposal = judging.judge(credit, view)
        band = bands.of(proposal, known=known)
        if band is Band.AUTOMATIC and credit.id in doubted:
            band = Band.SUGGESTED
        if proposal is not None and band is Band.AUTOMATIC:
            view.take(proposal.parts, debtor_id=proposal.debtor_id)
        judged.append(_Judged(ids.new(), credit, proposal, band))
    return judged


def _apply(judged: Sequence[_Judged], *, now: datetime, wall: datetime | None) -> None:
    """Book what is certain; what somebody else was faster with waits for a person instead."""
    certain = [(each, each.proposal) for each in judged if each.proposal and each.band is Band.AUTOMATIC]
    if not certain:
        return
    booked = booking.book(
        [(each.id, proposal.credit, proposal.debtor_id, proposal.parts) for each, proposal in certain],
        now=now,
        wall=wall,
    )
    for each, _ in certain:
        each.payment_id = booked.get(each.id)
        if each.payment_id is None:
            each.band = Band.SUGGESTED
    learned = [
        (
            payers.keys(proposal.credit.party, mark=proposal.credit.payer_mark),
            proposal.debtor_id,
            proposal.credit.booked_on,
        )
        for each, proposal in certain
        if each.payment_id and proposal.name is not Name.OTHER
    ]
    payers.learn(learned)
    remittances.use([p.remittance_id for each, p in certain if each.payment_id and p.remittance_id], now=now)


def _keep(judged: Sequence[_Judged], *, now: datetime) -> None:
    rows, parts = [], []
    for each in judged:
        proposal = each.proposal
        rows.append(
            {
                "id": str(each.id),
                "line_id": str(each.credit.id),
                "debtor_id": str(proposal.debtor_id) if proposal else None,
                "currency": each.credit.currency,
                "minor": each.credit.amount_minor,
                "booked_on": each.credit.booked_on.isoformat(),
                "band": each.band.value,
                "pattern": proposal.pattern if proposal else "",
                "score": proposal.score if proposal else 0,
                "reasons": list(proposal.reasons) if proposal else [],
                "payment_id": str(each.payment_id) if each.payment_id else None,
                "remittance_id": str(proposal.remittance_id) if proposal and proposal.remittance_id else None,
            }
        )
        parts += [
            {
                "match_id": str(each.id),
                "at": at,
                "invoice_id": str(part.invoice_id),
                "minor": part.minor,
                "short": part.short_minor,
                "reason": part.reason,
            }
            for at, part in enumerate(proposal.parts if proposal else (), 1)
        ]
    store.run(KEEP, rows=json.dumps(rows), now=now)
    if parts:
        store.run(KEEP_PARTS, rows=json.dumps(parts))
    booking.tie([(each.id, each.proposal.parts) for each in judged if each.payment_id and each.proposal], now=now)
