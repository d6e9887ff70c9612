"""Work of the intake lane: files and feeds on their way into the ledger."""

from jobs.turns import Handler, Turn
from tenants.intake import imports


def check_import(turn: Turn) -> None:
    """Check a file that came, so that its report waits for whoever sent it."""
    imports.check_received(turn.id("import_id"), files=turn.tools.files, real=turn.real_now)


def load_import(turn: Turn) -> None:
    """Load a checked file that somebody confirmed."""
    imports.load(
        turn.id("import_id"),
        now=turn.now,
        today=turn.today,
        real=turn.real_now,
        leave_out_faults=bool(turn.payload.get("leave_out_faults")),
    )


HANDLERS: dict[str, Handler] = {"check_import": check_import, "load_import": load_import}
