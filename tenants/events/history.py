"""The history: every change that a person may ask about, with who, what, before, after and why. Rows are only
ever added.

Lines wait until the end of their unit of work and are then chained together in one statement, behind a row lock on the
head: it is the last lock that a unit takes, so it is held for the commit alone and nobody can wait in a circle.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import RowMapping, event
from sqlalchemy.orm import Session

from tenants import store
from tenants.events import history_chain
from tenants.events.history_chain import BEFORE_ALL, OF_A_LINE, OF_THE_HEAD, Link
from tenants.isolation import scope
from tenants.store import db
from tenants.values import ids

WAITING = "history_waiting"
HEAD = "SELECT seq, hash FROM history_head WHERE tenant_id = :tenant FOR UPDATE"
BEGIN = """
INSERT INTO history_head (tenant_id, seq, hash, signature) VALUES (:tenant, 0, :hash, :signature)
ON CONFLICT (tenant_id) DO NOTHING
"""
KEEP = """
WITH kept AS (
  INSERT INTO history (tenant_id, id, seq, at, actor, actor_name, act, object_kind, object_id, was, became, reason,
    request_id, hash, signature)
  SELECT :tenant, r.id, r.seq, r.at, r.actor, r.actor_name, r.act, r.object_kind, r.object_id, CAST(r.was AS jsonb),
    CAST(r.became AS jsonb), r.reason, r.request_id, decode(r.hash, 'hex'), decode(r.signature, 'hex')
  FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, seq bigint, at timestamptz, actor text, actor_name text,
    act text, object_kind text, object_id uuid, was text, became text, reason text, request_id text, hash text,
    signature text)
  RETURNING seq)
UPDATE history_head SET seq = :seq, hash = :hash, signature = :signature
WHERE tenant_id = :tenant AND (SELECT count(*) FROM kept) > 0
"""
ABOUT = """
SELECT at, actor, actor_name, act, was, became, reason FROM history
WHERE tenant_id = :tenant AND object_kind = :kind AND object_id = :object_id ORDER BY at DESC, id DESC LIMIT :limit
"""
PAGE = """
SELECT seq, id, at, actor, actor_name, act, object_kind, object_id, was, became, reason, request_id, hash FROM history
WHERE tenant_id = :tenant{narrow} ORDER BY at DESC, id DESC LIMIT :limit
"""
NARROW = {
    "of": " AND object_kind = :of_kind AND object_id = :of_id",
    "actor": " AND actor = :actor",
    "act": " AND act = :act",
    "since": " AND at >= :since",
    "until": " AND at < :until",
    "after": " AND (at, id) < (:after_at, :after_id)",
}
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
    """Add one line in the transaction of the change itself; the actor is the scope's, the request the one that is
    served."""
    kind, object_id = about
    session, opened = db.session(), scope.current()
    line = {
        "id": ids.new(),
        "at": at,
        "actor": opened.actor,
        "actor_name": actor_name,
        "act": act,
        "object_kind": kind,
        "object_id": object_id,
        "was": None if was is None else json.dumps(was, default=str),
        "became": None if became is None else json.dumps(became, default=str),
        "reason": reason,
        "request_id": request_id or str(structlog.contextvars.get_contextvars().get("request_id", "")),
    }
    if not session.in_transaction():
        session.begin()  # a unit that says nothing else must still end with the session's commit
    session.info.setdefault(WAITING, (opened.one, []))[1].append(line)


@event.listens_for(Session, "before_commit")
def _chain(session: Session) -> None:
    """Chain what waits: lock the head, hang the lines behind it, move it on."""
    tenant, lines = session.info.pop(WAITING, (None, ()))
    if tenant is None:
        return
    links = history_chain.follow(_head(tenant), lines, tenant=tenant)
    last = links[-1]
    seal = history_chain.seal()
    rows: list[dict[str, Any]] = [
        {**line, "seq": link.seq, "hash": link.hash.hex()} for line, link in zip(lines, links, strict=True)
    ]
    rows[-1]["signature"] = seal.sign(OF_A_LINE, tenant=tenant, link=last).hex()
    store.run(
        KEEP,
        rows=json.dumps(rows, default=str),
        seq=last.seq,
        hash=last.hash,
        signature=seal.sign(OF_THE_HEAD, tenant=tenant, link=last),
    )


def _head(tenant: UUID) -> Link:
    """The head of the client's chain, locked until this transaction ends."""
    found = store.run(HEAD).one_or_none()
    if found is None:
        none = Link(0, BEFORE_ALL)
        signature = history_chain.seal().sign(OF_THE_HEAD, tenant=tenant, link=none)
        store.run(BEGIN, hash=none.hash, signature=signature)
        found = store.run(HEAD).one()
    return Link(found.seq, found.hash)


def settle() -> None:
    """Chain what this unit has noted so far, so that it can read it."""
    _chain(db.session())


def about(kind: str, object_id: UUID, *, limit: int = 100) -> Sequence[RowMapping]:
    """The newest lines about one object."""
    settle()
    return store.run(ABOUT, kind=kind, object_id=object_id, limit=limit).mappings().all()


def latest(*, since: datetime, limit: int = 100) -> Sequence[RowMapping]:
    """The newest lines of the whole client since an instant."""
    settle()
    return store.run(LATEST, since=since, limit=limit).mappings().all()


def page(
    *,
    of: tuple[str, UUID] | None = None,
    actor: str = "",
    act: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Sequence[RowMapping]:
    """A page of the history, the newest first: of one object, one actor, one act or a span, or of the whole client."""
    settle()
    asked: dict[str, Any] = {"of": of, "actor": actor, "act": act, "since": since, "until": until, "after": after}
    wanted = {name: value for name, value in asked.items() if value}
    values = {name: value for name, value in wanted.items() if name not in ("of", "after")}
    if of is not None:
        values |= {"of_kind": of[0], "of_id": of[1]}
    if after is not None:
        values |= {"after_at": after[0], "after_id": after[1]}
    statement = PAGE.format(narrow="".join(NARROW[name] for name in wanted))
    return store.run(statement, **values, limit=limit).mappings().all()
