"""Work of the insight lane: figures, digests and exports."""

from jobs.turns import Handler, Turn
from tenants.events import history, history_keeping


def noop(turn: Turn) -> None:
    """Do nothing, or leave one line in the history when the payload asks for it: the tests and the benchmark count
    on it."""
    if "mark" in turn.payload:
        history.note("work.done", about=("work_item", turn.item_id), at=turn.real_now, reason=str(turn.payload["mark"]))


def put_history_by(turn: Turn) -> None:
    """Keep the newest signed head of the client's history outside the database."""
    history_keeping.put_by(now=turn.now, shelf=turn.tools.documents)


HANDLERS: dict[str, Handler] = {"put_history_by": put_history_by, "noop": noop}
