"""What the routes of going live, ladders and pools are asked about: made anew in a world for each request."""

from uuid import UUID

from tenants import store
from tenants.collections import policies, test_mode
from tenants.directory import assignments, clients, people
from tenants.rules import ladders, marks, publishing, recipes, rule_book
from tenants.rules import people as rule_people
from tenants.values import ids
from tests.unit.service.world import World


def tried_ladder(world: World) -> str:
    """A ladder of somebody else, whose steps somebody has looked at, and that nobody has published."""
    key = f"own-{str(ids.new())[-12:]}"
    with world.books():
        ladders.keep(ladders.STANDARD | {"key": key}, now=world.now)
        ladders.try_out(key, now=world.now, real=world.now)
    return key


def colleague(world: World, pool: str = "") -> UUID:
    """Somebody of the provider who works here, perhaps in a pool."""
    person = world.colleague()
    if pool:
        with world.books():
            rule_people.put_into_pool(pool, person_id=person, away_from_on=None, away_until_on=None, now=world.now)
    return person


def why_to_test(world: World) -> str:
    """The client is live, and somebody has a reason to try it again."""
    with world.books():
        clients.change(test_since_at=None)
    return "A new ledger comes"


def ready_to_go_live(world: World) -> int:
    """All that the list asks for; tells to how many customers messages wait."""
    with world.books():
        letterhead = {"contact_email": "dora@alder.test", "iban": "DE02120300000000202051"}
        clients.change(test_since_at=world.now, contact_name="Dora", **letterhead)
        policies.change({}, now=world.now, reason="As agreed")
        store.run("UPDATE sending_domain SET state = 'proved' WHERE tenant_id = :tenant")
        for role, side in (("tenant_admin", "client"), ("tenant_admin", "client"), ("specialist", "provider")):
            address = f"m.{str(ids.new())[-12:]}@people.test"
            people.add(address, name="Mina", side=side, now=world.now)
            assignments.give(address, name="Mina", role=role, side=side, now=world.now)
        kept = rule_book.save(recipes.find("overdue-reminder"), now=world.now, worded_by="recipe:overdue-reminder")
        publishing.try_out(kept.key, now=world.now, real=world.now)
        publishing.publish(kept.key, now=world.now, real=world.now)
        return test_mode.waiting().customers


def tag(world, kind: str) -> str:
    """A tag on the invoice (inv) or the customer (deb) of the world, and a stage."""
    with world.books():
        marks.tag([world.at[kind]], key="slow", actor="rule:a-rule", now=world.now)
        marks.move([world.at[kind]], stage="Firm", actor="rule:a-rule", now=world.now)
    return "slow"
