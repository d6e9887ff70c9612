"""Decides which customers a rule leaves alone, so that what came after its acts stands beside what came without them.

Chosen by customer, never by invoice, because one message lists all that a customer owes; by a hash of the rule's key
and the customer, so that they are the same in each run and wording, and others for each rule. Never more than the
contact policy lets: without its word nobody is left alone.
"""

from collections.abc import Sequence
from typing import Any

from tenants.collections import policies
from tenants.rules.tree import Action, Rule

MOST = policies.MOST_QUIET
COMPARED = ("send", "task", "alert", "tag", "digest")
"""What may be left undone for some to see what it is worth; a pause, a question or a stage protects somebody."""
_PLACE = (
    "CAST(CAST('x' || substr(md5(CAST(:quiet_key AS text) || CAST({debtor} AS text)), 1, 7) AS bit(28)) AS integer)"
)


def share(rule: Rule) -> int:
    """How many customers in a hundred the rule leaves alone."""
    return min(rule.quiet_share, policies.current().quiet_share) if rule.quiet_share else 0


def values(rule: Rule) -> dict[str, Any]:
    """What the condition is bound to; nothing for a rule that leaves nobody alone."""
    return {"quiet_key": rule.key, "quiet": share(rule)} if rule.quiet_share else {}


def limit(debtor: str, *, chosen: bool) -> str:
    """That a customer is among those who are left alone, or is not."""
    return f"(mod({_PLACE.format(debtor=debtor)}, 100) {'<' if chosen else '>='} :quiet)"


def compares(about: str, actions: Sequence[Action]) -> bool:
    """Whether it can be told what the rule is worth, and nobody is hurt by its silence."""
    return about == "invoice" and bool(actions) and all(action.do in COMPARED for action in actions)
