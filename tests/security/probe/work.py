"""Work of every kind, done in one client with the ids of another: it is refused or does nothing."""

import re
from typing import Any
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from jobs.handlers import HANDLERS
from jobs.turns import Later, Outside, Turn
from tenants.isolation import scope
from tenants.values import ids
from tenants.values.faults import Refusal
from tenants.work import unit_of_work
from tests.security.probe import books
from tests.security.probe.findings import Finding
from tests.security.probe.stage import Stage
from tests.security.probe.walker import Walk

NOUNS = {
    "invoice": "inv",
    "import": "imp",
    "message": "msg",
    "debtor": "deb",
    "contact": "con",
    "payment": "pay",
    "alert": "alt",
    "task": "tsk",
    "hold": "hld",
    "allocation": "all",
    "credit_note": "crn",
    "grant": "agr",
}
ANY_OF = "SELECT id FROM app.{} WHERE tenant_id = %s ORDER BY id LIMIT 2"
NAMED = re.compile(r"(?P<noun>\w+?)_ids?$")
"""Parts of a payload that name objects end in this way."""
WITHOUT_ROWS = {
    "ask_to_answer: report_id": "no customer has written on this stage",
    "call_webhook: call_id": "no hook is called on this stage",
    "send_notice: notice_id": "no notice waits on this stage",
}
"""Parts of payloads for which the stage has nothing; a random id stands in for them."""
REFUSED = (LookupError, ValueError, TypeError, SQLAlchemyError, Refusal)


class Foreign(dict[str, Any]):
    """A payload that names an object of another client wherever a handler asks for one."""

    def __init__(self, known: dict[str, list[UUID]], real: dict[str, Any]) -> None:
        super().__init__(real)
        self._known = known
        self.asked: set[str] = set()
        self.unknown: set[str] = set()

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or NAMED.fullmatch(str(name)) is not None

    def __missing__(self, name: str) -> Any:
        self.asked.add(name)
        found = NAMED.fullmatch(name)
        if found is None:
            return name
        values = self._known.get(found["noun"])
        if values is None:
            self.unknown.add(name)
            values = [ids.new()]
        return [str(each) for each in values] if name.endswith("s") else str(values[0])

    def get(self, name: str, default: Any = None) -> Any:
        """As a dictionary that holds every id."""
        return self[name] if self.__contains__(name) else default


def walk(walk_: Walk) -> None:
    """Every kind of work, in Alder with what is Birch's."""
    stage = walk_.stage
    home, other = stage.worlds[:2]
    known = _known(stage, other.tenant)
    foreign = {each for values in known.values() for each in values}
    with stage.eye() as line:
        before = books.look(line)
    for kind in sorted(HANDLERS)[walk_.size.first :: walk_.size.every]:
        payload = Foreign(known, _recorded(stage, other.tenant, kind))
        _try(stage, home.tenant, kind, payload)
        walk_.findings.counted["foreign work"] += 1
        told = {f"{kind}: {name}" for name in payload.unknown} - WITHOUT_ROWS.keys()
        walk_.findings.uncovered["jobs"] += told
        with stage.eye() as line:
            after = books.look(line)
            changed, before = before.changed(after), after
            own = sorted(table for table, tenant in changed if tenant == home.tenant)
            taken = books.strangers(line, home.tenant, foreign=foreign, tables=own)
        touched = [table for table, tenant in changed if tenant != home.tenant]
        for said in [f"changed {table} of another client" for table in touched] + taken[:3]:
            walk_.findings.leaks.append(Finding("leaks", f"work {kind}", "job", "payload", said))


def _recorded(stage: Stage, tenant: UUID, kind: str) -> dict[str, Any]:
    """What a piece of this kind of work in the other client says, if there is one."""
    with stage.eye() as line:
        row = line.execute(
            "SELECT payload FROM work_item WHERE tenant_id = %s AND kind = %s LIMIT 1", (tenant, kind)
        ).fetchone()
    return row[0] if row else {}


def _try(stage: Stage, tenant: UUID, kind: str, payload: Foreign) -> None:
    turn = Turn(tenant, ids.new(), kind, payload, stage.tools)
    opening = scope.tenant(tenant, actor=f"job:{kind}")
    handler = HANDLERS[kind]
    try:
        with unit_of_work(opening):
            turn.read_clock()
            claimed = handler.claim(turn) if isinstance(handler, Outside) else handler(turn)
        if isinstance(handler, Outside) and claimed is not None and not isinstance(claimed, Later):
            answer = handler.act(turn, claimed)
            with unit_of_work(opening):
                handler.settle(turn, claimed, answer)
    except REFUSED:
        return


def _known(stage: Stage, tenant: UUID) -> dict[str, list[UUID]]:
    """What is the client's, by the noun that a payload calls it."""
    world = next(each for each in stage.worlds if each.tenant == tenant)
    found = {noun: [world.at[prefix]] for noun, prefix in NOUNS.items() if prefix in world.at}
    with stage.eye() as line:
        tables = {name for (name,) in line.execute(books.TABLES).fetchall()}
        for table in sorted(tables - {"request_key"}):
            columns = line.execute(
                "SELECT 1 FROM information_schema.columns WHERE table_schema = 'app' AND table_name = %s"
                " AND column_name = 'id'",
                (table,),
            ).fetchone()
            rows = line.execute(ANY_OF.format(table), (tenant,)).fetchall() if columns else []
            if rows:
                found.setdefault(table, [row for (row,) in rows])
    return found | {"inbox": found.get("inbox_event", [ids.new()])}
