"""Decides the frame of every mail: one MJML document, compiled once, that mail programs of all ages show alike.

What stands in the frame is made and escaped by `layout`; here it is only put in its place.
"""

from functools import lru_cache
from pathlib import Path

from mjml import mjml2html

SOURCE = Path(__file__).parent / "templates" / "mail" / "frame.mjml"
LANGUAGE, BODY = "@@LANGUAGE@@", "@@BODY@@"


def framed(body: str, *, language: str) -> str:
    """The whole mail. `body` is markup of ours, `language` one of our own."""
    head, tail = _compiled()
    return f"{head.replace(LANGUAGE, language)}{body}{tail.replace(LANGUAGE, language)}\n"


@lru_cache(maxsize=1)
def _compiled() -> tuple[str, str]:
    """Split at the one place for the body, so that nothing in a body is ever taken for a mark."""
    head, mark, tail = str(mjml2html(SOURCE.read_text(encoding="utf-8"))).partition(BODY)
    if not mark:
        raise ValueError("the frame of the mails has no place for a body")
    return head, tail
