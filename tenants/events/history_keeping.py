"""Decides what is put by outside the database: each client's newest signed head, once an hour.

Somebody who rules the database can put an older head back, and the database alone would not know. The head that lies
with the documents knows; a bucket with a retention lock keeps even its owner from taking it away.
"""

import json
from datetime import datetime
from typing import Protocol

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


def put_by(*, now: datetime, shelf: Shelf) -> Link | None:
    """Put the current client's head by, under its own number and as the newest; None while there is no history."""
    head = store.run(HEAD).one_or_none()
    if head is None:
        return None
    said = {"seq": head.seq, "hash": head.hash.hex(), "signature": head.signature.hex(), "at": now.isoformat()}
    body = json.dumps(said, sort_keys=True).encode()
    for name in (f"{head.seq:012}", "head"):
        shelf.put(_key(name), body, media_type="application/json")
    return Link(head.seq, head.hash)


def newest(*, shelf: Shelf) -> Link | None:
    """The newest head that was put by and that we signed; None when there is none."""
    try:
        said = json.loads(shelf.get(_key("head")))
        link, signature = Link(int(said["seq"]), bytes.fromhex(said["hash"])), bytes.fromhex(said["signature"])
    except (KeyError, ValueError, TypeError):
        return None
    ours = history_chain.seal().fits(signature, OF_THE_HEAD, tenant=scope.current().one, link=link)
    return link if ours else None


def _key(name: str) -> str:
    return f"{scope.current().one}/history/{name}.json"
