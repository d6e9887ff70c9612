"""Decides what people see of mail that came in: the mails about a message of ours, each one's words, and its files.

A mail is read from what was kept when it came. Its files are handed out one by one and never shown in place, and each
that is handed out leaves a line in the history: they are papers of a customer, and somebody may ask who has them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.delivery import papers, reading
from tenants.delivery.ports import DocumentStore
from tenants.delivery.reading import Words
from tenants.events import history
from tenants.values.faults import Kind, Refusal

PREFIX, FILE_PREFIX = "mai", "mfl"
MOST = 100
MAIL = """
SELECT e.id, e.message_id, e.occurred_at AS at, e.payload->>'content_key' AS content_key,
  coalesce(r.kind, e.payload->>'kind', '') AS kind, e.payload->>'how' AS how,
  coalesce(CAST(e.payload->>'debtor_id' AS uuid), (
    SELECT m.debtor_id FROM message m WHERE m.tenant_id = :tenant AND m.id = e.message_id)) AS debtor_id,
  CAST(e.payload->>'invoice_id' AS uuid) AS invoice_id,
  (SELECT count(*) FROM mail_file f WHERE f.tenant_id = :tenant AND f.inbox_id = e.id) AS files
FROM inbox_event e
LEFT JOIN inbox_event r ON r.tenant_id = :tenant AND r.source = 'report' AND r.external_id = CAST(e.id AS text)
WHERE e.tenant_id = :tenant AND e.source = 'mail'
"""
ONE = f"{MAIL} AND e.id = :inbox_id"
ABOUT = f"{MAIL} AND e.message_id = :message_id ORDER BY e.occurred_at, e.id LIMIT :most"
LISTED = f"{MAIL}{{narrow}} ORDER BY e.occurred_at DESC, e.id DESC LIMIT :limit"
NARROW = {
    "kind": " AND coalesce(r.kind, e.payload->>'kind', '') = :kind",
    "message_id": " AND e.message_id = :message_id",
    "unsorted": " AND e.message_id IS NULL AND e.payload->>'invoice_id' IS NULL",
}
BEHIND = " AND (e.occurred_at, e.id) < (:after_at, :after_id)"
REPORTED = """
SELECT payload->>'status' AS status, payload->>'said' AS said FROM inbox_event
WHERE tenant_id = :tenant AND source = 'report' AND external_id = CAST(:inbox_id AS text)
"""
PROVED = """
SELECT kind, level, occurred_at AS at, invoice_id FROM evidence
WHERE tenant_id = :tenant AND (source, source_key) IN (('report', CAST(:inbox_id AS text)), ('mail', CAST(:inbox_id AS
  text)), ('mail', CAST(:inbox_id AS text) || ':' || CAST(:invoice_id AS text)))
ORDER BY level DESC, kind
"""
STOPPED = """
SELECT s.address FROM inbox_event e JOIN message m ON m.tenant_id = :tenant AND m.id = e.message_id
JOIN suppression s ON s.tenant_id = :tenant AND s.address = lower(trim(m.recipient)) AND s.since_at = e.occurred_at
WHERE e.tenant_id = :tenant AND e.id = :inbox_id AND s.lifted_at IS NULL
"""
FILES = """
SELECT id, name, media_type, bytes, sha256, kept_at FROM mail_file
WHERE tenant_id = :tenant AND inbox_id = :inbox_id ORDER BY place
"""
FILE = """
SELECT id, inbox_id, name, media_type, sha256, store_key FROM mail_file WHERE tenant_id = :tenant AND id = :file_id
  AND inbox_id = :inbox_id
"""


class UnknownMail(Refusal, LookupError):
    """No such mail, or not yours."""

    kind = Kind.UNKNOWN
    code = "unknown_mail"
    remedy = "Look at the message that it answers again."


@dataclass(frozen=True, slots=True)
class Opened:
    """One mail as people read it, with the files that were kept beside it."""

    row: RowMapping
    words: Words
    files: Sequence[RowMapping]
    left: int
    """Files that stay inside the mail, because nobody knows what they are."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What followed from a mail, beside the work that it made."""

    status: str
    """The code of a report, such as 5.1.1."""
    said: str
    proved: Sequence[RowMapping]
    stopped: str | None
    """The address to which nothing is sent any more because of it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that is handed out."""

    name: str
    media_type: str
    body: bytes


def about(message_id: UUID) -> Sequence[RowMapping]:
    """The mails that came about a message of ours, oldest first: id, at, kind, files."""
    return store.run(ABOUT, message_id=message_id, most=MOST).mappings().all()


def one(inbox_id: UUID) -> RowMapping | None:
    """One mail as it stands in such a list, if it is there."""
    return store.run(ONE, inbox_id=inbox_id).mappings().one_or_none()


def opened(inbox_id: UUID, *, documents_in: DocumentStore) -> Opened:
    """One mail. Raises UnknownMail."""
    row = one(inbox_id)
    if row is None:
        raise UnknownMail("There is no such mail.")
    try:
        raw = documents_in.get(row["content_key"])
    except KeyError:
        raise UnknownMail("The words of this mail are no longer kept.") from None
    return Opened(row, reading.words_of(raw), files(inbox_id), papers.read(raw)[1])


def listed(
    *,
    kind: str = "",
    message_id: UUID | None = None,
    unsorted: bool = False,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Sequence[RowMapping]:
    """The mails that came, the newest first: all, or of one kind, about one message, or not yet tied to an invoice."""
    asked = {"kind": kind, "message_id": message_id, "unsorted": unsorted}
    narrow = "".join(NARROW[name] for name, value in asked.items() if value)
    values: dict[str, Any] = {name: value for name, value in asked.items() if value and name != "unsorted"}
    if after is not None:
        narrow += BEHIND
        values |= {"after_at": after[0], "after_id": after[1]}
    return store.run(LISTED.format(narrow=narrow), limit=limit, **values).mappings().all()


def drawn(row: RowMapping) -> Drawn:
    """What was read of a mail, what it proved, and which address was stopped by it."""
    told = store.run(REPORTED, inbox_id=row["id"]).one_or_none()
    proved = store.run(PROVED, inbox_id=row["id"], invoice_id=row["invoice_id"]).mappings().all()
    stopped: str | None = store.run(STOPPED, inbox_id=row["id"]).scalars().first()
    return Drawn((told.status or "") if told else "", (told.said or "") if told else "", proved, stopped)


def files(inbox_id: UUID) -> Sequence[RowMapping]:
    """The files that were kept beside a mail: id, name, media_type, bytes."""
    return store.run(FILES, inbox_id=inbox_id).mappings().all()


def take(file_id: UUID, *, inbox_id: UUID, documents_in: DocumentStore, now: datetime) -> Taken:
    """Hand one file out, and remember to whom. Raises UnknownMail."""
    row: Any = store.run(FILE, file_id=file_id, inbox_id=inbox_id).one_or_none()
    if row is None:
        raise UnknownMail("There is no such file.")
    try:
        body = documents_in.get(row.store_key)
    except KeyError:
        raise UnknownMail("This file is no longer kept.") from None
    history.note("mail.file_taken", about=("mail", inbox_id), at=now, became={"name": row.name, "sha256": row.sha256})
    return Taken(row.name, row.media_type, body)
