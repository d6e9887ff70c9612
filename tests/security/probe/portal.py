"""The customers' side: a link opens its own customer's part, whatever else is written into its address."""

from collections.abc import Iterator
from uuid import UUID

from service.endpoint import PORTAL
from tenants.values import ids
from tests.security.probe import asks, slots
from tests.security.probe.books import MOVES, look
from tests.security.probe.callers import Caller
from tests.security.probe.findings import Finding
from tests.security.probe.stage import Stage
from tests.security.probe.walker import Walk, shown
from tests.unit.service.asking import Ask
from tests.unit.service.world import World

DEAD = ("forged", "taken back", "over")


def walk(walk_: Walk) -> None:
    """Every portal route with every link and every foreign invoice."""
    stage, visitor = walk_.stage, _visitor(walk_.stage)
    for number, world in enumerate(stage.worlds):
        for route in (each for each in walk_.routes if each.needs == PORTAL):
            build = asks.builder(route)
            if build is None:
                walk_.findings.uncovered["routes"].append(route.name)
                continue
            _one(walk_, route, build(world), world, visitor, stage.tokens[f"own {number}"])


def _visitor(stage: Stage) -> Caller:
    return Caller("a customer", stage.alder, stage.app.test_client(), signed_in=False)


def _one(walk_: Walk, route: asks.Route, ask: Ask, world: World, visitor: Caller, token: str) -> None:
    findings = walk_.findings
    for slot in slots.of(route):
        nobody = ids.new()
        missing = _said(visitor, route, world, slots.put(ask, slot, nobody), token, slot.written(nobody))
        with walk_.stage.eye() as line:
            before = look(line)
        for value in _strangers(walk_, slot, world):
            findings.counted["foreign"] += 1
            said = _said(visitor, route, world, slots.put(ask, slot, value), token, slot.written(value))
            if said != missing or said[0] != 404:
                findings.others.append(_found("others", route, slot, f"{said[0]}, and {missing[0]} for nobody's"))
            if wrong := walk_.owners.strangers(said[2], allowed={world.tenant}):
                findings.leaks.append(_found("leaks", route, slot, f"shows {wrong[:3]}"))
        with walk_.stage.eye() as line:
            changed = before.changed(look(line), but=MOVES)
        if changed:
            findings.leaks.append(_found("leaks", route, slot, f"changed {sorted(map(str, changed))}"))
    answers = {name: _said(visitor, route, world, ask, walk_.stage.tokens[name], "-") for name in DEAD}
    findings.counted["tokens"] += len(DEAD)
    if len(set(answers.values())) != 1 or answers["forged"][0] != 404:
        findings.others.append(_found("others", route, "token", f"dead links differ: {answers}"[:300]))
    own = visitor.ask(route, asks.address(route, world, ask, token=token), ask)
    findings.counted["own"] += 1
    if own.status_code >= 400:
        findings.broken.append(_found("broken", route, "own", f"{own.status_code}: {own.text[:200]}"))


def _strangers(walk_: Walk, slot: slots.Slot, world: World) -> Iterator[UUID]:
    """Objects of other clients, and of another customer of the same one."""
    for other in walk_.stage.others(world.tenant):
        yield from walk_.owners.alike(world.at[slot.kind], tenant=other.tenant, most=walk_.size.objects)
    yield world.at[slot.kind]


def _said(visitor: Caller, route: asks.Route, world: World, ask: Ask, token: str, value: str) -> tuple[int, str, str]:
    return shown(visitor.ask(route, asks.address(route, world, ask, token=token), ask), value)


def _found(what: str, route: asks.Route, slot: object, said: str) -> Finding:
    return Finding(what, f"{route.method} {route.rule}", "a customer", str(slot), said)
