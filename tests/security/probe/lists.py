"""Lists: every row that should be there and none that should not, against what the superuser counts."""

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields

from service.endpoint import Route
from service.fields import Ref
from tenants.values import ids
from tests.security.probe import asks
from tests.security.probe.callers import Caller
from tests.security.probe.findings import Finding
from tests.security.probe.walker import Walk
from tests.security.probe.walls import GUARD
from tests.unit.service.asking import Ask
from tests.unit.service.world import RULE

ALL = "SELECT id FROM app.{} WHERE tenant_id = ANY(%s)"
OF_RULE = f"""
SELECT id FROM app.{{}} WHERE tenant_id = ANY(%s)
  AND rule_id IN (SELECT id FROM app.rule r WHERE r.tenant_id = ANY(%s) AND r.key = '{RULE}')
ORDER BY id DESC LIMIT {{}}
"""
"""Of the one rule by which the world asks; a list of these ends after so many."""
ORACLES: dict[str, str] = {
    "list_alerts": ALL.format("alert") + " AND state <> 'resolved'",
    "list_holds": ALL.format("hold") + " AND ended_at IS NULL",
    "list_tasks": ALL.format("task") + " AND state = 'open' AND NOT answer_now",
    "list_worklist": ALL.format("task") + " AND state = 'open' AND NOT answer_now",
    "list_dead_letters": ALL.format("work_item") + " AND state = 'dead'",
    "list_aging_items": "",
    "list_bank_lines": "",
    "list_cash_lines": "",
    "list_rule_firings": "",
    "list_deductions": "",
    "list_people": "",
    "list_assignments": "",
    "list_periods": "",
    "list_clients": "",
    "list_all_clients": "",
    "list_stopped_work": "",
    "list_write_off_requests": ALL.format("forgo_request") + " AND state = 'waiting'",
    "list_late_terms": ALL.format("late_term"),
    "list_rules": ALL.format("rule") + " AND state <> 'retired'",
    "list_approvals": ALL.format("action_approval") + " AND state = 'waiting'",
    "list_backtests": OF_RULE.format("backtest", 10),
    "list_rule_runs": OF_RULE.format("rule_run", 30).replace("ORDER BY", "AND mode <> 'dry' ORDER BY"),
    "list_suppressions": ALL.format("suppression") + " AND lifted_at IS NULL",
    "list_api_calls": ALL.format("api_call"),
    "list_mails": ALL.format("inbox_event") + " AND source = 'mail'",
}
"""Lists that show fewer than all rows when nothing is asked for; an empty text where what is shown is a calculation,
of which the rows are checked to be the client's own."""
OF_ONE = "<ref("
"""A list below one object shows that object's rows."""


def walk(walk_: Walk) -> None:
    """Every list by everybody who may read it."""
    for route in walk_.routes:
        prefix = _prefix(route)
        if prefix is None or route.needs not in _readable(walk_, route):
            continue
        for caller in walk_.who(route):
            read = _read_set(route, caller)
            if read:
                _one(walk_, route, caller, read, prefix)


def _readable(walk_: Walk, route: Route) -> tuple[str, ...]:
    return (route.needs,) if route.method == "GET" and asks.builder(route) else ()


def _read_set(route: Route, caller: Caller) -> list[UUID]:
    if "<client:" in route.rule:
        return [caller.home.tenant] if caller.may(route, caller.home.tenant) else []
    return [tenant for tenant in caller.roles if caller.may(route, tenant)] if route.portfolio else []


def _prefix(route: Route) -> str | None:
    """The kind of the rows, for a route that answers with a page of things that have an id."""
    shape: Schema | None = route.returns() if route.returns else None
    items = shape.fields.get("items") if shape else None
    inner = items.inner if isinstance(items, fields.List) else None
    row = inner.schema.fields.get("id") if isinstance(inner, fields.Nested) else None
    return row.prefix if isinstance(row, Ref) else None


def _one(walk_: Walk, route: Route, caller: Caller, read: list[UUID], prefix: str) -> None:
    build = asks.builder(route)
    assert build is not None
    name = route.view.__name__
    found = _leafed(route, caller, build(caller.home), prefix)
    walk_.findings.counted["lists"] += 1
    foreign = [each for each in found if walk_.owners.of(each) not in {*read, None}]
    if foreign:
        said = f"{len(foreign)} rows of other clients"
        walk_.findings.leaks.append(Finding("leaks", route.rule, caller.name, "list", said))
    oracle = ORACLES.get(name, _default(walk_, caller, prefix))
    if oracle is None:
        walk_.findings.lists["unknown"].append(route.name)
    elif oracle and OF_ONE not in route.rule:
        with walk_.stage.eye() as line:
            wanted = {row for (row,) in line.execute(oracle, (read,) * oracle.count("%s"))}
        extra, lost = len(found - wanted), len(wanted - found)
        # Without the guard a list over several clients may show a row twice in the place of another: none is foreign.
        if extra or (lost and walk_.stage.without != GUARD):
            walk_.findings.lists["unequal"].append(f"{route.name} by {caller.name}: {extra} too many, {lost} lost")


def _default(walk_: Walk, caller: Caller, prefix: str) -> str | None:
    """Every row of the table in which the world's example stands."""
    example = caller.home.at.get(prefix)
    table = walk_.owners.table(example) if example else None
    return ALL.format(table) if table else None


def _leafed(route: Route, caller: Caller, ask: Ask, prefix: str) -> set[UUID]:
    """The ids of all pages."""
    found: set[UUID] = set()
    query: dict[str, Any] = dict(ask.query)
    if route.query is not None and "limit" in route.query().fields:
        query["limit"] = 7
    for _ in range(500):
        answer = caller.ask(route, asks.address(route, caller.home, Ask(ask.path, query)), ask)
        assert answer.json is not None and answer.status_code == 200, answer.text
        found |= {ids.read(prefix, row["id"]) for row in answer.json["items"]}
        if not answer.json.get("next"):
            break
        query["cursor"] = answer.json["next"]
    return found
