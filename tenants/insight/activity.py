"""Decides what was done for a client in a period: counted from what happened, never from what was planned.

The rows behind a number are taken by the very text that counts them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.values.faults import Kind, Refusal


class UnknownDeed(Refusal, LookupError):
    """Nothing of this name is counted."""

    kind = Kind.UNKNOWN
    code = "unknown_deed"
    remedy = "Use one of the lines of what was done."


@dataclass(frozen=True, slots=True)
class Done:
    """One line of “what was done for you”: how often, and in money where it is about money."""

    key: str
    count: int
    minor: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that was done: when, what, for whom, about which invoice, and the money of it."""

    id: UUID
    at: datetime
    about: str
    said: str
    debtor_id: UUID | None
    customer: str | None
    invoice_id: UUID | None
    invoice_number: str | None
    minor: int | None
    currency: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some things that were done, the newest first, how many there are, their money, and where the next page starts."""

    rows: Sequence[Deed]
    count: int
    minor: int
    next: tuple[datetime, UUID] | None


MESSAGE = (
    "id, sent_at AS at, coalesce(nullif(subject, ''), template) AS said, debtor_id, CAST(NULL AS uuid) AS invoice_id"
)
ITS_INVOICE = """(SELECT t.invoice_id FROM message_item t WHERE t.tenant_id = :tenant AND t.message_id = message.id
  ORDER BY t.invoice_id LIMIT 1)"""
TASK = "id, closed_at AS at, title AS said, debtor_id, invoice_id"
ALERT = "id, {column} AS at, title AS said, debtor_id, invoice_id"
TABLES = {
    "invoices_sent": ("message", "kind = 'invoice'", "sent_at", MESSAGE.replace("CAST(NULL AS uuid)", ITS_INVOICE)),
    "reminders_sent": ("message", "kind = 'reminder'", "sent_at", MESSAGE),
    "messages_held_back": (
        "held_action",
        "true",
        "last_at",
        "id, last_at AS at, reason AS said, debtor_id, invoice_id",
    ),
    "tasks_done": ("task", "state = 'done'", "closed_at", TASK),
    "alerts_raised": ("alert", "true", "opened_at", ALERT.format(column="opened_at")),
    "alerts_resolved": ("alert", "true", "resolved_at", ALERT.format(column="resolved_at")),
}
"""Of each line: the table, which of its rows, the instant that counts, and what a row shows."""
FOUND = {
    key: f"FROM {table} WHERE tenant_id = :tenant AND {which} AND {column} >= :since AND {column} < :until"
    for key, (table, which, column, _) in TABLES.items()
}
COUNTS = " UNION ALL ".join(f"SELECT '{key}' AS key, count(*) AS items {found}" for key, found in FOUND.items())
APPLIED = "FROM allocation WHERE tenant_id = :tenant AND kind = 'payment' AND known_at >= :since AND known_at < :until"
MONEY = f"""
SELECT 'payments_applied' AS key, count(DISTINCT invoice_id) AS items, sum(amount_minor) AS minor, currency
{APPLIED} GROUP BY currency ORDER BY currency
"""
ROWS = {
    key: f"SELECT {shown}, '{table}' AS about, CAST(NULL AS bigint) AS minor, '' AS currency {FOUND[key]}"
    for key, (table, _, _, shown) in TABLES.items()
} | {
    "payments_applied": f"""SELECT invoice_id AS id, max(known_at) AS at, '' AS said, debtor_id, invoice_id,
  'invoice' AS about, CAST(sum(amount_minor) AS bigint) AS minor, currency
  {APPLIED} AND currency = :currency GROUP BY invoice_id, debtor_id, currency"""
}
WHOLE = "SELECT count(*) AS items, coalesce(sum(s.minor), 0) AS minor FROM ({rows}) s"
BEHIND = """
SELECT s.id, s.at, s.about, s.said, s.debtor_id, d.name, s.invoice_id, i.number, s.minor, s.currency FROM ({rows}) s
LEFT JOIN debtor d ON d.tenant_id = :tenant AND d.id = s.debtor_id
LEFT JOIN invoice i ON i.tenant_id = :tenant AND i.id = s.invoice_id
WHERE true{after} ORDER BY s.at DESC, s.id DESC LIMIT :limit
"""
AFTER = " AND (s.at, s.id) < (:after_at, :after_id)"


def done(since: datetime, *, until: datetime) -> tuple[Done, ...]:
    """What was done from one instant up to another, by the client's own clock."""
    counts = [Done(*row) for row in store.run(COUNTS, since=since, until=until)]
    money = [
        Done(row.key, row.items, int(row.minor), row.currency) for row in store.run(MONEY, since=since, until=until)
    ]
    return (*counts, *money)


def behind(
    key: str,
    *,
    since: datetime,
    until: datetime,
    currency: str,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Page:
    """What one line is made of, the newest first; the currency is asked where it is about money. Raises UnknownDeed."""
    if key not in ROWS:
        raise UnknownDeed(f"Nothing is counted as “{key[:30]}”.")
    told = {"since": since, "until": until} | ({"currency": currency} if ":currency" in ROWS[key] else {})
    whole = store.run(WHOLE.format(rows=ROWS[key]), **told).one()
    place = {} if after is None else {"after_at": after[0], "after_id": after[1]}
    statement = BEHIND.format(rows=ROWS[key], after="" if after is None else AFTER)
    rows = [Deed(*row) for row in store.run(statement, limit=limit + 1, **told, **place)]
    page = rows[:limit]
    return Page(page, whole.items, int(whole.minor), (page[-1].at, page[-1].id) if len(rows) > limit else None)
