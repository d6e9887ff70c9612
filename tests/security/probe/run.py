"""One run of everything that the probes can show."""

from service.endpoint import PUBLIC, ROUTES
from tests.security.probe import asks, growth, lists, portal, slots, work
from tests.security.probe.books import look
from tests.security.probe.findings import Finding, Findings
from tests.security.probe.stage import Stage
from tests.security.probe.walker import Size, Walk


def everything(stage: Stage, size: Size) -> Findings:
    """Walk the whole stage; what is found is told, nothing is raised."""
    walk = Walk(stage, size)
    coverage(walk.findings)
    walk.controls()
    lists.walk(walk)
    unchanged(walk)
    portal.walk(walk)
    growth.walk(walk)
    work.walk(walk)
    return walk.findings


def unchanged(walk: Walk) -> None:
    """All probes of staff and machines; afterwards every table of every client is what it was."""
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
    for route in ROUTES:
        if route.needs == PUBLIC and route.name not in asks.OPEN:
            findings.uncovered["routes"].append(route.name)
        for schema in (route.accepts, route.query):
            if schema is not None:
                findings.uncovered["references"] += slots.unreferenced(schema)
