"""Work of the insight lane: figures, digests and exports."""

from jobs.turns import Handler, Turn
from tenants.events import history


def noop(turn: Turn) -> None:
    """Do nothing, or leave one line in the history when the payload asks for it: the tests and the benchmark count
    on it."""
    if "mark" in turn.payload:
        history.note("work.done", about=("work_item", turn.item_id), at=turn.real_now, reason=str(turn.payload["mark"]))


HANDLERS: dict[str, Handler] = {"noop": noop}
