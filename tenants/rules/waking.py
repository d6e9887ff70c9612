"""Decides which events ask rules early, and about which invoices: a bounce, an objection, a reply, a look, a payment, a
broken promise, an invoice that goes out.

An event only brings the question forward for what it names; the daily sweep asks the same one about everything, so an
event that is lost costs a day. Where no rule listens, nothing is looked up: a file of a million invoices tells of each.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.rules import rule_book, running
from tenants.rules.runs import Run

WAKES = {
    "run_rules_on": "delivery.bounced",
    "run_rules_on_dispute": "dispute.opened",
    "run_rules_on_issue": "invoice.issued",
    "run_rules_on_reply": "reply.received",
    "run_rules_on_promise": "promise.broken",
    "run_rules_on_payment": "payment.applied",
    "run_rules_on_sight": "portal.viewed",
}
"""Kinds of work, and what each calls the event in the words of rules."""
PORTAL = 6
# An invoice that was here before the file keeps its own id, so the number is what tells.
ISSUED = """
SELECT r.invoice_id FROM import_row r
WHERE r.tenant_id = :tenant AND r.import_id = :import_id AND r.row_no BETWEEN :first AND :last
"""
PAID = """
SELECT i.id FROM import_row r JOIN invoice i ON i.tenant_id = :tenant AND i.number = r.number
WHERE r.tenant_id = :tenant AND r.import_id = :import_id AND r.paid_minor > 0
"""
VIEWED = "SELECT i.id FROM invoice i WHERE i.tenant_id = :tenant AND i.id = ANY(:ids) AND i.evidence_level >= :level"


def wake(event: str, told: Mapping[str, Any], *, key: str, now: datetime, real: datetime) -> list[Run]:
    """Run every rule that listens to the event, for the invoices that it tells of; `key` tells this event from all
    others."""
    listening = [kept["id"] for kept in rule_book.watched() if event in kept["document"].get("when", {}).get("on", ())]
    invoice_ids = _concerned(event, told) if listening else ()
    if not invoice_ids:
        return []
    how: dict[str, Any] = {"occurrence": f"{event}:{key}", "now": now, "real": real, "invoice_ids": invoice_ids}
    return [ran for rule_id in listening if (ran := running.run(rule_id, **how))]


def _concerned(event: str, told: Mapping[str, Any]) -> Sequence[UUID]:
    if "import_id" in told and event == "invoice.issued":
        rows = {"first": told["from_row"], "last": told["to_row"]}
        return store.run(ISSUED, import_id=told["import_id"], **rows).scalars().all()
    if "import_id" in told:
        return store.run(PAID, import_id=told["import_id"]).scalars().all()
    named = [UUID(each) for each in told["invoice_ids"]]
    if event == "portal.viewed":
        return store.run(VIEWED, ids=named, level=PORTAL).scalars().all()
    return named
