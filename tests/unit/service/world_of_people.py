"""People who hold a second factor: what the probes need of them."""

from typing import TYPE_CHECKING
from uuid import UUID

from tenants import store
from tenants.directory import passkeys

if TYPE_CHECKING:
    from tests.unit.service.world import World

OF_MEMBER = "SELECT person_id FROM membership WHERE tenant_id = :tenant AND id = :id"


def holder(world: "World") -> UUID:
    """Somebody of the client who holds a passkey."""
    member = world.member()
    with world.books():
        equip(store.run(OF_MEMBER, id=member).scalar_one(), world=world)
    return member


def colleague(world: "World") -> UUID:
    """Somebody of the provider who holds one."""
    person = world.newcomer()
    with world.books():
        equip(person, world=world)
    return person


def equip(person: UUID, *, world: "World") -> None:
    """Let the person hold a passkey that opens nothing."""
    row = {"credential_id": person.bytes, "public_key": b"k", "sign_count": 0, "name": "Laptop", "now": world.now}
    store.run_identity(passkeys.ADD, person_id=person, **row)
