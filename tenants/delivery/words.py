"""The languages in which debtors are written to: labels, dates and amounts. An unknown language falls back to
English."""

from datetime import date
from decimal import Decimal

from babel import dates, numbers

from tenants.values import languages

LANGUAGES = ("en", "de")

LABELS: dict[str, dict[str, str]] = {
    "en": {
        "invoice": "Invoice",
        "number": "Invoice number",
        "issued": "Invoice date",
        "due": "Due date",
        "customer": "Customer number",
        "order": "Your order",
        "to": "Invoice to",
        "description": "Description",
        "quantity": "Quantity",
        "price": "Unit price",
        "tax": "Tax",
        "net": "Net",
        "amount": "Amount",
        "open": "Open amount",
        "net_total": "Net total",
        "tax_total": "Tax",
        "total": "Total",
        "as_invoiced": "As invoiced",
        "pay": "How to pay",
        "payee": "Payee",
        "bank": "Bank",
        "reference": "Reference",
        "terms": "Terms",
        "object": "Something is not right?",
        "object_text": (
            "Tell us before the due date what is wrong, by answering the mail or on your customer page. "
            "We stop asking for the disputed part while we look into it."
        ),
        "portal": "Customer page",
        "page": "Page",
        "of": "of",
        "tax_number": "Tax number",
        "contact": "Contact",
        "logo": "Logo of",
        "images": "An image in this mail tells us that it was opened.",
        "images_stop": "Stop that",
        "view": "View, pay, object or ask for time",
    },
    "de": {
        "invoice": "Rechnung",
        "number": "Rechnungsnummer",
        "issued": "Rechnungsdatum",
        "due": "Fällig am",
        "customer": "Kundennummer",
        "order": "Ihre Bestellung",
        "to": "Rechnung an",
        "description": "Beschreibung",
        "quantity": "Menge",
        "price": "Einzelpreis",
        "tax": "Steuer",
        "net": "Netto",
        "amount": "Betrag",
        "open": "Offener Betrag",
        "net_total": "Summe netto",
        "tax_total": "Steuer",
        "total": "Gesamtbetrag",
        "as_invoiced": "Laut Rechnung",
        "pay": "So können Sie zahlen",
        "payee": "Empfänger",
        "bank": "Bank",
        "reference": "Verwendungszweck",
        "terms": "Zahlungsbedingungen",
        "object": "Stimmt etwas nicht?",
        "object_text": (
            "Sagen Sie uns vor der Fälligkeit, was nicht stimmt: als Antwort auf die E-Mail oder auf Ihrer "
            "Kundenseite. Solange wir das klären, fordern wir den strittigen Teil nicht ein."
        ),
        "portal": "Kundenseite",
        "page": "Seite",
        "of": "von",
        "tax_number": "Steuernummer",
        "contact": "Kontakt",
        "logo": "Logo von",
        "images": "Ein Bild in dieser E-Mail sagt uns, dass sie geöffnet wurde.",
        "images_stop": "Das abstellen",
        "view": "Ansehen, zahlen, widersprechen oder um Zeit bitten",
    },
}


def language(wanted: str) -> str:
    """The language we write in for somebody who wants `wanted`."""
    return languages.spoken(wanted, among=LANGUAGES)


def locale(wanted: str, country: str) -> str:
    """That language as it is written in a country."""
    return languages.place(language(wanted), country)


def day(value: date, *, place: str) -> str:
    """A date with its month in words, so that no order of numbers can mislead."""
    return dates.format_date(value, format="long", locale=place)


def short_day(value: date, *, place: str) -> str:
    """A date for a narrow column: its month is a short word where the language has one."""
    return dates.format_date(value, format="medium", locale=place)


def number(value: Decimal, *, place: str) -> str:
    """A quantity or a rate."""
    return numbers.format_decimal(value, locale=place)
