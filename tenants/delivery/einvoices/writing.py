"""Decides how XML is written: elements in the order in which they are added, prefixes as everybody reads them."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

Element = Any
"""An element of lxml, which says nothing about its types."""


class Writer:
    """Writes one document whose names are given as prefix:local."""

    def __init__(self, root: str, spaces: Mapping[str, str], *, default: str = "") -> None:
        self._spaces = dict(spaces)
        prefixes = {None if prefix == default else prefix: uri for prefix, uri in spaces.items()}
        self.root: Element = etree.Element(self._name(root), nsmap=prefixes)

    def add(self, parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
        """Add one element at the end of its parent and return it."""
        made = etree.SubElement(parent, self._name(name), **attributes)
        made.text = text
        return made

    def bytes(self) -> bytes:
        """The document, with its declaration."""
        made: bytes = etree.tostring(self.root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
        return made

    def _name(self, name: str) -> str:
        prefix, _, local = name.partition(":")
        return f"{{{self._spaces[prefix]}}}{local}"


def day(value: date) -> str:
    """A date as UBL writes it."""
    return value.isoformat()


def compact(value: date) -> str:
    """A date as CII writes it (format 102)."""
    return f"{value:%Y%m%d}"


def plain(value: Decimal) -> str:
    """A number without exponent and without needless zeros."""
    return f"{value.normalize():f}"
