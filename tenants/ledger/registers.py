"""Decides in which order the books are leafed through: debtors, invoices, payments and credit notes, a page at a time.

A page starts behind the last row of the one before, never at a count of rows, so that a list that grows meanwhile
neither skips nor repeats. Whatever the order, the id comes last: two rows never tie.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from tenants import store
from tenants.ledger import standing as standings
from tenants.values.tables import Table

ORDERS = {
    "due_on": ("i.due_on, i.id", ">"),
    "-due_on": ("i.due_on DESC, i.id DESC", "<"),
    "issued_on": ("i.issued_on, i.id", ">"),
    "-issued_on": ("i.issued_on DESC, i.id DESC", "<"),
}
FILTERS = {
    "debtor_id": "i.debtor_id = :debtor_id",
    "currency": "i.currency = :currency",
    "delivery": "i.delivery = :delivery",
    "number": "i.number = :number",
    "due_from": "i.due_on >= :due_from",
    "due_to": "i.due_on <= :due_to",
}


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list, and where the next ones start; `next` is None on the last page."""

    rows: Table
    next: tuple[Any, UUID] | None


# The page is cut before its debtors are looked up, and they are looked up once for all of it. Row security hides from
# the planner how many rows a client has: asked for both at once, it expects one, begins with the debtors and sorts all
# that there is, or looks through all debtors for each row of the page.
NAMED = """
d AS MATERIALIZED (
  SELECT id, name, number FROM debtor WHERE tenant_id = :tenant AND id = ANY (ARRAY(SELECT debtor_id FROM page)))"""
INVOICES = f"""
WITH page AS MATERIALIZED (
  SELECT * FROM invoice i WHERE i.tenant_id = :tenant AND {{narrow}} ORDER BY {{order}} LIMIT :limit), {NAMED}
SELECT i.id, i.debtor_id, d.name AS debtor_name, d.number AS debtor_number, i.number, i.currency, i.amount_minor,
  i.tax_minor, i.open_minor, i.issued_on, i.due_on, i.purchase_order, i.settled_on, i.voided_on, i.delivery,
  i.delivered_at, i.bounced_at, i.first_seen_at, i.evidence_level, i.reminder_count, i.last_contact_at,
  {standings.WORD} AS standing
FROM page i JOIN d ON d.id = i.debtor_id ORDER BY {{order}}
"""
DEBTORS = """
SELECT d.id, d.number, d.name, d.country, d.language, d.time_zone, d.channel, d.consumer,
  ARRAY(SELECT g.key FROM debtor_group g WHERE g.tenant_id = :tenant AND g.debtor_id = d.id ORDER BY g.key) AS groups
FROM debtor d WHERE d.tenant_id = :tenant AND d.undone_at IS NULL{narrow} ORDER BY d.number, d.id LIMIT :limit
"""
IN_GROUP = """
 AND EXISTS (SELECT FROM debtor_group g WHERE g.tenant_id = :tenant AND g.debtor_id = d.id AND g.key = :group)"""
SPEAKS_OF = " AND (strpos(lower(d.name), lower(:words)) > 0 OR starts_with(lower(d.number), lower(:words)))"
PAYMENTS = f"""
WITH page AS MATERIALIZED (
  SELECT * FROM {{table}} s
  WHERE s.tenant_id = :tenant{{narrow}} ORDER BY s.{{day}} DESC, s.id DESC LIMIT :limit), {NAMED}
SELECT s.id, s.debtor_id, d.name AS debtor_name, d.number AS debtor_number, s.currency, s.amount_minor,
  s.unapplied_minor, {{own}}
FROM page s JOIN d ON d.id = s.debtor_id ORDER BY s.{{day}} DESC, s.id DESC
"""


def invoices(
    standing: str = "all",
    *,
    today: date,
    order: str = "-issued_on",
    after: tuple[date, UUID] | None = None,
    limit: int = 50,
    **filters: Any,
) -> Page:
    """Invoices of one standing (a key of `standing.CONDITIONS`) in one of the ORDERS, narrowed by FILTERS."""
    wanted = {name: value for name, value in filters.items() if value is not None}
    narrow = standings.CONDITIONS[standing] + "".join(f" AND {FILTERS[name]}" for name in wanted)
    by, sign = ORDERS[order]
    column = order.removeprefix("-")
    wanted["today"] = today
    if after is not None:
        narrow += f" AND (i.{column}, i.id) {sign} (:after_on, :after_id)"
        wanted |= {"after_on": after[0], "after_id": after[1]}
    return _page(INVOICES.format(narrow=narrow, order=by), column, limit, wanted)


def debtors(*, words: str = "", group: str = "", after: tuple[str, UUID] | None = None, limit: int = 50) -> Page:
    """Debtors by number: all, those of a group, or those whose name holds or whose number begins with some words."""
    narrow, wanted = "", dict[str, Any]()
    for clause, name, value in ((IN_GROUP, "group", group), (SPEAKS_OF, "words", words)):
        if value:
            narrow, wanted[name] = narrow + clause, value
    if after is not None:
        narrow += " AND (d.number, d.id) > (:after_number, :after_id)"
        wanted |= {"after_number": after[0], "after_id": after[1]}
    return _page(DEBTORS.format(narrow=narrow), "number", limit, wanted)


def payments(
    *,
    debtor_id: UUID | None = None,
    unapplied: bool = False,
    after: tuple[date, UUID] | None = None,
    limit: int = 50,
) -> Page:
    """Payments, the newest first: all, one debtor's, or those with something left to apply."""
    return _sources("payment", "received_on", "reference, s.source, s.received_on", debtor_id, unapplied, after, limit)


def credit_notes(
    *,
    debtor_id: UUID | None = None,
    unapplied: bool = False,
    after: tuple[date, UUID] | None = None,
    limit: int = 50,
) -> Page:
    """Credit notes, the newest first: all, one debtor's, or those with something left to apply."""
    return _sources("credit_note", "issued_on", "number, s.reason, s.issued_on", debtor_id, unapplied, after, limit)


def _sources(
    table: str,
    day: str,
    own: str,
    debtor_id: UUID | None,
    unapplied: bool,
    after: tuple[date, UUID] | None,
    limit: int,
) -> Page:
    wanted: dict[str, Any] = {}
    narrow = " AND s.unapplied_minor > 0" if unapplied else ""
    if debtor_id is not None:
        narrow, wanted["debtor_id"] = f"{narrow} AND s.debtor_id = :debtor_id", debtor_id
    if after is not None:
        narrow += f" AND (s.{day}, s.id) < (:after_on, :after_id)"
        wanted |= {"after_on": after[0], "after_id": after[1]}
    return _page(PAYMENTS.format(table=table, day=day, own=f"s.{own}", narrow=narrow), day, limit, wanted)


def _page(statement: str, column: str, limit: int, values: dict[str, Any]) -> Page:
    """One row more than wanted is asked for: it says whether there is a next page."""
    found = store.table(statement, limit=limit + 1, **values)
    rows = found[:limit]
    return Page(rows, (rows[-1][column], rows[-1]["id"]) if len(found) > limit else None)
