"""A client's own way in: an identity provider, a directory with a group and a user, a domain that was named.

And news from outside that nobody knows what to do with yet.
"""

from uuid import UUID

from tenants.delivery import parking
from tenants.delivery.parking import Stray
from tenants.directory import connections
from tenants.directory.provisioning import groups, tokens, users
from tenants.values import ids
from tenants.values.sealing import Keyring
from tests.unit.service.world import World

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


def furnish(world: World, keys: Keyring) -> None:
    """One of each, so that its id can be named in the other clients."""
    with world.books():
        world.at["idp"] = connections.add(
            "Own provider", issuer="https://idp.probe.test", client_id="probe", secret="s", now=world.now, keys=keys
        )
        world.at["sct"] = tokens.make("Directory", now=world.now)[0]
        world.at["scg"] = groups.create({"schemas": [GROUP], "displayName": "Bookkeeping"}, now=world.now).id
        user = {"schemas": [USER], "userName": f"{ids.new()}@directory.test"}
        world.at["scu"] = users.create(user, now=world.now).id
        stray = Stray(ids.new(), str(ids.new()), "delivery", world.now, {})
        parking.park([stray], source="ses", real=world.now)


def tried(world: World) -> UUID:
    """The identity provider, after somebody has signed in through it."""
    with world.books():
        connections.mark_tested(world.at["idp"], now=world.now)
    return world.at["idp"]


def token(world: World) -> UUID:
    """One more token of the directory."""
    with world.books():
        return tokens.make("Directory", now=world.now)[0]


def domain(world: World) -> str:
    """A domain that was named and not proved."""
    name = f"d{str(ids.new())[-12:]}.probe.test"
    with world.books():
        connections.claim_domain(name, now=world.now)
    return name
