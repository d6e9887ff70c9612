"""Decides whether a rule still means what it queued: asked again at the moment of sending, about the invoices of one
message.

Between match and send lie quiet hours and weekends; whoever paid, answered or was taken off the rule meanwhile is not
written to.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.rules import bounds, compiler, rule_book, statements
from tenants.rules.faults import RuleRefused


def recheck(rule_key: str, invoice_ids: Sequence[UUID], now: datetime) -> set[UUID]:
    """Which of the invoices the live rule matches now, its own earlier firing aside; none when it is not live."""
    kept = next((row for row in rule_book.live() if row["key"] == rule_key), None)
    if kept is None:
        return set()
    try:
        rule = rule_book.read(kept)
    except RuleRefused:
        return set()
    asked = compiler.compile(rule, at=bounds.here(now), few=True)
    found = store.run(
        statements.matching(asked, some=True, gate=False), **asked.values, ids=list(invoice_ids)
    ).scalars()
    return set(found)
