"""The history: every change that a person may ask about, with who, what, before, after and why. Rows are only
ever added."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.isolation import scope
from tenants.values import ids

NOTE = """
INSERT INTO history (tenant_id, id, at, actor, actor_name, act, object_kind, object_id, was, became, reason,
request_id)
VALUES (:tenant, :id, :at, :actor, :actor_name, :act, :object_kind, :object_id, CAST(:was AS jsonb),
CAST(:became AS jsonb), :reason, :request_id)
"""
ABOUT = """
SELECT at, actor, actor_name, act, was, became, reason FROM history
WHERE tenant_id = :tenant AND object_kind = :kind AND object_id = :object_id ORDER BY at DESC, id DESC LIMIT :limit
"""
PAGE = """
SELECT id, at, actor, actor_name, act, object_kind, object_id, was, became, reason FROM history
WHERE tenant_id = :tenant{narrow}{after} ORDER BY at DESC, id DESC LIMIT :limit
"""
OF_OBJECT = " AND object_kind = :kind AND object_id = :object_id"
AFTER = " AND (at, id) < (:after_at, :after_id)"
LATEST = """
SELECT at, actor, actor_name, act, object_kind, object_id, was, became, reason FROM history
WHERE tenant_id = :tenant AND at >= :since ORDER BY at DESC, id DESC LIMIT :limit
"""


def note(
    act: str,
    *,
    about: tuple[str, UUID | None],
    at: datetime,
    was: dict[str, Any] | None = None,
    became: dict[str, Any] | None = None,
    reason: str = "",
    actor_name: str = "",
    request_id: str = "",
) -> None:
    """Add one line in the transaction of the change itself; the actor is the scope's."""
    kind, object_id = about
    store.run(
        NOTE,
        id=ids.new(),
        at=at,
        actor=scope.current().actor,
        actor_name=actor_name,
        act=act,
        object_kind=kind,
        object_id=object_id,
        was=None if was is None else json.dumps(was, default=str),
        became=None if became is None else json.dumps(became, default=str),
        reason=reason,
        request_id=request_id,
    )


def about(kind: str, object_id: UUID, *, limit: int = 100) -> Sequence[RowMapping]:
    """The newest lines about one object."""
    return store.run(ABOUT, kind=kind, object_id=object_id, limit=limit).mappings().all()


def latest(*, since: datetime, limit: int = 100) -> Sequence[RowMapping]:
    """The newest lines of the whole client since an instant."""
    return store.run(LATEST, since=since, limit=limit).mappings().all()


def page(
    *, of: tuple[str, UUID] | None = None, after: tuple[datetime, UUID] | None = None, limit: int = 50
) -> Sequence[RowMapping]:
    """A page of the history, the newest first, of one object or of the whole client."""
    values: dict[str, Any] = {"limit": limit}
    if of is not None:
        values |= {"kind": of[0], "object_id": of[1]}
    if after is not None:
        values |= {"after_at": after[0], "after_id": after[1]}
    statement = PAGE.format(narrow="" if of is None else OF_OBJECT, after="" if after is None else AFTER)
    return store.run(statement, **values).mappings().all()
