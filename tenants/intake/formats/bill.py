"""Decides what is kept of an electronic invoice, whatever its syntax: the business terms of EN 16931 that make a debt.

Each term remembers where it stood, so that a broken rule can be shown in the sender's own file.
"""

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from tenants.intake.formats.xml_tree import Node

CREDITS = frozenset(("81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"))
"""Document types of UNTDID 1001 whose amounts lower a debt."""
_NUMBER = re.compile(r"[+-]?[0-9]{1,13}(?:\.[0-9]{0,40})?|[+-]?\.[0-9]{1,40}")
_DAY = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?:[TZ+-].*)?")


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that the document breaks: which, where, what stands there, why that is wrong."""

    rule: str
    path: str
    line: int
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Party:
    """The customer as the invoice names them."""

    number: str = ""
    name: str = ""
    email: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line (BG-25)."""

    key: str
    description: str
    quantity: Decimal | None
    price: Decimal | None
    base: Decimal | None
    net: Decimal | None
    extras: Decimal
    """Charges less allowances of the line."""
    rate: Decimal
    node: Node


@dataclass(frozen=True, slots=True)
class Extra:
    """An allowance (BG-20) or a charge (BG-21) on the whole document; an allowance is negative."""

    kind: str
    """`allowance`, `charge`, or `third party` for a claim that rides along."""
    amount: Decimal
    rate: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class TaxPart:
    """One row of the VAT breakdown (BG-23)."""

    taxable: Decimal | None
    tax: Decimal | None
    rate: Decimal | None
    node: Node


@dataclass(slots=True)
class Bill:
    """One invoice or credit note."""

    format: str
    node: Node
    profile: str = ""
    number: str = ""
    type_code: str = ""
    currency: str = ""
    issued_on: date | None = None
    due_on: date | None = None
    terms: str = ""
    order: str = ""
    seller: str = ""
    buyer: Party = field(default_factory=Party)
    lines: list[BillLine] = field(default_factory=list)
    extras: list[Extra] = field(default_factory=list)
    taxes: list[TaxPart] = field(default_factory=list)
    amounts: dict[str, Decimal] = field(default_factory=dict)
    """By business term: BT-106 and so on; a term that is not given is not there."""
    places: dict[str, Node] = field(default_factory=dict)
    breaches: list[Breach] = field(default_factory=list)
    misshapen: list[Breach] = field(default_factory=list)
    """What its schema has no place for; told when nothing worse is wrong."""
    official: list[Breach] = field(default_factory=list)
    """What the official rules say against it, where they bind it."""
    remarks: list[str] = field(default_factory=list)

    @property
    def is_credit(self) -> bool:
        """Whether its amounts lower a debt."""
        return self.type_code in CREDITS

    @property
    def without_lines(self) -> bool:
        """The two smallest Factur-X profiles state sums only."""
        return self.profile.endswith(("minimum", "basicwl"))

    def stated(self, term: str, *, node: Node, path: str) -> str:
        """The text of a term, remembering where it stood."""
        found = node.at(path)
        if found is None:
            return ""
        self.places.setdefault(term, found)
        return found.text

    def amount(self, term: str, *, node: Node, path: str) -> Decimal | None:
        """The amount of a term; one that is no number is a breach."""
        found = node.at(path)
        if found is None:
            return None
        self.places.setdefault(term, found)
        value = self.number_in(found)
        if value is not None and term.startswith("BT-"):
            self.amounts.setdefault(term, value)
        return value

    def number_in(self, node: Node | None) -> Decimal | None:
        """What a numeric element says."""
        if node is None:
            return None
        try:
            if _NUMBER.fullmatch(node.text):
                return Decimal(node.text)
        except InvalidOperation:  # pragma: no cover - the pattern lets only numbers through
            pass
        self.breaches.append(Breach("schema", node.path, node.line, node.text, "This is not a number."))
        return None

    def day(self, term: str, *, node: Node, path: str) -> date | None:
        """The date of a term; one that is no day is a breach."""
        text = self.stated(term, node=node, path=path)
        if not text:
            return None
        found = _DAY.fullmatch(text)
        try:
            if found:
                return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            pass
        place = self.places[term]
        self.breaches.append(Breach("schema", place.path, place.line, text, "This is not a day in the calendar."))
        return None
