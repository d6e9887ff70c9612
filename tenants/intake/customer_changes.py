"""Decides what a later file changes about customers who are here: name, address, terms, limit, who looks after them.

An invoice is never corrected by a file, but a customer who moved or was renamed is. Only what the file really says
counts: an empty cell, or a column that is not there, says nothing. Each change is kept with what was there before; it
is shown before anything is loaded, stands in the customer's history, and is taken back when the import is undone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

from tenants import store
from tenants.directory import clients
from tenants.events import history
from tenants.intake import sql_of_customers as sql
from tenants.intake.runs import Import
from tenants.ledger import owners
from tenants.values import calendars
from tenants.values.money import Money

KIND = "customers"
"""A file that tells of customers alone."""
NAMES = {
    "name": "name",
    "country": "country",
    "channel": "way of sending",
    "address": "address",
    "terms": "payment terms",
    "credit_limit": "credit limit",
    "owner": "looked after by",
    "email": "e-mail",
    "groups": "groups",
}
SHOWN = 20
ROWS = {"ledger": sql.LEDGER, KIND: sql.CUSTOMERS}
PEOPLE = """
SELECT DISTINCT ON (person_id) person_id, person_name FROM membership
WHERE tenant_id = :tenant AND CAST(person_id AS text) = ANY(:ids) ORDER BY person_id, starts_at DESC
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one customer, before and after."""

    number: str
    name: str
    field: str
    was: str
    became: str

    @property
    def title(self) -> str:
        """The field as people call it."""
        return NAMES[self.field]


def of(run: Import, *, limit: int = SHOWN) -> tuple[Sequence[Change], int]:
    """The first changes that a file would make, or made once it is loaded; and how many there are."""
    if run.kind not in ROWS:
        return (), 0
    if run.state in ("loaded", "undone"):
        rows = store.run(sql.KEPT, import_id=run.id, limit=limit).all()
    else:
        rows = store.run(_over(sql.PREVIEW, run), import_id=run.id, channel_said=_says_channel(run), limit=limit).all()
    return _readable([Change(*row[:5]) for row in rows]), rows[0][5] if rows else 0


def keep(run: Import, *, now: datetime) -> None:
    """Note what a file changes, before it brings customers and contacts of its own, and change the customers."""
    if run.kind not in ROWS or not store.run(sql.ANYBODY).first():
        return
    if store.run(_over(sql.KEEP, run), import_id=run.id, channel_said=_says_channel(run)).rowcount:
        store.run(sql.TURN, import_id=run.id)
        _note(run.id, now=now, back=False)


def use_addresses(import_id: UUID) -> None:
    """After the file's contacts are here: those that it names are in use, those that it replaced are not."""
    store.run(sql.USE_EMAILS.format(active="true", named="became", unnamed="was"), import_id=import_id)
    store.run(sql.USE_EMAILS.format(active="false", named="was", unnamed="became"), import_id=import_id)


def take_back(import_id: UUID, *, now: datetime) -> int:
    """Put back what was there before the file; how many customers it had changed."""
    changed = store.run(sql.TURN_BACK, import_id=import_id).rowcount
    if changed:
        store.run(sql.USE_EMAILS.format(active="true", named="was", unnamed="became"), import_id=import_id)
        store.run(sql.USE_EMAILS.format(active="false", named="became", unnamed="was"), import_id=import_id)
        store.run(sql.LEAVE_GROUPS, import_id=import_id)
        _give_back(import_id, now=now)
        _note(import_id, now=now, back=True)
    return changed


def today(now: datetime) -> date:
    """The client's day."""
    return calendars.local_day(now, zone=clients.clock().zone)


def _over(statement: str, run: Import) -> str:
    """The statement over the rows that this kind of file has staged."""
    rows = ROWS[run.kind]
    return statement.format(rows=rows, more=sql.MORE[rows])


def _says_channel(run: Import) -> bool:
    """A ledger's rows have a way of sending even where the file says none."""
    return run.kind == KIND or "channel" in run.mapping.get("columns", {})


def _readable(found: Sequence[Change]) -> list[Change]:
    """Limits as money and people by their names."""
    told = [text for each in found if each.field == "owner" for text in (each.was, each.became) if text]
    names = {str(row.person_id): str(row.person_name) for row in store.run(PEOPLE, ids=told)} if told else {}
    base = clients.profile().base_currency if any(each.field == "credit_limit" for each in found) else ""

    def shown(field: str, text: str) -> str:
        if not text:
            return ""
        if field == "owner":
            return names.get(text, "somebody who left")
        if field == "credit_limit":
            return Money(int(text), base).shown()
        return f"{text} days" if field == "terms" else text.replace("\n", ", ")

    return [replace(each, was=shown(each.field, each.was), became=shown(each.field, each.became)) for each in found]


def _give_back(import_id: UUID, *, now: datetime) -> None:
    """Customers who were given to somebody go back to whoever had them."""
    given = [row for row in store.run(sql.OF_IMPORT, import_id=import_id) if row.field == "owner"]
    pairs = [(row.debtor_id, UUID(row.was) if row.was else None) for row in given]
    if pairs:
        on = today(now)
        owners.give(pairs, since_on=on, today=on, now=now, reason="The import was undone.")


def _note(import_id: UUID, *, now: datetime, back: bool) -> None:
    """A line in the history of each customer."""
    rows = store.run(sql.OF_IMPORT, import_id=import_id).all()
    for debtor_id, fields in groupby(rows, key=lambda row: row.debtor_id):
        changed = list(fields)
        was, became = {row.field: row.was for row in changed}, {row.field: row.became for row in changed}
        history.note(
            "debtor.changed_by_file",
            about=("debtor", debtor_id),
            at=now,
            was=became if back else was,
            became=was if back else became,
            reason="The import was undone." if back else "",
        )
