"""A worker for the kill tests whose work goes outside: each item hands one letter to a post box, a file of lines.

The claim is what every such claim is: the intent is written down and committed first; one that is found without a
result is never repeated. Use: python -m tests.chaos.sender POST_BOX
"""

import sys
from pathlib import Path

from jobs import handlers
from jobs.lanes import Lane
from jobs.turns import Outside, Turn
from jobs.worker import serve
from tenants import logs, settings
from tenants.events import history


def steps(post_box: Path) -> Outside:
    def claim(turn: Turn) -> str | None:
        if history.about("letter", turn.item_id):
            history.note("work.done", about=("work_item", turn.item_id), at=turn.now, reason="held for a person")
            return None
        history.note("letter.intended", about=("letter", turn.item_id), at=turn.now)
        return str(turn.item_id)

    def act(turn: Turn, letter: str) -> str:
        with post_box.open("a") as box:
            box.write(letter + "\n")
        return "accepted"

    def settle(turn: Turn, letter: str, answer: str) -> None:
        history.note("work.done", about=("work_item", turn.item_id), at=turn.now, reason=answer)

    return Outside(claim, act, settle)


if __name__ == "__main__":
    handlers.HANDLERS["noop"] = steps(Path(sys.argv[1]))
    chosen = settings.read()
    logs.configure(chosen)
    sys.exit(serve(Lane.INSIGHT, chosen))
