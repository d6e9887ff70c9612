"""The time at the client of the open unit of work: the wall's own, the client's, and the client's day."""

from dataclasses import dataclass
from datetime import date, datetime

from flask import g

from service.endpoint import tools
from tenants.directory import clients


@dataclass(frozen=True, slots=True)
class Moment:
    """One present, read once in a request; work is due by `wall`, records carry `now`, days are counted by `today`."""

    wall: datetime
    now: datetime
    today: date


def here() -> Moment:
    """The present of the client whose books are open."""
    wall, clock = tools().clock.now(), g.get("client_clock") or clients.clock()
    return Moment(wall, clock.now(wall), clock.today(wall))
