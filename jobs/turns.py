"""What a handler gets and what it may answer: one turn at one work item."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from tenants import store
from tenants.assembly import Toolbox
from tenants.values import calendars

CLOCK = """
SELECT t.time_zone, p.clock_shift_s FROM client_profile p JOIN tenant t ON t.id = p.tenant_id
WHERE p.tenant_id = :tenant AND t.id = :tenant
"""


class Place(NamedTuple):
    """Where one leased item is found, and whether it was tried before."""

    tenant_id: UUID
    item_id: UUID
    kind: str
    retried: bool = False


@dataclass
class Turn:
    """One turn at one work item: what it is about, and the tools. The client's time is asked for only by who needs
    it."""

    tenant_id: UUID
    item_id: UUID
    kind: str
    payload: dict[str, Any]
    tools: Toolbox
    _clock: tuple[datetime, date] | None = field(default=None, repr=False)

    @cached_property
    def real_now(self) -> datetime:
        """The time on the wall, by which work is scheduled: what `recording.record` takes as `now`."""
        return self.tools.clock.now()

    @property
    def now(self) -> datetime:
        """The client's present instant, which differs from the wall's when the client's clock was moved."""
        return self.read_clock()[0]

    @property
    def today(self) -> date:
        """The day that it is in the client's zone."""
        return self.read_clock()[1]

    def id(self, name: str) -> UUID:
        """One id of the payload."""
        return UUID(self.payload[name])

    def ids(self, name: str) -> tuple[UUID, ...]:
        """A list of ids of the payload."""
        return tuple(UUID(each) for each in self.payload[name])

    def read_clock(self) -> tuple[datetime, date]:
        """The client's instant and day, read once and kept for the whole turn. Needs an open unit the first time."""
        if self._clock is None:
            zone, shift = store.run(CLOCK).one()
            self._clock = self.set_clock(zone, shift)
        return self._clock

    def set_clock(self, zone: str, shift_s: int) -> tuple[datetime, date]:
        """The client's instant and day, from its zone and by how much its clock was moved."""
        now = (self.real_now + timedelta(seconds=shift_s)).astimezone(UTC)
        self._clock = (now, calendars.local_day(now, zone=calendars.zone(zone)))
        return self._clock


@dataclass(frozen=True, slots=True)
class Later:
    """An answer of a handler: not now, ask again at this real instant. No attempt is counted."""

    run_at: datetime
    reason: str


Inside = Callable[[Turn], Later | None]
"""Works within PostgreSQL only: its effects and its finish are one transaction."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Talks to the outside in three steps: claim (one transaction) → act (none is open) → settle (one transaction).

    `claim` answers what to act on, None when there is nothing to do, or Later. `act` must turn outside faults into
    its answer;
    an exception of it counts as a failed attempt, and the claim of the next attempt finds the intent of this one.
    """

    claim: Callable[[Turn], Any]
    act: Callable[[Turn, Any], Any]
    settle: Callable[[Turn, Any, Any], Later | None]


Handler = Inside | Outside
