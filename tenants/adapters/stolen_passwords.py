"""Decides how the list of stolen passwords that an operator names is read: where it lies, a few lines for each look.

The file is the one that Have I Been Pwned gives out, ordered by hash: in each line the SHA-1 of a password in
hexadecimal digits, a colon and how often it was stolen. It may have forty gigabytes; half of it is left out with each
step.
"""

import hashlib
from pathlib import Path
from typing import BinaryIO

HEX = 40
LINE = 128
"""More than the longest line."""


class BadFile(ValueError):
    """The file is not there, or not such a list."""


class NoList:
    """No list was named: nothing is known to be stolen."""

    def holds(self, password: str) -> bool:
        """Nothing is on it."""
        return False


class SortedFile:
    """A list in a file, ordered by hash. Raises BadFile when it cannot be one."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        try:
            with self._path.open("rb") as file:
                first = _hash_of(file.readline(LINE))
        except OSError as fault:
            raise BadFile(f"cannot be read: {fault.strerror}") from None
        if len(first) != HEX or not set(first) <= set(b"0123456789ABCDEF"):
            raise BadFile("its first line holds no SHA-1 in hexadecimal digits")

    def holds(self, password: str) -> bool:
        """Whether somebody has stolen this password from somewhere."""
        wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
        with self._path.open("rb") as file:
            low, high = 0, self._path.stat().st_size
            while low < high:
                middle = (low + high) // 2
                if _next_hash(file, middle) < wanted:
                    low = middle + 1
                else:
                    high = middle
            return _next_hash(file, low) == wanted


def list_of(path: str) -> NoList | SortedFile:
    """The list that the settings name. Raises BadFile."""
    return SortedFile(path) if path else NoList()


def _next_hash(file: BinaryIO, at: int) -> bytes:
    """The hash of the first line that begins at this place or after it; of the end, one that is more than all."""
    file.seek(max(at - 1, 0))
    if at > 0:
        file.readline(LINE)
    return _hash_of(file.readline(LINE)) or b"~"


def _hash_of(line: bytes) -> bytes:
    return line.strip().partition(b":")[0].upper()
