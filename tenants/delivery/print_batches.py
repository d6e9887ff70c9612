"""Decides what is printed for the post: all letters that wait, one file, each with an address sheet before its invoice.

A person makes the file and says when it was posted; until then the letters have only left us. A letter is in one file
and in no second one: what is printed again is printed from the file that was kept.
"""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from pypdf import PdfReader, PdfWriter
from sqlalchemy import RowMapping

from tenants import store
from tenants.delivery import channels, documents, layout, press, printing, sending
from tenants.delivery.facts import Outgoing
from tenants.delivery.letters import Enclosure
from tenants.delivery.outcome import Result
from tenants.delivery.ports import Answer, DocumentStore, Gate, Handover
from tenants.events import history
from tenants.isolation import scope
from tenants.settings import Settings
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

PREFIX = "prb"
MOST = 200
"""Letters of one file."""
SHEET = Path(__file__).parent / "templates" / "address.typ"
WAITING = """
SELECT m.id FROM message m WHERE m.tenant_id = :tenant AND m.state = 'queued' AND m.channel = 'print'
ORDER BY m.queued_at, m.id LIMIT :limit
"""
COUNT = "SELECT count(*) FROM message m WHERE m.tenant_id = :tenant AND m.state = 'queued' AND m.channel = 'print'"
KEEP = """
INSERT INTO print_batch (tenant_id, id, letters, pages, sha256, store_key, made_by, made_at)
VALUES (:tenant, :id, :letters, :pages, :sha256, :store_key, :actor, :now) ON CONFLICT (tenant_id, id) DO NOTHING
"""
COLUMNS = "id, letters, pages, sha256, store_key, made_by, made_at, posted_by, posted_at"
LISTED = f"""
SELECT {COLUMNS} FROM print_batch
WHERE tenant_id = :tenant AND (CAST(:after AS uuid) IS NULL OR id < :after) ORDER BY id DESC LIMIT :limit
"""
ONE = f"SELECT {COLUMNS} FROM print_batch WHERE tenant_id = :tenant AND id = :id"
POSTED = """
UPDATE print_batch SET posted_by = :actor, posted_at = :now WHERE tenant_id = :tenant AND id = :id AND posted_at IS NULL
RETURNING letters
"""


class NothingToPrint(Refusal):
    """No letter waits, or the gate lets none leave."""

    kind = Kind.CONFLICT
    code = "nothing_to_print"
    remedy = "Wait until an invoice of a customer who wants letters is issued."


class UnknownBatch(Refusal, LookupError):
    """No such file of letters, or not yours."""

    kind = Kind.UNKNOWN
    code = "unknown_print_batch"
    remedy = "Look at the list of files again."


class AlreadyPosted(Refusal):
    """Somebody said so before."""

    kind = Kind.CONFLICT
    code = "already_posted"
    remedy = "Reload the page."


@dataclass(frozen=True, slots=True)
class Printed:
    """One letter of a file: its message and its pages."""

    mail: Outgoing
    enclosures: tuple[Enclosure, ...]
    body: bytes


def waiting() -> int:
    """How many letters wait to be printed."""
    return int(store.run(COUNT).scalar_one())


def make(
    *, gate: Gate, documents_in: DocumentStore, settings: Settings, now: datetime, real: datetime, today: date
) -> UUID:
    """Print what waits into one file; returns its id. Raises NothingToPrint, BadTemplate, OSError."""
    batch_id = ids.new()
    letters = []
    for message_id in store.run(WAITING, limit=MOST).scalars().all():
        mail = sending.claim(message_id, gate=gate, provider="print", now=now, real=real, today=today)
        if isinstance(mail, Outgoing) and not mail.resumed:
            letters.append(_print(mail, documents_in=documents_in, settings=settings))
    if not letters:
        raise NothingToPrint("There is no letter that may be printed now.")
    body, pages = _bound(letters)
    key = f"{scope.current().one}/print/{batch_id}.pdf"
    documents_in.put(key, body, media_type=documents.PDF)
    for each in letters:
        answer = Answer(Handover.ACCEPTED, reference=str(batch_id), detail="printed for the post")
        what = each.mail.template if each.mail.kind == "reminder" else "invoice"
        result = Result(answer, subject=f"Letter: {what} {each.mail.items[0].number}", enclosures=each.enclosures)
        sending.settle(each.mail, result, now=now, real=real, final=False)
    sha256, actor = hashlib.sha256(body).hexdigest(), scope.current().actor
    store.run(KEEP, id=batch_id, letters=len(letters), pages=pages, sha256=sha256, store_key=key, actor=actor, now=now)
    history.note("letters.printed", about=("print_batch", batch_id), at=now, became={"letters": len(letters)})
    return batch_id


def posted(batch_id: UUID, *, now: datetime) -> None:
    """A person says that the letters of a file were posted. Raises UnknownBatch, AlreadyPosted."""
    one(batch_id)
    if store.run(POSTED, id=batch_id, actor=scope.current().actor, now=now).one_or_none() is None:
        raise AlreadyPosted("These letters were posted already.")
    history.note("letters.posted", about=("print_batch", batch_id), at=now)


def listed(*, after: UUID | None = None, limit: int = 50) -> Sequence[RowMapping]:
    """Files of letters, the newest first."""
    return store.run(LISTED, after=after, limit=limit).mappings().all()


def one(batch_id: UUID) -> RowMapping:
    """One file of letters. Raises UnknownBatch."""
    found = store.run(ONE, id=batch_id).mappings().one_or_none()
    if found is None:
        raise UnknownBatch("There is no such file.")
    return found


def _print(mail: Outgoing, *, documents_in: DocumentStore, settings: Settings) -> Printed:
    enclosures = documents.enclose(mail, documents_in=documents_in, settings=settings)
    found = channels.of(mail.reader.debtor_id)
    postal = found.postal.splitlines() if found else []
    creditor = mail.creditor
    data = {
        "paper": "us-letter" if creditor.country in printing.LETTER_COUNTRIES else "a4",
        "accent": layout.colour(creditor.accent),
        "sender": [creditor.legal_name, *creditor.address.splitlines()],
        "reader": [mail.reader.debtor_name, *[line for line in postal if line != mail.reader.debtor_name]],
        "reference": [item.number for item in mail.items],
    }
    sheet = press.printed(SHEET, sheet=json.dumps(data, ensure_ascii=False), stamp=mail.now)
    return Printed(mail, enclosures, sheet)


def _bound(letters: Sequence[Printed]) -> tuple[bytes, int]:
    """One file of all of them; each letter begins on a sheet of its own when both sides are printed."""
    writer = PdfWriter()
    for letter in letters:
        parts = [letter.body, *[each.body for each in letter.enclosures if each.media_type == documents.PDF]]
        for page in (page for part in parts for page in PdfReader(io.BytesIO(part)).pages):
            writer.add_page(page)
        if len(writer.pages) % 2:
            writer.add_blank_page()
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue(), len(writer.pages)
