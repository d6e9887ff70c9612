"""Decides how an invoice looks on paper: a sheet of plain data, laid out by one typst template.

The same sheet gives the same bytes, so a document's version is the hash of its sheet and a copy can be proved to be
what was sent.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from tenants.delivery import layout, press, words
from tenants.delivery.facts import Item, Reader
from tenants.directory.clients import Profile
from tenants.values.money import Money

TEMPLATES = Path(__file__).parent / "templates"
INVOICE, LETTER = "invoice.typ", "letter.typ"
LETTER_COUNTRIES = frozenset({"US", "CA", "MX", "PH", "CL", "CO"})
LAYOUT = 1
"""Part of every version: a changed layout is another document."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one document says, ready to print."""

    data: str
    dated_on: date
    template: str = INVOICE

    @property
    def version(self) -> str:
        """Names the content: equal sheets have equal versions and equal bytes."""
        return hashlib.sha256(f"{LAYOUT}\n{self.dated_on}\n{self.data}".encode()).hexdigest()


def sheet(item: Item, *, creditor: Profile, reader: Reader, portal: str, logo: str | None = None) -> Sheet:
    """Lay out one invoice in the reader's language; what was paid since does not belong on it."""
    place = words.locale(reader.language, creditor.country)
    label = words.LABELS[words.language(reader.language)]
    data: dict[str, Any] = {
        "language": words.language(reader.language),
        "paper": "us-letter" if creditor.country in LETTER_COUNTRIES else "a4",
        "accent": layout.colour(creditor.accent),
        "labels": label,
        "title": f"{label['invoice']} {item.number}",
        "logo": logo,
        "logo_alt": f"{label['logo']} {creditor.legal_name}",
        "client": letterhead(creditor, label),
        "reader": {"name": reader.debtor_name, "lines": [reader.country] if reader.country else []},
        "facts": _facts(item, reader, label, place),
        "columns": [label[key] for key in ("description", "quantity", "price", "tax", "net")],
        "lines": _lines(item, label, place),
        "sums": _sums(item, label, place),
        "pay": list(_pay(item, creditor, label)),
        "terms": creditor.terms,
        "portal": portal,
    }
    return Sheet(json.dumps(data, ensure_ascii=False, sort_keys=True), item.issued_on)


def pdf(page: Sheet) -> bytes:
    """Print a sheet. Raises typst.TypstError for a sheet that cannot be laid out."""
    stamp = datetime.combine(page.dated_on, time(), tzinfo=UTC)
    return press.printed(TEMPLATES / page.template, sheet=page.data, stamp=stamp)


def letterhead(creditor: Profile, label: dict[str, str]) -> dict[str, Any]:
    """Name, address and contact of a client, as they stand on its paper."""
    lines = [line.strip() for line in creditor.address.splitlines() if line.strip()]
    if creditor.tax_number:
        lines.append(f"{label['tax_number']}: {creditor.tax_number}")
    contact = [part for part in (creditor.contact_name, creditor.contact_phone, creditor.contact_email) if part]
    return {"name": creditor.legal_name, "lines": lines, "contact": contact}


def _facts(item: Item, reader: Reader, label: dict[str, str], place: str) -> list[list[str]]:
    rows = [
        [label["number"], item.number],
        [label["issued"], words.day(item.issued_on, place=place)],
        [label["due"], words.day(item.contract_due_on or item.due_on, place=place)],
        [label["customer"], reader.debtor_number],
    ]
    return rows + ([[label["order"], item.purchase_order]] if item.purchase_order else [])


def _lines(item: Item, label: dict[str, str], place: str) -> list[list[str]]:
    """The lines as they were invoiced; a ledger that holds totals only gives one line that says so."""
    if not item.lines:
        net = Money(item.amount_minor - item.tax_minor, item.currency).shown(place)
        return [[label["as_invoiced"], words.number(Decimal(1), place=place), net, "", net]]
    return [
        [
            line.description,
            words.number(line.quantity, place=place),
            Money(line.unit_price_minor, item.currency).shown(place),
            f"{words.number(line.tax_rate, place=place)} %",
            Money(line.net_minor, item.currency).shown(place),
        ]
        for line in item.lines
    ]


def _sums(item: Item, label: dict[str, str], place: str) -> list[list[str]]:
    total = [label["total"], item.amount.shown(place)]
    if not item.tax_minor:
        return [total]
    net = Money(item.amount_minor - item.tax_minor, item.currency)
    tax = Money(item.tax_minor, item.currency)
    return [[label["net_total"], net.shown(place)], [label["tax_total"], tax.shown(place)], total]


def _pay(item: Item, creditor: Profile, label: dict[str, str]) -> Iterator[list[str]]:
    yield [label["payee"], creditor.legal_name]
    if creditor.bank_name:
        yield [label["bank"], creditor.bank_name]
    if creditor.iban:
        yield ["IBAN", creditor.iban]
    if creditor.bic:
        yield ["BIC", creditor.bic]
    yield [label["reference"], item.number]
