"""The intake lane, as a worker runs it."""

from dataclasses import replace

from jobs.intake import HANDLERS
from jobs.turns import Turn
from tenants import assembly
from tenants.intake import imports, runs
from tenants.values.clock import FixedClock
from tenants.values.ids import new
from tests.unit.intake.desk import LEDGER


def turn(desk, tenant, settings, kind, **payload):
    tools = replace(assembly.make_tools(settings), files=desk.files, clock=FixedClock(desk.now))
    return Turn(tenant, new(), kind, {name: str(value) for name, value in payload.items()}, tools)


def test_a_received_file_is_checked_and_a_confirmed_one_loaded(desk, alder, in_alder, settings, now):
    import_id = desk.receive(*LEDGER)
    with in_alder:
        HANDLERS["check_import"](turn(desk, alder, settings, "check_import", import_id=import_id))
        imports.confirm(import_id, real=now)
    for _ in range(2):  # a lease may lapse after the commit: the second run adds nothing
        with in_alder:
            HANDLERS["load_import"](turn(desk, alder, settings, "load_import", import_id=import_id))
    with in_alder:
        run = runs.one(import_id)
    assert (run.state, run.added) == ("loaded", 5)
