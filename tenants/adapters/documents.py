"""Where documents are kept: a local folder, and a memory twin."""

import io
import os
import shutil
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4


class FolderStore:
    """Keeps each document as a file; a half-written one is never seen, because the name appears last."""

    def __init__(self, root: str) -> None:
        self._root = str(Path(root).resolve())

    def put(self, key: str, body: bytes, *, media_type: str) -> None:
        target = self._path(key)
        draft = f"{os.path.dirname(target)}/.{uuid4().hex}"
        with _made(draft) as sink:
            sink.write(body)
        os.replace(draft, target)

    def get(self, key: str) -> bytes:
        try:
            with open(self._path(key), "rb") as kept:
                return kept.read()
        except FileNotFoundError:
            raise KeyError(key) from None

    def keep(self, key: str, file: BinaryIO) -> None:
        target = self._path(key)
        draft = f"{os.path.dirname(target)}/.{uuid4().hex}"
        with _made(draft) as sink:
            shutil.copyfileobj(file, sink, 1 << 20)
        os.replace(draft, target)

    def open(self, key: str) -> BinaryIO:
        try:
            return open(self._path(key), "rb")
        except FileNotFoundError:
            raise KeyError(key) from None

    def _path(self, key: str) -> str:
        """By the letters of the key alone: asking the disk about each folder on the way takes longer than writing."""
        parts = key.split("/")
        if key.startswith("/") or "\0" in key or "" in parts or "." in parts or ".." in parts:
            raise ValueError("a document key must stay inside the store")
        return f"{self._root}/{key}"


def _made(path: str) -> BinaryIO:
    """A new file; folders on the way are made when they are missing, which is seldom."""
    try:
        return open(path, "wb")
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return open(path, "wb")


class MemoryStore:
    """Keeps documents for as long as the process lives."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def put(self, key: str, body: bytes, *, media_type: str) -> None:
        self._kept[key] = body

    def get(self, key: str) -> bytes:
        return self._kept[key]

    def keep(self, key: str, file: BinaryIO) -> None:
        self._kept[key] = file.read()

    def open(self, key: str) -> BinaryIO:
        return io.BytesIO(self._kept[key])
