"""Decides what happens to judgements when the rules get better, or when a trap is stepped into later: the hits are
judged again from what was kept of them, the old word is put by, and levels are computed anew.

A level may fall here, and only here: what was called a person and was a machine is no sign of reading. Hits that no
longer say who they were keep the judgement that they had.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.delivery import networks as known_networks
from tenants.delivery import scoring, standing, verdicts
from tenants.delivery.networks import Networks
from tenants.delivery.scoring import Score
from tenants.events.inbox import Kept

SLICE = 500
LAST = 32_767
"""No ruleset has a greater number."""
OLDER = """
SELECT DISTINCT message_id FROM evidence
WHERE tenant_id = :tenant AND source = 'portal' AND ruleset < :ruleset AND message_id > :after
ORDER BY message_id LIMIT :limit
"""
EVENTS = """
SELECT message_id, id, source, external_id, kind, occurred_at, received_at, payload FROM inbox_event
WHERE tenant_id = :tenant AND message_id = ANY(CAST(:messages AS uuid[])) ORDER BY occurred_at, id
"""
SENT = "SELECT id, sent_at FROM message WHERE tenant_id = :tenant AND id = ANY(CAST(:messages AS uuid[]))"
JUDGED = """
SELECT id, source_key, message_id, invoice_id, level, verdict, reasons, ruleset FROM evidence
WHERE tenant_id = :tenant AND source = 'portal' AND message_id = ANY(CAST(:messages AS uuid[])) FOR NO KEY UPDATE
"""
PUT_BY = """
INSERT INTO former_verdict (tenant_id, evidence_id, ruleset, verdict, reasons, level, replaced_at)
SELECT :tenant, r.id, r.old_ruleset, r.old_verdict, r.old_reasons, r.old_level, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, old_ruleset smallint, old_verdict text, old_reasons text,
  old_level smallint)
ON CONFLICT (tenant_id, evidence_id, replaced_at) DO NOTHING
"""
JUDGE = """
UPDATE evidence e SET level = r.level, verdict = r.verdict, reasons = r.reasons, ruleset = :ruleset
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, level smallint, verdict text, reasons text)
WHERE e.tenant_id = :tenant AND e.id = ANY(CAST(:ids AS uuid[])) AND e.id = r.id
"""


@dataclass(frozen=True, slots=True)
class Rejudged:
    """What judging again changed: hits looked at, hits that are something else now, and how far it came."""

    looked_at: int
    changed: int
    last: UUID | None


def history(
    *,
    now: datetime,
    after: UUID | None = None,
    limit: int = SLICE,
    networks: Networks = known_networks.NONE,
    again_all: bool = False,
) -> Rejudged:
    """Judge the hits of the next messages that an older ruleset judged; ask again from `last` until it is None.

    `again_all`: whoever judged them, as after a second list of networks within one week.
    """
    first = after or UUID(int=0)
    ruleset = LAST if again_all else scoring.ruleset(networks)
    found = list(store.run(OLDER, ruleset=ruleset, after=first, limit=limit).scalars())
    if not found:
        return Rejudged(0, 0, None)
    return again(found, now=now, last=found[-1], networks=networks)


def again(
    message_ids: Sequence[UUID],
    *,
    now: datetime,
    last: UUID | None = None,
    networks: Networks = known_networks.NONE,
) -> Rejudged:
    """Judge every hit of these messages by today's rules, and compute anew what follows from them."""
    wanted, ruleset = standing.array(message_ids), scoring.ruleset(networks)
    events: dict[UUID, list[Kept]] = defaultdict(list)
    for message_id, *kept in store.run(EVENTS, messages=wanted):
        events[message_id].append(Kept(*kept))
    said: dict[UUID, Score] = {}
    for message_id, sent_at in store.run(SENT, messages=wanted):
        said |= verdicts.of_all(events[message_id], sent_at=sent_at, networks=networks)
    rows = [_row(row, said[key]) for row in store.run(JUDGED, messages=wanted) if (key := UUID(row.source_key)) in said]
    other = [row for row in rows if row["differs"]]
    newer = [row for row in rows if row["differs"] or row["old_ruleset"] < ruleset]
    if other:
        store.run(PUT_BY, rows=json.dumps(other), now=now)
    if newer:
        ids = standing.array(row["id"] for row in newer)
        store.run(JUDGE, rows=json.dumps(newer), ids=ids, ruleset=ruleset)
    if other:
        standing.relevel(sorted({UUID(row["message_id"]) for row in other}))
    return Rejudged(len(rows), len(other), last)


def _row(kept: Any, score: Score) -> dict[str, Any]:
    reasons = ",".join(score.reasons)
    return {
        "id": str(kept.id),
        "message_id": str(kept.message_id),
        "old_ruleset": kept.ruleset,
        "old_verdict": kept.verdict,
        "old_reasons": kept.reasons,
        "old_level": kept.level,
        "verdict": score.verdict,
        "reasons": reasons,
        "level": score.level,
        "differs": (score.verdict, reasons, score.level) != (kept.verdict, kept.reasons, kept.level),
    }
