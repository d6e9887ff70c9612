"""The summary of one run over a ledger: counted from the books, not from what the run believes it did."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from tenants import store
from tenants.insight import aging
from tenants.insight.aging import CurrencyAging
from tenants.intake.runs import Import
from tenants.isolation import scope
from tenants.ledger import selfcheck
from tenants.values.money import Money
from tenants.work import unit_of_work

EVIDENCE = {
    0: "0 nothing, or came back",
    1: "1 taken by our mail server",
    2: "2 taken by the recipient's server",
    3: "3 fetched by a machine",
    4: "4 opened by a person",
    5: "5 acted on the page",
    6: "6 viewed in the portal or downloaded",
    7: "7 said so themselves",
}
ONE = """
SELECT (SELECT count(*) FROM debtor WHERE tenant_id = :tenant),
  (SELECT count(*) FROM invoice WHERE tenant_id = :tenant),
  (SELECT count(*) FROM document WHERE tenant_id = :tenant AND kind = 'invoice'),
  (SELECT count(DISTINCT message_id) FROM delivery_attempt WHERE tenant_id = :tenant AND state = 'accepted'),
  (SELECT count(*) FROM message WHERE tenant_id = :tenant AND state = 'delivered'),
  (SELECT count(*) FROM message WHERE tenant_id = :tenant AND state = 'bounced'),
  (SELECT count(*) FROM alert WHERE tenant_id = :tenant),
  (SELECT count(*) FROM task WHERE tenant_id = :tenant)
"""
COUNTED = ("debtors", "invoices", "documents_made", "messages_accepted", "delivered", "bounced", "alerts", "tasks")
BY_KIND = "SELECT kind, count(*) FROM message WHERE tenant_id = :tenant GROUP BY kind ORDER BY kind"
BY_EVIDENCE = """
SELECT evidence_level, count(*) FROM message
WHERE tenant_id = :tenant AND state IN ('sent', 'delayed', 'unconfirmed', 'delivered', 'bounced')
GROUP BY evidence_level ORDER BY evidence_level
"""
MATCHES = """
SELECT r.key, COALESCE(sum(u.matched), 0) AS matched, COALESCE(sum(u.acted), 0) AS acted, count(u.id) AS runs
FROM rule r LEFT JOIN rule_run u ON u.tenant_id = :tenant AND u.rule_id = r.id AND u.mode = 'live'
WHERE r.tenant_id = :tenant GROUP BY r.key ORDER BY r.key
"""
HELD = "SELECT reason, count(*) FROM held_action WHERE tenant_id = :tenant GROUP BY reason ORDER BY reason"
OPEN = """
SELECT currency, sum(open_minor) FROM invoice
WHERE tenant_id = :tenant AND open_minor > 0 AND voided_on IS NULL AND issued_on <= :day GROUP BY currency
"""


def of(tenant: UUID, *, run: Import, as_of: date, seconds: Mapping[str, float]) -> dict[str, Any]:
    """Everything that the run did and left behind."""
    with unit_of_work(scope.viewing(tenant, actor="demo")):
        counted = dict(zip(COUNTED, store.run(ONE).one(), strict=True))
        open_minor = {currency: int(minor) for currency, minor in store.run(OPEN, day=as_of)}
        return {
            "as_of": as_of.isoformat(),
            "file": run.file_name,
            "rows_read": run.read,
            "rows_accepted": run.accepted,
            "rows_refused": run.refused,
            "rows_added": run.added,
            "control_total": _totals(run),
            "differences": list(run.report.get("load", {}).get("differences", ())),
            **counted,
            "messages": dict(store.run(BY_KIND).all()),
            "evidence_by_level": {EVIDENCE[level]: count for level, count in store.run(BY_EVIDENCE)},
            "rule_matches": {
                row.key: {"matched": int(row.matched), "acted": int(row.acted)} for row in store.run(MATCHES)
            },
            "messages_held_by_reason": dict(store.run(HELD).all()),
            "aging": {each.currency: _aging(each, open_minor) for each in aging.today(as_of).currencies},
            "self_check": [f"{found.question}: {found.count}" for found in selfcheck.run(as_of)],
            "seconds": {stage: round(taken, 1) for stage, taken in seconds.items()},
        }


def is_sound(summary: Mapping[str, Any]) -> bool:
    """Whether the books hold: nothing found by the self-check, and buckets that add up to what is open."""
    return not summary["self_check"] and all(each["adds_up"] for each in summary["aging"].values())


def _totals(run: Import) -> dict[str, str]:
    found = run.report.get("load", run.report.get("check", {})).get("totals", ())
    return {each["currency"]: Money(each["amount_minor"], each["currency"]).as_text() for each in found}


def _aging(line: CurrencyAging, open_minor: Mapping[str, int]) -> dict[str, Any]:
    def text(minor: int) -> str:
        return Money(minor, line.currency).as_text()

    buckets = (line.not_due, *line.late)
    total = open_minor.get(line.currency, 0)
    return {
        "buckets": {bucket.key: {"amount": text(bucket.minor), "invoices": bucket.count} for bucket in buckets},
        "open_total": text(total),
        "unapplied": text(line.unapplied_minor),
        "adds_up": sum(bucket.minor for bucket in buckets) == total,
    }


def as_text(summary: Mapping[str, Any]) -> str:
    """The summary for a person: one line for a fact, indented lines for what belongs together."""
    lines: list[str] = []
    for name, value in summary.items():
        title = name.replace("_", " ")
        if isinstance(value, Mapping) and value:
            lines += [f"{title}:", *_inner(value)]
        elif isinstance(value, list):
            lines += [f"{title}: {'none' if not value else ''}".rstrip(), *(f"    {each}" for each in value)]
        else:
            lines.append(f"{title:<22}{value if value != {} else 'none'}")
    return "\n".join(lines)


def _inner(facts: Mapping[str, Any], *, depth: int = 1) -> list[str]:
    lines: list[str] = []
    width = max(len(str(name)) for name in facts) + 2
    for name, value in facts.items():
        if isinstance(value, Mapping) and any(isinstance(each, Mapping) for each in value.values()):
            lines += ["    " * depth + f"{name}", *_inner(value, depth=depth + 1)]
        elif isinstance(value, Mapping):
            said = ", ".join(f"{key} {each}" for key, each in value.items())
            lines.append("    " * depth + f"{name:<{width}}{said}")
        else:
            lines.append("    " * depth + f"{name!s:<{width}}{value}")
    return lines
