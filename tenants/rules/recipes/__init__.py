"""Decides which rules a client can start from: documents of goodterms.rule/1 beside this file, each with the practice
behind it."""

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

from tenants.rules.faults import RuleUnknown

DEMO = ("unopened-key-account", "bounced", "before-due", "overdue-reminder")
"""Live in the demo and in every new client's first set."""


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """The keys of all recipes."""
    return tuple(
        sorted(each.name.removesuffix(".json") for each in files(__name__).iterdir() if each.name.endswith(".json"))
    )


def find(key: str) -> dict[str, Any]:
    """A fresh copy of one document. Raises RuleUnknown."""
    if key not in names():
        raise RuleUnknown(f"There is no recipe “{key[:60]}”.")
    document: dict[str, Any] = json.loads(files(__name__).joinpath(f"{key}.json").read_text(encoding="utf-8"))
    return document
