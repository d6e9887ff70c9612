"""Decides what a checked file does to the ledger: what is new is added, what is there stays, what differs is told.

The books are never corrected by a file: an invoice that is here with another amount is reported, not overwritten. All
statements run in the caller's one unit of work, over the whole file at once, and none of them asks row by row.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from tenants import store
from tenants.directory import clients
from tenants.events import recording
from tenants.events.recording import Occurrence
from tenants.intake import advices, bank_lines, customer_changes, differences, landing, originals, runs
from tenants.intake import sql_of_loading as sql
from tenants.intake.mapping import Mapping
from tenants.intake.report import Outcome, Total
from tenants.intake.runs import Import
from tenants.ledger import balances, instalments, invoices, periods
from tenants.values.dates import written

KEPT = timedelta(days=7)
"""How long loaded rows stay to be looked at by those who hear of the import."""
DEBIT_NOTES = ("80", "84", "383")
"""Types of UNTDID 1001."""
CHUNK = 500
"""Invoices per recorded event: one work item serves so many."""


def take(run: Import, *, now: datetime, today: date, real: datetime) -> Outcome:
    """Take the staged rows of one import into the ledger and record what happened."""
    given = {"import_id": run.id}
    previous = runs.loaded_before(run)
    store.plan_for_sets()
    landing.sweep(before=now - KEPT)
    language = clients.profile().language
    if run.kind == "ledger" and Mapping.read(run.mapping).leaves_days_open:
        store.run(sql.UNDATED, **given, today=today)
    _keep_closed(run.id, today=today)
    customer_changes.keep(run, now=now)
    debtors = store.run(sql.DEBTORS, **given, now=now, language=language).rowcount
    store.run(sql.GROUPS, **given)
    store.run(sql.CONTACTS, **given, now=now, language=language)
    customer_changes.use_addresses(run.id)
    added = store.run(sql.INVOICES, **given, now=now, today=today, kind=_kind(run)).rowcount
    credits = store.run(sql.CREDIT_NOTES, **given, now=now).rowcount
    store.run(sql.LINES_OF_PAPER if run.kind == "invoice" else sql.LINES, **given)
    store.run(sql.DISCOUNTS, **given, now=now)
    if run.kind == "invoice":
        originals.keep(run.id, form=run.report["check"]["detection"]["format"])
    payments = _book_payments(run.id, now=now, today=today, real=real)
    balances.add_for_import(run.id)
    changed = store.run(sql.CHANGED, **given).scalar_one()
    ahead = store.run(sql.PAYMENTS_AHEAD, **given, today=today).scalar_one()
    _record(run.id, real=real)
    added += credits
    return Outcome(
        import_id=run.id,
        added=added,
        same=run.accepted - added - changed,
        changed=changed,
        refused=run.refused,
        debtors_added=debtors,
        payments_added=payments,
        payments_ahead=ahead,
        credit_notes_added=credits,
        totals=tuple(Total(**total) for total in run.report["check"]["totals"]),
        differences=differences.between(previous, run, changed=differences.examples(run.id) if changed else ()),
    )


def _kind(run: Import) -> str:
    """What the debts of a file are called: a paper says by its type that it is a debit note."""
    stated = run.report["check"]["detection"].get("stated", {})
    return invoices.DEBIT_NOTE if stated.get("type") in DEBIT_NOTES else invoices.INVOICE


def take_bank_lines(run: Import, *, now: datetime, today: date, real: datetime) -> Outcome:
    """Take the staged lines of a bank statement; cash application hears of them and says whose they are."""
    added = bank_lines.load(run.id, now=now)
    return _told(run, added=added, real=real)


def take_advice(run: Import, *, now: datetime, today: date, real: datetime) -> Outcome:
    """Take a remittance advice; cash application hears of it and looks at what waits again."""
    return _told(run, added=advices.load(run, now=now), real=real)


def _told(run: Import, *, added: int, real: datetime) -> Outcome:
    """What loading a paper did that makes no invoice, told to whoever listens."""
    recording.record("import.loaded", key=str(run.id), now=real, import_id=str(run.id))
    return Outcome(
        import_id=run.id,
        added=added,
        same=run.accepted - added,
        changed=0,
        refused=0,
        debtors_added=0,
        payments_added=0,
        payments_ahead=0,
        credit_notes_added=0,
        totals=tuple(Total(**total) for total in run.report["check"]["totals"]),
        differences=differences.between(runs.loaded_before(run), run),
    )


def repeated(run: Import) -> Outcome:
    """What is said when a loaded import is loaded again: nothing was added."""
    said = run.report["load"]
    return Outcome(
        import_id=run.id,
        added=0,
        same=run.accepted,
        changed=said["changed"],
        refused=run.refused,
        debtors_added=0,
        payments_added=0,
        payments_ahead=said["payments_ahead"],
        credit_notes_added=0,
        totals=tuple(Total(**total) for total in said["totals"]),
        differences=("This import was loaded before; nothing was added.",),
    )


def _keep_closed(import_id: UUID, *, today: date) -> None:
    """Nothing new may be issued in a closed period; what was paid in it counts from the first open day.

    Raises PeriodClosed.
    """
    closed = periods.closed_through()
    if closed is None:
        return
    given = {"import_id": import_id, "first_open": closed + timedelta(days=1)}
    if number := store.run(sql.NEW_IN_CLOSED, **given).scalar():
        raise periods.PeriodClosed(
            f"The books are closed through {written(closed)}, and {number} was issued before and is new.",
            remedy="Open the period again, or leave it out of the file.",
        )
    store.run(sql.PAID_IN_CLOSED, **given, today=today)


def _book_payments(import_id: UUID, *, now: datetime, today: date, real: datetime) -> int:
    """Book the payments of new invoices, and what has newly been paid on those that were here."""
    given = {"import_id": import_id, "today": today}
    booked = store.run(sql.PAYMENTS_OF_NEW, **given, now=now).rowcount
    store.run(sql.ALLOCATIONS_OF_NEW, **given, now=now)
    store.run(sql.LOCK_OLD, **given)
    later = store.run(sql.PAYMENTS_OF_OLD, **given, now=now).rowcount
    if later:
        store.run(sql.ALLOCATIONS_OF_OLD, import_id=import_id, now=now)
        store.run(sql.BALANCE_OF_OLD, import_id=import_id)
        store.run(sql.SETTLE_OLD, import_id=import_id)
        instalments.point(list(store.run(sql.SCHEDULED_OLD, import_id=import_id).scalars()))
        recording.record("payment.applied", key=f"import:{import_id}", now=real, import_id=str(import_id))
    return booked + later


def _record(import_id: UUID, *, real: datetime) -> None:
    """One event for so many new invoices, named by the range of their rows, and one for the whole."""
    ranges = store.run(sql.CHUNKS, import_id=import_id, chunk=CHUNK).all()
    recording.record_many(
        "invoice.issued",
        [
            Occurrence(
                f"import:{import_id}:{number}",
                {"import_id": str(import_id), "from_row": first, "to_row": last, "count": count},
            )
            for number, first, last, count in ranges
        ],
        now=real,
    )
    recording.record("import.loaded", key=str(import_id), now=real, import_id=str(import_id))
