"""Decides what is remembered of each file that came: where it is, what was found in it, what loading it did."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from tenants import store
from tenants.intake.mapping import Mapping
from tenants.intake.report import Outcome, Report
from tenants.values.faults import Kind, Refusal

PREFIX = "imp"
STATES = ("received", "checked", "refused", "loaded", "undone")
DONE = STATES[3:]
"""States in which a file cannot be checked again."""
COLUMNS = """
id, source, file_name, file_sha256, file_key, bytes, state, mapping, rows_read, rows_accepted, rows_refused, rows_added,
rows_same, report, actor, received_at, loaded_at, undone_at
"""
ADD = """
INSERT INTO import_run (tenant_id, id, source, file_name, file_sha256, file_key, bytes, state, actor, received_at)
VALUES (:tenant, :id, :source, :name, :sha256, :key, :bytes, 'received', :actor, :now)
"""
ONE = f"SELECT {COLUMNS} FROM import_run WHERE tenant_id = :tenant AND id = :id"
LATEST = f"""
SELECT {COLUMNS} FROM import_run
WHERE tenant_id = :tenant AND (received_at, id) < (:before, :before_id) ORDER BY received_at DESC, id DESC LIMIT :limit
"""
LOADED_BEFORE = f"""
SELECT {COLUMNS} FROM import_run
WHERE tenant_id = :tenant AND source = :source AND state = 'loaded' AND id <> :id
ORDER BY loaded_at DESC, id DESC LIMIT 1
"""
CHECKED = """
UPDATE import_run SET state = :state, mapping = CAST(:mapping AS jsonb), detection = CAST(:detection AS jsonb),
  rows_read = :read, rows_accepted = :accepted, rows_refused = :refused, report = CAST(:report AS jsonb)
WHERE tenant_id = :tenant AND id = :id
"""
LOADED = """
UPDATE import_run SET state = 'loaded', rows_added = :added, rows_same = :same, loaded_at = :now,
  report = report || jsonb_build_object('load', CAST(:outcome AS jsonb))
WHERE tenant_id = :tenant AND id = :id
"""
UNDONE = """
UPDATE import_run SET state = CASE WHEN CAST(:at AS timestamptz) IS NULL THEN state ELSE 'undone' END, undone_at = :at,
  report = report || jsonb_build_object('undo', CAST(:said AS jsonb))
WHERE tenant_id = :tenant AND id = :id
"""
FORGET_UNDO = "UPDATE import_run SET report = report - 'undo' WHERE tenant_id = :tenant AND id = :id"
WAIT = "UPDATE import_run SET state = 'received' WHERE tenant_id = :tenant AND id = :id"
REMEMBERED = "SELECT mapping FROM import_source WHERE tenant_id = :tenant AND key = :source"
REMEMBER = """
INSERT INTO import_source (tenant_id, key, mapping, saved_at) VALUES (:tenant, :source, CAST(:mapping AS jsonb), :now)
ON CONFLICT (tenant_id, key) DO UPDATE SET mapping = excluded.mapping, saved_at = excluded.saved_at
"""


class ImportUnknown(Refusal, LookupError):
    """No such import, or another client's."""

    kind: ClassVar[Kind] = Kind.UNKNOWN
    code = "import_unknown"
    remedy = "Go back to the list of imports."


@dataclass(frozen=True, slots=True)
class Import:
    """One file that came, and what became of it."""

    id: UUID
    source: str
    file_name: str
    sha256: str
    file_key: str
    bytes: int
    state: str
    """received, checked, refused (the whole file), loaded or undone."""
    mapping: dict[str, Any]
    read: int
    accepted: int
    refused: int
    added: int
    same: int
    report: dict[str, Any]
    """Under `check` the fields of a Report, under `load` those of an Outcome; either may be missing."""
    actor: str
    received_at: datetime
    loaded_at: datetime | None
    undone_at: datetime | None

    @property
    def kind(self) -> str:
        """What the check found it to be: a ledger, an invoice, a bank statement (bank), or a notice."""
        return str(self.report.get("check", {}).get("detection", {}).get("kind", "ledger"))


def add(
    import_id: UUID, *, source: str, name: str, sha256: str, key: str, size: int, actor: str, now: datetime
) -> None:
    """Write down that a file came."""
    store.run(ADD, id=import_id, source=source, name=name, sha256=sha256, key=key, bytes=size, actor=actor, now=now)


def one(import_id: UUID, *, locked: bool = False) -> Import:
    """The import; locked, nobody else loads it meanwhile. Raises ImportUnknown."""
    found = store.run(ONE + (" FOR UPDATE" if locked else ""), id=import_id).one_or_none()
    if found is None:
        raise ImportUnknown("There is no such import.")
    return Import(*found)


def latest(*, before: datetime, before_id: UUID, limit: int = 50) -> Sequence[Import]:
    """The newest imports received before a point, newest first."""
    return [Import(*row) for row in store.run(LATEST, before=before, before_id=before_id, limit=limit)]


def loaded_before(run: Import) -> Import | None:
    """The file of the same source that was loaded last."""
    found = store.run(LOADED_BEFORE, source=run.source, id=run.id).one_or_none()
    return None if found is None else Import(*found)


def note_check(import_id: UUID, *, report: Report, mapping: Mapping | None) -> None:
    """Keep what the check found."""
    shown = asdict(report)
    faults = shown.pop("faults")
    store.run(
        CHECKED,
        id=import_id,
        state="refused" if report.refusal else "checked",
        mapping=_kept(mapping.document() if mapping else {}),
        detection=_kept(report.detection),
        read=report.read,
        accepted=report.accepted,
        refused=report.refused,
        report=_kept({"check": {**shown, "faults": faults[:20]}}),
    )


def wait(import_id: UUID) -> None:
    """Note that the file is still to be checked."""
    store.run(WAIT, id=import_id)


def note_load(import_id: UUID, *, outcome: Outcome, now: datetime) -> None:
    """Keep what loading did."""
    words = _kept(asdict(outcome))
    store.run(LOADED, id=import_id, added=outcome.added, same=outcome.same, outcome=words, now=now)


def note_undo(import_id: UUID, *, said: dict[str, Any], at: datetime | None = None) -> None:
    """Keep what undoing did, or why it was not done (then without a time)."""
    store.run(UNDONE, id=import_id, said=json.dumps(said), at=at)


def forget_undo(import_id: UUID) -> None:
    """Forget why it was not undone the last time: somebody asks again."""
    store.run(FORGET_UNDO, id=import_id)


def remembered(source: str) -> Mapping | None:
    """The mapping that the last loaded file of the source had."""
    found = store.run(REMEMBERED, source=source).scalar_one_or_none()
    return None if found is None else Mapping.read(found)


def remember(source: str, *, mapping: Mapping, now: datetime) -> None:
    """Keep the mapping for the next file of the source."""
    store.run(REMEMBER, source=source, mapping=json.dumps(mapping.document()), now=now)


def choice(key: str) -> dict[str, Any]:
    """What a person chose for other files than ledgers; nothing where nobody did."""
    return store.run(REMEMBERED, source=key).scalar_one_or_none() or {}


def keep_choice(key: str, document: dict[str, Any], *, now: datetime) -> None:
    """Keep it for the next file."""
    store.run(REMEMBER, source=key, mapping=json.dumps(document), now=now)


def _kept(document: Any) -> str:
    """A document as the database takes it: signs of a damaged file that it cannot keep are marked as unreadable."""
    return json.dumps(_readable(document), default=str)


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_readable(key): _readable(each) for key, each in value.items()}
    return [_readable(each) for each in value] if isinstance(value, list | tuple) else value
