"""What intake makes of every file of a folder: each goes through the whole pipeline into a ledger of its own.

Every file meets an empty client, which is opened for it and taken back at the end, so that no file finds another one's
invoices there and nothing stays behind.
"""

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from tenants import assembly, settings, store
from tenants.adapters.documents import MemoryStore
from tenants.adapters.schematron import Schematron
from tenants.directory import clients
from tenants.intake import imports, runs
from tenants.isolation import scope
from tenants.values import ids
from tenants.values.faults import Refusal
from tenants.values.money import Money
from tenants.work import unit_of_work

CURRENCY = "EUR"
"""What a file without currency is taken to be in."""
SHOWN = 20
RULES = Schematron()
INVOICES = """
SELECT number, currency, amount_minor, tax_minor, open_minor, issued_on, due_on FROM invoice
WHERE tenant_id = :tenant ORDER BY number LIMIT :limit
"""
CREDITS = """
SELECT number, currency, amount_minor, issued_on FROM credit_note WHERE tenant_id = :tenant ORDER BY number LIMIT :limit
"""
TOTALS = """
SELECT 'invoices', currency, count(*), sum(amount_minor) FROM invoice WHERE tenant_id = :tenant GROUP BY currency
UNION ALL
SELECT 'credit_notes', currency, count(*), sum(amount_minor) FROM credit_note
WHERE tenant_id = :tenant GROUP BY currency
UNION ALL
SELECT 'bank_credits', currency, count(*), sum(amount_minor) FROM bank_line
WHERE tenant_id = :tenant AND amount_minor > 0 GROUP BY currency
UNION ALL
SELECT 'bank_debits', currency, count(*), sum(amount_minor) FROM bank_line
WHERE tenant_id = :tenant AND amount_minor <= 0 GROUP BY currency
UNION ALL
SELECT 'remittances', currency, count(*), sum(amount_minor) FROM remittance
WHERE tenant_id = :tenant GROUP BY currency
ORDER BY 1, 2
"""


class _TakenBack(Exception):
    """Ends the work on one file without keeping any of it."""


def run(folder: Path) -> dict[str, Any]:
    """File by file what came of it, and how often each outcome came."""
    shell = assembly.make_shell(settings.read())
    with shell.app_context():
        files = {str(path.relative_to(folder)): of_file(path) for path in _below(folder)}
    return {"counts": dict(Counter(found["outcome"] for found in files.values())), "files": files}


def of_file(path: Path) -> dict[str, Any]:
    """What became of one file; needs an open app context."""
    found: dict[str, Any] = {}
    tenant = ids.new()
    with contextlib.suppress(_TakenBack), unit_of_work(scope.tenant(tenant, actor="survey")):
        _open_client(tenant)
        found = _taken(path)
        raise _TakenBack
    return found


def _below(folder: Path) -> Iterator[Path]:
    if folder.is_file():
        return iter([folder])
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith("."))


def _open_client(tenant: UUID) -> None:
    clients.open(
        f"survey-{tenant.hex[-12:]}",
        legal_name="Survey",
        base_currency=CURRENCY,
        time_zone="UTC",
        country="DE",
        now=datetime.now(UTC),
        state="setup",
        contact_email="survey@survey.test",
        terms="",
    )


def _taken(path: Path) -> dict[str, Any]:
    """Received, checked and loaded, with what then stands in the books."""
    now, files = datetime.now(UTC), MemoryStore()
    try:
        with path.open("rb") as file:
            run = imports.receive(file, name=path.name, source="survey", actor="survey", now=now, files=files)
        report = imports.check(run.id, files=files, rules=RULES)
        said: dict[str, Any] = {"format": report.detection.get("format", ""), "kind": report.detection.get("kind", "")}
        if report.detection.get("stated"):
            said["stated"] = report.detection["stated"]
        if report.notes:
            said["notes"] = list(report.notes)
        if report.refusal or report.questions:
            return _refused(said, report.refusal or report.questions[0], runs.one(run.id).report["check"])
        if said["kind"] == imports.ARCHIVE:
            return _of_archive(said, report.detection["files"], files=files, now=now)
        if not report.accepted:
            return {"outcome": "recognised", **said}
        outcome = imports.load(run.id, now=now, today=now.date(), leave_out_faults=True)
    except Refusal as refusal:
        return {"outcome": "refused", "reason": refusal.detail, "remedy": refusal.remedy}
    return {"outcome": "landed", **said, "refused_rows": outcome.refused, "landed": landed()}


def _of_archive(
    said: dict[str, Any], inside: Sequence[Mapping[str, str]], *, files: MemoryStore, now: datetime
) -> dict[str, Any]:
    """What became of each file of an archive, in one ledger."""
    told = {}
    for each in inside:
        report = imports.check(UUID(each["id"]), files=files, rules=RULES)
        if report.refusal or report.questions or not report.accepted:
            told[each["name"]] = report.refusal or next(iter(report.questions), "recognised")
        else:
            imports.load(UUID(each["id"]), now=now, today=now.date(), leave_out_faults=True)
            told[each["name"]] = "landed"
    outcome = "landed" if "landed" in told.values() else "recognised"
    return {"outcome": outcome, **said, "inside": told, "landed": landed()}


def _refused(said: Mapping[str, Any], reason: str, check: Mapping[str, Any]) -> dict[str, Any]:
    """The refusal with the rule and the place of each breach, where there are such."""
    breaches = [
        {"rule": fault["code"], "line": fault["row_no"], "place": fault["column"], "reason": fault["reason"]}
        for fault in check["faults"]
    ]
    found = {"outcome": "refused", **said, "reason": reason, "remedy": check["refusal_remedy"]}
    return found | ({"breaches": breaches} if breaches else {})


def landed() -> dict[str, Any]:
    """What stands in the books of the open client: totals by currency, and the first papers one by one."""
    totals: dict[str, dict[str, Any]] = {}
    for what, currency, count, minor in store.run(TOTALS):
        totals.setdefault(what, {})[currency] = {"count": count, "amount": Money(int(minor), currency).as_text()}
    invoices = [
        {
            "number": number,
            "currency": currency,
            "amount": Money(amount, currency).as_text(),
            "tax": Money(tax, currency).as_text(),
            "open": Money(still, currency).as_text(),
            "issued_on": issued,
            "due_on": due,
        }
        for number, currency, amount, tax, still, issued, due in store.run(INVOICES, limit=SHOWN)
    ]
    credits = [
        {"number": number, "currency": currency, "amount": Money(amount, currency).as_text(), "issued_on": issued}
        for number, currency, amount, issued in store.run(CREDITS, limit=SHOWN)
    ]
    return {"totals": totals, "first_invoices": invoices, "first_credit_notes": credits}
