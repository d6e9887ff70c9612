"""Decides where a message stands: a pure function of the set of events about it, by rank and by their own time, never
by arrival.

Repeats, reordering and lateness are harmless. A bounce names its recipient, because each attempt has its own return
address, so it outranks any delivery; only a person who read the message after the bounce outranks that. A failure
that does not condemn the address outranks a delivery only when it is the later news. Somebody who has seen a message
has received it, whatever events are missing. Of what nobody has spoken for long enough nothing is known.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

ACCEPTED = frozenset({"accepted", "relayed"})
DELIVERED = frozenset({"delivered"})
SEEN = frozenset({"seen"})
BOUNCED = frozenset({"bounced"})
FAILED = frozenset({"failed", "refused"})
DELAYED = frozenset({"delayed"})
UNCONFIRMED = frozenset({"unconfirmed"})
"""Nobody said anything for so long that we stopped waiting; whatever is said later replaces it."""
COMPLAINED = frozenset({"complained"})


@dataclass(frozen=True, slots=True)
class Fact:
    """One event about a message: what, and when by its own clock."""

    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a message stands, and since when. `inferred` marks a delivery that nothing reported but that must have
    happened."""

    state: str
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    bounced_at: datetime | None = None
    complained: bool = False
    inferred: bool = False


def of(facts: Iterable[Fact]) -> Standing | None:
    """The standing that a set of events means, or None when it says nothing about transport."""
    known = frozenset(facts)
    accepted, delivered, seen = _first(known, ACCEPTED), _first(known, DELIVERED), _first(known, SEEN)
    bounced, failed, delayed = _last(known, BOUNCED), _last(known, FAILED), _last(known, DELAYED)
    arrived = min((at for at in (delivered, seen) if at is not None), default=None)
    state = _state(accepted, arrived, bounced, failed, delayed, _last(known, SEEN))
    if state in (None, "sent", "delayed") and _unheard(known):
        state = "unconfirmed"
    if state is None:
        return None
    return Standing(
        state=state,
        sent_at=min((at for at in (accepted, arrived) if at is not None), default=None),
        delivered_at=arrived,
        bounced_at=bounced,
        complained=any(fact.kind in COMPLAINED for fact in known),
        inferred=delivered is None and seen is not None,
    )


def _state(
    accepted: datetime | None,
    arrived: datetime | None,
    bounced: datetime | None,
    failed: datetime | None,
    delayed: datetime | None,
    read: datetime | None,
) -> str | None:
    if bounced is not None:
        return "delivered" if read is not None and read > bounced else "bounced"
    if failed is not None and (arrived is None or failed >= arrived) and (read is None or failed > read):
        return "failed"
    if arrived is not None:
        return "delivered"
    if delayed is not None:
        return "delayed"
    return None if accepted is None else "sent"


def _unheard(known: frozenset[Fact]) -> bool:
    """Whether waiting ended and nothing was said after it."""
    waited, said = _last(known, UNCONFIRMED), _last(known, ACCEPTED | DELAYED)
    return waited is not None and (said is None or said <= waited)


def _first(facts: Iterable[Fact], kinds: frozenset[str]) -> datetime | None:
    return min((fact.at for fact in facts if fact.kind in kinds), default=None)


def _last(facts: Iterable[Fact], kinds: frozenset[str]) -> datetime | None:
    return max((fact.at for fact in facts if fact.kind in kinds), default=None)
