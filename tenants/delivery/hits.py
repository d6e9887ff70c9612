"""Decides how a fetch of something that we wrote into a mail is kept: durably, before it is answered, and unjudged.

Fetches come in bursts, so many are kept in one transaction. Only what a debtor's own contact did is kept: our own
people looking at a page leave nothing, and neither does a pixel without consent; a withdrawal also stops old mails.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any
from uuid import UUID

from tenants import store
from tenants.delivery import scoring
from tenants.delivery.links import LinkGrant
from tenants.directory import clients
from tenants.events import recording
from tenants.values import ids

KINDS = ("pixel", "link_get", "portal_view", "portal_interaction", "download")
PATIENCE = timedelta(seconds=3)
"""How long a fetch waits to be judged: long enough to see whether the next link is fetched at once."""
SOURCE = "portal"

READERS = """
SELECT m.id, m.debtor_id, m.contact_id, c.pixel_consent FROM message m
JOIN contact c ON c.tenant_id = :tenant AND c.debtor_id = m.debtor_id AND c.id = m.contact_id
WHERE m.tenant_id = :tenant AND m.id = ANY(:messages)
"""
LINKS = """
SELECT id, debtor_id, contact_id, invoice_id, message_id, expires_at FROM portal_link
WHERE tenant_id = :tenant AND id = ANY(:links) AND revoked_at IS NULL
"""
KEEP = """
INSERT INTO inbox_event (tenant_id, id, source, external_id, kind, message_id, occurred_at, received_at, payload)
SELECT :tenant, r.id, 'portal', r.external_id, r.kind, r.message_id, r.occurred_at, r.received_at, r.payload
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, external_id text, kind text, message_id uuid,
  occurred_at timestamptz, received_at timestamptz, payload jsonb)
ON CONFLICT (tenant_id, source, external_id) DO NOTHING RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Fetch:
    """One request that reached a link, an image or a document of ours, as the web face saw it."""

    kind: str
    method: str
    agent: str
    address: str
    target: str = ""
    document_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose link or image it was."""

    key: UUID
    debtor_id: UUID
    contact_id: UUID
    invoice_id: UUID | None
    message_id: UUID | None


@dataclass(frozen=True, slots=True)
class Hit:
    """A fetch and what it was of: an image of a message, a link not yet looked up, or one that was."""

    fetch: Fetch
    real: datetime
    now: datetime | None = None
    """The client's instant; left open, it is what the client's clock shows at the real one."""
    message_id: UUID | None = None
    link_id: UUID | None = None
    whose: Whose | None = None


def of_grant(fetch: Fetch, *, grant: LinkGrant, real: datetime, now: datetime | None = None) -> Hit:
    """A hit on a link that was opened already."""
    whose = Whose(grant.link_id, grant.debtor_id, grant.contact_id, grant.invoice_id, grant.message_id)
    return Hit(fetch, real, now, whose=whose)


def keep(hits: Sequence[Hit], *, patience: timedelta = PATIENCE) -> list[UUID]:
    """Keep the hits of one client in a scope of all of it, each to be judged after a while; an interaction at once.

    Returns what is new: repeats within a second, images without consent and links that are over leave nothing.
    """
    profile = clients.profile()
    images, links = _readers(hits, pixel=profile.pixel), _links(hits)
    rows: dict[str, dict[str, Any]] = {}
    for hit in hits:
        now = hit.now or profile.clock.now(hit.real)
        found = links.get(hit.link_id)
        whose = hit.whose or images.get(hit.message_id) or (found[0] if found and now < found[1] else None)
        if whose is not None:
            row = _row(hit, whose, now)
            rows.setdefault(row["external_id"], row)
    if not rows:
        return []
    fresh = set(store.run(KEEP, rows=json.dumps(list(rows.values()), default=str)).scalars())
    for kinds, wait in (({"portal_interaction"}, timedelta(0)), (set(KINDS) - {"portal_interaction"}, patience)):
        _ask_to_judge([row for row in rows.values() if row["id"] in fresh and row["kind"] in kinds], wait=wait)
    return [row["id"] for row in rows.values() if row["id"] in fresh]


def may_track(pixel: str, *, consent: str) -> bool:
    """Whether a tracking image may stand in a mail, and count: the client's choice, and the reader's, who can always
    say no."""
    if pixel == "consented":
        return consent == "granted"
    return pixel == "on" and consent != "withdrawn"


def prefix(address: str) -> str:
    """The network an address belongs to (/24 or /48): enough to tell hits apart, too little to tell people apart."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    return str(ip_network((found, 24 if found.version == 4 else 48), strict=False))


def _readers(hits: Sequence[Hit], *, pixel: str) -> dict[UUID | None, Whose]:
    """The readers of images, where the client and the reader allow them now."""
    wanted = {hit.message_id for hit in hits if hit.message_id}
    if not wanted:
        return {}
    return {
        row.id: Whose(row.id, row.debtor_id, row.contact_id, None, row.id)
        for row in store.run(READERS, messages=list(wanted))
        if may_track(pixel, consent=row.pixel_consent)
    }


def _links(hits: Sequence[Hit]) -> dict[UUID | None, tuple[Whose, datetime]]:
    """Links that nobody took back, each with its end."""
    wanted = {hit.link_id for hit in hits if hit.link_id}
    if not wanted:
        return {}
    return {
        row.id: (Whose(row.id, row.debtor_id, row.contact_id, row.invoice_id, row.message_id), row.expires_at)
        for row in store.run(LINKS, links=list(wanted))
    }


def _row(hit: Hit, whose: Whose, now: datetime) -> dict[str, Any]:
    fetch, network = hit.fetch, prefix(hit.fetch.address)
    second = now.isoformat(timespec="seconds")
    same = f"{whose.key}|{fetch.kind}|{fetch.method}|{fetch.target}|{fetch.agent}|{network}|{second}"
    return {
        "id": ids.new(),
        "external_id": hashlib.sha256(same.encode()).hexdigest(),
        "kind": fetch.kind,
        "message_id": whose.message_id,
        "occurred_at": now,
        "received_at": hit.real,
        "payload": {
            "debtor_id": whose.debtor_id,
            "contact_id": whose.contact_id,
            "invoice_id": whose.invoice_id,
            "method": fetch.method,
            "agent": fetch.agent[: scoring.LONGEST_AGENT],
            "ip_prefix": network,
            "target": fetch.target,
            "document_sha256": fetch.document_sha256,
        },
    }


def _ask_to_judge(rows: Sequence[dict[str, Any]], *, wait: timedelta) -> None:
    if rows:
        real = max(row["received_at"] for row in rows)
        kept = [str(row["id"]) for row in rows]
        recording.record("portal.hit", key=kept[0], now=real, run_at=real + wait, inbox_ids=kept)
