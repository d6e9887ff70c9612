"""Decides how a mail is laid out, in text and in HTML: the words of its template, our list of invoices, our button.

All markup is made here and everything that comes from outside is escaped, so no name, number or template can add any.
"""

import re
from dataclasses import dataclass
from html import escape

from tenants.delivery.frame import framed

ITEMS, BUTTON = "[[items]]", "[[button]]"
COLUMNS = ("number", "issued", "due", "open")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}", re.ASCII)
PLAIN_COLOUR = "#1f4e5f"
CELL = "padding:4px 12px 4px 0"
UNSEEN = "display:none;max-height:0;overflow:hidden;font-size:0;mso-hide:all"
BUTTON_STYLE = "color:#fff;padding:10px 16px;text-decoration:none;display:inline-block"


@dataclass(frozen=True, slots=True)
class Content:
    """What is to be laid out: the written words with their marks, and what stands at the marks."""

    words: str
    language: str
    label: dict[str, str]
    rows: tuple[tuple[str, str, str, str], ...]
    link: str
    pixel: str
    accent: str
    provider: str


def colour(wanted: str) -> str:
    """A colour as #rrggbb; anything else could carry markup, and becomes our own."""
    return wanted if COLOUR.fullmatch(wanted) else PLAIN_COLOUR


def as_text(content: Content) -> str:
    """The mail for programs that show text only."""
    label = content.label
    listed = "\n".join(
        f"- {number}  {label['issued']}: {on}  {label['due']}: {due}  {label['open']}: {owed}"
        for number, on, due, owed in content.rows
    )
    body = content.words.replace(ITEMS, listed).replace(BUTTON, f"{label['view']}:\n{content.link}")
    return body + (f"\n\n--\n{content.provider}" if content.provider else "") + "\n"


def as_html(content: Content) -> str:
    """The mail as most people see it."""
    pieces = {ITEMS: _table(content), BUTTON: _button(content)}
    parts = (part.strip() for part in content.words.split("\n\n"))
    paragraphs = "".join(pieces[part] if part in pieces else _paragraph(part) for part in parts if part)
    foot = f"<p style='color:#666;font-size:12px'>{escape(content.provider)}</p>" if content.provider else ""
    if content.pixel:
        foot += _about_images(content)
    image = f"<img src='{escape(content.pixel)}' width='1' height='1' alt=''>" if content.pixel else ""
    return framed(f"{_decoy(content)}{paragraphs}{foot}{image}", language=content.language)


def _table(content: Content) -> str:
    if not content.rows:
        return ""
    heads = "".join(f"<th align='left' style='{CELL}'>{escape(content.label[key])}</th>" for key in COLUMNS)
    rows = (f"<td style='{CELL}'>{escape(cell)}</td>" for row in content.rows for cell in row)
    lines = ("".join(next(rows) for _ in COLUMNS) for _ in content.rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table style='border-collapse:collapse'><tr>{heads}</tr>{body}</table>"


def _button(content: Content) -> str:
    style = f"background:{colour(content.accent)};{BUTTON_STYLE}"
    return f"<p><a href='{escape(content.link)}' style='{style}'>{escape(content.label['view'])}</a></p>"


def _about_images(content: Content) -> str:
    """Whoever is told of an open lets the reader stop that, from the mail itself; the page asks for a button press."""
    label = content.label
    stop = f"<a href='{escape(content.link)}#images' style='color:#666'>{escape(label['images_stop'])}</a>"
    return f"<p style='color:#666;font-size:12px'>{escape(label['images'])} {stop}</p>"


def _decoy(content: Content) -> str:
    """A link that no person sees, first in the mail because machines follow links in their order."""
    link = f"<a href='{escape(content.link)}/all' tabindex='-1' rel='nofollow' style='{UNSEEN}'></a>"
    return f"<div aria-hidden='true' style='{UNSEEN}'>{link}</div>"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text).replace(chr(10), '<br>')}</p>"
