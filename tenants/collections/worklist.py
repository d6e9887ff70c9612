"""Decides what a person sees first: one list over all clients in scope; each row has its reason, stake and next step.

Each client gives its own best rows (one index range each) and the best of those are the page, so two hundred
clients cost as many short reads and no sort of everything. Names, amounts and contact history are fetched for the
rows of the page only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from tenants import store
from tenants.collections import priority
from tenants.collections.priority import Factors
from tenants.collections.tasks import TaskUnknown
from tenants.values import calendars


class Section(StrEnum):
    """The parts of the list."""

    ANSWER = "answer"
    """Somebody waits: replies, objections, bounced mail, broken promises."""
    TODAY = "today"
    WAITING = "waiting"
    """Asleep until a day."""
    DONE = "done"
    """Closed within the last day."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    tenant_id: UUID
    client: str
    slug: str
    task_id: UUID
    kind: str
    title: str
    reason: str
    state: str
    rule_key: str
    debtor_id: UUID | None
    customer: str
    customer_number: str
    invoice_id: UUID | None
    invoice_number: str
    assignee_id: UUID | None
    amount_minor: int
    currency: str
    days_overdue: int
    """Of the customer's oldest open invoice, on the client's calendar; 0 when nothing is late."""
    last_contact_at: datetime | None
    evidence_level: int
    """What is proved about the last contact: see the levels of evidence; 0 is nothing."""
    next_step: str
    due_on: date | None
    wakes_on: date | None
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str
    outcome: str
    why_this_order: Factors
    cursor: tuple[int, UUID]
    """Hand it to `page` as `after` to go on behind this row."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and where the next ones start; `after` is None on the last page."""

    rows: Sequence[Row]
    after: tuple[int, UUID] | None


# `place` sorts downwards in every section: rank, days until waking with the sign turned, instant of closing.
SECTIONS = {
    Section.ANSWER: ("k.state = 'open' AND k.answer_now", "k.rank"),
    Section.TODAY: ("k.state = 'open' AND NOT k.answer_now", "k.rank"),
    Section.WAITING: ("k.state = 'snoozed'", "CAST(DATE '2000-01-01' - k.wakes_on AS bigint)"),
    Section.DONE: (
        "k.closed_at IS NOT NULL AND k.closed_at > :since AND k.state IN ('done', 'dropped')",
        "CAST(extract(epoch FROM k.closed_at) * 1000 AS bigint)",
    ),
}
COLUMNS = """
k.tenant_id, k.id, k.kind, k.title, k.reason, k.state, k.rule_key, k.debtor_id, k.invoice_id, k.assignee_id, k.chance,
k.urgency, k.rank, k.amount_minor, k.currency, k.due_on, k.wakes_on, k.opened_at, k.closed_at, k.closed_by, k.outcome
"""
# Driven by a one-row-per-client table that is spread like the tasks; a lateral over an array is refused on a cluster.
# Only what the index holds is read here, so that two hundred clients cost two hundred short walks along it.
BEST = """
SELECT t.tenant_id, t.id, t.place FROM client_profile p
JOIN LATERAL (
  SELECT k.tenant_id, k.id, {place} AS place FROM task k
  WHERE k.tenant_id = p.tenant_id AND k.tenant_id = ANY(:tenants) AND {wanted}{mine}{after}
  ORDER BY {place} DESC, k.id DESC LIMIT :limit) t ON true
WHERE p.tenant_id = ANY(:tenants)
ORDER BY t.place DESC, t.id DESC LIMIT :limit
"""
TASKS = f"""
SELECT {COLUMNS}, c.legal_name, c.slug, c.time_zone, p.clock_shift_s
FROM task k JOIN client_profile p ON p.tenant_id = k.tenant_id JOIN tenant c ON c.id = p.tenant_id
WHERE k.tenant_id = ANY(:tenants) AND p.tenant_id = ANY(:tenants) AND k.id = ANY(:ids)
"""
MINE = " AND (k.assignee_id = :assignee OR k.assignee_id IS NULL)"
AFTER = " AND ({place}, k.id) < (:place, :id)"
COUNTS = """
SELECT count(*) FILTER (WHERE state = 'open' AND answer_now),
  count(*) FILTER (WHERE state = 'open' AND NOT answer_now), count(*) FILTER (WHERE state = 'snoozed')
FROM task WHERE tenant_id = ANY(:tenants) AND state IN ('open', 'snoozed')
"""
CUSTOMERS = """
SELECT d.tenant_id, d.id, d.name, d.number, o.oldest_due_on, o.last_contact_at, o.evidence_level
FROM debtor d JOIN (
  SELECT x.tenant_id, x.id,
    (SELECT min(i.due_on) FROM invoice i WHERE i.tenant_id = x.tenant_id AND i.tenant_id = ANY(:tenants)
       AND i.debtor_id = x.id AND i.open_minor > 0 AND i.voided_on IS NULL) AS oldest_due_on,
    (SELECT max(i.last_contact_at) FROM invoice i
     WHERE i.tenant_id = x.tenant_id AND i.tenant_id = ANY(:tenants) AND i.debtor_id = x.id) AS last_contact_at,
    (SELECT max(i.evidence_level) FROM invoice i
     WHERE i.tenant_id = x.tenant_id AND i.tenant_id = ANY(:tenants) AND i.debtor_id = x.id) AS evidence_level
  FROM debtor x WHERE x.tenant_id = ANY(:tenants) AND x.id = ANY(:ids)) o ON o.tenant_id = d.tenant_id AND o.id = d.id
WHERE d.tenant_id = ANY(:tenants) AND d.id = ANY(:ids)
"""
INVOICES = """
SELECT tenant_id, id, number, open_minor, currency, due_on, last_contact_at,
  CASE WHEN delivery IN ('bounced', 'failed') AND evidence_level <= 2 THEN 0 ELSE evidence_level END AS evidence_level
FROM invoice
WHERE tenant_id = ANY(:tenants) AND id = ANY(:ids)
"""


def page(
    section: Section,
    *,
    now: datetime,
    assignee_id: UUID | None = None,
    after: tuple[int, UUID] | None = None,
    limit: int = 50,
) -> Page:
    """One page of one section over all clients in scope, best first; `now` is the real time.

    With `assignee_id` the list holds that person's tasks and those that belong to nobody.
    """
    wanted, place = SECTIONS[Section(section)]
    sql = BEST.format(
        place=place,
        wanted=wanted,
        mine=MINE if assignee_id else "",
        after=AFTER.format(place=place) if after else "",
    )
    values: dict[str, Any] = {"limit": limit}
    if section == Section.DONE:
        values["since"] = now - timedelta(days=1)
    if assignee_id:
        values["assignee"] = assignee_id
    if after:
        values["place"], values["id"] = after
    best = {row.id: row.place for row in store.run(sql, **values)}
    rows = _filled(best, now=now)
    return Page(rows, rows[-1].cursor if len(rows) == limit else None)


def one(task_id: UUID, *, now: datetime) -> Row:
    """One task as the list shows it, in whatever section it stands. Raises TaskUnknown."""
    rows = _filled({task_id: 0}, now=now)
    if not rows:
        raise TaskUnknown("There is no such task.")
    return rows[0]


def counts() -> dict[Section, int]:
    """How many tasks stand in each open section, over all clients in scope."""
    answer, today, waiting = store.run(COUNTS).one()
    return {Section.ANSWER: answer, Section.TODAY: today, Section.WAITING: waiting}


def _filled(places: dict[UUID, int], *, now: datetime) -> list[Row]:
    """The tasks in the order given, with names, stake and contact: three reads for the whole page."""
    tasks = {task_id: row for (_, task_id), row in _by_key(TASKS, places).items()}
    found = [tasks[task_id] for task_id in places if task_id in tasks]
    customers = _by_key(CUSTOMERS, {row.debtor_id for row in found if row.debtor_id})
    invoices = _by_key(INVOICES, {row.invoice_id for row in found if row.invoice_id})
    return [
        _row(
            row,
            customers.get((row.tenant_id, row.debtor_id)),
            invoices.get((row.tenant_id, row.invoice_id)),
            place=places[row.id],
            today=_client_day(row, now=now),
        )
        for row in found
    ]


def _by_key(sql: str, ids: Iterable[UUID]) -> dict[tuple[UUID, UUID | None], Any]:
    wanted = list(ids)
    return {(row.tenant_id, row.id): row for row in store.run(sql, ids=wanted)} if wanted else {}


def _client_day(row: Any, *, now: datetime) -> date:
    """The day at the client of that row: each client has its own zone, and may have a moved clock."""
    return calendars.local_day(now + timedelta(seconds=row.clock_shift_s), zone=calendars.zone(row.time_zone))


def _row(row: Any, customer: Any, invoice: Any, *, place: int, today: date) -> Row:
    amount = invoice.open_minor if invoice else row.amount_minor
    currency = invoice.currency if invoice else row.currency
    oldest = customer.oldest_due_on if customer else None
    contact = invoice or customer
    return Row(
        tenant_id=row.tenant_id,
        client=row.legal_name,
        slug=row.slug,
        task_id=row.id,
        kind=row.kind,
        title=row.title,
        reason=row.reason,
        state=row.state,
        rule_key=row.rule_key,
        debtor_id=row.debtor_id,
        customer=customer.name if customer else "",
        customer_number=customer.number if customer else "",
        invoice_id=row.invoice_id,
        invoice_number=invoice.number if invoice else "",
        assignee_id=row.assignee_id,
        amount_minor=amount,
        currency=currency,
        days_overdue=max((today - oldest).days, 0) if oldest else 0,
        last_contact_at=contact.last_contact_at if contact else None,
        evidence_level=(contact.evidence_level or 0) if contact else 0,
        next_step=priority.of(row.kind).next_step,
        due_on=row.due_on,
        wakes_on=row.wakes_on,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        outcome=row.outcome,
        why_this_order=Factors(row.amount_minor, row.currency, row.chance, row.urgency),
        cursor=(place, row.id),
    )
