"""Decides what a client can see of its own API traffic: each request of the last days, without what was in it.

Neither query nor body is kept, so the log holds nothing that its reader could not see elsewhere. It is written behind
the answers: a process that is killed loses the last seconds of it, and nothing else.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Index, Integer, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.store import Model, TenantOwned

KEPT = timedelta(days=7)


class ApiCall(TenantOwned, Model):
    """One request to the API in a client's books."""

    __tablename__ = "api_call"
    __table_args__ = (Index("ix_api_call_at", "tenant_id", "at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    caller: Mapped[str]
    method: Mapped[str]
    route: Mapped[str]
    path: Mapped[str]
    status: Mapped[int] = mapped_column(SmallInteger)
    code: Mapped[str]
    ms: Mapped[int] = mapped_column(Integer)
    request_id: Mapped[str]


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it is logged and shown; `code` is that of the problem, empty when there was none."""

    id: UUID
    at: datetime
    caller: str
    method: str
    route: str
    path: str
    status: int
    code: str
    ms: int
    request_id: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests: an empty part asks for all."""

    method: str = ""
    status: int | None = None
    failed: bool | None = None
    caller: str = ""
    request_id: str = ""


KEEP = """
INSERT INTO api_call (tenant_id, id, at, caller, method, route, path, status, code, ms, request_id)
VALUES (:tenant, :id, :at, :caller, :method, :route, :path, :status, :code, :ms, :request_id)
"""
PAGE = """
SELECT id, at, caller, method, route, path, status, code, ms, request_id FROM api_call
WHERE tenant_id = :tenant AND at > :since
  AND (:method = '' OR method = :method) AND (:caller = '' OR caller = :caller)
  AND (:request_id = '' OR request_id = :request_id)
  AND (CAST(:status AS smallint) IS NULL OR status = :status)
  AND (CAST(:failed AS boolean) IS NULL OR (status >= 400) = :failed)
  AND (CAST(:after_at AS timestamptz) IS NULL OR (at, id) < (:after_at, CAST(:after_id AS uuid)))
ORDER BY at DESC, id DESC LIMIT :limit
"""
PURGE = "DELETE FROM api_call WHERE tenant_id = :tenant AND at < :before"


def keep(calls: Sequence[Call]) -> None:
    """Add requests to the log of the current client."""
    store.run_many(KEEP, [asdict(call) for call in calls])


def page(
    wanted: Wanted, *, now: datetime, after: tuple[datetime, UUID] | None = None, limit: int = 50
) -> Sequence[Call]:
    """The newest first, a page at a time; `after` is the last one of the page before."""
    after_at, after_id = after or (None, None)
    found = store.run(PAGE, since=now - KEPT, after_at=after_at, after_id=after_id, limit=limit, **asdict(wanted))
    return [Call(*row) for row in found]


def purge(*, now: datetime) -> int:
    """Forget what is older than the client is promised; return how many."""
    return store.run(PURGE, before=now - KEPT).rowcount
