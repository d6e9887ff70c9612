"""Decides what was done for a client in a period: counted from what happened, never from what was planned."""

from dataclasses import dataclass
from datetime import datetime

from tenants import store


@dataclass(frozen=True, slots=True)
class Done:
    """One line of “what was done for you”: how often, and in money where it is about money."""

    key: str
    count: int
    minor: int | None = None
    currency: str = ""


COUNTS = """
SELECT 'invoices_sent' AS key, count(*) AS items FROM message m
WHERE m.tenant_id = :tenant AND m.kind = 'invoice' AND m.sent_at >= :since AND m.sent_at < :until
UNION ALL
SELECT 'reminders_sent', count(*) FROM message m
WHERE m.tenant_id = :tenant AND m.kind = 'reminder' AND m.sent_at >= :since AND m.sent_at < :until
UNION ALL
SELECT 'messages_held_back', count(*) FROM held_action h
WHERE h.tenant_id = :tenant AND h.last_at >= :since AND h.last_at < :until
UNION ALL
SELECT 'tasks_done', count(*) FROM task t
WHERE t.tenant_id = :tenant AND t.state = 'done' AND t.closed_at >= :since AND t.closed_at < :until
UNION ALL
SELECT 'alerts_raised', count(*) FROM alert a
WHERE a.tenant_id = :tenant AND a.opened_at >= :since AND a.opened_at < :until
UNION ALL
SELECT 'alerts_resolved', count(*) FROM alert a
WHERE a.tenant_id = :tenant AND a.resolved_at >= :since AND a.resolved_at < :until
"""
MONEY = """
SELECT 'payments_applied' AS key, count(DISTINCT a.invoice_id) AS items, sum(a.amount_minor) AS minor, a.currency
FROM allocation a
WHERE a.tenant_id = :tenant AND a.kind = 'payment' AND a.known_at >= :since AND a.known_at < :until
GROUP BY a.currency ORDER BY a.currency
"""


def done(since: datetime, *, until: datetime) -> tuple[Done, ...]:
    """What was done from one instant up to another, by the client's own clock."""
    counts = [Done(*row) for row in store.run(COUNTS, since=since, until=until)]
    money = [
        Done(row.key, row.items, int(row.minor), row.currency) for row in store.run(MONEY, since=since, until=until)
    ]
    return (*counts, *money)
