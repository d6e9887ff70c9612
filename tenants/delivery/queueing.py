"""Decides who is written to about what: one message per invoice to one contact, one reminder per customer for all its
invoices.

A message is queued at most once for its step: the step key is unique, so two workers, a repeated job and a file
loaded twice leave one row. Work is set-based, in slices; the ids of a slice are made here because UUIDv7 are made in
Python.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.delivery import rendering
from tenants.events import recording
from tenants.events.recording import Occurrence
from tenants.values import ids

SLICE = 500
LAST_ROW = 2**31 - 1
FIRST = UUID(int=0)

# The billing contact first; one whose address is dead only when there is no other, so that the refusal is seen and
# not silent.
BEST_CONTACT = """
  SELECT DISTINCT ON (c.debtor_id) c.debtor_id, c.id AS contact_id, c.email, c.language
  FROM contact c LEFT JOIN suppression s ON s.tenant_id = c.tenant_id AND s.address = lower(c.email)
    AND s.lifted_at IS NULL
    AND s.tenant_id = :tenant
  WHERE c.tenant_id = :tenant AND c.active AND c.email <> '' AND c.debtor_id IN (SELECT debtor_id FROM wanted)
  ORDER BY c.debtor_id, s.id IS NOT NULL, c.role <> 'billing', c.id
"""
WANTED = f"""
WITH wanted AS MATERIALIZED (
  SELECT i.id, i.debtor_id FROM invoice i JOIN debtor d ON d.tenant_id = i.tenant_id AND d.id = i.debtor_id
  WHERE i.tenant_id = :tenant AND d.tenant_id = :tenant AND d.channel = 'email' AND i.delivery = 'none'
    AND i.open_minor > 0 AND i.voided_on IS NULL AND i.issued_on <= :today AND i.id > :after {{narrow}}
  ORDER BY i.id LIMIT :limit),
best AS ({BEST_CONTACT})
SELECT w.id AS invoice_id, w.debtor_id, b.contact_id, b.email, b.language
FROM wanted w LEFT JOIN best b ON b.debtor_id = w.debtor_id ORDER BY w.id
"""
OF_IMPORT = """AND i.id IN (SELECT r.invoice_id FROM import_row r WHERE r.tenant_id = :tenant
  AND r.import_id = :import_id
  AND r.row_no BETWEEN :from_row AND :to_row)"""
OF_IDS = "AND i.id = ANY(:ids)"
TO_REMIND = f"""
WITH wanted AS MATERIALIZED (
  SELECT i.id, i.debtor_id, i.due_on FROM invoice i
  WHERE i.tenant_id = :tenant AND i.id = ANY(:ids) AND i.open_minor > 0 AND i.voided_on IS NULL),
best AS ({BEST_CONTACT})
SELECT w.id AS invoice_id, w.debtor_id, b.contact_id, b.email, b.language
FROM wanted w LEFT JOIN best b ON b.debtor_id = w.debtor_id ORDER BY w.debtor_id, w.due_on, w.id
"""
ADD = """
INSERT INTO message (tenant_id, id, debtor_id, contact_id, step_key, kind, recipient, language, template, rule_key,
  queued_at)
SELECT :tenant, r.id, r.debtor_id, r.contact_id, r.step_key, :kind, r.email, r.language, :template, :rule_key, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
  AS r(id uuid, debtor_id uuid, contact_id uuid, step_key text, email text, language text)
ON CONFLICT (tenant_id, step_key) DO NOTHING RETURNING id
"""
ADD_ITEMS = """
INSERT INTO message_item (tenant_id, message_id, invoice_id, debtor_id)
SELECT :tenant, r.message_id, r.invoice_id, r.debtor_id
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(message_id uuid, invoice_id uuid, debtor_id uuid)
ON CONFLICT (tenant_id, message_id, invoice_id) DO NOTHING
"""
MARK = "UPDATE invoice SET delivery = 'queued' WHERE tenant_id = :tenant AND id = ANY(:ids) AND delivery = 'none'"


@dataclass(frozen=True, slots=True)
class Step:
    """One message to be: its key, its reader, its invoices."""

    key: str
    debtor_id: UUID
    contact_id: UUID
    email: str
    language: str
    invoice_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Queued:
    """What queueing did: the new messages with their invoices, and the invoices whose customer has nobody to write
    to."""

    messages: dict[UUID, tuple[UUID, ...]]
    nobody: tuple[UUID, ...] = ()


def queue_invoices(
    *,
    today: date,
    now: datetime,
    real: datetime,
    invoice_ids: Sequence[UUID] | None = None,
    import_id: UUID | None = None,
    from_row: int = 0,
    to_row: int = LAST_ROW,
) -> int:
    """Queue the mail of every open invoice issued by `today` that has none yet; return how many are new.

    With `import_id` (and rows) or `invoice_ids` only those; with neither the whole client, as on a new day. `real` is
    the time on the wall, by which work is due; `now` is the client's.
    """
    narrow = ""
    values: dict[str, Any] = {}
    if invoice_ids is not None:
        narrow, values = OF_IDS, {"ids": list(invoice_ids)}
    elif import_id is not None:
        narrow, values = OF_IMPORT, {"import_id": import_id, "from_row": from_row, "to_row": to_row}
    made = 0
    for rows in _slices(WANTED.format(narrow=narrow), today=today, **values):
        steps = [
            Step(
                f"invoice:{row.invoice_id}:{row.contact_id}",
                row.debtor_id,
                row.contact_id,
                row.email,
                row.language,
                (row.invoice_id,),
            )
            for row in rows
            if row.contact_id is not None
        ]
        queued = _keep(steps, kind="invoice", template="Invoice", rule_key="", now=now, real=real)
        store.run(MARK, ids=[invoice_id for step in steps for invoice_id in step.invoice_ids])
        made += len(queued)
    return made


def queue_reminders(
    rule_key: str,
    *,
    invoice_ids: Iterable[UUID],
    template: str,
    occurrence: str,
    now: datetime,
    real: datetime,
    run_at: datetime | None = None,
) -> Queued:
    """Queue one reminder per customer that lists all its invoices among `invoice_ids` which are still open.

    `occurrence` tells one firing of the rule from the next (its episode and date): the same rule, customer and
    occurrence never make a second message. `run_at` is real time. Raises rendering.UnknownTemplate.
    """
    rendering.known(template)
    bundles: dict[tuple[UUID, UUID, str, str], list[UUID]] = defaultdict(list)
    nobody: list[UUID] = []
    for row in store.run(TO_REMIND, ids=list(invoice_ids)):
        if row.contact_id is None:
            nobody.append(row.invoice_id)
        else:
            bundles[row.debtor_id, row.contact_id, row.email, row.language].append(row.invoice_id)
    steps = [
        Step(f"rule:{rule_key}:{debtor_id}:{occurrence}", debtor_id, contact_id, email, language, tuple(found))
        for (debtor_id, contact_id, email, language), found in bundles.items()
    ]
    messages: dict[UUID, tuple[UUID, ...]] = {}
    for start in range(0, len(steps), SLICE):
        part = steps[start : start + SLICE]
        messages |= _keep(
            part, kind="reminder", template=template, rule_key=rule_key, now=now, real=real, run_at=run_at
        )
    return Queued(messages, tuple(nobody))


def _slices(sql: str, **values: Any) -> Iterator[Sequence[Any]]:
    """Walk by id; an invoice without a reader stays behind, so the walk must not ask again for what it has seen."""
    after = FIRST
    while rows := store.run(sql, after=after, limit=SLICE, **values).all():
        yield rows
        after = rows[-1].invoice_id


def _keep(
    steps: Sequence[Step],
    *,
    kind: str,
    template: str,
    rule_key: str,
    now: datetime,
    real: datetime,
    run_at: datetime | None = None,
) -> dict[UUID, tuple[UUID, ...]]:
    """Insert messages, their invoices and their work; what was queued before is left alone."""
    if not steps:
        return {}
    named = {ids.new(): step for step in steps}
    rows = [
        {
            "id": str(message_id),
            "debtor_id": str(step.debtor_id),
            "contact_id": str(step.contact_id),
            "step_key": step.key,
            "email": step.email,
            "language": step.language,
        }
        for message_id, step in named.items()
    ]
    fresh = (
        store.run(ADD, rows=json.dumps(rows), kind=kind, template=template, rule_key=rule_key, now=now).scalars().all()
    )
    items = [
        {"message_id": str(message_id), "invoice_id": str(invoice_id), "debtor_id": str(named[message_id].debtor_id)}
        for message_id in fresh
        for invoice_id in named[message_id].invoice_ids
    ]
    store.run(ADD_ITEMS, rows=json.dumps(items))
    work = [Occurrence(str(message_id), {"message_id": str(message_id)}, run_at) for message_id in fresh]
    recording.record_many("message.queued", work, now=real)
    return {message_id: named[message_id].invoice_ids for message_id in fresh}
