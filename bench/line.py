"""The one form in which benchmarks speak: a JSON line each, with a rate, a floor and a verdict."""

import json
from typing import Any


def line(
    name: str, *, n: int, seconds: float, rate: float, floor: float, target: float, passed: bool | None = None
) -> dict[str, Any]:
    """One result. `ratio` is our rate divided by the floor's: 1.0 is the floor, higher is better.

    `target` is what the ratio must reach, unless `passed` says that it is judged by something else.
    """
    ratio = rate / floor if floor else 0.0
    return {
        "name": name,
        "n": n,
        "seconds": round(seconds, 3),
        "rate": round(rate, 1),
        "floor": round(floor, 1),
        "ratio": round(ratio, 3),
        "target": target,
        "pass": ratio >= target if passed is None else passed,
    }


def show(lines: list[dict[str, Any]]) -> int:
    """Print the lines; the exit code says whether all passed."""
    for each in lines:
        print(json.dumps(each), flush=True)
    return 0 if all(each["pass"] for each in lines) else 1
