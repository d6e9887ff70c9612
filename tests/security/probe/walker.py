"""The walk: every route, by every caller, with every foreign id in every place.

What comes back must be what comes back for an id of nobody, and nothing of another client may stand in it.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote
from uuid import UUID

from werkzeug.test import TestResponse

from service.endpoint import DIRECTORY, PORTAL, SIGNED_IN, Route
from service.openapi import PREFIX
from tenants.directory import permissions
from tenants.values import ids
from tests.security.probe import asks, slots
from tests.security.probe.callers import Caller
from tests.security.probe.canaries import Owners
from tests.security.probe.findings import Finding, Findings
from tests.security.probe.slots import Slot
from tests.security.probe.stage import Stage
from tests.unit.service.asking import Ask
from tests.unit.service.world import World

OF_A_REQUEST = re.compile(r"\b[0-9a-f]{32}\b|…%2F|\?next=[^\"\s<>]*")
NOBODY: dict[str, UUID | str] = {"rule": "tried-by-nobody", "cursor": "WzFd.xxxxxxxx"}
TEXTS = ("text/", "application/json", "application/problem+json", "application/scim+json")
Said = tuple[int, str, str]


@dataclass(frozen=True)
class Size:
    """How much of the walk: which routes and callers, and how many foreign objects for each place."""

    objects: int = 3
    callers: Sequence[str] = ()
    routes: Sequence[str] = ()
    every: int = 1
    """One route in so many; the short size takes fewer."""
    first: int = 0
    """At which route it begins: several processes share the routes so."""


@dataclass
class Walk:
    """One walk over a stage."""

    stage: Stage
    size: Size = field(default_factory=Size)
    findings: Findings = field(default_factory=Findings)

    def __post_init__(self) -> None:
        with self.stage.eye() as line:
            self.owners = Owners(line)
        wanted = [route for route in asks.known() if not self.size.routes or route.name in self.size.routes]
        self.routes = sorted(wanted, key=lambda route: (route.rule, route.method))[self.size.first :: self.size.every]
        self._asks: dict[tuple[str, UUID], Ask | None] = {}
        self.callers = [each for each in self.stage.callers if not self.size.callers or each.name in self.size.callers]

    def of_clients(self) -> Iterable[tuple[Route, Callable[[World], Ask]]]:
        """The routes in a client's books, with how each is asked."""
        for route in self.routes:
            build = asks.builder(route)
            if build is not None and "<client:" in route.rule:
                yield route, build

    def controls(self) -> None:
        """Everybody asks for what is at home: the matrix decides, and then a refusal of a probe means something."""
        for route in self.routes:
            build = asks.builder(route)
            if build is None:
                self.findings.uncovered["routes"].append(route.name)
                continue
            for caller in self.who(route):
                if route.needs not in (PORTAL, DIRECTORY):
                    self._control(route, build, caller)

    def who(self, route: Route) -> list[Caller]:
        """Everybody to whom the route listens."""
        return [each for each in self.callers if each.reaches(route)]

    def _control(self, route: Route, build: Callable[[World], Ask], caller: Caller) -> None:
        wanted = expected(route, caller)
        try:
            # What is refused uses nothing up, so one request serves everybody to whom it is refused.
            ask = build(caller.home) if wanted == 200 else self.asked(route, build, caller.home) or Ask()
            path = asks.address(route, caller.home, ask)
        except LookupError:
            self.findings.uncovered["routes"].append(route.name)
            return
        answer = caller.ask(route, path, ask)
        self.findings.counted["own"] += 1
        good = answer.status_code < 400 if wanted == 200 else answer.status_code == wanted
        if wanted == 200 and asks.is_guessed(route):
            good = answer.status_code not in (401, 403, 404) and answer.status_code < 500
        if wanted == 200 and route.name in asks.MISSING_WITH_OWN:
            good = answer.status_code in (200, 303, 403, 404, 409, 422)
        if not good:
            self._note("broken", route, caller, "own", f"{answer.status_code}, not {wanted}: {answer.text[:200]}")
        self._look(answer, route, caller, "own", allowed=allowed(route, caller), sent=f"{path} {ask.body}")

    def prepare(self) -> None:
        """Make what the probes will name, so that nothing is made while they are sent."""
        for route, build in self.of_clients():
            for world in self.stage.worlds:
                self.asked(route, build, world)

    def other_clients(self) -> None:
        """The client of the path is one that the caller cannot enter."""
        for route, build in self.of_clients():
            for caller in self.who(route):
                self._other_client(route, build, caller)

    def _other_client(self, route: Route, build: Callable[[World], Ask], caller: Caller) -> None:
        own = self.asked(route, build, caller.home)
        shut = [world for world in self.stage.worlds if world.tenant not in caller.roles]
        if own is None or not shut:
            return
        nobody = ids.show("ten", ids.new())
        missing = self._said(route, caller, caller.home, own, nobody, client=nobody)
        for number, world in enumerate(shut):
            names = (world.slug, ids.show("ten", world.tenant))
            theirs = self.asked(route, build, world)
            for turn, (ask, at) in enumerate(((own, caller.home), (theirs, world))):
                # With several clients to name, each is named in two of the four ways, and all four are tried.
                for name in names if len(shut) == 1 else (names[(number + turn) % 2],):
                    if ask is not None:
                        self._compare(route, caller, at, ask, ("path:client", name), missing, client=name)

    def foreign_ids(self) -> None:
        """One place of a well-formed request holds an object of another client."""
        for route, build in self.of_clients():
            for caller in self.who(route):
                for world in self._homes(caller):
                    for slot in slots.of(route):
                        self._foreign_ids(route, build, caller, world, slot)

    def _homes(self, caller: Caller) -> list[World]:
        return [world for world in self.stage.worlds if world.tenant in caller.roles]

    def _foreign_ids(
        self, route: Route, build: Callable[[World], Ask], caller: Caller, world: World, slot: Slot
    ) -> None:
        ask = self.asked(route, build, world)
        if ask is None:
            return
        nobody = NOBODY.get(slot.kind) or ids.new()
        try:
            asked = slots.put(ask, slot, nobody)
        except LookupError:
            self.findings.uncovered["references"].append(f"{route.name} {slot}")
            return
        missing = self._said(route, caller, world, asked, slot.written(nobody))
        for value in self._strangers(route, slot, world, ask):
            self._compare(route, caller, world, slots.put(ask, slot, value), (str(slot), slot.written(value)), missing)

    def _strangers(self, route: Route, slot: Slot, world: World, ask: Ask) -> list[UUID | str]:
        others = self.stage.others(world.tenant)
        if slot.kind == "rule":
            return [self.stage.drafts[other.tenant] for other in others]
        if "per" in (slot.kind, ALIASES.get(slot.kind)):
            return [other.at["per"] for other in others]
        if slot.kind == "cursor":
            return [found for other in others if (found := self._cursor(route, other))]
        example = ask.path.get(slot.kind, world.at.get(ALIASES.get(slot.kind, slot.kind)))
        if not isinstance(example, UUID):
            self.findings.uncovered["references"].append(f"{route.name} {slot}: the world holds no {slot.kind}")
            return []
        kept = world.at.get(ALIASES.get(slot.kind, slot.kind), example)
        found: list[UUID | str] = []
        for other in others:
            alike = self.owners.alike(kept, tenant=other.tenant, most=self.size.objects)
            found += list(dict.fromkeys([*self._twin(route, slot, other), *alike]))[: self.size.objects]
        return found

    def _twin(self, route: Route, slot: Slot, other: World) -> list[UUID]:
        """What the same request names in another client: an object in the state that the route is for."""
        ask = self._asks.get((route.name, other.tenant))
        found = (ask.path if ask else {}).get(slot.kind, other.at.get(ALIASES.get(slot.kind, slot.kind)))
        return [found] if isinstance(found, UUID) else []

    def _cursor(self, route: Route, other: World) -> str:
        """A cursor that the same list made in another client, for somebody who may see both."""
        for caller in self.stage.callers:
            if caller.may(route, other.tenant):
                build = asks.builder(route)
                assert build is not None
                ask = build(other)
                answer = caller.ask(route, asks.address(route, other, Ask(ask.path, {**ask.query, "limit": 1})), ask)
                return str((answer.json or {}).get("next") or "") if answer.is_json else ""
        return ""

    def _compare(
        self,
        route: Route,
        caller: Caller,
        world: World,
        ask: Ask,
        slot: tuple[str, str],
        missing: Said,
        *,
        client: str | None = None,
    ) -> None:
        """Ask with a stranger's value in a place: nothing may tell it from a value of nobody."""
        place, value = slot
        path = asks.address(route, world, ask, client=client)
        self.findings.counted["foreign"] += 1
        answer = caller.ask(route, path, ask)
        said = shown(answer, value)
        if said != missing:
            self._note("others", route, caller, place, f"{said[0]} {difference(said[2], missing[2])}")
        if place.startswith("path") and said[0] < 400 and said[0] != 302:
            self._note("others", route, caller, place, f"{said[0]} is no refusal")
        own = allowed(route, caller, at=world.tenant if client is None else None)
        self._look(answer, route, caller, place, allowed=own, sent=f"{path} {ask.body}")

    def _said(
        self, route: Route, caller: Caller, world: World, ask: Ask, value: str, *, client: str | None = None
    ) -> Said:
        self.findings.counted["missing"] += 1
        return shown(caller.ask(route, asks.address(route, world, ask, client=client), ask), value)

    def _look(
        self, answer: TestResponse, route: Route, caller: Caller, slot: str, *, allowed: set[UUID], sent: str = ""
    ) -> None:
        """Whether anything of a client that the caller may not see here stands in the answer."""
        text = f"{answer.headers} {answer.get_data(as_text=True)}" if is_text(answer) else str(answer.headers)
        wrong = [found for found in self.owners.strangers(text, allowed=allowed) if found not in sent]
        if wrong:
            self._note("leaks", route, caller, slot, f"{answer.status_code} shows {wrong[:3]}")

    def asked(self, route: Route, build: Callable[[World], Ask], world: World) -> Ask | None:
        """How the route is asked in a client; probes are refused, so one request serves all of them."""
        key = (route.name, world.tenant)
        if key not in self._asks:
            try:
                self._asks[key] = build(world)
                asks.address(route, world, self._asks[key] or Ask())
            except LookupError:
                self._asks[key] = None
        return self._asks[key]

    def _note(self, what: str, route: Route, caller: Caller | str, slot: str, said: str) -> None:
        name = caller if isinstance(caller, str) else caller.name
        getattr(self.findings, what).append(Finding(what, f"{route.method} {route.rule}", name, slot, said))


ALIASES = {"alert": "alt", "invoice": "inv", "debtor": "deb", "task": "tsk", "hold": "hld", "payment": "pay"}
ALIASES |= {"person": "per"}
"""What a bare UUID is called by pages, and the prefix of the same thing."""


def expected(route: Route, caller: Caller) -> int:
    """The status that the matrix gives at home: 200 stands for any success."""
    if not caller.signed_in:
        return 401 if route.rule.startswith(PREFIX) or route.method != "GET" else 302
    if route.needs == SIGNED_IN:
        return 200
    if "<client:" in route.rule:
        if caller.home.tenant not in caller.roles:
            return 404
        return 200 if caller.may(route, caller.home.tenant) else 403
    if route.portfolio:
        some = any(caller.may(route, tenant) for tenant in caller.roles)
        return 200 if some else 403
    return 200 if permissions.allowed(caller.provider_roles, route.needs) else 403


def allowed(route: Route, caller: Caller, *, at: UUID | None = None) -> set[UUID]:
    """Whose data may stand in the answer: in a client's books its own, across clients those of the caller."""
    if "<client:" in route.rule:
        return {at or caller.home.tenant} & set(caller.roles)
    if ":steered>" in route.rule and caller.provider_roles:
        return {caller.home.tenant}  # the provider decides who enters a client, and sees who may
    return set(caller.roles)


def shown(answer: TestResponse, value: str) -> Said:
    """What a caller can tell of an answer, without the value that was sent and what differs in every request."""
    text = answer.get_data(as_text=True) if is_text(answer) else f"{len(answer.data)} bytes"
    for each in (value, quote(value), quote(value, safe="")):
        text = text.replace(each, "…")
    return answer.status_code, answer.content_type or "", OF_A_REQUEST.sub("…", text)


def difference(one: str, other: str) -> str:
    """Where two texts part."""
    at = next((n for n, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
    return f"{one[at : at + 60]!r} is not {other[at : at + 60]!r}"


def is_text(answer: TestResponse) -> bool:
    return (answer.content_type or "").startswith(TEXTS)
