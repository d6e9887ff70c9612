"""Walks over every route of the address book, with an address that leads to it and somebody who may go there."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.endpoint import DIRECTORY, JSON, PORTAL, PUBLIC, ROUTES, SAFE, SIGNED_IN, Route
from tenants.directory import permissions
from tenants.values import ids
from tests.security.probe import asks
from tests.security.probe.callers import Caller
from tests.security.probe.stage import Stage
from tests.unit.service.asking import Ask

ANY_PART = re.compile(r"<(?:(?P<kind>\w+)(?:\((?P<how>[^)]*)\))?:)?(?P<name>\w+)>")
OPEN = (PUBLIC, PORTAL, DIRECTORY)
FULL = bool(os.environ.get("GOODTERMS_FULL"))
WORD = "x" * 44
"""Stands in addresses where a secret word stands; it opens nothing."""


@dataclass(frozen=True)
class Stop:
    """One route, where it is found and how it is asked."""

    route: Route
    path: str
    ask: Ask

    @property
    def name(self) -> str:
        return f"{self.route.method} {self.route.rule}"

    @property
    def changes(self) -> bool:
        return self.route.method not in SAFE

    @property
    def takes_json(self) -> bool:
        return self.route.accepts is not None and self.route.consumes == JSON and self.route.rule.startswith("/api/")

    def options(self) -> dict[str, Any]:
        """The body, as the route reads it."""
        return self.ask.options() if self.route.rule.startswith("/api/") or self.ask.data else {"data": self.ask.body}


@cache
def _stops(number: int) -> list[Stop]:
    stage = STAGES[number]
    return [_stop(stage, route) for route in sorted(ROUTES, key=lambda each: (each.rule, each.method))]


STAGES: dict[int, Stage] = {}


def stops(stage: Stage) -> list[Stop]:
    """Every declared route; that no other is hung up is what the permission walk checks."""
    STAGES[id(stage)] = stage
    return _stops(id(stage))


def _stop(stage: Stage, route: Route) -> Stop:
    ask = Ask()
    if route.needs not in (PUBLIC, DIRECTORY) and not asks.is_of_oneself(route):
        build = asks.builder(route)
        assert build is not None, f"nobody says how {route.name} is asked"
        ask = build(stage.alder)
        return Stop(route, asks.address(route, stage.alder, ask, token=stage.tokens["own 0"]), ask)
    return Stop(route, ANY_PART.sub(_any, route.rule), ask)


def _any(part: re.Match[str]) -> str:
    prefix = (part["how"] or "").strip("'")
    return ids.show(prefix, ids.new()) if part["kind"] == "ref" else WORD


def welcome(stage: Stage, route: Route) -> Caller | None:
    """Somebody with a browser who may go there; None where no session lets anybody in."""
    if route.needs in OPEN:
        return None
    for caller in stage.callers:
        if not caller.signed_in or not caller.reaches(route) or "Authorization" in caller.shown("GET", "/"):
            continue
        at_provider = permissions.allowed(caller.provider_roles, route.needs) if route.needs != SIGNED_IN else True
        if at_provider or (caller.home is stage.alder and caller.may(route, stage.alder.tenant)):
            return caller
    raise AssertionError(f"nobody on the stage may {route.name}")


def send(client: FlaskClient, stop: Stop, *, method: str = "", **options: Any) -> TestResponse:
    """Ask as a browser would, with what changes want beside the proof that our page made them."""
    headers = {"Idempotency-Key": "0123456789abcdef", "If-Match": "*"} | options.pop("headers", {})
    return client.open(stop.path, method=method or stop.route.method, headers=headers, **options)


def some(of: Sequence[Any], *, at: int, most: int) -> list[Any]:
    """All of them in a full run; otherwise a few, others at each stop, so that every kind has its turn."""
    return list(of) if FULL else [of[(at + turn) % len(of)] for turn in range(min(most, len(of)))]
