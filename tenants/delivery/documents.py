"""Decides which document an invoice has: the newest version of its sheet, kept once, found again by its hash.

The name of a kept document is its version, so printing the same invoice twice keeps one file, and what was sent stays
what it was.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.delivery import answers, facts, letters, printing
from tenants.delivery.einvoices import enclosing
from tenants.delivery.facts import Outgoing
from tenants.delivery.letters import Enclosure
from tenants.delivery.ports import BillRules, DocumentStore, Letter
from tenants.directory import clients
from tenants.isolation import scope
from tenants.settings import Settings
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

PDF = "application/pdf"
SIGNED = re.compile(r"/(p|o|o/t)/[A-Za-z0-9_-]{40,}")
RECORD = """
INSERT INTO document (tenant_id, id, debtor_id, invoice_id, kind, media_type, sha256, bytes, store_key, made_at)
VALUES (:tenant, :id, :debtor_id, :invoice_id, :kind, :media_type, :sha256, :bytes, :store_key, :now)
ON CONFLICT (tenant_id, store_key) DO NOTHING
"""
NEWEST = """
SELECT id, invoice_id, kind, media_type, sha256, bytes, store_key, made_at FROM document
WHERE tenant_id = :tenant AND invoice_id = :invoice_id AND kind = 'invoice' ORDER BY made_at DESC, id DESC LIMIT 1
"""

# What left with a message that was taken, and what a person saw; each by its own hash, because an invoice is printed
# anew when what stands on it has changed.
SHOWN = """
SELECT s.sha256 FROM (
  SELECT a.content_sha256 AS sha256, a.settled_at AS at FROM message_item x
  JOIN message m ON m.tenant_id = :tenant AND m.id = x.message_id
  JOIN delivery_attempt a ON a.tenant_id = :tenant AND a.message_id = x.message_id
  WHERE x.tenant_id = :tenant AND x.invoice_id = :invoice_id AND m.kind = 'invoice' AND a.state = 'accepted'
  UNION ALL
  SELECT e.document_sha256, e.occurred_at FROM evidence e
  WHERE e.tenant_id = :tenant AND e.invoice_id = :invoice_id AND e.verdict = 'human') s
WHERE s.sha256 <> '' ORDER BY s.at DESC LIMIT 1
"""


class UnknownInvoice(Refusal, LookupError):
    """No such invoice, or not yours."""

    kind = Kind.UNKNOWN
    code = "unknown_invoice"
    remedy = "Check the address."


@dataclass(frozen=True, slots=True)
class Made:
    """One document and its bytes."""

    invoice_id: UUID
    media_type: str
    sha256: str
    body: bytes


def make_invoice(invoice_id: UUID, *, documents_in: DocumentStore, settings: Settings, now: datetime) -> Made:
    """The document of an invoice, printed now if it was never printed. Raises UnknownInvoice."""
    found = facts.invoice(invoice_id)
    if found is None:
        raise UnknownInvoice("There is no such invoice.")
    item, reader = found
    creditor = clients.profile()
    sheet = printing.sheet(item, creditor=creditor, reader=reader, portal=settings.public_url)
    made = _enclosure(scope.current().one, invoice_id, reader.debtor_id, sheet, documents_in)
    _record(scope.current().one, made, now=now)
    return Made(invoice_id, PDF, made.sha256, made.body)


def newest(invoice_id: UUID) -> RowMapping | None:
    """The row of the newest kept document of an invoice."""
    return store.run(NEWEST, invoice_id=invoice_id).mappings().one_or_none()


def shown(invoice_id: UUID) -> str:
    """The hash of the document that the customer was sent or saw last; of the newest kept one where none was, and
    nothing where none is kept."""
    seen: str | None = store.run(SHOWN, invoice_id=invoice_id).scalar_one_or_none()
    kept = None if seen else newest(invoice_id)
    return seen or (kept["sha256"] if kept else "")


def enclose(
    mail: Outgoing, *, documents_in: DocumentStore, settings: Settings, rules: BillRules | None = None
) -> tuple[Enclosure, ...]:
    """What goes with a letter, taken from the store or printed and kept. Raises OSError, typst.TypstError, and
    NotStructured where the customer wants an e-invoice that the official rules refuse."""
    sheet = letters.sheet_of(mail, settings=settings)
    if sheet is None:
        return ()
    item = mail.items[0]
    printed = _enclosure(mail.tenant_id, item.invoice_id, mail.reader.debtor_id, sheet, documents_in)
    enclosures = enclosing.enclose(mail, printed, rules=rules)
    for each in enclosures:
        if each is not printed:
            key = _key(mail.tenant_id, each.invoice_id, each.version, suffix=each.suffix)
            documents_in.put(key, each.body, media_type=each.media_type)
    return enclosures


def record(mail: Outgoing, enclosures: Sequence[Enclosure], *, now: datetime) -> None:
    """Remember which documents went out."""
    for each in enclosures:
        _record(mail.tenant_id, each, now=now)


def keep_content(mail: Outgoing, letter: Letter, *, documents_in: DocumentStore) -> str:
    """Keep what the mail said, so that people can read it later; returns its key. Raises OSError.

    Without the signed links: whoever reads our copy must not be able to act, or to leave a trace, as the customer.
    """
    key = answers.content_key(mail)
    text, html = SIGNED.sub(r"/\1/…", letter.text), SIGNED.sub(r"/\1/…", letter.html)
    said = {"subject": letter.subject, "text": text, "html": html, "to": letter.recipient}
    documents_in.put(key, json.dumps(said, ensure_ascii=False).encode(), media_type="application/json")
    return key


def _enclosure(
    tenant_id: UUID, invoice_id: UUID, debtor_id: UUID, sheet: printing.Sheet, documents_in: DocumentStore
) -> Enclosure:
    key = _key(tenant_id, invoice_id, sheet.version)
    try:
        body = documents_in.get(key)
    except KeyError:
        body = printing.pdf(sheet)
        documents_in.put(key, body, media_type=PDF)
    kind = "reminder" if sheet.template == printing.LETTER else "invoice"
    return Enclosure(invoice_id, debtor_id, sheet.version, body, kind)


def _record(tenant_id: UUID, made: Enclosure, *, now: datetime) -> None:
    store.run(
        RECORD,
        id=ids.new(),
        debtor_id=made.debtor_id,
        invoice_id=made.invoice_id,
        kind=made.kind,
        media_type=made.media_type,
        sha256=made.sha256,
        bytes=len(made.body),
        store_key=_key(tenant_id, made.invoice_id, made.version, suffix=made.suffix),
        now=now,
    )


def _key(tenant_id: UUID, invoice_id: UUID, version: str, *, suffix: str = "pdf") -> str:
    return f"{tenant_id}/documents/{invoice_id}-{version[:32]}.{suffix}"
