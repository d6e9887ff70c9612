"""Clients that are to be closed, or were: what the probes need of them."""

from typing import TYPE_CHECKING
from uuid import UUID

from tenants.directory import clients, closings
from tenants.directory.closings import Person
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work

if TYPE_CHECKING:
    from tests.unit.service.world import World

WHY = "They work with somebody else"


def words(world: "World") -> dict[str, object]:
    """What is said to close this client, where no request waits."""
    withdraw(world)
    return {"short_name": world.slug, "reason": WHY, "readable_days": 30}


def withdraw(world: "World") -> None:
    with world.books():
        found = closings.newest(now=world.now)
        if found is not None and found.state == "asked":
            closings.decide(found.id, agree=False, by=Person(ids.new(), "Paula"), now=world.now)


def asked(world: "World") -> UUID:
    """Somebody of the provider asks that this client be closed."""
    withdraw(world)
    with world.books():
        return closings.ask(Person(ids.new(), "Paula"), short_name=world.slug, reason=WHY, now=world.now)


def closed(world: "World") -> UUID:
    """A client that was closed a moment ago."""
    found = world.untouched_client()
    with unit_of_work(scope.tenant(found, actor="world")):
        name = clients.profile().slug
        request = closings.ask(Person(ids.new(), "Paula"), short_name=name, reason=WHY, now=world.now)
        closings.decide(request, agree=True, by=Person(ids.new(), "Petra"), now=world.now)
    return found
