"""Decides what is the document of record of an invoice that came on an electronic paper: the very bytes that came.

Nothing is rendered anew in its place; the paper is found by the id of the invoice or credit note that it made.
"""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from tenants import store
from tenants.intake.ports import FileStore
from tenants.values.faults import Kind, Refusal

MEDIA = {"factur-x": "application/pdf"}
KEEP = """
INSERT INTO original (tenant_id, id, debtor_id, import_id, media_type)
SELECT m.tenant_id, m.id, m.debtor_id, r.import_id, :media FROM import_row r JOIN %s m
  ON m.tenant_id = r.tenant_id AND m.id = r.invoice_id
WHERE r.tenant_id = :tenant AND r.import_id = :import_id AND m.tenant_id = :tenant
ON CONFLICT (tenant_id, id) DO NOTHING
"""
ONE = """
SELECT o.media_type, i.file_name, i.file_key, i.file_sha256 FROM original o
JOIN import_run i ON i.tenant_id = :tenant AND i.id = o.import_id WHERE o.tenant_id = :tenant AND o.id = :id
"""


class NoOriginal(Refusal, LookupError):
    """The invoice did not come on an electronic paper."""

    kind: ClassVar[Kind] = Kind.UNKNOWN
    code = "no_original"
    remedy = "Look at the document that was sent instead."


@dataclass(frozen=True, slots=True)
class Original:
    """The paper, with the bytes that came."""

    media_type: str
    name: str
    sha256: str
    content: bytes


def keep(import_id: UUID, *, form: str) -> None:
    """Tie what an import made to the paper that it came on."""
    for table in ("invoice", "credit_note"):
        store.run(KEEP % table, import_id=import_id, media=MEDIA.get(form, "application/xml"))


def of(document_id: UUID, *, files: FileStore) -> Original:
    """The paper of an invoice or a credit note. Raises NoOriginal."""
    found = store.run(ONE, id=document_id).one_or_none()
    if found is None:
        raise NoOriginal("This invoice did not come on an electronic paper.")
    media, name, key, sha256 = found
    with files.open(key) as file:
        return Original(media, name, sha256, file.read())
