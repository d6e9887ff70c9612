"""Decides what a file of customers does: it changes those who are here, opens accounts for the others, and is undone.

What it says of customers who are here is told before anything is loaded, and kept with what was there before.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import BinaryIO
from uuid import UUID

from tenants import store
from tenants.directory import clients, memberships
from tenants.events import recording
from tenants.intake import customer_changes, differences, runs, taking_back
from tenants.intake import sql_of_customers as sql
from tenants.intake.customer_changes import KIND
from tenants.intake.customer_sheet import TARGETS, Customer, CustomerSheet, chosen
from tenants.intake.formats.csv_file import Layout
from tenants.intake.report import Outcome, Report
from tenants.intake.runs import Import
from tenants.ledger import owners
from tenants.values import ids

COLUMNS = (*Customer._fields, "made_id")
LOOKING_AFTER = ("specialist", "specialist_manager")
KEPT = timedelta(days=7)
KEPT_FAULTS = 1_000
STAGE = f"""
INSERT INTO import_customer (tenant_id, import_id, {", ".join(COLUMNS)})
SELECT :tenant, :import_id, {", ".join(COLUMNS)} FROM %s
ON CONFLICT (tenant_id, import_id, row_no) DO NOTHING
"""


def check(run: Import, table: BinaryIO, *, layout: Layout, places: dict[str, int], base_currency: str) -> Report:
    """Stage what can be believed, and tell what cannot."""
    staff = memberships.live(now=run.received_at)
    known = {each.person_email.casefold(): str(each.person_id) for each in staff if each.role in LOOKING_AFTER}
    sheet = CustomerSheet(layout, places=places, base_currency=base_currency, owners=known)
    store.run(sql.SUPERSEDE, source=run.source, before=run.received_at - KEPT)
    _stage(run.id, sheet.rows(table))
    codes: dict[str, int] = {}
    for each in sheet.faults:
        codes[each.code] = codes.get(each.code, 0) + 1
    stated = {target.title: layout.header[places[target.key]] for target in TARGETS if target.key in places}
    columns = {key: layout.header[at] for key, at in places.items()}
    return Report.refusing(
        "",
        remedy="",
        read=sheet.read,
        accepted=sheet.accepted,
        refused=sheet.read - sheet.accepted,
        debtors=sheet.accepted,
        faults=tuple(sheet.faults[:KEPT_FAULTS]),
        fault_codes=codes,
        detection={
            "kind": KIND,
            "format": layout.format,
            "header": list(layout.header),
            "stated": stated,
            "columns": columns,
        },
    )


def remember(run: Import, *, now: datetime) -> None:
    """Keep which columns said what, for the next file of the source with the very same header."""
    found = run.report["check"]["detection"]
    runs.keep_choice(_key(run.source), {"columns": found["columns"], "header": found["header"]}, now=now)


def remembered(source: str, header: Sequence[str]) -> dict[str, int]:
    """The columns of the last file of customers from this source, where the header is the very same."""
    kept = runs.choice(_key(source))
    return chosen(kept["columns"], header) if kept.get("header") == list(header) else {}


def _key(source: str) -> str:
    return f"{source} ({KIND})"


def clear(import_id: UUID) -> None:
    """Take away what an earlier check left."""
    store.run(sql.CLEAR, import_id=import_id)


def waiting(import_id: UUID) -> int:
    """How many rows of the import wait."""
    return int(store.run(sql.WAITING, import_id=import_id).scalar_one())


def take(run: Import, *, now: datetime, today: date, real: datetime) -> Outcome:
    """Change the customers who are here, and open accounts for the others."""
    given = {"import_id": run.id}
    language = clients.profile().language
    store.plan_for_sets()
    customer_changes.keep(run, now=now)
    added = store.run(sql.OPEN, **given, now=now, language=language).rowcount
    store.run(sql.JOIN, **given)
    store.run(sql.CONTACTS, **given, now=now, language=language)
    customer_changes.use_addresses(run.id)
    pairs = [(row.id, row.owner_id) for row in store.run(sql.OWNED, **given)]
    if pairs:
        owners.give(pairs, since_on=today, today=today, now=now, reason=f"By the file {run.file_name}")
    changed = store.run(sql.TOUCHED, **given).scalar_one()
    recording.record("import.loaded", key=str(run.id), now=real, import_id=str(run.id))
    return Outcome(
        import_id=run.id,
        added=added,
        same=run.accepted - added - changed,
        changed=changed,
        refused=run.refused,
        debtors_added=added,
        payments_added=0,
        payments_ahead=0,
        credit_notes_added=0,
        totals=(),
        differences=differences.between(runs.loaded_before(run), run),
    )


class CustomerFile:
    """Takes back a file of customers."""

    def hindrance(self, run: Import) -> str:
        """Whether a customer whom the file brought owes something by now, in a sentence."""
        number = store.run(sql.TRADED_SINCE, import_id=run.id).scalar()
        return f"Customer {number}, whom the file brought, has postings since." if number else ""

    def take_back(self, run: Import, *, now: datetime, reason: str) -> dict[str, int]:
        """Put back what was there before; customers whom the file brought leave the lists."""
        given = {"import_id": run.id}
        changes = customer_changes.take_back(run.id, now=now)
        contacts = store.run(sql.RETIRE, **given).rowcount
        mark = taking_back.mark(run.id)
        debtors = store.run(sql.LEAVE, **given, now=now, mark=mark).rowcount
        return {"changes": changes, "contacts": contacts, "debtors": debtors}


def _stage(import_id: UUID, rows: Iterable[Customer]) -> None:
    table = f"landed_{ids.new().hex}"
    store.land(table, sql.LANDED)
    store.copy_rows(table, COLUMNS, ((*row, ids.new()) for row in rows))
    store.run(STAGE % table, import_id=import_id)
