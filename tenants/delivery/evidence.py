"""Decides what counts as a sign that a bill arrived or was seen, and how strong it is: levels 0 to 7.

A fetch changes no business state. It is kept in the inbox as it came, and judged later, when its neighbours in time
are known. Only what a debtor's own contact did counts: our own people looking at a page leave nothing, and neither
does a pixel without consent.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tenants import store
from tenants.delivery import hits, rescoring, scoring, standing, verdicts
from tenants.delivery import networks as known_networks
from tenants.delivery.hits import Fetch
from tenants.delivery.links import LinkGrant
from tenants.delivery.networks import Networks
from tenants.delivery.scoring import Score
from tenants.events import inbox, recording
from tenants.events.inbox import Kept
from tenants.values import ids

TRAP = "decoy"
"""Who follows what nobody sees gives its company away, also the company that came before and was judged already."""

MESSAGE = """
SELECT id, debtor_id, contact_id, sent_at FROM message WHERE tenant_id = :tenant AND id = :message_id
"""
KEPT = """
SELECT message_id, id, source, external_id, kind, occurred_at, received_at, payload FROM inbox_event
WHERE tenant_id = :tenant AND id = :id AND source = 'portal'
"""
ADD = """
INSERT INTO evidence (tenant_id, id, debtor_id, invoice_id, message_id, contact_id, level, kind, verdict, reasons,
  ruleset,
  occurred_at, recorded_at, source, source_key, agent, ip_prefix, document_sha256)
VALUES (:tenant, :id, :debtor_id, :invoice_id, :message_id, :contact_id, :level, :kind, :verdict, :reasons, :ruleset,
  :occurred_at, :recorded_at, :source, :source_key, :agent, :ip_prefix, :document_sha256)
ON CONFLICT (tenant_id, source, source_key) DO NOTHING
"""


def record_hit(
    fetch: Fetch, *, grant: LinkGrant, now: datetime, real: datetime, patience: timedelta = hits.PATIENCE
) -> UUID | None:
    """Keep one hit on a signed link, to be judged by and by; returns the kept event's id, or None for a repeat."""
    return next(iter(hits.keep([hits.of_grant(fetch, grant=grant, now=now, real=real)], patience=patience)), None)


def grade(inbox_id: UUID, *, now: datetime, real: datetime, networks: Networks = known_networks.NONE) -> Score | None:
    """Judge one kept hit and draw the consequences; judged twice, it counts once. None when there is no such hit."""
    found = store.run(KEPT, id=inbox_id).one_or_none()
    if found is None:
        return None
    message_id, event = found.message_id, Kept(*found[1:])
    sent_at, company = None, [event]
    if message_id is not None:
        message = store.run(MESSAGE, message_id=message_id).one_or_none()
        sent_at, company = message.sent_at if message else None, list(inbox.about(message_id))
    verdict = verdicts.of(event, company=company, sent_at=sent_at, networks=networks)
    ruleset = scoring.ruleset(networks)
    _conclude(event, verdict, message_id=message_id, now=now, real=real, ruleset=ruleset)
    if message_id is not None and TRAP in verdict.reasons:
        rescoring.again([message_id], now=now, networks=networks)
    return verdict


def of_transport(
    message_id: UUID, *, level: int, kind: str, at: datetime, source_key: str, source: str = "smtp"
) -> None:
    """What mail servers say: levels 0 (came back) to 2 (the recipient's server took it)."""
    row = store.run(MESSAGE, message_id=message_id).one()
    add(
        kind,
        level=level,
        source=source,
        source_key=source_key,
        debtor_id=row.debtor_id,
        contact_id=row.contact_id,
        message_id=message_id,
        occurred_at=at,
        recorded_at=at,
    )
    standing.raise_level(level, at=at, message_id=message_id, invoice_ids=standing.invoices_of(message_id))


def of_person(
    message_id: UUID, *, kind: str, at: datetime, now: datetime, real: datetime, source_key: str, level: int = 7
) -> None:
    """What a debtor's own person did for sure: words about the bill (a reply, an objection, a promise) are level 7."""
    row = store.run(MESSAGE, message_id=message_id).one()
    add(
        kind,
        level=level,
        verdict="human",
        source="mail",
        source_key=source_key,
        debtor_id=row.debtor_id,
        contact_id=row.contact_id,
        message_id=message_id,
        occurred_at=at,
        recorded_at=now,
    )
    _seen(level, message_id=message_id, invoice_ids=standing.invoices_of(message_id), at=at, real=real, key=source_key)


def add(
    kind: str,
    *,
    level: int,
    source: str,
    source_key: str,
    debtor_id: UUID,
    occurred_at: datetime,
    recorded_at: datetime,
    **more: Any,
) -> bool:
    """Add one piece of evidence; False when it was there. `more`: any other column of the table."""
    row = {
        "invoice_id": None,
        "message_id": None,
        "contact_id": None,
        "verdict": "",
        "reasons": "",
        "ruleset": scoring.RULESET,
        "agent": "",
        "ip_prefix": "",
        "document_sha256": "",
        **more,
    }
    made = store.run(
        ADD,
        id=ids.new(),
        kind=kind,
        level=level,
        source=source,
        source_key=source_key,
        debtor_id=debtor_id,
        occurred_at=occurred_at,
        recorded_at=recorded_at,
        **row,
    )
    return made.rowcount == 1


def _conclude(
    event: Kept, verdict: Score, *, message_id: UUID | None, now: datetime, real: datetime, ruleset: int
) -> None:
    about = event.payload
    invoice_id = UUID(about["invoice_id"]) if about["invoice_id"] else None
    fresh = add(
        event.kind,
        level=verdict.level,
        verdict=verdict.verdict,
        ruleset=ruleset,
        reasons=",".join(verdict.reasons),
        source=hits.SOURCE,
        source_key=str(event.id),
        debtor_id=UUID(about["debtor_id"]),
        contact_id=UUID(about["contact_id"]) if about["contact_id"] else None,
        invoice_id=invoice_id,
        message_id=message_id,
        occurred_at=event.occurred_at,
        recorded_at=now,
        agent=about["agent"],
        ip_prefix=about["ip_prefix"],
        document_sha256=about["document_sha256"],
    )
    if not fresh:
        return
    invoice_ids = [invoice_id] if invoice_id else standing.invoices_of(message_id) if message_id else []
    if verdict.verdict == "human":
        _seen(
            verdict.level,
            message_id=message_id,
            invoice_ids=invoice_ids,
            at=event.occurred_at,
            real=real,
            key=str(event.id),
        )
    else:
        standing.raise_level(verdict.level, at=event.occurred_at, message_id=message_id, invoice_ids=invoice_ids)


def _seen(
    level: int, *, message_id: UUID | None, invoice_ids: list[UUID], at: datetime, real: datetime, key: str
) -> None:
    """A person saw it: lift the level, infer a delivery that nobody reported, and tell who waits for it."""
    news = standing.raise_level(level, at=at, message_id=message_id, invoice_ids=invoice_ids)
    if message_id is not None:
        standing.refresh(message_id)
    if news:
        recording.record("delivery.seen", key=key, now=real, invoice_ids=[str(each) for each in news])
