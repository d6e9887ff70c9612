"""Decides how the health of sending is told: by who receives, by which way, and what waits or was given up.

Rates carry what they are of. Of what was delivered, only that can be judged of which a machine's fetch is not all that
is known; what cannot be judged is told beside it and never called unread.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from tenants import store

MOST = 25
# One row a message, judged by its own signs; a message that was only fetched by a machine of no certain kind cannot be
# judged.
MESSAGES = """
SELECT {domain} AS domain, m.state, m.bounced_at, m.sent_at, m.evidence_level AS level,
  EXISTS (SELECT FROM evidence e WHERE e.tenant_id = :tenant AND e.message_id = m.id AND e.kind = 'delayed') AS delayed,
  EXISTS (SELECT FROM evidence e WHERE e.tenant_id = :tenant AND e.message_id = m.id AND e.kind = 'complained')
    AS complained,
  EXISTS (SELECT FROM evidence e WHERE e.tenant_id = :tenant AND e.message_id = m.id AND e.verdict = 'unknown')
    AS doubtful,
  EXISTS (SELECT FROM evidence e WHERE e.tenant_id = :tenant AND e.message_id = m.id AND e.verdict = 'machine')
    AS machine
FROM message m WHERE m.tenant_id = :tenant AND m.channel = 'email' AND m.queued_at >= :since
"""
COUNTED = f"""
SELECT d.domain, count(*) AS messages, count(d.sent_at) AS accepted,
  count(*) FILTER (WHERE d.state = 'delivered') AS delivered,
  count(*) FILTER (WHERE d.state = 'bounced') AS bounced,
  count(*) FILTER (WHERE d.state = 'failed') AS failed,
  count(*) FILTER (WHERE d.state = 'unconfirmed') AS unconfirmed,
  count(*) FILTER (WHERE d.delayed) AS deferred, count(*) FILTER (WHERE d.complained) AS complaints,
  count(*) FILTER (WHERE d.state = 'delivered' AND (d.level >= 4 OR NOT d.doubtful)) AS judgeable,
  count(*) FILTER (WHERE d.state = 'delivered' AND d.level >= 4) AS seen,
  count(*) FILTER (WHERE d.state = 'delivered' AND d.level < 4 AND d.machine) AS machine_only
FROM ({MESSAGES}) d WHERE d.domain IS NOT NULL GROUP BY d.domain ORDER BY count(*) DESC, d.domain LIMIT :limit
"""
RECEIVERS = COUNTED.replace("{domain}", "lower(split_part(m.recipient, '@', 2))")
SENDERS = COUNTED.replace(
    "{domain}",
    """(SELECT a.sender FROM delivery_attempt a WHERE a.tenant_id = :tenant AND a.message_id = m.id
    ORDER BY a.attempt_no DESC LIMIT 1)""",
)
"""By the domain from which each was last tried; nothing for the provider's own."""
TOTAL = """
SELECT count(*) FILTER (WHERE m.state = 'queued' AND m.channel = 'email') AS queued,
  count(*) FILTER (WHERE m.state = 'held') AS held, count(*) FILTER (WHERE m.state = 'sending') AS unsettled,
  count(*) FILTER (WHERE m.state = 'queued' AND m.channel = 'print') AS letters
FROM message m WHERE m.tenant_id = :tenant AND m.state IN ('queued', 'sending', 'held')
"""
OTHER = """
SELECT (SELECT count(*) FROM suppression s WHERE s.tenant_id = :tenant AND s.lifted_at IS NULL) AS suppressed,
  (SELECT count(*) FROM parked_event k WHERE k.tenant_id = :tenant AND k.state = 'given_up' AND k.parked_at >= :since)
    AS strays
FROM client_profile p WHERE p.tenant_id = :tenant
"""


@dataclass(frozen=True, slots=True)
class Receiver:
    """What became of the mails to one domain, or from one."""

    domain: str
    messages: int
    accepted: int
    delivered: int
    bounced: int
    failed: int
    unconfirmed: int
    deferred: int
    complaints: int
    judgeable: int
    seen: int
    machine_only: int


@dataclass(frozen=True, slots=True)
class Waits:
    """What has not left, what nobody knows of, and who is written to no more."""

    queued: int
    held: int
    unsettled: int
    letters: int
    suppressed: int
    strays: int


def receivers(*, since: datetime, limit: int = MOST) -> list[Receiver]:
    """The domains that were written to since then, the busiest first."""
    return [Receiver(*row) for row in store.run(RECEIVERS, since=since, limit=limit)]


def senders(*, since: datetime, limit: int = MOST) -> list[Receiver]:
    """The domains from which mail left since then, the busiest first; the provider's own has no name here."""
    return [Receiver(*row) for row in store.run(SENDERS, since=since, limit=limit)]


def total(rows: Sequence[Receiver]) -> Receiver:
    """All of them together."""
    names = [name for name in Receiver.__slots__ if name != "domain"]
    return Receiver("", *(sum(getattr(row, name) for row in rows) for name in names))


def waits(*, since: datetime) -> Waits:
    """What stands still; `since` bounds only what was given up."""
    standing: Any = store.run(TOTAL).one()
    other: Any = store.run(OTHER, since=since).one()
    return Waits(*standing, *other)


FUNNEL = """
SELECT count(*) AS queued, count(m.sent_at) AS accepted,
  count(*) FILTER (WHERE m.delivered_at IS NOT NULL) AS delivered,
  count(*) FILTER (WHERE m.evidence_level >= 4) AS seen, count(*) FILTER (WHERE m.evidence_level >= 5) AS acted,
  count(*) FILTER (WHERE m.evidence_level >= 6) AS read, count(*) FILTER (WHERE m.evidence_level >= 7) AS answered
FROM message m WHERE m.tenant_id = :tenant AND m.queued_at >= :since AND m.kind <> 'note'
"""


def funnel(*, since: datetime) -> RowMapping:
    """How many messages came how far: queued, accepted, delivered, seen, acted upon, read in the portal, answered."""
    return store.run(FUNNEL, since=since).mappings().one()
