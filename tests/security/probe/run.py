"""Runs of the probes: everything, with a wall away, a part, or with mistakes sown."""

import inspect
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

import psycopg
import structlog

from service.endpoint import PUBLIC, ROUTES
from tests.security import test_catalogue
from tests.security.probe import asks, growth, lists, portal, provisioning, slots, stage, tokens, walls, work
from tests.security.probe.books import look
from tests.security.probe.cluster import Cluster
from tests.security.probe.defects import DEFECTS, Defect
from tests.security.probe.findings import Finding, Findings
from tests.security.probe.stage import Stage
from tests.security.probe.walker import Size, Walk

WHOLE = ("controls", "lists", "clients", "tokens", "portal", "provisioning", "growth", "work")


def everything(cluster: Cluster, *, without: str, objects: int, processes: int) -> Findings:
    """Every route by everybody, the routes dealt out to several processes; what is found is told, nothing is raised."""
    shares = [
        Share(cluster.fresh(), cluster.redis_url, without, Size(objects=objects, every=processes, first=number))
        for number in range(processes)
    ]
    findings = Findings()
    coverage(findings)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for found in pool.map(_walked, shares):
            findings.add(found)
    return findings


@dataclass(frozen=True)
class Share:
    """What one process does: which part of the routes, or which mistakes, in a database of its own."""

    urls: dict[str, str]
    redis_url: str
    without: str
    size: Size = field(default_factory=Size)
    defects: tuple[str, ...] = ()


def _walked(share: Share) -> Findings:
    _hush()
    with standing(share.urls, share.redis_url, without=share.without) as on:
        walk = Walk(on, share.size)
        for part in WHOLE:
            PARTS[part](walk)
        return walk.findings


def _hush() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@contextmanager
def standing(urls: dict[str, str], redis_url: str, *, without: str = "") -> Iterator[Stage]:
    """A stage with both walls, or without one of them."""
    with stage.build(urls, redis_url) as on, walls.without(without, urls["admin"]):
        on.without = without
        yield on


def unchanged(walk: Walk) -> None:
    """All probes of people and programs; afterwards every table of every client is what it was."""
    walk.prepare()
    with walk.stage.eye() as line:
        before = look(line)
    walk.other_clients()
    walk.foreign_ids()
    with walk.stage.eye() as line:
        changed = before.changed(look(line))
    for table, tenant in sorted(changed, key=str):
        walk.findings.leaks.append(Finding("leaks", "some route", "somebody", table, f"rows of {tenant} changed"))


def coverage(findings: Findings) -> None:
    """What the declarations show without asking anything."""
    for route in (each for each in ROUTES if not asks.is_of_oneself(each)):
        if route.needs == PUBLIC and route.name not in asks.OPEN:
            findings.uncovered["routes"].append(route.name)
        for schema in (route.accepts, route.query):
            if schema is not None:
                findings.uncovered["references"] += slots.unreferenced(schema)


def catalogue(walk: Walk) -> None:
    """The rules of the schema, as the suite checks them."""

    def ask(statement: str, *values: object) -> list[tuple[Any, ...]]:
        with walk.stage.eye() as line:
            return line.execute(statement, values or None).fetchall()

    tables = [name for name, _ in ask(test_catalogue.TENANT_TABLES)]
    known = {"ask": ask, "tenant_tables": tables}
    for name, check in vars(test_catalogue).items():
        wants = set(inspect.signature(check).parameters) if name.startswith("test_") else {"?"}
        if wants <= known.keys():
            try:
                check(**{each: known[each] for each in wants})
            except (AssertionError, LookupError) as fault:
                walk.findings.broken.append(Finding("broken", name, "the catalogue", "schema", str(fault)[:200]))


PARTS: dict[str, Callable[[Walk], None]] = {
    "controls": lambda walk: walk.controls(),
    "clients": unchanged,
    "foreign": unchanged,
    "lists": lists.walk,
    "tokens": tokens.walk,
    "portal": portal.walk,
    "provisioning": provisioning.walk,
    "growth": growth.walk,
    "work": work.walk,
    "catalogue": catalogue,
}


def sow_all(cluster: Cluster, *, processes: int) -> dict[str, Any]:
    """Sow each mistake alone and walk past it; return which were seen, and which part was not clean before."""
    shares = []
    for off in ("", walls.RLS, walls.GUARD):
        alike = [each.what for each in DEFECTS if each.off == off]
        for first in range(min(processes, len(alike))):
            chosen = tuple(alike[first::processes])
            shares.append(Share(cluster.fresh(), cluster.redis_url, off, defects=chosen))
    seen: dict[str, str] = {}
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for found in pool.map(_sown, shares):
            seen |= found
    told = {said: sorted(what for what, each in seen.items() if each == said) for said in ("missed", "unfit")}
    return {"sown": len(DEFECTS), "caught": sum(each == "caught" for each in seen.values()), **told}


def _sown(share: Share) -> dict[str, str]:
    _hush()
    with standing(share.urls, share.redis_url, without=share.without) as on:
        return {each.what: sow(on, each) for each in DEFECTS if each.what in share.defects}


def sow(on: Stage, defect: Defect) -> str:
    """Sow one mistake: `caught`, `missed`, or `unfit` when its part of the walk was not clean without it."""
    before = _part(on, defect)
    if not before.clean and defect.parts != ("catalogue",):
        return "unfit"
    with defect.sow(on):
        return "caught" if _part(on, defect).places - before.places else "missed"


def _part(on: Stage, defect: Defect) -> Findings:
    walk = Walk(on, Size(objects=1, routes=defect.routes, callers=defect.callers))
    for part in defect.parts:
        try:
            PARTS[part](walk)
        except (AssertionError, psycopg.Error) as fault:
            walk.findings.broken.append(Finding("broken", part, "", "", str(fault)[:200]))
    return walk.findings
