"""Decides what a certificate of delivery says: one page about one invoice, what is known and how well, what is not.

It is for a dispute, so it claims no more than the ladder does. What is not known stands beside what is, and the hash
lets anybody check that a document is the very one. A long way is shortened to its strongest signs, and says so.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tenants.delivery import layout, press, printing
from tenants.delivery.facts import Item, Reader
from tenants.delivery.ladder import Ladder, Rung
from tenants.directory.clients import Profile
from tenants.values import dates

TEMPLATE = Path(__file__).parent / "templates" / "certificate.typ"
MOST = 14
LONGEST = 44
COLUMNS = ("When", "What", "Who", "Source", "Strength")
READING = (
    "Proved: a mail server said so, or a person did something that only a person does. Likely: a fetch without a sign "
    "of a machine. Weak: a fetch that was, or may have been, a machine. That a sign is missing proves nothing."
)


@dataclass(frozen=True, slots=True)
class Subject:
    """The invoice that a certificate is about, with the hash of its document as it was kept."""

    item: Item
    reader: Reader
    creditor: Profile
    document_sha256: str


def pdf(way: Ladder, *, about: Subject, rungs: Mapping[str, str], unknown: Mapping[str, str], now: datetime) -> bytes:
    """Print the certificate. `rungs` and `unknown` are the words for people; the same way gives the same bytes at the
    same `now`."""
    data = json.dumps(sheet(way, about=about, rungs=rungs, unknown=unknown, now=now), ensure_ascii=False)
    return press.printed(TEMPLATE, sheet=data, stamp=now)


def sheet(
    way: Ladder, *, about: Subject, rungs: Mapping[str, str], unknown: Mapping[str, str], now: datetime
) -> dict[str, object]:
    """What the page says, as plain data."""
    zone, item, reader = about.creditor.clock.zone, about.item, about.reader
    shown = _strongest(way.rungs)
    left_out = len(way.rungs) - len(shown)
    days = f"issued {dates.written(item.issued_on)}, due {dates.written(item.due_on)}"
    return {
        "client": about.creditor.legal_name,
        "accent": layout.colour(about.creditor.accent),
        "paper": "us-letter" if about.creditor.country in printing.LETTER_COUNTRIES else "a4",
        "title": f"Certificate of delivery, invoice {item.number}",
        "facts": [
            ["Invoice", f"{item.number}, {item.amount.shown('en')}, {days}"],
            ["Customer", f"{reader.debtor_name} ({reader.debtor_number})"],
            ["Document (SHA-256)", about.document_sha256 or "no document was kept"],
            ["Made at", _at(now, zone)],
        ],
        "columns": list(COLUMNS),
        "rungs": [
            [_at(rung.at, zone), _what(rung, rungs), _short(rung.who), _short(rung.source), rung.strength]
            for rung in shown
        ],
        "omitted": f"{left_out} further signs, none stronger, are not shown here." if left_out else "",
        "unknown": [unknown.get(key) or _plain(key) for key in way.unknown],
        "reading": READING,
    }


def _strongest(rungs: tuple[Rung, ...]) -> list[Rung]:
    """As many as fit on a page: bad news and strong signs first, in the order of time."""
    if len(rungs) <= MOST:
        return list(rungs)
    bad = ("bounced", "failed", "refused", "complained")
    best = sorted(rungs, key=lambda rung: (rung.what not in bad, -rung.level, rung.at))[:MOST]
    return sorted(best, key=lambda rung: rung.at)


def _what(rung: Rung, words: Mapping[str, str]) -> str:
    said = words.get(rung.what) or _plain(rung.what)
    more = rung.detail or rung.said
    return f"{said} ({_short(more)})" if more else said


def _at(instant: datetime, zone: ZoneInfo) -> str:
    return f"{dates.written(here := instant.astimezone(zone))} {here:%H:%M:%S %z}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _plain(key: str) -> str:
    return key.replace("_", " ").capitalize()
