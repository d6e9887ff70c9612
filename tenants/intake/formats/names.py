"""Decides how the names of columns are compared."""

import re
import unicodedata


def fold(name: str) -> str:
    """A header as it is compared: without case, accents, blanks and signs."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("°", "o")).casefold()
    return re.sub(r"[^a-z0-9]", "", plain)
