"""Decides which files of a customer's mail are kept beside it: a few, of kinds that people read, each no larger than a
paper.

What a file is, is said by its first bytes and not by its name. Programs, archives and what nobody knows are left in the
mail that is kept whole, where opening them takes an intention. A file belongs to the mail that it came with, and no
customer's portal shows it.
"""

import email
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.policy import compat32
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Integer, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.delivery import reading
from tenants.delivery.ports import DocumentStore
from tenants.isolation import scope
from tenants.store import Model, TenantOwned
from tenants.values import ids

MOST, LARGEST = 10, 8 * 1024 * 1024
KINDS = (
    (rb"%PDF-", "pdf", "application/pdf"),
    (rb"\x89PNG\r\n\x1a\n", "png", "image/png"),
    (rb"\xff\xd8\xff", "jpg", "image/jpeg"),
    (rb"GIF8[79]a", "gif", "image/gif"),
    (rb"(?:II\*\x00|MM\x00\*)", "tif", "image/tiff"),
)
OFFICE = re.compile(r"\.(xlsx|docx|ods|odt)\Z", re.IGNORECASE)
OFFICE_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text",
}
PLAIN = re.compile(r"\.(csv|txt|xml)\Z", re.IGNORECASE)
PLAIN_TYPES = {"csv": "text/csv", "txt": "text/plain", "xml": "application/xml"}
KEEP = """
INSERT INTO mail_file (tenant_id, id, inbox_id, place, name, media_type, sha256, bytes, store_key, kept_at)
SELECT :tenant, r.id, :inbox_id, r.place, r.name, r.media_type, r.sha256, r.bytes, r.store_key, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, place smallint, name text, media_type text, sha256 text,
  bytes integer, store_key text)
ON CONFLICT (tenant_id, inbox_id, place) DO NOTHING
"""


class MailFile(TenantOwned, Model):
    """One file that came with a mail and is kept beside it; only ever added."""

    __tablename__ = "mail_file"
    __table_args__ = (
        UniqueConstraint("tenant_id", "inbox_id", "place"),
        ForeignKeyConstraint(["tenant_id", "inbox_id"], ["inbox_event.tenant_id", "inbox_event.id"]),
    )
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    inbox_id: Mapped[UUID]
    place: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str]
    media_type: Mapped[str]
    sha256: Mapped[str]
    bytes: Mapped[int] = mapped_column(Integer)
    store_key: Mapped[str]
    kept_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Paper:
    """One file that came with a mail."""

    name: str
    media_type: str
    body: bytes


def read(raw: bytes) -> tuple[list[Paper], int]:
    """The files of a mail that are kept beside it, and how many were left in it; never raises for what it holds."""
    kept: list[Paper] = []
    left = 0
    for name, body in _files(email.message_from_bytes(raw, policy=compat32), raw):
        media_type = _kind(name, body)
        if not media_type or not body or len(body) > LARGEST or len(kept) == MOST:
            left += 1
        else:
            kept.append(Paper(_safe(name), media_type, body))
    return kept, left


def keep(
    raw: bytes, *, inbox_id: UUID, mail_sha256: str, documents_in: DocumentStore, now: datetime
) -> tuple[int, int]:
    """Keep the files of a mail beside it; returns how many, and how many were left in it. Raises OSError."""
    papers, left = read(raw)
    rows = []
    for place, paper in enumerate(papers, 1):
        key = f"{scope.current().one}/inbound/{mail_sha256[:32]}/{place}-{paper.name}"
        documents_in.put(key, paper.body, media_type=paper.media_type)
        rows.append(
            {
                "id": str(ids.new()),
                "place": place,
                "name": paper.name,
                "media_type": paper.media_type,
                "sha256": hashlib.sha256(paper.body).hexdigest(),
                "bytes": len(paper.body),
                "store_key": key,
            }
        )
    if rows:
        store.run(KEEP, rows=json.dumps(rows), inbox_id=inbox_id, now=now)
    return len(papers), left


def _files(mail: Message, raw: bytes) -> Iterator[tuple[str, bytes]]:
    """What a mail carries beside its words; pictures that its text shows are no papers."""
    for part in mail.walk():
        if part.is_multipart() or part.get_content_maintype() == "message":
            continue
        try:
            name = reading.spelt(str(part.get_filename() or ""))
            body = part.get_payload(decode=True)
        except (ValueError, TypeError, LookupError, AttributeError):
            continue
        shown = "content-id" in part and (part.get_content_disposition() != "attachment" or _is_shown(part, raw))
        if isinstance(body, bytes) and (name or part.get_content_disposition() == "attachment") and not shown:
            yield name, body


def _is_shown(part: Message, raw: bytes) -> bool:
    """Whether the text of the mail shows this part where it stands: a logo, a face."""
    own = str(part.get("content-id", "")).strip().strip("<>")
    return bool(own) and f"cid:{own}".encode("utf-8", "replace") in raw


def _kind(name: str, body: bytes) -> str:
    for start, _, media_type in KINDS:
        if re.match(start, body):
            return media_type
    office = OFFICE.search(name)
    if office and body.startswith(b"PK\x03\x04"):
        return OFFICE_TYPES[office[1].lower()]
    plain = PLAIN.search(name)
    return PLAIN_TYPES[plain[1].lower()] if plain and _is_text(body) else ""


def _is_text(body: bytes) -> bool:
    return b"\0" not in body[:4096] and not body.startswith((b"MZ", b"\x7fELF", b"PK", b"#!"))


def _safe(name: str) -> str:
    """A file name that leads nowhere: letters, digits and a few signs, ending as it ended."""
    safe = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_.") else "-" for sign in name)
    return safe.strip(".-")[-80:].lstrip(".-") or "file"
