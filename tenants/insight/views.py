"""Decides which views people keep: a page with everything that was chosen on it, under a name.

A view is its owner's; shared, everybody at the client may open it, and still only its owner may take it away. What a
view opens is asked again for whoever opens it, so a view shows nobody more than they may see.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.store import Model, TenantOwned
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

PREFIX = "viw"
MOST = 50


class BadView(Refusal):
    """The view cannot be kept."""

    code = "bad_view"
    remedy = "Give it a short name."


class UnknownView(Refusal, LookupError):
    """No such view, or not yours to take away."""

    kind = Kind.UNKNOWN
    code = "unknown_view"
    remedy = "Reload the page: the view may be gone already."


class SavedView(TenantOwned, Model):
    """One kept view."""

    __tablename__ = "saved_view"
    __table_args__ = (
        UniqueConstraint("tenant_id", "person_id", "name"),
        Index("ix_saved_view_shared", "tenant_id", "name", postgresql_where=text("shared")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    name: Mapped[str]
    page: Mapped[str]
    asked: Mapped[dict[str, Any]]
    shared: Mapped[bool]
    saved_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class View:
    """A view as somebody sees it."""

    id: UUID
    name: str
    page: str
    asked: dict[str, Any]
    shared: bool
    own: bool


SEEN = """
SELECT id, name, page, asked, shared, person_id = :person FROM saved_view
WHERE tenant_id = :tenant AND (person_id = :person OR shared) ORDER BY name, id LIMIT :most
"""
COUNT = "SELECT count(*) FROM saved_view WHERE tenant_id = :tenant AND person_id = :person AND name <> :name"
SAVE = """
INSERT INTO saved_view (tenant_id, id, person_id, name, page, asked, shared, saved_at)
VALUES (:tenant, :id, :person, :name, :page, CAST(:asked AS jsonb), :shared, :now)
ON CONFLICT (tenant_id, person_id, name) DO UPDATE
SET page = excluded.page, asked = excluded.asked, shared = excluded.shared, saved_at = excluded.saved_at RETURNING id
"""
DROP = "DELETE FROM saved_view WHERE tenant_id = :tenant AND id = :id AND person_id = :person RETURNING page"


def seen_by(person_id: UUID) -> Sequence[View]:
    """A person's own views and those that others share, by name."""
    return [View(*row) for row in store.run(SEEN, person=person_id, most=4 * MOST)]


def save(name: str, *, person_id: UUID, page: str, asked: Mapping[str, str], shared: bool, now: datetime) -> UUID:
    """Keep a view, in place of the person's own of the same name. Raises BadView."""
    short = " ".join(name.split())
    if not 0 < len(short) <= 60:
        raise BadView("A view needs a name of at most 60 letters.", pointer="/name")
    if store.run(COUNT, person=person_id, name=short).scalar_one() >= MOST:
        raise BadView(f"You keep {MOST} views already.", remedy="Take one away first.", pointer="/name")
    told = json.dumps(dict(asked))
    saved: UUID = store.run(
        SAVE, id=ids.new(), person=person_id, name=short, page=page, asked=told, shared=shared, now=now
    ).scalar_one()
    return saved


def drop(view_id: UUID, *, person_id: UUID) -> str:
    """Take an own view away, and say of which page it was. Raises UnknownView."""
    page: str | None = store.run(DROP, id=view_id, person=person_id).scalar_one_or_none()
    if page is None:
        raise UnknownView("There is no such view of yours.")
    return page
