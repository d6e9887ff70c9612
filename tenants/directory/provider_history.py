"""Decides what is remembered of the provider's own acts: who opened a client, added or shut out a colleague, assigned
somebody, asked to enter and let somebody in.

What happens in a client's books stands in that client's own chained history; these lines are the provider's, in one
list over all clients, and say nothing of what is in any books. They are only ever added.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory.people import IDENTITY
from tenants.isolation import scope
from tenants.store import IdentityOwned, Model
from tenants.values import ids


class ProviderAct(IdentityOwned, Model):
    """One act."""

    __tablename__ = "provider_act"
    __table_args__ = IDENTITY

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    act: Mapped[str]
    object_kind: Mapped[str]
    object_id: Mapped[UUID]
    object_name: Mapped[str]
    became: Mapped[dict[str, Any]]
    reason: Mapped[str]
    request_id: Mapped[str]


@dataclass(frozen=True, slots=True)
class Told:
    """One act as it is read."""

    id: UUID
    at: datetime
    actor: str
    actor_name: str
    act: str
    object_kind: str
    object_id: UUID
    object_name: str
    became: dict[str, Any]
    reason: str
    request_id: str


NOTE = """
INSERT INTO identity.provider_act
  (id, at, actor, act, object_kind, object_id, object_name, became, reason, request_id)
VALUES (:id, :at, :actor, :act, :kind, :object_id, :name, CAST(:became AS jsonb), :reason, :request_id)
"""
PAGE = """
SELECT a.id, a.at, a.actor, coalesce(p.name, ''), a.act, a.object_kind, a.object_id, a.object_name, a.became, a.reason,
  a.request_id
FROM identity.provider_act a LEFT JOIN identity.person p ON a.actor = 'person:' || p.id
WHERE CAST(:after AS uuid) IS NULL OR a.id < :after ORDER BY a.id DESC LIMIT :limit
"""


def note(
    act: str, *, about: tuple[str, UUID, str], at: datetime, became: dict[str, Any] | None = None, reason: str = ""
) -> None:
    """Add one line in the unit of the act itself; `about` is a kind, an id and a name, the actor is the scope's."""
    kind, object_id, name = about
    store.run_identity(
        NOTE,
        id=ids.new(),
        at=at,
        actor=scope.current().actor,
        act=act,
        kind=kind,
        object_id=object_id,
        name=name,
        became=json.dumps(became or {}, default=str),
        reason=reason,
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", "")),
    )


def page(*, after: UUID | None = None, limit: int) -> Sequence[Told]:
    """Acts, the newest first, behind the one that a page before ended with."""
    return [Told(*row) for row in store.run_identity(PAGE, after=after, limit=limit)]
