"""Decides what becomes of work that was given up: a person looks at it and sends it round again or throws it away,
and either is written down.

To be wrong here costs a silent loss, so nothing leaves the dead letters by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from tenants import store, work
from tenants.events import history
from tenants.isolation import scope
from tenants.values.faults import Kind, Refusal

LISTED = """
SELECT id, lane, kind, payload, attempts, last_error, error_class, finished_at FROM work_item
WHERE tenant_id = :tenant AND state = 'dead' AND (CAST(:kind AS text) IS NULL OR kind = :kind)
  AND (CAST(:after_at AS timestamptz) IS NULL OR (finished_at, id) < (:after_at, CAST(:after_id AS uuid)))
ORDER BY finished_at DESC, id DESC LIMIT :limit
"""
GIVEN_UP = """
SELECT EXISTS (SELECT FROM work_item
  WHERE tenant_id = :tenant AND kind = ANY(:kinds) AND dedupe_key = :key AND state = 'dead')
"""
COUNTED = """
SELECT kind, error_class, count(*) AS items, min(finished_at) AS oldest_at FROM work_item
WHERE tenant_id = :tenant AND state = 'dead' GROUP BY kind, error_class ORDER BY items DESC, kind
"""
# As the role that sees of work no more than that it stopped.
EVERYWHERE = """
SELECT w.tenant_id, t.slug, t.legal_name AS name, w.lane, w.kind, w.error_class, count(*) AS items,
  min(w.finished_at) AS oldest_at
FROM app.work_item w JOIN app.tenant t ON t.id = w.tenant_id WHERE w.state = 'dead'
GROUP BY w.tenant_id, t.slug, t.legal_name, w.lane, w.kind, w.error_class
ORDER BY min(w.finished_at), t.slug, w.kind, w.error_class LIMIT :most
"""
MOST_CAUSES = 500
CHOSEN = """
SELECT count(*) FROM work_item WHERE tenant_id = :tenant AND state = 'dead'
  AND (CAST(:kind AS text) IS NULL OR kind = :kind) AND (CAST(:error_class AS text) IS NULL OR error_class =
  :error_class)
"""
AGAIN = """
UPDATE work_item SET state = 'ready', attempts = 0, run_at = :now, finished_at = NULL
WHERE tenant_id = :tenant AND state = 'dead' AND (CAST(:id AS uuid) IS NULL OR id = :id)
  AND (CAST(:kind AS text) IS NULL OR kind = :kind) AND (CAST(:error_class AS text) IS NULL OR error_class =
  :error_class)
"""
DISCARD = """
UPDATE work_item SET state = 'done', finished_at = :now WHERE tenant_id = :tenant AND state = 'dead' AND id = :id
RETURNING kind, last_error
"""


class DeadLetterUnknown(Refusal, LookupError):
    """No such dead letter: it was redriven or discarded before, or belongs to somebody else."""

    kind: ClassVar[Kind] = Kind.UNKNOWN
    code = "dead_letter_unknown"
    remedy = "Reload the list: somebody may have dealt with it already."


class ReasonMissing(Refusal, ValueError):
    """Work was to be thrown away without a word."""

    code = "reason_missing"
    remedy = "Say why this work is not needed any more."


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One piece of work that was given up."""

    id: UUID
    lane: str
    kind: str
    payload: dict[str, Any]
    attempts: int
    last_error: str | None
    error_class: str | None
    died_at: datetime


@dataclass(frozen=True, slots=True)
class Cause:
    """Dead letters with one cause."""

    kind: str
    error_class: str | None
    items: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class Elsewhere(Cause):
    """The same at one of all clients."""

    tenant_id: UUID
    slug: str
    name: str
    lane: str


def everywhere() -> Sequence[Elsewhere]:
    """What stopped at any client, by client, kind and cause, the oldest first: for the provider's own page."""
    return [Elsewhere(**row) for row in store.run_identity(EVERYWHERE, most=MOST_CAUSES).mappings()]


def was_given_up(key: str, *, kinds: Sequence[str]) -> bool:
    """Whether work of one of these kinds about this occurrence lies here: whoever waits for it need not wait on."""
    return bool(store.run(GIVEN_UP, key=key, kinds=list(kinds)).scalar_one())


def listed(
    *, kind: str | None = None, after: tuple[datetime, UUID] | None = None, limit: int = 50
) -> Sequence[DeadLetter]:
    """The newest first, a page at a time; `after` is the last one of the page before."""
    after_at, after_id = after or (None, None)
    found = store.run(LISTED, kind=kind, after_at=after_at, after_id=after_id, limit=limit)
    return [DeadLetter(*row) for row in found]


def causes() -> Sequence[Cause]:
    """How many there are by kind and cause."""
    return [Cause(*row) for row in store.run(COUNTED)]


def redrive(item_id: UUID, *, now: datetime) -> None:
    """Send one round again, with all its attempts. Raises DeadLetterUnknown."""
    if _again(id=item_id, kind=None, error_class=None, now=now) == 0:
        raise DeadLetterUnknown("There is no such dead letter.")
    history.note("work.redriven", about=("work_item", item_id), at=now)


def redrive_all(
    *, kind: str | None = None, error_class: str | None = None, now: datetime, dry_run: bool = False
) -> int:
    """Send all of a kind or a cause round again; return how many. A dry run only counts."""
    if dry_run:
        return int(store.run(CHOSEN, kind=kind, error_class=error_class).scalar_one())
    moved = _again(id=None, kind=kind, error_class=error_class, now=now)
    if moved:
        became = {"kind": kind, "error_class": error_class, "items": moved}
        history.note("work.redriven", about=("work_item", None), at=now, became=became)
    return moved


def discard(item_id: UUID, *, reason: str, now: datetime) -> None:
    """Throw one away, for a reason that stays. Raises ReasonMissing and DeadLetterUnknown."""
    if not reason.strip():
        raise ReasonMissing("Throwing work away needs a reason.", pointer="/reason")
    gone = store.run(DISCARD, id=item_id, now=now).one_or_none()
    if gone is None:
        raise DeadLetterUnknown("There is no such dead letter.")
    was = {"kind": gone.kind, "error": gone.last_error}
    history.note("work.discarded", about=("work_item", item_id), at=now, was=was, reason=reason)


def _again(**words: Any) -> int:
    moved = store.run(AGAIN, **words).rowcount
    if moved:
        work.remember_recorded(scope.current().one)
    return moved
