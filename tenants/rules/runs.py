"""Decides what is written down about a run: that it began, once per occurrence, and what it found and did."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.rules.guards import Stop
from tenants.values import ids

BEGIN = """
INSERT INTO rule_run (tenant_id, id, rule_id, version, mode, occurrence, as_of_at, started_at)
VALUES (:tenant, :id, :rule, :version, :mode, :occurrence, :now, :real)
ON CONFLICT (tenant_id, rule_id, mode, occurrence) DO NOTHING RETURNING id
"""
END = """
UPDATE rule_run SET bounds = CAST(:bounds AS jsonb), matched = :matched, acted = :acted, held = CAST(:held AS jsonb),
  seconds = :seconds, fault = :fault
WHERE tenant_id = :tenant AND id = :id
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run found and did; `held` counts by what kept a match back, `cap` included."""

    id: UUID
    rule_id: UUID
    key: str
    matched: int = 0
    acted: int = 0
    held: dict[str, int] = field(default_factory=dict)
    subjects: tuple[UUID, ...] = ()
    fault: str = ""
    stopped: Stop | None = None


def begin(kept: RowMapping, *, mode: str, occurrence: str, now: datetime, real: datetime) -> UUID | None:
    """Begin a run of a rule's version; None when this occurrence was run before."""
    values = {"rule": kept["id"], "version": kept["version"], "mode": mode, "occurrence": occurrence}
    found: UUID | None = store.run(BEGIN, id=ids.new(), now=now, real=real, **values).scalar_one_or_none()
    return found


def end(done: Run, *, bounds: Mapping[str, str], seconds: float) -> None:
    """Write down what it found and did."""
    store.run(
        END,
        id=done.id,
        bounds=json.dumps(dict(bounds)),
        matched=done.matched,
        acted=done.acted,
        held=json.dumps(done.held),
        seconds=seconds,
        fault=done.fault,
    )
