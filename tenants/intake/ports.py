"""What intake needs from the outside: a place that keeps files as they came, and the official rules of invoices."""

from collections.abc import Sequence
from typing import BinaryIO, NamedTuple, Protocol


class FileStore(Protocol):
    """Keeps files under a key that starts with the tenant's id."""

    def keep(self, key: str, file: BinaryIO) -> None:
        """Keep the rest of `file`; keeping the same bytes again is harmless. Raises OSError when nothing was kept."""
        ...

    def open(self, key: str) -> BinaryIO:
        """The file, seekable. Raises KeyError when nothing is kept under the key."""
        ...


class Fault(NamedTuple):
    """What one official rule says against a document: its id, its words, and the place as a path."""

    rule: str
    words: str
    location: str


class BillRules(Protocol):
    """The official rules of structured invoices; only processes that work in the background have them."""

    def judge(self, document: bytes, *, syntax: str) -> Sequence[Fault]:
        """What the rules say against the document (UTF-8, `ubl` or `cii`); empty when it is valid."""
        ...
