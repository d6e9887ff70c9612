"""Decides what a receiving notice of Amazon SES says: to which addresses a mail came, and where its bytes are.

A mail that a virus scanner failed is not opened; what is spam is for a person to judge, because a reply may look like
it.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tenants.delivery import ses_events


@dataclass(frozen=True, slots=True)
class Arrived:
    """One mail that came: its bytes, or the object in which they are."""

    recipients: tuple[str, ...]
    content: bytes
    bucket: str = ""
    key: str = ""


def read(document: Any) -> Iterator[Arrived]:
    """The mails of which a document tells, inside whatever envelopes; nothing for anything else."""
    for event in ses_events.unwrapped(document):
        receipt = event.get("receipt")
        if isinstance(receipt, dict) and _text(receipt, "virusVerdict", "status") != "FAIL":
            named = receipt.get("recipients") or event["mail"].get("destination")
            to = tuple(each for each in named if isinstance(each, str)) if isinstance(named, list) else ()
            place = (_text(receipt, "action", "bucketName"), _text(receipt, "action", "objectKey"))
            content = _content(event, encoding=_text(receipt, "action", "encoding"))
            if content or all(place):
                yield Arrived(to, content, *place)


def _content(event: dict[str, Any], *, encoding: str) -> bytes:
    content = event.get("content")
    if not isinstance(content, str):
        return b""
    if encoding.upper() != "BASE64":
        return content.encode("utf-8", "replace")
    try:
        return base64.b64decode(content, validate=False)
    except binascii.Error:
        return b""


def _text(whole: dict[str, Any], part: str, name: str) -> str:
    inner = whole.get(part)
    found = inner.get(name) if isinstance(inner, dict) else None
    return found if isinstance(found, str) else ""
