"""The inbox of outside events: kept once, as they came, before anybody believes them.

State is computed from the set of events, so repeats, reordering and lateness are harmless; this table is that set.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.values import ids

KEEP = """
INSERT INTO inbox_event (tenant_id, id, source, external_id, kind, message_id, occurred_at, received_at, payload)
VALUES (:tenant, :id, :source, :external_id, :kind, :message_id, :occurred_at, :received_at, CAST(:payload AS jsonb))
ON CONFLICT (tenant_id, source, external_id) DO NOTHING RETURNING id
"""
ABOUT = """
SELECT id, source, external_id, kind, occurred_at, received_at, payload FROM inbox_event
WHERE tenant_id = :tenant AND message_id = :message_id ORDER BY occurred_at, id
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """One outside event as it is kept."""

    id: UUID
    source: str
    external_id: str
    kind: str
    occurred_at: datetime
    received_at: datetime
    payload: dict[str, Any]


def keep(
    source: str,
    *,
    external_id: str,
    kind: str,
    message_id: UUID | None,
    occurred_at: datetime,
    received_at: datetime,
    payload: dict[str, Any],
) -> UUID | None:
    """Keep one event; return its id, or None when it was kept before (a repeat is a success)."""
    return store.run(
        KEEP,
        id=ids.new(),
        source=source,
        external_id=external_id,
        kind=kind,
        message_id=message_id,
        occurred_at=occurred_at,
        received_at=received_at,
        payload=json.dumps(payload, default=str),
    ).scalar_one_or_none()


def about(message_id: UUID) -> Sequence[Kept]:
    """Every event about one message, oldest first."""
    return [Kept(*row) for row in store.run(ABOUT, message_id=message_id)]
