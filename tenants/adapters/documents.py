"""Where documents are kept: a local folder, and a memory twin."""

import os
import shutil
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4


class FolderStore:
    """Keeps each document as a file; a half-written one is never seen, because the name appears last."""

    def __init__(self, root: str) -> None:
        self._root = Path(root).resolve()

    def put(self, key: str, body: bytes, *, media_type: str) -> None:
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{uuid4().hex}")
        draft.write_bytes(body)
        os.replace(draft, target)

    def get(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            raise KeyError(key) from None

    def keep(self, key: str, file: BinaryIO) -> None:
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{uuid4().hex}")
        with draft.open("wb") as sink:
            shutil.copyfileobj(file, sink, 1 << 20)
        os.replace(draft, target)

    def open(self, key: str) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except FileNotFoundError:
            raise KeyError(key) from None

    def _path(self, key: str) -> Path:
        path = (self._root / key).resolve()
        if not path.is_relative_to(self._root) or path == self._root:
            raise ValueError("a document key must stay inside the store")
        return path


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
        return BytesIO(self._kept[key])
