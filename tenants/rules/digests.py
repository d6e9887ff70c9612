"""Decides what stands in tomorrow's digest of a role: lines that rules add, told once, in one mail per person."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from tenants import store
from tenants.rules import notices, people
from tenants.values import ids

MOST_LINES = 200
ADD = """
INSERT INTO digest_line (tenant_id, id, line_key, role, title, text, for_on, made_at)
SELECT :tenant, r.id, r.key, r.role, r.title, r.text, :for_on, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, key text, role text, title text, text text)
ON CONFLICT (tenant_id, line_key) DO NOTHING
"""
TELL = """
UPDATE digest_line SET told_at = :now
WHERE tenant_id = :tenant AND told_at IS NULL AND for_on <= :today RETURNING id, role, title, text
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; the same key stands in no second digest."""

    key: str
    role: str
    title: str
    text: str


def add(lines: Sequence[Line], *, for_on: date, now: datetime) -> None:
    """Keep lines for the digest of a day."""
    rows = [{**asdict(line), "id": ids.new()} for line in lines]
    store.run(ADD, rows=json.dumps(rows, default=str), for_on=for_on, now=now)


def tell(*, now: datetime, real: datetime, today: date) -> int:
    """Write the digests that are due, one mail per person; return how many mails were queued."""
    told: dict[str, list[str]] = defaultdict(list)
    for row in sorted(store.run(TELL, now=now, today=today), key=lambda row: row.id):
        told[row.role].append(f"{row.title}: {row.text}")
    queued = 0
    for role, lines in told.items():
        shown = lines[:MOST_LINES]
        more = [f"… and {len(lines) - MOST_LINES} more."] if len(lines) > MOST_LINES else []
        queued += len(
            notices.queue(
                people.of_role(role, now=now),
                key=f"digest:{role}:{today}",
                subject=f"Your digest of {today:%-d %B %Y}",
                words="\n".join([*(f"- {line}" for line in shown), *more]),
                now=now,
                real=real,
            )
        )
    return queued
