"""Decides who is written to about what: one message per invoice to one contact, one reminder per customer for all its
invoices.

A message is queued at most once for its step: the step key is unique, so two workers, a repeated job and a file
loaded twice leave one row. Work is set-based, in slices; the ids of a slice are made here because UUIDv7 are made in
Python.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tenants import store
from tenants.delivery import contacts, rendering
from tenants.delivery.contacts import Contact
from tenants.delivery.standing import IN_ORDER
from tenants.events import recording
from tenants.events.recording import Occurrence
from tenants.values import ids

SLICE = 500
LARGE_SLICE = 5000
"""Of rows that are all new: nobody waits for them in between."""
LAST_ROW = 2**31 - 1
LOOK_BACK = timedelta(days=31)
"""How far back a new day looks for invoices whose day has come: a long outage is caught up, old books are left
alone."""

# One table a statement, by ids: a plan over several, made before the tables of a new client are analysed, can be a
# thousand times slower.
WANTED = """
SELECT i.id, i.debtor_id, i.issued_on FROM invoice i
WHERE i.tenant_id = :tenant AND i.delivery = 'none' AND i.open_minor > 0 AND i.voided_on IS NULL
  AND i.issued_on <= :today {narrow} ORDER BY i.issued_on, i.id LIMIT :limit
"""
OF_IDS = "AND i.id = ANY(:ids)"
OF_DAYS = "AND i.issued_on >= :since AND (i.issued_on, i.id) > (:after_on, :after)"
OF_IMPORT = """
SELECT invoice_id FROM import_row
WHERE tenant_id = :tenant AND import_id = :import_id AND row_no BETWEEN :from_row AND :to_row
"""
TO_REMIND = """
SELECT DISTINCT i.debtor_id FROM invoice i
WHERE i.tenant_id = :tenant AND i.id = ANY(CAST(:ids AS uuid[])) AND i.open_minor > 0 AND i.voided_on IS NULL
"""
ADD = """
INSERT INTO message (tenant_id, id, debtor_id, contact_id, step_key, kind, recipient, language, template, rule_key,
  signed_by, queued_at)
SELECT :tenant, r.id, r.debtor_id, r.contact_id, r.step_key, :kind, r.email, r.language, :template, :rule_key,
  r.signed_by, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
  AS r(id uuid, debtor_id uuid, contact_id uuid, step_key text, email text, language text, signed_by text)
ON CONFLICT (tenant_id, step_key) DO NOTHING RETURNING id
"""
ADD_ITEMS = """
INSERT INTO message_item (tenant_id, message_id, invoice_id, debtor_id)
SELECT :tenant, r.message_id, r.invoice_id, r.debtor_id
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(message_id uuid, invoice_id uuid, debtor_id uuid)
ON CONFLICT (tenant_id, message_id, invoice_id) DO NOTHING
"""
BUNDLE = """
INSERT INTO message_item (tenant_id, message_id, invoice_id, debtor_id)
SELECT :tenant, m.id, i.id, i.debtor_id FROM invoice i
JOIN unnest(CAST(:messages AS uuid[]), CAST(:debtors AS uuid[])) AS m(id, debtor_id) ON m.debtor_id = i.debtor_id
WHERE i.tenant_id = :tenant AND i.id = ANY(CAST(:ids AS uuid[])) AND i.open_minor > 0 AND i.voided_on IS NULL
ON CONFLICT (tenant_id, message_id, invoice_id) DO NOTHING
"""
MARK = f"""
WITH {IN_ORDER} UPDATE invoice i SET delivery = 'queued' FROM held h
WHERE i.tenant_id = :tenant AND i.id = h.id AND i.delivery = 'none'
"""


Signs = Callable[[Sequence[UUID]], Mapping[UUID, str]]
"""Who signs to each of these customers; to those left out, whom the client's letterhead names."""


def _letterhead(_debtors: Sequence[UUID]) -> Mapping[UUID, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Step:
    """One message to be: its key, its reader, its invoices."""

    key: str
    debtor_id: UUID
    reader: Contact
    invoice_ids: tuple[UUID, ...] = ()
    """Those that are named one by one; a reminder takes all of its customer's among many."""
    signed_by: str = ""


@dataclass(frozen=True, slots=True)
class Queued:
    """What queueing did: the new messages, each with its customer, and the customers with nobody to write to."""

    messages: dict[UUID, UUID]
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

    With `import_id` (and rows) or `invoice_ids` only those; with neither the invoices whose day has come lately, as
    on a new day. `real` is the time on the wall, by which work is due; `now` is the client's."""
    if import_id is not None:
        invoice_ids = store.run(OF_IMPORT, import_id=import_id, from_row=from_row, to_row=to_row).scalars().all()
    made = 0
    for rows in _of_days(today) if invoice_ids is None else _of_ids(invoice_ids, today):
        readers = contacts.best([row.debtor_id for row in rows], by_mail=True)
        steps = [
            Step(f"invoice:{row.id}:{reader.contact_id}", row.debtor_id, reader, (row.id,))
            for row in rows
            if (reader := readers.get(row.debtor_id)) is not None
        ]
        made += len(_keep(steps, kind="invoice", template="Invoice", rule_key="", now=now, real=real))
        store.run(MARK, ids=[invoice_id for step in steps for invoice_id in step.invoice_ids])
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
    signs: Signs = _letterhead,
) -> Queued:
    """Queue one reminder per customer that lists all its invoices among `invoice_ids` which are still open.

    `occurrence` tells one firing of the rule from the next (its episode and date): the same rule, customer and
    occurrence never make a second message. `run_at` is real time. Raises rendering.UnknownTemplate.
    """
    rendering.known(template)
    named = ids.listed(invoice_ids)
    wanted = list(store.run(TO_REMIND, ids=named).scalars())
    readers, signers = contacts.best(wanted, by_mail=False), signs(wanted)
    steps = [
        Step(f"rule:{rule_key}:{debtor_id}:{occurrence}", debtor_id, reader, signed_by=signers.get(debtor_id, ""))
        for debtor_id, reader in readers.items()
    ]
    how: dict[str, Any] = {"kind": "reminder", "template": template, "rule_key": rule_key}
    fresh: dict[UUID, Step] = {}
    for start in range(0, len(steps), LARGE_SLICE):
        fresh |= _add(steps[start : start + LARGE_SLICE], now=now, **how)
    messages = {message_id: step.debtor_id for message_id, step in fresh.items()}
    if messages:
        store.run(BUNDLE, messages=list(messages), debtors=list(messages.values()), ids=named)
        _tell(messages, real=real, run_at=run_at)
    return Queued(messages, tuple(each for each in wanted if each not in readers))


def queue_notes(
    rule_key: str,
    *,
    debtor_ids: Iterable[UUID],
    template: str,
    occurrence: str,
    now: datetime,
    real: datetime,
    signs: Signs = _letterhead,
) -> list[UUID]:
    """Queue one message per customer that is about no invoice: thanks, and other words that ask for nothing.

    Its key is made as that of a reminder, so the same occurrence never makes a second one. Answers the new messages.
    """
    rendering.known(template)
    wanted = list(debtor_ids)
    readers, signers = contacts.best(wanted, by_mail=False), signs(wanted)
    steps = [
        Step(
            f"rule:{rule_key}:{debtor_id}:{occurrence}",
            debtor_id,
            readers[debtor_id],
            signed_by=signers.get(debtor_id, ""),
        )
        for debtor_id in wanted
        if debtor_id in readers
    ]
    return _keep(steps, kind="note", template=template, rule_key=rule_key, now=now, real=real)


def _of_ids(invoice_ids: Sequence[UUID], today: date) -> Iterator[Sequence[Any]]:
    for start in range(0, len(invoice_ids), SLICE):
        some = list(invoice_ids[start : start + SLICE])
        yield store.run(WANTED.format(narrow=OF_IDS), ids=some, today=today, limit=SLICE).all()


def _of_days(today: date) -> Iterator[Sequence[Any]]:
    """Walk by day and id; an invoice without a reader stays behind, so the walk must not ask for it again."""
    since = today - LOOK_BACK
    after_on, after = since, UUID(int=0)
    sql = WANTED.format(narrow=OF_DAYS)
    while rows := store.run(sql, since=since, today=today, after_on=after_on, after=after, limit=SLICE).all():
        yield rows
        after_on, after = rows[-1].issued_on, rows[-1].id


def _keep(
    steps: Sequence[Step], *, kind: str, template: str, rule_key: str, now: datetime, real: datetime
) -> list[UUID]:
    """Insert messages, their invoices and their work; what was queued before is left alone."""
    fresh = _add(steps, kind=kind, template=template, rule_key=rule_key, now=now)
    items = [
        {"message_id": str(message_id), "invoice_id": str(invoice_id), "debtor_id": str(step.debtor_id)}
        for message_id, step in fresh.items()
        for invoice_id in step.invoice_ids
    ]
    if items:
        store.run(ADD_ITEMS, rows=json.dumps(items))
    _tell(fresh, real=real)
    return list(fresh)


def _add(steps: Sequence[Step], *, kind: str, template: str, rule_key: str, now: datetime) -> dict[UUID, Step]:
    """Insert messages without their invoices; answers those that are new."""
    if not steps:
        return {}
    named = {ids.new(): step for step in steps}
    rows = [
        {
            "id": str(message_id),
            "debtor_id": str(step.debtor_id),
            "contact_id": str(step.reader.contact_id),
            "step_key": step.key,
            "email": step.reader.email,
            "language": step.reader.language,
            "signed_by": step.signed_by,
        }
        for message_id, step in named.items()
    ]
    kept = store.run(ADD, rows=json.dumps(rows), kind=kind, template=template, rule_key=rule_key, now=now).scalars()
    return {message_id: named[message_id] for message_id in kept.all()}


def _tell(message_ids: Iterable[UUID], *, real: datetime, run_at: datetime | None = None) -> None:
    work = [Occurrence(str(message_id), {"message_id": str(message_id)}, run_at) for message_id in message_ids]
    recording.record_many("message.queued", work, now=real)
