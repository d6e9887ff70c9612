"""Decides how a fetch of something that we wrote into a mail is kept: durably, before it is answered, and unjudged.

Fetches come in bursts, so many are kept in one transaction. Only what a debtor's own contact did is kept: our own
people looking at a page leave nothing, and neither does a pixel without consent; a withdrawal also stops old mails.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any
from uuid import UUID

from tenants import store, work
from tenants.delivery import scoring, tracking
from tenants.delivery.links import LinkGrant
from tenants.events import recording
from tenants.events.recording import Occurrence
from tenants.isolation import scope
from tenants.isolation.opening import First
from tenants.values import ids

KINDS = ("pixel", "link_get", "portal_view", "portal_interaction", "download")
PATIENCE = timedelta(seconds=3)
"""How long a fetch waits to be judged: long enough to see whether the next link is fetched at once."""
SOURCE = "portal"

# One statement, so that taking a hit costs two ways to the database: whose link or image it was, whether it may be kept
# (an image where client and reader allow it now, a link while it stands), the hit itself, and the work of judging it.
# The rows are looked up one by one (OFFSET 0), because a planner that has not seen a new client would search for them.
KEEP = f"""
WITH told AS (
  SELECT r.*, coalesce(r.now, r.real + make_interval(secs => p.clock_shift_s)) AS at, p.pixel AS pixel
  FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, what text, key uuid, external_id text, kind text,
    debtor_id uuid, contact_id uuid, invoice_id uuid, message_id uuid, now timestamptz, real timestamptz, said jsonb)
  JOIN client_profile p ON p.tenant_id = :tenant),
whose AS (
  SELECT t.*, t.debtor_id AS debtor, t.contact_id AS contact, t.invoice_id AS invoice, t.message_id AS message
  FROM told t WHERE t.what = 'known'
  UNION ALL
  SELECT t.*, l.debtor_id, l.contact_id, l.invoice_id, l.message_id FROM told t JOIN LATERAL (
    SELECT k.debtor_id, k.contact_id, k.invoice_id, k.message_id FROM portal_link k
    WHERE k.tenant_id = :tenant AND k.id = t.key AND k.revoked_at IS NULL AND k.expires_at > t.at OFFSET 0) l ON true
  WHERE t.what = 'link'
  UNION ALL
  SELECT t.*, m.debtor_id, m.contact_id, NULL, m.id FROM told t JOIN LATERAL (
    SELECT k.id, k.debtor_id, k.contact_id FROM message k
    WHERE k.tenant_id = :tenant AND k.id = t.key OFFSET 0) m ON true
  JOIN LATERAL (
    SELECT c.pixel_consent, d.country FROM contact c JOIN debtor d ON d.tenant_id = :tenant AND d.id = c.debtor_id
    WHERE c.tenant_id = :tenant AND c.debtor_id = m.debtor_id AND c.id = m.contact_id OFFSET 0) c ON true
  LEFT JOIN tracking_rule x ON x.tenant_id = :tenant AND x.country = c.country
  WHERE t.what = 'image' AND {tracking.ALLOWED}),
kept AS (
  INSERT INTO inbox_event (tenant_id, id, source, external_id, kind, message_id, occurred_at, received_at, payload)
  SELECT :tenant, w.id, 'portal', w.external_id, w.kind, w.message, w.at, w.real, w.said
    || jsonb_build_object('debtor_id', w.debtor, 'contact_id', w.contact, 'invoice_id', w.invoice)
  FROM whose w ON CONFLICT (tenant_id, source, external_id) DO NOTHING RETURNING id),
judged AS (
  INSERT INTO work_item (tenant_id, id, lane, kind, dedupe_key, payload, state, run_at, attempts, max_attempts,
    recorded_at)
  SELECT :tenant, r.id, r.lane, r.kind, r.dedupe_key, r.payload, 'ready', r.run_at, 0, r.max_attempts, r.run_at
  FROM jsonb_to_recordset(CAST(:work AS jsonb))
    AS r(id uuid, lane text, kind text, dedupe_key text, payload jsonb, run_at timestamptz, max_attempts smallint)
  WHERE EXISTS (SELECT FROM kept k WHERE r.payload->'inbox_ids' ? CAST(k.id AS text))
  ON CONFLICT (tenant_id, kind, dedupe_key) DO NOTHING)
SELECT coalesce(json_agg(id), '[]')::text FROM kept
"""
_PREPARED = KEEP.replace(":tenant", "$1").replace(":rows", "$2").replace(":work", "$3")


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
    if not hits:
        return []
    rows, work_of_it = _told(hits, patience=patience)
    fresh = json.loads(store.run(KEEP, rows=rows, work=work_of_it).scalar_one())
    work.remember_recorded(scope.current().one)
    return [UUID(each) for each in fresh]


def keeping(hits: Sequence[Hit]) -> First:
    """The same for a unit that begins with it and does nothing else."""
    return First("keep_hits", _PREPARED, _told(hits, patience=PATIENCE))


def prefix(address: str) -> str:
    """The network an address belongs to (/24 or /48): enough to tell hits apart, too little to tell people apart."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    return str(ip_network((found, 24 if found.version == 4 else 48), strict=False))


def _told(hits: Sequence[Hit], *, patience: timedelta) -> tuple[str, str]:
    """The rows of the hits, and the work of judging them."""
    rows = list({row["external_id"]: row for row in map(_row, hits)}.values())
    waiting: list[dict[str, Any]] = []
    for at_once in (True, False):
        some = [row for row in rows if (row["kind"] == "portal_interaction") is at_once]
        if some:
            at = max(row["real"] for row in some) + (timedelta(0) if at_once else patience)
            judged = Occurrence(str(some[0]["id"]), {"inbox_ids": [str(row["id"]) for row in some]}, at)
            waiting += recording.rows("portal.hit", [judged], now=at)
    return json.dumps(rows, default=str), json.dumps(waiting, default=str)


def _row(hit: Hit) -> dict[str, Any]:
    fetch, network = hit.fetch, prefix(hit.fetch.address)
    key = hit.whose.key if hit.whose else hit.message_id or hit.link_id
    second = (hit.now or hit.real).isoformat(timespec="seconds")
    same = f"{key}|{fetch.kind}|{fetch.method}|{fetch.target}|{fetch.agent}|{network}|{second}"
    row = {
        "id": ids.new(),
        "what": "known" if hit.whose else "image" if hit.message_id else "link",
        "key": key,
        "external_id": hashlib.sha256(same.encode()).hexdigest(),
        "kind": fetch.kind,
        "now": hit.now,
        "real": hit.real,
        "said": {
            "method": fetch.method,
            "agent": fetch.agent[: scoring.LONGEST_AGENT],
            "ip_prefix": network,
            "target": fetch.target,
            "document_sha256": fetch.document_sha256,
        },
    }
    return row | asdict(hit.whose) if hit.whose else row
