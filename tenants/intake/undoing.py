"""Decides whether a loaded file can be undone, and undoes it: for a day, and while nobody has built on it.

Nothing is edited and nothing vanishes. What the file paid is reversed, its payments and credit notes are taken whole,
its invoices are void from their first day on; what was known before can still be asked for. Their numbers are marked,
so that the same file, or a better one, can be loaded again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from tenants import store
from tenants.events import history, recording
from tenants.intake import customer_changes, runs
from tenants.intake import sql_of_undoing as sql
from tenants.intake.runs import Import
from tenants.ledger import balances, instalments, periods
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

FOR = timedelta(hours=24)
KINDS = ("ledger", "invoice")
"""A statement of a bank tells what happened and an advice what is meant; neither makes a debt that could be wrong."""
SOURCES = {
    "payment": ("reference", "received_on", "m.id, NULL::uuid"),
    "credit_note": ("number", "issued_on", "NULL::uuid, m.id"),
}
BuiltOn = Callable[[UUID], str]
"""Says in a sentence who has built on an import, in a room above this one; an empty text when nobody has."""


class NotUndoable(Refusal):
    """The import cannot be undone, and the sentence says why."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "import_not_undoable"
    remedy = "Correct what is wrong one by one: void, credit or reverse it."


@dataclass(frozen=True, slots=True)
class Undone:
    """What undoing did."""

    invoices: int
    credit_notes: int
    payments: int
    allocations: int
    debtors: int
    contacts: int


def hindrance(run: Import, *, now: datetime, built_on: Sequence[BuiltOn] = ()) -> str:
    """Why an import cannot be undone; an empty text when it can."""
    if run.state != "loaded" or run.loaded_at is None:
        return "Only a loaded import can be undone."
    if run.kind not in KINDS:
        return "A bank statement or an advice makes no debt: undo what its lines paid, under Cash."
    if now - run.loaded_at > FOR:
        return f"It was loaded on {run.loaded_at:%Y-%m-%d %H:%M} UTC; an import can be undone for 24 hours."
    return _built_on(run) or next((said for ask in built_on if (said := ask(run.id))), "")


def ask(import_id: UUID, *, now: datetime, real: datetime, reason: str, built_on: Sequence[BuiltOn] = ()) -> None:
    """Have an import undone in the background. Raises ImportUnknown, NotUndoable."""
    run = runs.one(import_id, locked=True)
    if why := hindrance(run, now=now, built_on=built_on):
        raise NotUndoable(why)
    runs.forget_undo(import_id)
    key = f"{import_id}:{ids.new()}"
    recording.record("import.undo_asked", key=key, now=real, import_id=str(import_id), reason=reason)


def undo(
    import_id: UUID, *, now: datetime, real: datetime, reason: str, built_on: Sequence[BuiltOn] = ()
) -> Undone | None:
    """Undo an import, all of it or nothing; None where it was undone before or something came between.

    What came between is kept with the import, so that whoever asked is told.
    """
    run = runs.one(import_id, locked=True)
    if run.state == "undone":
        return None
    store.plan_for_sets()
    if why := hindrance(run, now=now, built_on=built_on):
        runs.note_undo(import_id, said={"refused": why})
        return None
    done = _undone(run, now=now, reason=reason)
    runs.note_undo(import_id, said=_told(done), at=now)
    about, was = ("import", import_id), {"state": "loaded", "file_name": run.file_name}
    history.note("import.undone", about=about, at=now, was=was, became=_told(done), reason=reason)
    recording.record("import.undone", key=str(import_id), now=real, import_id=str(import_id))
    return done


def _built_on(run: Import) -> str:
    """Who has built on the import in the books themselves."""
    given = {"import_id": run.id}
    if number := store.run(sql.TOUCHED, **given).scalar():
        return f"Invoice {number} was sent to its customer since."
    if number := store.run(sql.CHANGED, **given).scalar():
        return f"Invoice {number} was cancelled since, or another due date was agreed for it."
    if label := store.run(sql.POSTED_BY_OTHERS, **given).scalar():
        return f"Something was posted on {label} since."
    if number := store.run(sql.REVERSED, **given).scalar():
        return f"What the file paid on invoice {number} was reversed since."
    if number := store.run(sql.TRADED_SINCE, **given).scalar():
        return f"Customer {number}, whom the file brought, has other postings since."
    closed = periods.closed_through()
    day = None if closed is None else store.run(sql.CLOSED, **given, closed_through=closed).scalar()
    return "" if day is None else f"The books are closed through {closed}, and something of it counts on {day}."


def _undone(run: Import, *, now: datetime, reason: str) -> Undone:
    given = {"import_id": run.id}
    mark = f" (undone {run.id.hex[-6:]})"
    for table in SOURCES:
        store.run(sql.LOCK_SOURCES.format(table=table), **given)
    locked = store.run(sql.LOCK_INVOICES, **given).all()
    invoice_ids = [row.id for row in locked]
    balances.take_out(invoice_ids)
    reversed_ = _reverse(run, now=now, reason=reason)
    taken = {table: _take(run, table, mark, now=now, reason=reason) for table in SOURCES}
    invoices = store.run(sql.VOID, **given, now=now, mark=mark).rowcount
    instalments.point([row.id for row in locked if row.schedule_id])
    balances.put_back(invoice_ids)
    customer_changes.take_back(run.id, now=now)
    contacts = store.run(sql.RETIRE, **given).rowcount
    return Undone(
        invoices=invoices,
        credit_notes=taken["credit_note"],
        payments=taken["payment"],
        allocations=reversed_,
        debtors=store.run(sql.LEAVE, **given, now=now, mark=mark).rowcount,
        contacts=contacts,
    )


def _reverse(run: Import, *, now: datetime, reason: str) -> int:
    """Reverse what the file paid, each from the day on which it counted."""
    pairs = _paired(sql.TO_REVERSE, run.id)
    given = {"now": now, "reason": reason, "import_id": run.id}
    count = store.run(sql.REVERSE.format(pairs=pairs), **given).rowcount
    store.run(sql.OPEN_AGAIN.format(pairs=pairs))
    return count


def _take(run: Import, table: str, mark: str, *, now: datetime, reason: str) -> int:
    """Take all that a payment or credit note is worth, from its first day on."""
    label, day, columns = SOURCES[table]
    pairs = _paired(sql.TO_TAKE.format(table=table), run.id)
    statement = sql.TAKE.format(ids=columns, day=day, table=table, pairs=pairs)
    store.run(statement, now=now, reason=reason, import_id=run.id)
    return store.run(sql.EMPTY.format(table=table, label=label), import_id=run.id, mark=mark).rowcount


def _paired(question: str, import_id: UUID) -> str:
    """A table for this transaction: each found id with that of the posting to come."""
    table = f"landed_{ids.new().hex}"
    found = store.run(question, import_id=import_id).scalars().all()
    store.land(table, sql.PAIRS)
    store.copy_rows(table, ("was", "made"), ((was, ids.new()) for was in found))
    return table


def _told(done: Undone) -> dict[str, int]:
    return {name: getattr(done, name) for name in Undone.__slots__}
