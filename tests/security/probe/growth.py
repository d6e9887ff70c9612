"""What is read in one client does not change when another client's books grow: no count, no sum, no order.

This finds what a look for marks cannot: a figure in which somebody else's money stands.
"""

from uuid import UUID

from service.endpoint import DIRECTORY, SAFE, Route
from tests.factories import a_credit_note, a_debtor, a_payment, an_invoice
from tests.security.probe import asks
from tests.security.probe.callers import Caller
from tests.security.probe.findings import Finding
from tests.security.probe.walker import Said, Walk, difference, shown
from tests.unit.service.asking import Ask
from tests.unit.service.world import World

AMOUNTS = (7_919_07, 104_729_11, 1_299_709_13)


def walk(walk_: Walk) -> None:
    """Read everything, let the others grow, read everything again."""
    before = _read(walk_)
    for world in walk_.stage.others(walk_.stage.alder.tenant):
        grow(world)
    for key, later in _read(walk_).items():
        walk_.findings.counted["growth"] += 1
        if later != before[key]:
            said = f"{later[0]} {difference(later[2], before[key][2])}"
            walk_.findings.leaks.append(Finding("leaks", key[0], key[1], "growth of another client", said))


def grow(world: World) -> None:
    """More of everything that is counted somewhere."""
    for amount in AMOUNTS:
        debtor = a_debtor(world.tenant, groups=["key"])
        late = an_invoice(world.tenant, debtor, amount=amount, late=40, currency=world.currency)
        an_invoice(world.tenant, debtor, amount=amount, late=-10, currency=world.currency)
        a_payment(world.tenant, debtor, amount=amount, currency=world.currency, parts=[(late, amount // 2)])
        a_credit_note(world.tenant, debtor, currency=world.currency)
        world.alert()
        world.task()
        world.hold()
        world.dead_letter()
    world.bank_statement()
    world.received_import()


def _read(walk_: Walk) -> dict[tuple[str, str], Said]:
    alder, found = walk_.stage.alder, {}
    for route, ask in _fixed(walk_):
        for caller in walk_.who(route):
            if _sees_alone(route, caller, alder.tenant):
                path = asks.address(route, alder, ask)
                found[f"{route.method} {route.rule}", caller.name] = shown(caller.ask(route, path, ask), "-")
    return found


def _fixed(walk_: Walk) -> list[tuple[Route, Ask]]:
    """All that is read, with what is asked for; made before anything is read, so that nothing is made in between."""
    found = []
    for route in walk_.routes:
        build = asks.builder(route)
        if route.method in SAFE and build is not None and route.needs != DIRECTORY:
            found.append((route, walk_.asked(route, build, walk_.stage.alder)))
    return [(route, ask) for route, ask in found if ask is not None]


def _sees_alone(route: Route, caller: Caller, alder: UUID) -> bool:
    """In a client's books whoever may read them, across clients and on pages whoever sees no other."""
    return caller.signed_in and set(caller.roles) == {alder} and (route.portfolio or "<client:" in route.rule)
