"""Work of the intake lane: files and feeds on their way into the ledger."""

from jobs.turns import Handler, Turn
from tenants.adapters.schematron import Schematron
from tenants.collections import building
from tenants.intake import imports, undoing

RULES = Schematron()


def check_import(turn: Turn) -> None:
    """Check a file that came, so that its report waits for whoever sent it."""
    imports.check_received(turn.id("import_id"), files=turn.tools.files, real=turn.real_now, rules=RULES)


def load_import(turn: Turn) -> None:
    """Load a checked file that somebody confirmed."""
    imports.load(
        turn.id("import_id"),
        now=turn.now,
        today=turn.today,
        real=turn.real_now,
        leave_out_faults=bool(turn.payload.get("leave_out_faults")),
    )


def undo_import(turn: Turn) -> None:
    """Undo a loaded import that somebody wants to have undone."""
    undoing.undo(
        turn.id("import_id"),
        now=turn.now,
        real=turn.real_now,
        reason=turn.payload["reason"],
        above=building.ABOVE,
    )


HANDLERS: dict[str, Handler] = {"check_import": check_import, "load_import": load_import, "undo_import": undo_import}
