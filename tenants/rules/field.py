"""Decides what a field is: something with a type, an expression, words and an example that a rule may ask about.

Expressions use `i` for the invoice, `d` for the customer, `s` for the segment, and the derived tables of `joins`. None
uses "updated at": a rule must not fire because another rule wrote something.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from tenants.rules.phrases import Phrase, of_customer

SUBJECTS = ("invoice", "customer", "segment")


class Kind(StrEnum):
    """The type of a field; it decides which operators exist and what their values look like."""

    CHOICE = "choice"
    CODE = "code"
    MONEY = "money"
    NUMBER = "number"
    SHARE = "share"
    COUNT = "count"
    LEVEL = "level"
    KEYS = "keys"
    DATE = "date"
    INSTANT = "instant"
    TEXT = "text"


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One thing that a rule may ask about."""

    key: str
    kind: Kind
    sql: str
    phrases: dict[str, Phrase] = field(default_factory=dict)
    words: dict[str, Phrase] = field(default_factory=dict)
    """For choices and levels: how each value is said."""
    tests: dict[str, str] = field(default_factory=dict)
    """For choices that are not a column: the condition of each value."""
    joins: frozenset[str] = frozenset()
    unit: tuple[str, str] = ("", "")
    than: dict[str, dict[str, Phrase]] = field(default_factory=dict)
    """Other fields that it may be compared with, and how that is said for each operator."""
    example: str = ""
    sums: str = ""
    """For amounts that are summed by currency: the join that holds the columns."""
    as_of: bool = False
    """Whether its value on a past day can be told; a backtest must say so where it cannot."""
    personal: bool = False
    """Whether it says something about a natural person."""

    @property
    def of_customer(self) -> bool:
        """A field of the customer, which a rule about invoices may ask about too."""
        return self.key.startswith("customer.")

    @property
    def subjects(self) -> tuple[str, ...]:
        """What a rule must be about to use it."""
        return ("invoice", "customer") if self.of_customer else (self.key.split(".")[0],)

    @property
    def operators(self) -> tuple[str, ...]:
        """The operators, in the order of the menus."""
        if self.kind is Kind.LEVEL:
            return ("at_least", "below")
        return ("eq", "ne", "in", "not_in") if self.words else tuple(self.phrases)

    def phrase(self, op: str, *, about: str) -> Phrase:
        """How the operator is said in a rule about that subject."""
        return self._fit(self.phrases[op], about)

    def word(self, value: str, *, about: str) -> Phrase:
        """How one of the values is said in a rule about that subject."""
        return self._fit(self.words[value], about)

    def compared(self, other: str, op: str, *, about: str) -> Phrase:
        """How the operator is said of this field and another."""
        return self._fit(self.than[other][op], about)

    def _fit(self, phrase: Phrase, about: str) -> Phrase:
        return of_customer(phrase) if self.of_customer and about == "invoice" else phrase
