"""Decides what a rule may leave on an invoice or a customer: a tag, a stage that only moves forward, an allow-listed
field; and how a person takes it away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.events import history
from tenants.rules import stages
from tenants.rules.actions import SETTABLE
from tenants.values.faults import Kind, Refusal

TAG = """
INSERT INTO subject_tag (tenant_id, subject_id, key, actor, tagged_at)
SELECT :tenant, s.id, :key, :actor, :now FROM unnest(CAST(:ids AS uuid[])) AS s(id)
ON CONFLICT (tenant_id, subject_id, key) DO NOTHING RETURNING subject_id
"""
UNTAG = "DELETE FROM subject_tag WHERE tenant_id = :tenant AND subject_id = :id AND key = :key RETURNING key"
MOVE = """
INSERT INTO subject_stage (tenant_id, subject_id, stage, rank, actor, entered_at)
SELECT :tenant, s.id, :stage, :rank, :actor, :now FROM unnest(CAST(:ids AS uuid[])) AS s(id)
ON CONFLICT (tenant_id, subject_id) DO UPDATE SET stage = excluded.stage, rank = excluded.rank,
  actor = excluded.actor, entered_at = excluded.entered_at
WHERE subject_stage.rank < excluded.rank RETURNING subject_id
"""
BACK = "DELETE FROM subject_stage WHERE tenant_id = :tenant AND subject_id = :id RETURNING stage"
TAGS = "SELECT key FROM subject_tag WHERE tenant_id = :tenant AND subject_id = :id ORDER BY key"
STAGE = "SELECT stage FROM subject_stage WHERE tenant_id = :tenant AND subject_id = :id"
SET = {
    "customer.delivery_channel": """
UPDATE debtor SET channel = :value WHERE tenant_id = :tenant AND id = ANY(:ids) AND channel <> :value RETURNING id
""",
    "customer.language": """
UPDATE debtor SET language = :value WHERE tenant_id = :tenant AND id = ANY(:ids) AND language <> :value RETURNING id
""",
}


class NotSettable(Refusal, ValueError):
    """The field cannot be set to that."""

    code = "not_settable"
    remedy = f"Use one of: {', '.join(SETTABLE)}."


class NotMarked(Refusal):
    """Nothing of that is there any more."""

    kind = Kind.CONFLICT
    code = "not_marked"
    remedy = "Reload the page: somebody may have taken it away already."


@dataclass(frozen=True, slots=True)
class Marks:
    """What rules left on one invoice or customer; an empty stage is none."""

    stage: str
    tags: tuple[str, ...]


def of(subject_id: UUID) -> Marks:
    """What rules left on it."""
    stage = store.run(STAGE, id=subject_id).scalar_one_or_none()
    return Marks(stage or "", tuple(store.run(TAGS, id=subject_id).scalars()))


def tag(subject_ids: Sequence[UUID], *, key: str, actor: str, now: datetime) -> int:
    """Mark subjects; return how many did not have the mark."""
    return len(store.run(TAG, ids=list(subject_ids), key=key, actor=actor, now=now).scalars().all())


def untag(subject_id: UUID, *, about: str, key: str, now: datetime) -> None:
    """Take a mark away, by a person's word. `about` is invoice or debtor. Raises NotMarked."""
    if store.run(UNTAG, id=subject_id, key=key).one_or_none() is None:
        raise NotMarked(f"The mark “{key[:40]}” is not there.")
    history.note("mark.taken_away", about=(about, subject_id), at=now, was={"tag": key})


def move(subject_ids: Sequence[UUID], *, stage: str, actor: str, now: datetime) -> int:
    """Move subjects forward to a stage; return how many moved. Nobody is moved back by a rule."""
    moved = store.run(MOVE, ids=list(subject_ids), stage=stage, rank=stages.rank(stage), actor=actor, now=now).scalars()
    return len(moved.all())


def start_over(subject_id: UUID, *, about: str, now: datetime) -> None:
    """Take a subject out of its stage, by a person's word: its rules begin anew. Raises NotMarked."""
    left = store.run(BACK, id=subject_id).scalar_one_or_none()
    if left is None:
        raise NotMarked("It is at no stage.")
    history.note("stage.left", about=(about, subject_id), at=now, was={"stage": left})


def set_field(debtor_ids: Sequence[UUID], *, field: str, value: str, reason: str, now: datetime) -> int:
    """Set a field of customers, each with its line of history; return how many changed. Raises NotSettable."""
    if value not in SETTABLE.get(field, ()):
        raise NotSettable(f"“{field}” cannot be set to “{value[:40]}”.")
    changed = store.run(SET[field], ids=list(debtor_ids), value=value).scalars().all()
    for debtor_id in changed:
        history.note("debtor.changed", about=("debtor", debtor_id), at=now, became={field: value}, reason=reason)
    return len(changed)
