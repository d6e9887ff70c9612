"""Decides what a mail says: subject, text and HTML from a Liquid template with limits, in the reader's language.

The template gives words; the list of invoices, the button and all markup are ours. Values are plain text in both
forms: in the HTML everything is escaped, and a subject loses line breaks and controls. Two marks on lines of their
own, [[items]] and [[button]], say where list and link go; a text without them gets both at its end, because every
mail must name what is owed and how to object.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any

import liquid
from liquid.exceptions import LiquidError

from tenants.delivery import layout, words
from tenants.delivery.facts import Item, Outgoing
from tenants.delivery.layout import BUTTON, ITEMS, Content
from tenants.delivery.mime import one_line
from tenants.values.faults import Refusal

FOLDER = Path(__file__).parent / "templates" / "mail"
TEMPLATES = {
    "Invoice": "invoice",
    "Friendly note before the due date": "before_due",
    "First reminder": "reminder",
    "Second reminder, with ways to pay": "reminder",
    "Formal letter": "formal",
    "Thank you for paying on time": "thanks",
}
"""Names that rules and people use, and the text behind each."""
LONGEST_SUBJECT = 200
GAP = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")
"""Where a paragraph fell out of a text, because there was nothing to say in it."""


class BadTemplate(Refusal, ValueError):
    """The text cannot be rendered: wrong syntax, an unknown field, or more than the limits allow."""

    code = "bad_template"
    remedy = "Check the marks in double braces against the list of fields."


class UnknownTemplate(Refusal, LookupError):
    """No mail text of that name."""

    code = "unknown_template"
    remedy = f"Use one of: {', '.join(TEMPLATES)}."


class Limited(liquid.Environment):
    """Liquid that ends: a template of a client must never hold up a worker."""

    context_depth_limit = 12
    loop_iteration_limit = 2_000
    local_namespace_limit = 10_000
    output_stream_limit = 256 * 1024


_liquid = Limited(undefined=liquid.StrictUndefined, autoescape=False)


def _bounded(act: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that neither unrolls an endless range nor grows a text beyond every mail: the limits above count tags,
    and a filter could pass under them."""

    @wraps(act)
    def bounded(*given: Any, **named: Any) -> Any:
        if any(isinstance(each, range) and len(each) > Limited.loop_iteration_limit for each in given):
            raise LiquidError("a range is longer than any list of invoices", token=None)
        made = act(*given, **named)
        if isinstance(made, str) and len(made) > Limited.output_stream_limit:
            raise LiquidError("a text has grown longer than any mail", token=None)
        return made

    return bounded


_liquid.filters.update({name: _bounded(act) for name, act in _liquid.filters.items()})


@dataclass(frozen=True, slots=True)
class Rendered:
    """One mail as it will be read."""

    subject: str
    text: str
    html: str


def known(name: str) -> str:
    """Refuse a template name that nobody has written a text for."""
    if name not in TEMPLATES:
        raise UnknownTemplate(f"There is no mail text called “{name[:80]}”.")
    return name


def render(mail: Outgoing, *, link: str, pixel: str = "", provider: str = "") -> Rendered:
    """Write the mail. Raises BadTemplate."""
    lang = words.language(mail.reader.language)
    source = mail.wording or source_of(mail.template, language=lang)
    return fill(source, mail, link=link, pixel=pixel, provider=provider)


def fill(source: str, mail: Outgoing, *, link: str, pixel: str = "", provider: str = "") -> Rendered:
    """Write the mail from the given text, first line subject, then `---`, then the letter. Raises BadTemplate."""
    place = words.locale(mail.reader.language, mail.creditor.country)
    subject, body = _said(source, mail, place)
    content = Content(
        words=body,
        language=words.language(mail.reader.language),
        label=words.LABELS[words.language(mail.reader.language)],
        rows=tuple(row(item, place) for item in mail.items),
        link=link,
        pixel=pixel,
        accent=mail.creditor.accent,
        provider=provider,
    )
    return Rendered(subject, layout.as_text(content), layout.as_html(content))


def words_of(mail: Outgoing) -> tuple[str, str]:
    """Subject and words of a mail, with the marks for list and button still in them. Raises BadTemplate."""
    lang = words.language(mail.reader.language)
    source = mail.wording or source_of(mail.template, language=lang)
    return _said(source, mail, words.locale(mail.reader.language, mail.creditor.country))


def _said(source: str, mail: Outgoing, place: str) -> tuple[str, str]:
    subject, _, body = _written(source, fields(mail, place=place)).partition("\n---\n")
    body = GAP.sub("\n\n", body.strip())
    for mark in (ITEMS, BUTTON):
        if mark not in body:
            body += f"\n\n{mark}"
    return one_line(subject)[:LONGEST_SUBJECT], body


def tried(source: str) -> None:
    """Write the words once about one invoice and once about three of a made-up customer. Raises BadTemplate."""
    item = {"number": "A-1", "amount": "€119.00", "open": "€119.00", "due": "3 February 2026"}
    about = {
        "creditor": dict.fromkeys(("name", "person", "phone", "iban"), "words"),
        "reader": dict.fromkeys(("name", "company", "number"), "words"),
        "today": "20 February 2026",
    }
    for count in (1, 3):
        _written(source, {**about, "items": [item] * count})


@lru_cache(maxsize=64)
def source_of(name: str, *, language: str) -> str:
    """Our own text of that name."""
    return (FOLDER / f"{TEMPLATES[known(name)]}.{language}.liquid").read_text(encoding="utf-8")


def fields(mail: Outgoing, *, place: str) -> dict[str, Any]:
    """What a template may name; plain strings only, so there is nothing to call."""
    creditor, reader = mail.creditor, mail.reader
    return {
        "creditor": {
            "name": _plain(creditor.legal_name),
            "person": _plain(creditor.contact_name or creditor.legal_name),
            "phone": _plain(creditor.contact_phone),
            "iban": _plain(creditor.iban),
        },
        "reader": {
            "name": _plain(reader.contact_name or reader.debtor_name),
            "company": _plain(reader.debtor_name),
            "number": _plain(reader.debtor_number),
        },
        "items": [
            {
                "number": _plain(item.number),
                "amount": item.amount.shown(place),
                "open": item.open.shown(place),
                "due": words.day(item.due_on, place=place),
            }
            for item in mail.items
        ],
        "today": words.day(mail.today, place=place),
    }


def _plain(value: str) -> str:
    """One line, and none of our marks: what somebody is called cannot move the list, the button or the subject."""
    return one_line(value).replace("[[", "[ [")


def _written(source: str, values: dict[str, Any]) -> str:
    try:
        return _parsed(source).render(**values)
    except LiquidError as fault:
        raise BadTemplate(f"The text cannot be written: {one_line(str(fault))[:200]}") from None


@lru_cache(maxsize=256)
def _parsed(source: str) -> liquid.BoundTemplate:
    return _liquid.from_string(source)


def row(item: Item, place: str) -> tuple[str, str, str, str]:
    """One line of the list of what is owed."""
    day = words.day
    return (item.number, day(item.issued_on, place=place), day(item.due_on, place=place), item.open.shown(place))
