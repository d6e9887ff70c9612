"""Decides how a statement of account looks as a file: a PDF in the customer's language, and a table for programs.

The data travel beside the layout, never inside it; the same statement gives the same bytes.
"""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from tenants.delivery import layout, press, printing, words
from tenants.directory.clients import Profile
from tenants.insight import statement_words
from tenants.insight.statement_words import WORDS
from tenants.insight.statements import Account, Statement
from tenants.values import languages
from tenants.values.money import Money
from tenants.values.sheets import safe

TEMPLATE = Path(__file__).parent / "templates" / "statement.typ"
HEADER = ("section", "date", "kind", "reference", "due_on", "days_late", "amount", "balance", "currency")
HEADINGS = ("movements", "date", "what", "reference", "due", "late", "amount", "balance", "currency")
"""The same in words, for a table in a language."""
SECTIONS = {"movement": "movements", "opening": "opening", "closing": "closing", "open": "open"}


def pdf(said: Statement, *, creditor: Profile, language: str = "") -> bytes:
    """Print a statement, in the customer's language unless another is wanted."""
    data = json.dumps(sheet(said, creditor=creditor, language=language), ensure_ascii=False, sort_keys=True)
    stamp = datetime.combine(said.day, time(), tzinfo=UTC)
    return press.printed(TEMPLATE, sheet=data, stamp=stamp)


def table(said: Statement, *, language: str = "") -> str:
    """The statement as CSV: first the movements, then what is open; amounts with a point, days as YYYY-MM-DD.

    Without a language its headings and kinds are the constant words that programs look for.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    label = WORDS[statement_words.language(language)] if language else {}
    writer.writerow([label[name] for name in HEADINGS] if label else HEADER)
    for account in said.accounts:
        for section, on_day, kind, *rest in _rows(account, said.first_on, said.day):
            writer.writerow([label.get(SECTIONS[section], section), on_day, label.get(kind, kind), *rest])
    return out.getvalue()


def sheet(said: Statement, *, creditor: Profile, language: str = "") -> dict[str, Any]:
    """What the statement says, as plain data."""
    lang = statement_words.language(language or said.debtor.language)
    place = languages.place(lang, creditor.country)
    label = WORDS[lang]
    pay = [["IBAN", creditor.iban], ["BIC", creditor.bic]]
    return {
        "language": lang,
        "paper": "us-letter" if creditor.country in printing.LETTER_COUNTRIES else "a4",
        "accent": layout.colour(creditor.accent),
        "labels": label,
        "client": {
            "name": creditor.legal_name,
            "lines": [line.strip() for line in creditor.address.splitlines() if line.strip()],
        },
        "reader": {"name": said.debtor.name, "country": said.debtor.country},
        "facts": _facts(said, label, place),
        "accounts": [_account(account, said, label, place) for account in said.accounts],
        "pay": [row for row in pay if row[1]],
    }


def _facts(said: Statement, label: dict[str, str], place: str) -> list[list[str]]:
    rows = [
        [label["customer"], said.debtor.number],
        [label["from"], words.day(said.first_on, place=place)],
        [label["to"], words.day(said.day, place=place)],
    ]
    known = said.known_at
    return [*rows, [label["known"], f"{known:%Y-%m-%d %H:%M} UTC"]] if known else rows


def _account(account: Account, said: Statement, label: dict[str, str], place: str) -> dict[str, Any]:
    def shown(minor: int) -> str:
        return Money(minor, account.currency).shown(place)

    def day(value: date | None) -> str:
        return words.short_day(value, place=place) if value else ""

    buckets = [[label["not_due"], shown(account.aging.not_due.minor)]]
    buckets += [[f"{bucket.key} {label['days']}", shown(bucket.minor)] for bucket in account.aging.late if bucket.minor]
    if account.aging.unapplied_minor:
        buckets.append([label["unapplied"], shown(-account.aging.unapplied_minor)])
    return {
        "currency": account.currency,
        "movements": [
            [day(said.first_on), label["opening"], "", "", "", shown(account.opening_minor)],
            *(
                [
                    day(each.on_day),
                    label.get(each.kind, each.kind),
                    each.reference,
                    shown(each.minor) if each.minor >= 0 else "",
                    shown(-each.minor) if each.minor < 0 else "",
                    shown(each.balance_minor),
                ]
                for each in account.movements
            ),
        ],
        "closing": shown(account.closing_minor),
        "items": [
            [each.number, day(each.issued_on), day(each.due_on), str(max(0, each.late)), shown(each.open_minor)]
            for each in account.open_items
        ],
        "buckets": buckets,
    }


def _rows(account: Account, first_on: date, day: date) -> Iterator[list[str]]:
    def plain(minor: int) -> str:
        return Money(minor, account.currency).as_text()

    opening, closing = plain(account.opening_minor), plain(account.closing_minor)
    yield ["opening", first_on.isoformat(), "", "", "", "", "", opening, account.currency]
    for each in account.movements:
        due_on = each.due_on.isoformat() if each.due_on else ""
        row = [each.on_day.isoformat(), each.kind, safe(each.reference), due_on, "", plain(each.minor)]
        yield ["movement", *row, plain(each.balance_minor), account.currency]
    yield ["closing", day.isoformat(), "", "", "", "", "", closing, account.currency]
    for item in account.open_items:
        row = [item.issued_on.isoformat(), "", safe(item.number), item.due_on.isoformat(), str(item.late)]
        yield ["open", *row, plain(item.open_minor), "", account.currency]
