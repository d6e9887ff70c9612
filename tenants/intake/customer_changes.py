"""Decides what a later file changes about customers who are here: name, country, channel, e-mail address and groups.

An invoice is never corrected by a file, but a customer who moved or was renamed is. Only what the file really says
counts: an empty cell, or a column that is not there, says nothing. Each change is kept with what was there before; it
is shown before anything is loaded, stands in the customer's history, and is taken back when the import is undone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from tenants import store
from tenants.events import history
from tenants.intake.runs import Import

NAMES = {"name": "name", "country": "country", "channel": "way of sending", "email": "e-mail", "groups": "groups"}
SHOWN = 20

_SAID = """
SELECT DISTINCT ON (r.debtor_number) r.debtor_number, r.debtor_name, r.country, r.channel FROM import_row r
WHERE r.tenant_id = :tenant AND r.import_id = :import_id ORDER BY r.debtor_number, r.row_no
"""
_GROUPS = """
SELECT r.debtor_number, array_agg(DISTINCT trim(part.key)) AS keys FROM import_row r
CROSS JOIN LATERAL unnest(string_to_array(r.groups, ';')) AS part (key)
WHERE r.tenant_id = :tenant AND r.import_id = :import_id AND r.groups <> '' AND trim(part.key) <> ''
GROUP BY r.debtor_number
"""
# Addresses that people entered stay; those that came by a file give way to those that the newest file gives.
_EMAILS = """
SELECT r.debtor_number, array_agg(DISTINCT r.email) AS keys FROM import_row r
WHERE r.tenant_id = :tenant AND r.import_id = :import_id AND r.email <> '' AND NOT EXISTS (
  SELECT FROM contact c JOIN debtor b ON b.tenant_id = :tenant AND b.id = c.debtor_id
  WHERE c.tenant_id = :tenant AND c.import_id IS NULL AND c.email = r.email AND b.number = r.debtor_number)
GROUP BY r.debtor_number
"""
_LISTS = f"""
SELECT d.id, 'groups' AS field, coalesce(h.keys, CAST('{{}}' AS text[])) AS was,
  ARRAY(SELECT DISTINCT k FROM unnest(coalesce(h.keys, CAST('{{}}' AS text[])) || s.keys) AS k ORDER BY k) AS became
FROM ({_GROUPS}) s JOIN debtor d ON d.tenant_id = :tenant AND d.number = s.debtor_number
LEFT JOIN (SELECT g.debtor_id, array_agg(g.key ORDER BY g.key) AS keys FROM debtor_group g WHERE g.tenant_id = :tenant
  GROUP BY g.debtor_id) h ON h.debtor_id = d.id
WHERE d.tenant_id = :tenant
UNION ALL
SELECT d.id, 'email', coalesce(h.keys, CAST('{{}}' AS text[])), ARRAY(SELECT k FROM unnest(s.keys) AS k ORDER BY k)
FROM ({_EMAILS}) s JOIN debtor d ON d.tenant_id = :tenant AND d.number = s.debtor_number
LEFT JOIN (SELECT c.debtor_id, array_agg(c.email ORDER BY c.email) AS keys FROM contact c WHERE c.tenant_id = :tenant
  AND c.active AND c.import_id IS NOT NULL GROUP BY c.debtor_id) h ON h.debtor_id = d.id
WHERE d.tenant_id = :tenant
"""
FOUND = f"""
SELECT d.id AS debtor_id, f.field, f.was, f.became FROM ({_SAID}) s
JOIN debtor d ON d.tenant_id = :tenant AND d.number = s.debtor_number
CROSS JOIN LATERAL (VALUES
  ('name', d.name, s.debtor_name, s.debtor_name NOT IN ('', s.debtor_number)),
  ('country', d.country, s.country, s.country <> ''),
  ('channel', d.channel, s.channel, CAST(:channel_said AS boolean))) AS f (field, was, became, said)
WHERE d.tenant_id = :tenant AND f.said AND f.was <> f.became
UNION ALL
SELECT l.id, l.field, array_to_string(l.was, '; '), array_to_string(l.became, '; ') FROM ({_LISTS}) l
WHERE l.was <> l.became
"""
PREVIEW = f"""
SELECT d.number, d.name, c.field, c.was, c.became, count(*) OVER () FROM ({FOUND}) c
JOIN debtor d ON d.tenant_id = :tenant AND d.id = c.debtor_id ORDER BY d.number, c.field LIMIT :limit
"""
ANYBODY = "SELECT 1 FROM debtor WHERE tenant_id = :tenant LIMIT 1"
KEPT = """
SELECT d.number, d.name, c.field, c.was, c.became, count(*) OVER () FROM import_change c
JOIN debtor d ON d.tenant_id = :tenant AND d.id = c.debtor_id
WHERE c.tenant_id = :tenant AND c.import_id = :import_id ORDER BY d.number, c.field LIMIT :limit
"""
KEEP = f"""
INSERT INTO import_change (tenant_id, import_id, debtor_id, field, was, became)
SELECT :tenant, :import_id, f.debtor_id, f.field, f.was, f.became FROM ({FOUND}) f
ON CONFLICT (tenant_id, import_id, debtor_id, field) DO NOTHING
"""
OF_IMPORT = """
SELECT debtor_id, field, was, became FROM import_change WHERE tenant_id = :tenant AND import_id = :import_id
ORDER BY debtor_id, field
"""
_SIDES = ", ".join(
    f"max({side}) FILTER (WHERE field = '{field}') AS {field}_{side}"
    for field in ("name", "country", "channel")
    for side in ("was", "became")
)
_SET = """
UPDATE debtor d SET name = {name}, country = {country}, channel = {channel}
FROM (SELECT debtor_id, {sides} FROM import_change WHERE tenant_id = :tenant AND import_id = :import_id
  GROUP BY debtor_id) c
WHERE d.tenant_id = :tenant AND d.id = c.debtor_id
"""


def _set(before: str, after: str) -> str:
    """Set what was changed from one side to the other; what somebody has changed since stays."""
    fields = {
        field: f"CASE WHEN d.{field} = c.{field}_{before} THEN c.{field}_{after} ELSE d.{field} END"
        for field in ("name", "country", "channel")
    }
    return _SET.format(sides=_SIDES, **fields)


TURN, TURN_BACK = _set("was", "became"), _set("became", "was")
# What the one side names and the other does not: addresses come into use and go out of it, as the file has them.
EMAILS = """
UPDATE contact k SET active = {active} FROM import_change c
WHERE k.tenant_id = :tenant AND c.tenant_id = :tenant AND c.import_id = :import_id AND c.field = 'email'
  AND k.debtor_id = c.debtor_id AND k.import_id IS NOT NULL AND k.active <> {active}
  AND k.email = ANY(string_to_array(c.{named}, '; ')) AND k.email <> ALL(string_to_array(c.{unnamed}, '; '))
"""
LEAVE_GROUPS = """
DELETE FROM debtor_group g USING import_change c
WHERE g.tenant_id = :tenant AND c.tenant_id = :tenant AND c.import_id = :import_id AND c.field = 'groups'
  AND g.debtor_id = c.debtor_id AND g.key = ANY(string_to_array(c.became, '; '))
  AND g.key <> ALL(string_to_array(c.was, '; '))
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
    if run.kind != "ledger":
        return (), 0
    if run.state in ("loaded", "undone"):
        rows = store.run(KEPT, import_id=run.id, limit=limit).all()
    else:
        rows = store.run(PREVIEW, import_id=run.id, channel_said=_says_channel(run), limit=limit).all()
    return [Change(*row[:5]) for row in rows], rows[0][5] if rows else 0


def keep(run: Import, *, now: datetime) -> None:
    """Note what a file changes, before it brings customers and contacts of its own, and change the customers."""
    if run.kind != "ledger" or not store.run(ANYBODY).first():
        return
    if store.run(KEEP, import_id=run.id, channel_said=_says_channel(run)).rowcount:
        store.run(TURN, import_id=run.id)
        _note(run.id, now=now, back=False)


def use_addresses(import_id: UUID) -> None:
    """After the file's contacts are here: those that it names are in use, those that it replaced are not."""
    store.run(EMAILS.format(active="true", named="became", unnamed="was"), import_id=import_id)
    store.run(EMAILS.format(active="false", named="was", unnamed="became"), import_id=import_id)


def take_back(import_id: UUID, *, now: datetime) -> None:
    """Put back what was there before the file."""
    if not store.run(TURN_BACK, import_id=import_id).rowcount:
        return
    store.run(EMAILS.format(active="true", named="was", unnamed="became"), import_id=import_id)
    store.run(EMAILS.format(active="false", named="became", unnamed="was"), import_id=import_id)
    store.run(LEAVE_GROUPS, import_id=import_id)
    _note(import_id, now=now, back=True)


def _says_channel(run: Import) -> bool:
    return "channel" in run.mapping.get("columns", {})


def _note(import_id: UUID, *, now: datetime, back: bool) -> None:
    """A line in the history of each customer."""
    rows = store.run(OF_IMPORT, import_id=import_id).all()
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
