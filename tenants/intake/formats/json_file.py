"""Decides how JSON becomes the rows that a CSV file would have: a list of objects, or one object on each line.

An object inside an object gives columns of its own (`customer.name`), money gives its amount and its currency, a list
of lines gives nothing: a ledger has one row for each invoice. Numbers are kept as they are written, never as floats.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from tenants.intake.formats.csv_file import Layout
from tenants.intake.formats.text import FileRefused

LARGEST = 64 << 20
"""Of one document; a file with one object on each line may be as large as any other."""
WIDEST, DEEPEST, LONGEST = 512, 8, 1 << 20
_LISTS = ("invoices", "items", "data", "records", "rows", "results", "transactions")
_INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})T[0-9:.]+(?:Z|[+-]\d{2}:?\d{2})?")
_REMEDY = "Send a list of objects, or one object on each line (NDJSON), in UTF-8."


class JsonRefused(FileRefused):
    """The JSON is broken, or holds no rows."""

    remedy = _REMEDY


def is_json(file: BinaryIO) -> bool:
    """Whether the file begins as JSON does."""
    file.seek(0)
    return file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"[", b"{")


def as_table(file: BinaryIO) -> tuple[BinaryIO, Layout]:
    """The rows as a table of its own, and how it is cut; row numbers count the objects. Raises JsonRefused."""
    form = "json" if _whole(file) else "ndjson"
    columns: dict[str, None] = {}
    for row in _rows(file, form):
        columns.update(dict.fromkeys(row))
        if len(columns) > WIDEST:
            raise JsonRefused(f"The objects have more than {WIDEST} different fields.")
    if len(columns) < 2:
        raise JsonRefused("There is no list of objects with fields in it.")
    spool = TemporaryFile()  # noqa: SIM115 - it lives as long as its reader
    text = TextIOWrapper(spool, encoding="utf-8", newline="")
    writer = csv.DictWriter(text, list(columns), restval="", lineterminator="\n")
    writer.writerows(_rows(file, form))
    text.flush()
    text.detach()
    spool.seek(0)
    return spool, Layout("utf-8", ",", tuple(columns), 0, 0, format=form)


def _whole(file: BinaryIO) -> bool:
    """Whether it is one document; two lines that are objects of their own are not."""
    file.seek(0)
    first = file.readline(LONGEST).removeprefix(b"\xef\xbb\xbf").strip()
    second = file.readline(LONGEST).strip()
    return not (first[:1] == b"{" and first[-1:] == b"}" and (not second or second[:1] == b"{")) or _is_list(first)


def _is_list(first: bytes) -> bool:
    """One line that is an object around a list of rows."""
    try:
        found = json.loads(first)
    except ValueError:
        return False
    return _listed(found) is not None


def _rows(file: BinaryIO, form: str) -> Iterator[dict[str, str]]:
    for at, found in enumerate(_document(file) if form == "json" else _lines(file), 1):
        if not isinstance(found, dict):
            raise JsonRefused(f"Row {at:,}: this is no object with fields.")
        yield dict(_flat(found, "", 0))


def _document(file: BinaryIO) -> Iterable[Any]:
    file.seek(0)
    data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise JsonRefused(f"The document has more than {LARGEST >> 20} MB.")
    found = _parsed(data, at="The file")
    rows = found if isinstance(found, list) else _listed(found)
    if rows is None:
        raise JsonRefused(f"There is no list in it under any of these names: {', '.join(_LISTS)}.")
    return rows


def _listed(found: Any) -> list[Any] | None:
    if not isinstance(found, dict):
        return None
    return next((found[name] for name in _LISTS if isinstance(found.get(name), list)), None)


def _lines(file: BinaryIO) -> Iterator[Any]:
    file.seek(0)
    for at, line in enumerate(iter(lambda: file.readline(LONGEST + 1), b""), 1):
        if len(line) > LONGEST:
            raise JsonRefused(f"Line {at:,} has more than {LONGEST >> 20} MB.")
        if line.strip():
            yield _parsed(line, at=f"Line {at:,}")


def _parsed(data: bytes, *, at: str) -> Any:
    try:
        return json.loads(
            data.decode("utf-8-sig"), parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_once
        )
    except (ValueError, RecursionError) as fault:
        raise JsonRefused(f"{at} is not JSON: {str(fault)[:120]}.") from fault


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the field “{key[:40]}” stands twice in one object")
        found[key] = value
    return found


def _flat(found: dict[str, Any], before: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > DEEPEST:
        raise JsonRefused(f"Objects are nested more than {DEEPEST} deep.")
    for key, value in found.items():
        name = f"{before}{' '.join(key.split())}"
        if isinstance(value, dict) and set(value) == {"amount", "currency"}:
            yield name, _said(value["amount"])
            yield "currency", _said(value["currency"])
        elif isinstance(value, dict):
            yield from _flat(value, f"{name}.", depth + 1)
        elif not isinstance(value, list):
            yield name, _said(value)
        elif all(isinstance(each, str) for each in value):
            yield name, ";".join(value)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or isinstance(value, (dict, list)):
        return ""
    text = " ".join(str(value).split())
    moment = _INSTANT.fullmatch(text)
    return moment[1] if moment else text
