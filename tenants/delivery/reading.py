"""Decides how a mail that came is shown to people: who it says it is from, its subject, and its words as plain text.

Nothing of it is ever shown as it came: no markup, no picture, no address that a browser would fetch. Whatever cannot be
read is left out; a mail never stops its reader from seeing the rest.
"""

import contextlib
import email
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32

import nh3

LONGEST = 60_000
BLOCK_ENDS = re.compile(r"(?i)<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^>]{0,200}>")
EMPTY_LINES = re.compile(r"\n[ \t]*\n[ \t\n]*\n")
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Signs without a shape, some of which turn the order of others round: a name may not pose as another."""


@dataclass(frozen=True, slots=True)
class Words:
    """What people read of a mail."""

    sender: str
    to: str
    subject: str
    text: str


def words_of(raw: bytes) -> Words:
    """The words of a mail; never raises, whatever the bytes are."""
    mail = email.message_from_bytes(raw.replace(b"\r\r\n", b"\r\n"), policy=compat32)
    return Words(header(mail, "from"), header(mail, "to"), header(mail, "subject"), _text(mail))


def header(mail: Message, name: str) -> str:
    """A header in one line, with its encoded words read."""
    return spelt(str(mail.get(name, "")))


def spelt(text: str) -> str:
    """The text of a header with its encoded words read; as it stands where they cannot be."""
    with contextlib.suppress(HeaderParseError, LookupError, ValueError):
        text = str(make_header(decode_header(text)))
    return UNSEEN.sub("", " ".join(text.split()))


def _text(mail: Message) -> str:
    """The plain part, or the words of the marked-up one where there is none."""
    bodies = list(_bodies(mail))
    plain = [text for kind, text in bodies if kind == "text/plain" and text.strip()]
    found = "\n".join(plain) or "\n".join(_bare(text) for kind, text in bodies if kind == "text/html")
    found = UNSEEN.sub("", found.replace("\r\n", "\n").replace("\r", "\n"))
    return EMPTY_LINES.sub("\n\n", found).strip()[:LONGEST]


def _bodies(mail: Message) -> Iterator[tuple[str, str]]:
    for part in mail.walk():
        if part.get_content_maintype() == "text" and part.get_content_disposition() != "attachment":
            body = _decoded(part)
            if body:
                yield part.get_content_type(), body[:LONGEST]


def _decoded(part: Message) -> str:
    try:
        body = part.get_payload(decode=True)
        charset = part.get_content_charset() or "utf-8"
    except (ValueError, TypeError, LookupError, AttributeError):
        return ""
    if not isinstance(body, bytes):
        return ""
    try:
        return body.decode(charset)
    except (LookupError, ValueError):
        return body.decode("utf-8", "replace") if charset == "utf-8" else body.decode("latin-1")


def _bare(markup: str) -> str:
    return html.unescape(nh3.clean(BLOCK_ENDS.sub(lambda end: f"{end[0]}\n", markup), tags=set()))
