"""Decides whether a client's history is whole: every number there, every hash that of its line, every signature ours.

The answer names the first number that is wrong. A chain that ends before its head, or before a head that was kept
outside the database, was cut off behind its last line.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants import store
from tenants.events import history_chain
from tenants.events.history_chain import BEFORE_ALL, OF_A_LINE, OF_THE_HEAD, Link
from tenants.isolation import scope

BATCH = 2000
LOWEST = -(2**63)
LINES = """
SELECT seq, id, at, actor, actor_name, act, object_kind, object_id, CAST(was AS text) AS was,
  CAST(became AS text) AS became, reason, request_id, hash, signature
FROM history WHERE tenant_id = :tenant AND seq > :after ORDER BY seq LIMIT :limit
"""
HEAD = "SELECT seq, hash, signature FROM history_head WHERE tenant_id = :tenant"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in one client's chain."""

    lines: int
    first_bad: int | None
    why: str

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.first_bad is None


def verify(*, kept: Link | None = None) -> Verdict:
    """Walk the current client's whole chain; `kept` is a head that was put by outside the database, if there is one."""
    head = store.run(HEAD).mappings().one_or_none()
    return judge(_lines(), head=dict(head) if head else None, tenant=scope.current().one, kept=kept)


def judge(
    lines: Iterable[dict[str, Any]], *, head: dict[str, Any] | None, tenant: UUID, kept: Link | None = None
) -> Verdict:
    """The same for lines and a head that were read already."""
    seal = history_chain.seal()
    at, doubtful = Link(0, BEFORE_ALL), 1
    for line in lines:
        link = Link(line["seq"], line["hash"])
        if fault := _fault(at, line, tenant=tenant):
            return Verdict(at.seq, at.seq + 1, fault)
        if line["signature"] is not None:
            if not seal.fits(line["signature"], OF_A_LINE, tenant=tenant, link=link):
                return Verdict(at.seq, doubtful, "the signature is not ours: lines were written anew")
            doubtful = link.seq + 1
        if kept is not None and link.seq == kept.seq and link.hash != kept.hash:
            return Verdict(at.seq, min(doubtful, link.seq), "not the line that was put by")
        at = link
    return _ending(at, doubtful, head, kept, tenant=tenant)


def _lines() -> Iterator[dict[str, Any]]:
    after = LOWEST
    while found := store.run(LINES, after=after, limit=BATCH).mappings().all():
        yield from (dict(row) for row in found)
        after = found[-1]["seq"]


def _fault(at: Link, line: dict[str, Any], *, tenant: UUID) -> str:
    if line["seq"] != at.seq + 1:
        return "a line is missing or has a wrong number"
    if history_chain.link_hash(at.hash, line, seq=line["seq"], tenant=tenant) != line["hash"]:
        return "the line is not what was written"
    return ""


def _ending(at: Link, doubtful: int, head: dict[str, Any] | None, kept: Link | None, *, tenant: UUID) -> Verdict:
    """Whether the chain ends where its head says, and not before the head that was put by."""
    reached = head["seq"] if head else 0
    if reached > at.seq or (kept is not None and kept.seq > at.seq):
        return Verdict(at.seq, at.seq + 1, "lines were cut off at the end")
    if reached < at.seq:
        return Verdict(at.seq, reached + 1, "lines stand behind the head")
    if doubtful <= at.seq:
        return Verdict(at.seq, doubtful, "the last lines are not signed")
    if head is not None and not _is_ours(head, at, tenant=tenant):
        return Verdict(at.seq, at.seq + 1, "the head is not ours: lines were cut off and the head was moved back")
    return Verdict(at.seq, None, "")


def _is_ours(head: dict[str, Any], at: Link, *, tenant: UUID) -> bool:
    same = bool(head["hash"] == at.hash)
    return same and history_chain.seal().fits(head["signature"], OF_THE_HEAD, tenant=tenant, link=at)
