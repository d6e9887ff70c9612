"""Decides what in a bank line may name an invoice, however damaged: read off paper, cut short, glued or spaced out.

Three forms of a number are compared. *Plain* keeps its letters and digits. *Folded* also makes equal what a scanner
takes for each other (O and 0, I and 1, S and 5). *Bones* drops the letters in front and every nought, so that lost
zeros and lost prefixes change nothing; it finds candidates, and never proves anything alone.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stdnum import iso11649
from stdnum.be import ogm_vcs
from stdnum.ch import esr
from stdnum.exceptions import ValidationError

from tenants.values.bones import bones, folded, plain

__all__ = ["Named", "bones", "folded", "keys", "named", "plain"]
MOST_KEYS = 60
SHORTEST_BONES = 3
_LONGEST_PIECE = 40
_LONGEST_PREFIX = 5
_LONGEST_JOIN = 3
"""So many neighbours are tried as one number: banks break the text wherever their lines end."""
_PIECE = re.compile(r"[A-Za-z0-9][A-Za-z0-9./#_-]*")
_RF = re.compile(r"\bRF ?\d{2}(?: ?[A-Z0-9]{1,4}){1,6}", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9][0-9 /+]{8,40}[0-9]")


@dataclass(frozen=True, slots=True)
class Named:
    """One number that a line may name: as it is written, and the forms in which it is compared."""

    written: str
    plain: str
    folded: str


def named(words: str, *, reference: str) -> list[Named]:
    """Every number that the line may name, the most certain first."""
    found: dict[str, Named] = {}
    for text in _texts(words, reference):
        name = plain(text)
        if name and name not in found:
            found[name] = Named(text, name, folded(text))
        if len(found) >= MOST_KEYS:
            break
    return list(found.values())


def keys(names: list[Named]) -> set[str]:
    """The bones by which open invoices are looked up; a scanner may have read the first digit as a letter."""
    found = set()
    for each in names:
        for text in (each.plain, each.folded):
            key = bones(text)
            if len(key) >= SHORTEST_BONES:
                found.add(key)
    return found


def _texts(words: str, reference: str) -> Iterator[str]:
    """Structured references first, then the reference, then pieces of the words and neighbours as one."""
    both = f"{reference} {words}"
    yield from _structured(both)
    if reference:
        yield reference[:_LONGEST_PIECE]
    pieces = [piece for piece in _PIECE.findall(both) if len(piece) <= _LONGEST_PIECE]
    for piece in pieces:
        if any(sign.isdigit() for sign in piece) or len(piece) > 5:
            yield piece.strip(".-/#_")
            if "/" in piece:
                yield from (part for part in piece.split("/") if any(sign.isdigit() for sign in part))
    yield from _joined(pieces)


def _joined(pieces: Sequence[str]) -> Iterator[str]:
    """Neighbours as one number: letters may lead, and whatever follows has a digit."""
    counted = [any(sign.isdigit() for sign in piece) for piece in pieces]
    for at, piece in enumerate(pieces):
        if not counted[at] and len(piece) > _LONGEST_PREFIX:
            continue
        for count in range(2, _LONGEST_JOIN + 1):
            joined = "".join(pieces[at : at + count])
            if at + count > len(pieces) or not counted[at + count - 1] or len(joined) > _LONGEST_PIECE:
                break
            yield joined


def _structured(text: str) -> Iterator[str]:
    """What a creditor reference carries inside: ISO 11649, the Swiss and the Belgian one, when their digits check."""
    for found in _RF.findall(text):
        compact = iso11649.compact(found)
        for end in range(len(compact), 5, -1):
            if iso11649.is_valid(compact[:end]):
                yield compact[4:end]
                break
    for found in _DIGITS.findall(text):
        digits = re.sub(r"\D", "", found)
        for kind in (esr, ogm_vcs):
            try:
                checked = kind.validate(digits)
            except ValidationError:
                continue
            inner = str(checked)[:-1] if kind is esr else str(checked)[:-2]
            yield inner.lstrip("0")
