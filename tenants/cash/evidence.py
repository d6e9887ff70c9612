"""Decides the words in which cash application thinks: a credit, an open item, what was found, what is proposed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID


class Credit(NamedTuple):
    """One line of a statement that brought money."""

    id: UUID
    currency: str
    amount_minor: int
    booked_on: date
    party: str
    words: str
    reference: str
    payer_mark: str = ""
    """By which the account that paid is known again."""


class Item(NamedTuple):
    """One open invoice."""

    id: UUID
    debtor_id: UUID
    number: str
    currency: str
    open_minor: int
    issued_on: date
    due_on: date

    def __hash__(self) -> int:
        return hash(self.id)


class Ref(StrEnum):
    """How the line names its invoices, the weakest of them."""

    ADVICE = "advice"
    """By a remittance advice of the same amount."""
    EXACT = "exact"
    READ = "read"
    """Once lookalike signs are made equal."""
    BONES = "bones"
    """Once prefix and zeros are set aside."""
    SHORT = "short"
    """Exactly, but so short that it may be anything."""
    FUZZY = "fuzzy"
    """Nearly, among the open invoices of the customer that the name gives."""
    NONE = "none"


class Sum(StrEnum):
    """How the amount stands to what is open."""

    EXACT = "exact"
    """All that is named, to the last minor unit."""
    SOME = "some"
    """A part of what is named, or that and more, to the last minor unit."""
    ONE = "one"
    """Nothing is named; exactly one open invoice has this amount."""
    ALL = "all"
    """Nothing is named; everything open together."""
    TOGETHER = "together"
    """Nothing is named; several, in one way only."""
    DISCOUNT = "discount"
    FEE = "fee"
    """Less by what a bank keeps."""
    LESS = "less"
    MORE = "more"
    GUESS = "guess"
    """Several choices fit as well; the oldest is taken."""
    NONE = "none"


class Name(StrEnum):
    """Whether the payer is the customer."""

    LEARNED = "learned"
    """Paid for this customer before, and for no other."""
    NUMBER = "number"
    """The line gives the customer's number."""
    SAME = "same"
    LIKE = "like"
    UNKNOWN = "unknown"
    OTHER = "other"
    """It is another customer's name."""


class Band(StrEnum):
    """Who decides: nobody need, a person with one key, a person who looks for themselves."""

    AUTOMATIC = "automatic"
    SUGGESTED = "suggested"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Part:
    """So much for one invoice; what stays open of it is a deduction if there is a reason code."""

    invoice_id: UUID
    number: str
    minor: int
    short_minor: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Whose money a line is, what it pays, and why we think so."""

    credit: Credit
    debtor_id: UUID
    parts: Sequence[Part]
    ref: Ref
    sum: Sum
    name: Name
    score: int
    doubt: str = ""
    """Why it is not certain although it looks so."""
    reasons: Sequence[str] = field(default=())
    remittance_id: UUID | None = None

    @property
    def pattern(self) -> str:
        """The kind of evidence, under which precision is measured."""
        return f"{self.ref}/{self.sum}/{self.name}"
