"""Decides which XML is safe to read: no document type, no entities, not deep, not huge; every element knows its place.

An e-invoice or a bank statement needs none of what makes XML dangerous, so a file that brings it is refused before it
can do anything. Names are compared without their namespace prefix; the namespace of the root says what the file is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from tenants.intake.formats.text import FileRefused

LARGEST = 64 << 20
DEEPEST = 80
MOST = 1_000_000
_REMEDY = "Ask the sender for the file as their program wrote it."


class XmlRefused(FileRefused):
    """The file is XML that is broken or not safe."""

    remedy = _REMEDY


@dataclass(slots=True, eq=False)
class Node:
    """One element: its local name, its text, and where it stands."""

    name: str
    space: str
    line: int
    parent: "Node | None" = None
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What stands in it, without the blanks around."""
        return "".join(self.pieces).strip()

    @property
    def path(self) -> str:
        """From the root, counted where an element has twins: /Invoice/InvoiceLine[2]/Price."""
        if self.parent is None:
            return f"/{self.name}"
        twins = [each for each in self.parent.children if each.name == self.name]
        at = f"[{twins.index(self) + 1}]" if len(twins) > 1 else ""
        return f"{self.parent.path}/{self.name}{at}"

    def all(self, path: str) -> Iterator["Node"]:
        """Every element at a path below this one."""
        name, _, rest = path.partition("/")
        for child in self.children:
            if child.name == name:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def at(self, path: str) -> "Node | None":
        """The first of them."""
        return next(self.all(path), None)

    def say(self, *paths: str) -> str:
        """The text at the first of the paths that has some, or nothing."""
        for path in paths:
            for found in self.all(path):
                if found.text:
                    return found.text
        return ""


def parse(data: bytes) -> Node:
    """The root of the document. Raises XmlRefused."""
    if len(data) > LARGEST:
        raise XmlRefused(f"The XML has {len(data) >> 20:,} MB; {LARGEST >> 20} MB is the most.")
    builder = _Builder()
    try:
        builder.parser.Parse(data, True)
    except expat.ExpatError as fault:
        raise XmlRefused(
            f"Line {fault.lineno:,}: this is not well-formed XML ({expat.ErrorString(fault.code)})."
        ) from fault
    except (LookupError, UnicodeError, ValueError) as fault:
        raise XmlRefused("Line 1: the XML states an encoding that nobody knows.") from fault
    assert builder.root is not None
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.root: Node | None = None
        self._open: list[Node] = []
        self._count = 0

    def _doctype(self, *_: object) -> None:
        raise XmlRefused(
            f"Line {self.parser.CurrentLineNumber:,}: the XML declares a document type (DOCTYPE), which is not allowed."
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= DEEPEST:
            raise XmlRefused(f"Line {self.parser.CurrentLineNumber:,}: elements are nested more than {DEEPEST} deep.")
        if self._count > MOST:
            raise XmlRefused(f"The XML has more than {MOST:,} elements.")
        space, _, local = name.rpartition(" ")
        parent = self._open[-1] if self._open else None
        plain = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        node = Node(local, space, self.parser.CurrentLineNumber, parent, plain)
        if parent is None:
            self.root = node
        else:
            parent.children.append(node)
        self._open.append(node)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _text(self, piece: str) -> None:
        self._open[-1].pieces.append(piece)
