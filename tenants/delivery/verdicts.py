"""Decides how a kept hit is judged among everything that is known about its message: its neighbours in time, and when
the mail itself arrived by a server's word, never by another hit's.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tenants.delivery import hits, scoring
from tenants.delivery import networks as known_networks
from tenants.delivery.networks import Networks
from tenants.delivery.scoring import Hit, Score
from tenants.events.inbox import Kept

NEIGHBOURS = timedelta(minutes=1)
FORGOTTEN = "forgotten"
"""The mark of a hit that does not say any more who it was."""


def of(
    event: Kept, *, company: Sequence[Kept], sent_at: datetime | None, networks: Networks = known_networks.NONE
) -> Score:
    """Judge one hit; `company` is every event about the same message, whether or not it is among them."""
    return scoring.score(
        _hit(event),
        sent_at=sent_at,
        delivered_at=arrived_at(company),
        others=_neighbours(event, company),
        networks=networks,
    )


def of_all(
    company: Sequence[Kept], *, sent_at: datetime | None, networks: Networks = known_networks.NONE
) -> dict[UUID, Score]:
    """Judge every hit of one message anew, as far as it still says who it was; an interaction always does."""
    judged = (each for each in company if each.source == hits.SOURCE and FORGOTTEN not in each.payload)
    return {each.id: of(each, company=company, sent_at=sent_at, networks=networks) for each in judged}


def arrived_at(company: Iterable[Kept]) -> datetime | None:
    """When a server said that the mail arrived; None when none did."""
    return min((each.occurred_at for each in company if each.kind == "delivered"), default=None)


def _neighbours(event: Kept, company: Sequence[Kept]) -> tuple[Hit, ...]:
    return tuple(
        _hit(each)
        for each in company
        if each.source == hits.SOURCE
        and each.id != event.id
        and (each.kind == "portal_interaction" or abs(each.occurred_at - event.occurred_at) <= NEIGHBOURS)
    )


def _hit(event: Kept) -> Hit:
    said: dict[str, Any] = event.payload
    return Hit(
        event.kind, event.occurred_at, said["agent"], said["method"], said["target"] or event.kind, said["ip_prefix"]
    )
