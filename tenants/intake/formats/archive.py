"""Decides which ZIP archives are opened: plain ones, of a size that was counted and not believed, none inside another.

A name inside never becomes a path: only its last part is kept, to be shown. What unpacks to far more than it was is a
bomb, and the archive is refused whole before anything of it is kept.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from tenants.intake.formats.text import FileRefused

MAGIC, EMPTY = b"PK\x03\x04", b"PK\x05\x06"
MOST_FILES = 2_000
LARGEST = 512 << 20
MOST_SWOLLEN = 200
"""How many times larger than packed a file may be, beyond the first megabyte."""
_IN_MEMORY = 1 << 20
_BLOCK = 1 << 16
_REMEDY = "Unpack it and send its files one by one."
_LITTER = ("__macosx/", "thumbs.db", ".ds_store", "desktop.ini")


class ArchiveRefused(FileRefused):
    """The archive is broken or not safe."""

    remedy = _REMEDY


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive, unpacked."""

    name: str
    file: BinaryIO


def is_archive(file: BinaryIO) -> bool:
    """Whether the file is a ZIP archive of files, and no workbook. Raises ArchiveRefused for a broken one."""
    file.seek(0)
    if file.read(4) not in (MAGIC, EMPTY):
        return False
    with _opened(file) as parts:
        return "xl/workbook.xml" not in parts.namelist()


def members(file: BinaryIO) -> Iterator[Member]:
    """Every file inside, unpacked one after the other. Raises ArchiveRefused, also half-way."""
    with _opened(file) as parts:
        chosen = [part for part in parts.infolist() if not part.is_dir() and not _is_litter(part.filename)]
        if not chosen:
            raise ArchiveRefused("The archive holds no file.", remedy="Send the files themselves.")
        if len(chosen) > MOST_FILES:
            raise ArchiveRefused(f"The archive holds {len(chosen):,} files; {MOST_FILES:,} is the most.")
        total = 0
        for part in chosen:
            if part.flag_bits & 0x1:
                raise ArchiveRefused(f"“{_shown(part)}” is locked with a password.", remedy="Send it unlocked.")
            with SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:
                total += _unpack(parts, part, cast(BinaryIO, spool), left=LARGEST - total)
                _refuse_nested(cast(BinaryIO, spool), part)
                spool.seek(0)
                yield Member(_shown(part), cast(BinaryIO, spool))


@contextmanager
def _opened(file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as parts:
            yield parts
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as fault:
        raise ArchiveRefused("The archive is damaged.", remedy="Pack it anew, or send its files.") from fault


def _unpack(parts: zipfile.ZipFile, part: zipfile.ZipInfo, into: BinaryIO, *, left: int) -> int:
    """Unpack one file, counting what really comes out."""
    allowed = min(left, max(_IN_MEMORY, part.compress_size * MOST_SWOLLEN))
    size = 0
    with parts.open(part) as source:
        while block := source.read(_BLOCK):
            size += len(block)
            if size > allowed:
                raise ArchiveRefused(f"“{_shown(part)}” unpacks to far more than it should.")
            into.write(block)
    return size


def _refuse_nested(file: BinaryIO, part: zipfile.ZipInfo) -> None:
    file.seek(0)
    if file.read(2) == b"\x1f\x8b" or (is_archive(file)):
        raise ArchiveRefused(f"“{_shown(part)}” is an archive inside the archive.")


def _shown(part: zipfile.ZipInfo) -> str:
    name = part.filename.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in name if sign.isprintable())[:120] or "unnamed"


def _is_litter(name: str) -> bool:
    plain = name.casefold().replace("\\", "/")
    return plain.startswith(_LITTER[0]) or plain.rpartition("/")[2] in _LITTER[1:]
