"""Decides what a cell of a file may begin with, so that no spreadsheet runs what a stranger wrote as a formula.

Whoever names a customer `=HYPERLINK(…)` must not act in somebody's office when a list is opened there.
"""

import re
import unicodedata

RUNS = frozenset("=+-@\t\r\n|%")
"""How a cell begins that some spreadsheet runs."""
UNSEEN = " \u00a0\u200b\u200c\u200d\u2060\ufeff"
"""What a spreadsheet may leave out before it looks."""
NUMBER = re.compile(r"-\d+([.,]\d+)?", re.ASCII)


def safe(text: str) -> str:
    """Text that no spreadsheet takes for a formula, marked with an apostrophe where it could; a number stays one.

    Wide forms count as what they stand for: some programs read `＝` as `=`.
    """
    begins = unicodedata.normalize("NFKC", text.lstrip(UNSEEN)[:1])[:1]
    return f"'{text}" if begins in RUNS and not NUMBER.fullmatch(text) else text
