"""Decides what is put by outside the database: each client's newest signed head, once an hour.

Somebody who rules the database can put an older head back, and the database alone would not know. The head that lies
with the documents knows; a bucket with a retention lock keeps even its owner from taking it away.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from tenants import store
from tenants.events import history_chain
from tenants.events.history_chain import OF_THE_HEAD, Link
from tenants.isolation import scope

HEAD = "SELECT seq, hash, signature FROM history_head WHERE tenant_id = :tenant"


class Shelf(Protocol):
    """Where heads are put by."""

    def put(self, key: str, body: bytes, *, media_type: str) -> None:
        """Keep `body` under `key`."""
        ...

    def get(self, key: str) -> bytes:
        """What is kept under `key`. Raises KeyError."""
        ...


@dataclass(frozen=True, slots=True)
class Paper:
    """A signed head as it is put by."""

    tenant: UUID
    link: Link
    body: bytes


def head(*, now: datetime) -> Paper | None:
    """The current client's signed head; None while there is no history."""
    found = store.run(HEAD).one_or_none()
    if found is None:
        return None
    said = {"seq": found.seq, "hash": found.hash.hex(), "signature": found.signature.hex(), "at": now.isoformat()}
    link = Link(found.seq, found.hash)
    return Paper(scope.current().one, link, json.dumps(said, sort_keys=True).encode())


def put_by(paper: Paper, *, shelf: Shelf) -> None:
    """Put a head by, under its own number and as the newest; needs no open unit of work."""
    for name in (f"{paper.link.seq:012}", "head"):
        shelf.put(_key(paper.tenant, name), paper.body, media_type="application/json")


def newest(*, shelf: Shelf) -> Link | None:
    """The newest head that was put by and that we signed; None when there is none."""
    tenant = scope.current().one
    try:
        said = json.loads(shelf.get(_key(tenant, "head")))
        link, signature = Link(int(said["seq"]), bytes.fromhex(said["hash"])), bytes.fromhex(said["signature"])
    except (KeyError, ValueError, TypeError):
        return None
    ours = history_chain.seal().fits(signature, OF_THE_HEAD, tenant=tenant, link=link)
    return link if ours else None


def _key(tenant: UUID, name: str) -> str:
    return f"{tenant}/history/{name}.json"
