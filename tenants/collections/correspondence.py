"""Decides what a person is asked to do when a customer writes, or can no longer be written to.

A reply stops the reminders about its invoices until somebody has answered (the gate sees to that); here it becomes a
task, so that the silence does not last. An automatic answer is never answered, but it may say who has left and who has
come. An address to which nothing is sent any more is a gap in the books, and gaps are mended by people.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, RowMapping

from tenants import store
from tenants.collections import tasks
from tenants.collections.tasks import NewTask
from tenants.delivery import mailbag
from tenants.delivery.unsubscribing import Reader

MESSAGE = """
SELECT m.debtor_id, m.subject, m.recipient, d.name AS company,
  (SELECT x.invoice_id FROM message_item x WHERE x.tenant_id = :tenant AND x.message_id = m.id
   ORDER BY x.invoice_id LIMIT 1) AS invoice_id,
  EXISTS (SELECT FROM task t WHERE t.tenant_id = :tenant AND t.debtor_id = m.debtor_id AND t.kind = 'bounce'
          AND t.state IN ('open', 'snoozed')) AS known
FROM message m JOIN debtor d ON d.tenant_id = :tenant AND d.id = m.debtor_id
WHERE m.tenant_id = :tenant AND m.id = :message_id
"""
REPORT = """
SELECT kind, payload->>'said' AS said, coalesce(CAST(payload->>'files' AS integer), 0) AS files FROM inbox_event
WHERE tenant_id = :tenant AND id = :report_id
"""
UNSORTED = """
SELECT payload->>'kind' AS kind, payload->>'how' AS how, payload->>'subject' AS subject,
  CAST(payload->>'debtor_id' AS uuid) AS debtor_id, CAST(payload->>'invoice_id' AS uuid) AS invoice_id
FROM inbox_event WHERE tenant_id = :tenant AND id = :inbox_id AND source = 'mail' AND kind = 'unsorted'
"""
TASKS = """
SELECT id, title, state FROM task WHERE tenant_id = :tenant AND dedupe_key = ANY(:keys) ORDER BY id
"""
WHY = "SELECT dedupe_key FROM task WHERE tenant_id = :tenant AND id = :task_id"
ANSWERS = ("reply", "auto_reply")
HOW = {
    "invoice_number": "A mail came to the mailbox that names an invoice of this customer, and answers no mail of ours.",
    "sender": "A contact of this customer wrote to the mailbox, and answers no mail of ours.",
    "nothing": "A mail came to the mailbox, and nothing in it says which customer it is from.",
}
REASONS = {
    "bounce": "Mail to this address comes back",
    "complaint": "The reader called our mail spam",
    "request": "The reader asked for silence",
}


def wrote(message_id: UUID, *, report_id: UUID, now: datetime, today: date) -> None:
    """A customer answered a mail, as the report says; one open task for each mail and each kind of answer."""
    row, report = _message(message_id), store.run(REPORT, report_id=report_id).one_or_none()
    if row is None or report is None:
        return
    kind, said, files = report
    with_files = f" With {files} file{'s' if files > 1 else ''}, kept beside it." if files else ""
    by_itself = kind == "auto_reply"
    words = "An automatic answer came from" if by_itself else "A reply came from"
    new = NewTask(
        dedupe_key=f"{kind}:{message_id}",
        kind="review" if by_itself else "reply",
        title="Read the automatic answer" if by_itself else "Answer the customer",
        reason=f"{words} {row.company} to “{row.subject}”: {said}"[:540].rstrip(": .") + "." + with_files,
        debtor_id=row.debtor_id,
        invoice_id=row.invoice_id,
    )
    tasks.raise_many([new], now=now, today=today)


def unreachable(message_id: UUID, *, why: str, now: datetime, today: date) -> None:
    """Nothing is sent to the reader of a mail any more: somebody finds another address, or another way.

    Where a rule of the client has asked for that already, once is enough.
    """
    row = _message(message_id)
    if row is None or row.known:
        return
    new = NewTask(
        dedupe_key=f"address:{row.debtor_id}:{row.recipient.lower()}"[:200],
        kind="bounce",
        title="Find another address",
        reason=f"{REASONS[why]}: {row.recipient}. Nothing is sent there until somebody lifts that.",
        debtor_id=row.debtor_id,
        invoice_id=row.invoice_id,
    )
    tasks.raise_many([new], now=now, today=today)


def unwanted(reader: Reader, *, now: datetime, today: date) -> None:
    """A reader wants no reminders by mail: somebody finds out why, and how this customer is to be asked now."""
    new = NewTask(
        dedupe_key=f"unwanted:{reader.contact_id}",
        kind="decide",
        title="Reminders by mail are not wanted: ask how else",
        reason=f"{reader.email} stopped reminders by mail. Invoices and formal letters still go there; reminders go by "
        "this customer’s other ways, where it has any.",
        debtor_id=reader.debtor_id,
    )
    tasks.raise_many([new], now=now, today=today)


def came(inbox_id: UUID, *, now: datetime, today: date) -> None:
    """A mail came to the client's mailbox that answers none of ours: somebody reads it and finds whose it is.

    What machines write by themselves is kept and asks nothing of anybody."""
    row = store.run(UNSORTED, inbox_id=inbox_id).one_or_none()
    if row is None or row.kind not in ("reply", "unclear", "auto_reply"):
        return
    known = row.debtor_id is not None
    new = NewTask(
        dedupe_key=f"mail:{inbox_id}",
        kind="reply" if known and row.kind != "auto_reply" else "review",
        title="Answer the customer" if known and row.kind != "auto_reply" else "Read this mail",
        reason=f"{HOW[row.how]} Its subject: “{row.subject}”."[:600],
        debtor_id=row.debtor_id,
        invoice_id=row.invoice_id,
    )
    tasks.raise_many([new], now=now, today=today)


def unproved(domain: str, *, now: datetime, today: date) -> None:
    """Mail from a sending domain waits: somebody has its records mended before customers notice the silence."""
    new = NewTask(
        dedupe_key=f"domain:{domain}"[:200],
        kind="decide",
        title="Mend the sending domain",
        reason=f"Mail no longer leaves from {domain}: a record in its name service is missing or was changed. The page "
        "of sending domains shows which, with the value that it must have.",
    )
    tasks.raise_many([new], now=now, today=today)


def mails(task_id: UUID) -> Sequence[RowMapping]:
    """The mails that a task asks somebody to read, as `mailbag` lists them; none for tasks about something else."""
    said = store.run(WHY, task_id=task_id).scalar_one_or_none()
    why, _, about = (said or "").partition(":")
    if why == "mail":
        found = mailbag.one(UUID(about))
        return [found] if found is not None else []
    return [each for each in mailbag.about(UUID(about)) if each["kind"] == why] if why in ANSWERS else []


def tasks_of(mail: RowMapping) -> Sequence[RowMapping]:
    """What somebody is or was asked to do because of a mail: id, title, state."""
    keys = [f"mail:{mail['id']}"] + [f"{kind}:{mail['message_id']}" for kind in ANSWERS if kind == mail["kind"]]
    return store.run(TASKS, keys=keys).mappings().all()


def _message(message_id: UUID) -> Row[Any] | None:
    return store.run(MESSAGE, message_id=message_id).one_or_none()
