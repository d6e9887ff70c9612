"""Decides whether a file is text at all, and in which encoding: by reading every byte once, not by a look at the top.

One name with an umlaut in row 900,000 decides between UTF-8 and Windows-1252; guessing from a sample would load a
broken name or stop half-way. The pass costs about a second per gigabyte and keeps one block in memory.
"""

import codecs
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice
from typing import BinaryIO

from tenants.intake.formats import legacy
from tenants.values.faults import Refusal

_BLOCK = 1 << 20
_WINDOW = 1 << 14
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_KINDS = (
    (b"PK\x03\x04", "an Excel workbook or a ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a compressed file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"{\\rtf", "a text processor's document"),
    (b"<?xml", "an XML document"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
)
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13})


class FileRefused(Refusal):
    """The file as a whole cannot be read; no row of it was looked at."""

    code = "file_refused"
    remedy = "Save the sheet as CSV (UTF-8) and send that file."


def encoding_of(file: BinaryIO) -> str:
    """The encoding in which every byte of the file is text; anything else is refused."""
    file.seek(0)
    head = file.read(_BLOCK)
    if not head.strip(b"\x00\t\r\n\f ;,|\xef\xbb\xbf\xff\xfe"):
        raise FileRefused("The file is empty.", remedy="Send a file with a header and at least one row.")
    for magic, kind in _KINDS:
        if head.lstrip()[: len(magic)].lower() == magic.lower():
            raise FileRefused(f"This is {kind}, not a CSV file.")
    marked = next((name for bom, name in _BOMS if head.startswith(bom)), None)
    wide = marked or _unmarked_utf16(head)
    if wide is None and _looks_binary(head):
        raise FileRefused("This is a binary file, not a CSV file.")
    if wide is None:
        fault_at = _first_fault(file, "utf-8")
        return "utf-8" if fault_at is None else _legacy(file, fault_at)
    if _first_fault(file, wide) is not None:
        raise FileRefused(f"The file says it is {wide.upper()}, but some of its bytes are not.")
    return wide


def lines(file: BinaryIO, *, encoding: str) -> Iterator[str]:
    """The lines of the file with their ends kept, which quoting needs; the file stays open."""
    file.seek(0)
    reader = TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield from islice(reader, None)  # which, unlike the reader, is not closed when we are
    finally:
        if not file.closed:  # whoever stopped half-way may have closed it first
            reader.detach()


def _looks_binary(head: bytes) -> bool:
    """A few stray control characters are the rows' own fault; one in a hundred is another kind of file."""
    return len(head) - len(head.translate(None, _CONTROLS)) > len(head) // 100


def _unmarked_utf16(head: bytes) -> str | None:
    """Every other byte zero: UTF-16 that lost its mark."""
    even, odd = head[0:_WINDOW:2], head[1:_WINDOW:2]
    if len(odd) > 8 and odd.count(0) > 0.8 * len(odd) and not even.count(0):
        return "utf-16-le"
    if len(odd) > 8 and even.count(0) > 0.8 * len(even) and not odd.count(0):
        return "utf-16-be"
    return None


def _first_fault(file: BinaryIO, encoding: str) -> int | None:
    """Where the first byte stands that is not text in this encoding, near enough; also refuses lines without end."""
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(0)
    at = 0
    while block := file.read(_BLOCK):
        if len(block) == _BLOCK and b"\n" not in block and b"\r" not in block:
            raise FileRefused("The file has a line of more than a million characters.")
        try:
            decoder.decode(block)
        except UnicodeDecodeError as fault:
            return at + fault.start
        at += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return at
    return None


def _legacy(file: BinaryIO, fault_at: int) -> str:
    """The one-byte encoding that makes most sense around the first byte that is not UTF-8; Western if in doubt."""
    file.seek(max(0, fault_at - _WINDOW // 2))
    window = file.read(_WINDOW)
    spoken = b"\n".join(line for line in window.splitlines() if not line.isascii()) or window
    for encoding in legacy.likeliest(spoken):
        if _first_fault(file, encoding) is None:
            return encoding
    raise FileRefused("The file is not text in any encoding that we know.")  # pragma: no cover - 8859-15 has every byte
