"""Named places at which a test may let this process die as a power cut would."""

import os
import signal

VARIABLE = "GOODTERMS_CRASH_AT"
POINTS = (
    "before_claim",
    "after_claim",
    "after_push",
    "batch_started",
    "before_take",
    "before_commit",
    "after_commit",
    "after_intent",
    "after_act",
    "before_settled",
    "after_settled",
)
_passes: dict[str, int] = {}


def at(point: str) -> None:
    """Die here when GOODTERMS_CRASH_AT names this point, as `point` or `point:n` for the n-th pass."""
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return
    name, _, count = wanted.partition(":")
    if name == point:
        _passes[point] = _passes.get(point, 0) + 1
        if _passes[point] >= int(count or 1):
            os.kill(os.getpid(), signal.SIGKILL)
