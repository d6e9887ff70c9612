"""What intake needs from the outside: a place that keeps files as they came, without holding them in memory."""

from typing import BinaryIO, Protocol


class FileStore(Protocol):
    """Keeps files under a key that starts with the tenant's id."""

    def keep(self, key: str, file: BinaryIO) -> None:
        """Keep the rest of `file`; keeping the same bytes again is harmless. Raises OSError when nothing was kept."""
        ...

    def open(self, key: str) -> BinaryIO:
        """The file, seekable. Raises KeyError when nothing is kept under the key."""
        ...
