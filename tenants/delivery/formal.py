"""Decides the form of a formal reminder: a letter of its own on the client's paper, with the words of the mail and the
list of what is owed, so that a customer's post room can file it.
"""

import json

from tenants.delivery import layout, printing, rendering, words
from tenants.delivery.facts import Outgoing
from tenants.delivery.printing import LETTER, Sheet

TEMPLATES = ("Formal letter",)
"""Messages that bring their own document."""


def sheet(mail: Outgoing) -> Sheet:
    """Lay out the letter. Raises BadTemplate."""
    creditor, reader = mail.creditor, mail.reader
    place, language = words.locale(reader.language, creditor.country), words.language(reader.language)
    label = words.LABELS[language]
    subject, body = rendering.words_of(mail)
    before, _, after = body.partition(layout.ITEMS)
    data = {
        "language": language,
        "paper": "us-letter" if creditor.country in printing.LETTER_COUNTRIES else "a4",
        "accent": layout.colour(creditor.accent),
        "client": printing.letterhead(creditor, label),
        "reader": [part for part in (reader.debtor_name, reader.contact_name, reader.country) if part],
        "day": words.day(mail.today, place=place),
        "title": subject,
        "before": _paragraphs(before),
        "columns": [label[key] for key in layout.COLUMNS],
        "rows": [list(rendering.row(item, place)) for item in mail.items],
        "after": _paragraphs(after),
    }
    return Sheet(json.dumps(data, ensure_ascii=False, sort_keys=True), mail.today, LETTER)


def _paragraphs(text: str) -> list[str]:
    """The words without the mark of the button: paper has none."""
    parts = (part.strip() for part in text.replace(layout.BUTTON, "").split("\n\n"))
    return [" ".join(part.split()) for part in parts if part]
