"""Decides whether a loaded file can be undone, and undoes it: for a day, and while nobody has built on it.

Nothing is edited and nothing vanishes. What the file paid is reversed, its payments and credit notes are taken whole,
its invoices are void from their first day on; what was known before can still be asked for. Their numbers are marked,
so that the same file, or a better one, can be loaded again. What only rooms above this one know how to take back, the
bookings of a bank statement before all, is theirs to do: they say so in `Above`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol
from uuid import UUID

from tenants import store
from tenants.events import history, recording
from tenants.intake import customer_changes, runs, taking_back
from tenants.intake import sql_of_undoing as sql
from tenants.intake.customer_files import CustomerFile
from tenants.intake.runs import Import
from tenants.ledger import balances, instalments, periods
from tenants.values import dates, ids
from tenants.values.faults import Kind, Refusal

FOR = timedelta(hours=24)
LABELS = {"payment": "reference", "credit_note": "number"}


class NotUndoable(Refusal):
    """The import cannot be undone, and the sentence says why."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "import_not_undoable"
    remedy = "Correct what is wrong one by one: void, credit or reverse it."


class Taker(Protocol):
    """Takes back what one kind of file brought."""

    def hindrance(self, run: Import) -> str:
        """Who has built on the import, in a sentence; an empty text when nobody has."""

    def take_back(self, run: Import, *, now: datetime, reason: str) -> dict[str, int]:
        """Take back what the import brought; how much that was, by name."""


@dataclass(frozen=True, slots=True)
class Above:
    """What rooms above this one take back, by kind of file, and whom they know to have built on an import."""

    takers: Mapping[str, Taker] = field(default_factory=dict)
    built_on: Sequence[Callable[[UUID], str]] = ()
    """Each says it in a sentence, or in an empty text when nobody has."""


NOTHING = Above()


def hindrance(run: Import, *, now: datetime, above: Above = NOTHING) -> str:
    """Why an import cannot be undone; an empty text when it can."""
    if run.state != "loaded" or run.loaded_at is None:
        return "Only a loaded import can be undone."
    if now - run.loaded_at > FOR:
        return f"It was loaded on {dates.written_to_the_minute(run.loaded_at)}; an import can be undone for 24 hours."
    built = _taker(run, above).hindrance(run)
    return built or next((said for ask in above.built_on if (said := ask(run.id))), "")


def ask(import_id: UUID, *, now: datetime, real: datetime, reason: str, above: Above = NOTHING) -> None:
    """Have an import undone in the background. Raises ImportUnknown, NotUndoable."""
    run = runs.one(import_id, locked=True)
    if why := hindrance(run, now=now, above=above):
        raise NotUndoable(why)
    runs.forget_undo(import_id)
    key = f"{import_id}:{ids.new()}"
    recording.record("import.undo_asked", key=key, now=real, import_id=str(import_id), reason=reason)


def undo(
    import_id: UUID, *, now: datetime, real: datetime, reason: str, above: Above = NOTHING
) -> dict[str, int] | None:
    """Undo an import, all of it or nothing; None where it was undone before or something came between.

    What came between is kept with the import, so that whoever asked is told.
    """
    run = runs.one(import_id, locked=True)
    if run.state == "undone":
        return None
    store.plan_for_sets()
    if why := hindrance(run, now=now, above=above):
        runs.note_undo(import_id, said={"refused": why})
        return None
    done = _taker(run, above).take_back(run, now=now, reason=reason)
    runs.note_undo(import_id, said=done, at=now)
    about, was = ("import", import_id), {"state": "loaded", "file_name": run.file_name}
    history.note("import.undone", about=about, at=now, was=was, became=done, reason=reason)
    recording.record("import.undone", key=str(import_id), now=real, import_id=str(import_id))
    return done


def _taker(run: Import, above: Above) -> Taker:
    """Who takes back this kind of file; whatever makes a debt is a ledger."""
    return above.takers.get(run.kind) or OWN.get(run.kind, LEDGER)


class Ledger:
    """Takes back a ledger, or an invoice that came alone."""

    def hindrance(self, run: Import) -> str:
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
        if closed is None or day is None:
            return ""
        through, on = dates.written(closed), dates.written(day)
        return f"The books are closed through {through}, and something of it counts on {on}."

    def take_back(self, run: Import, *, now: datetime, reason: str) -> dict[str, int]:
        """Take back what the file brought."""
        given = {"import_id": run.id}
        posting: dict[str, Any] = {**given, "now": now, "reason": reason}
        mark = taking_back.mark(run.id)
        for table in LABELS:
            store.run(sql.LOCK_SOURCES.format(table=table), **given)
        locked = store.run(sql.LOCK_INVOICES, **given).all()
        invoice_ids = [row.id for row in locked]
        balances.take_out(invoice_ids)
        done = {"allocations": taking_back.reverse(sql.TO_REVERSE, **posting)}
        for table, label in LABELS.items():
            taking_back.take(sql.TO_TAKE.format(table=table), table, **posting)
            done[f"{table}s"] = store.run(sql.EMPTY.format(table=table, label=label), **given, mark=mark).rowcount
        done["invoices"] = store.run(sql.VOID, **given, now=now, mark=mark).rowcount
        instalments.point([row.id for row in locked if row.schedule_id])
        balances.put_back(invoice_ids)
        customer_changes.take_back(run.id, now=now)
        done["contacts"] = store.run(sql.RETIRE, **given).rowcount
        done["debtors"] = store.run(sql.LEAVE, **given, now=now, mark=mark).rowcount
        return done


LEDGER = Ledger()
OWN: Mapping[str, Taker] = {customer_changes.KIND: CustomerFile()}
