"""Decides what a backtest tells: how often, to how many, how many at most on one day, and how many would have paid
anyway."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tenants import store
from tenants.rules.tree import Rule
from tenants.values.counts import counted

ANYWAY_DAYS = 5
TOTALS = """
SELECT count(*) AS firings, count(DISTINCT f.subject_id) AS subjects, count(DISTINCT f.debtor_id) AS customers
FROM backtest_firing f WHERE f.tenant_id = :tenant AND f.backtest_id = :id
"""
BY_DAY = """
SELECT f.fired_on, count(*) AS firings, count(DISTINCT f.debtor_id) AS customers FROM backtest_firing f
WHERE f.tenant_id = :tenant AND f.backtest_id = :id GROUP BY f.fired_on ORDER BY f.fired_on
"""
ANYWAY = """
SELECT count(*) FILTER (WHERE i.settled_on BETWEEN f.fired_on AND f.fired_on + CAST(:days AS integer)), count(*)
FROM backtest_firing f JOIN invoice i ON i.tenant_id = :tenant AND i.id = f.subject_id
WHERE f.tenant_id = :tenant AND f.backtest_id = :id
"""


def of(backtest_id: UUID, rule: Rule, *, days: int, untold: Sequence[str]) -> dict[str, Any]:
    """The result as it is kept and shown."""
    totals = store.run(TOTALS, id=backtest_id).one()
    by_day = store.run(BY_DAY, id=backtest_id).all()
    bundled = rule.writes_to_debtors
    most = max(((row.customers if bundled else row.firings) for row in by_day), default=0)
    messages = sum(row.customers for row in by_day) if bundled else totals.firings
    result: dict[str, Any] = {
        "acts": messages,
        "subjects": totals.subjects,
        "customers": totals.customers,
        "most_on_one_day": most,
        "by_day": [[row.fired_on.isoformat(), row.customers if bundled else row.firings] for row in by_day],
        "untold": list(untold),
        "paid_anyway": None,
    }
    if rule.about == "invoice" and totals.firings:
        paid, all_ = store.run(ANYWAY, id=backtest_id, days=ANYWAY_DAYS).one()
        result["paid_anyway"] = round(paid / all_, 3)
    return result | {"text": _said(result, days=days, what="message" if bundled else "act")}


def _said(result: dict[str, Any], *, days: int, what: str) -> str:
    whom = counted(result["customers"], "customer")
    said = (
        f"On {counted(days, 'past day')}: {counted(result['acts'], what)} about {whom}, "
        f"at most {result['most_on_one_day']:,} on one day"
    )
    if result["paid_anyway"] is not None:
        said += f"; {result['paid_anyway']:.0%} of these invoices were paid within {ANYWAY_DAYS} days anyway"
    if result["untold"]:
        said += f". Read as today, because the past is not known: {', '.join(result['untold'])}"
    return said + "."
