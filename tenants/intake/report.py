"""Decides what a person is told about a file before and after it is loaded: plain data, shown by page and API alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID


class Row(NamedTuple):
    """One invoice or credit note (a negative amount) as the file gives it, every cell understood."""

    row_no: int
    number: str
    debtor_number: str
    debtor_name: str
    email: str
    country: str
    groups: str
    channel: str
    currency: str
    amount_minor: int
    tax_minor: int
    issued_on: date
    due_on: date
    purchase_order: str
    disputed: bool
    settled_on: date | None
    paid_minor: int
    discount_minor: int = 0
    """What may be kept by paying until `discount_until_on`."""
    discount_until_on: date | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one cell keeps its row out: where it is, what it says, what is wrong with it, what to do."""

    row_no: int
    column: str
    value: str
    code: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Total:
    """The control total of one currency over the accepted rows."""

    currency: str
    invoices: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Report:
    """What the check found. `faults` holds the first ones only; `refused` and `fault_codes` count them all."""

    read: int
    accepted: int
    refused: int
    blank: int
    debtors: int
    padded: int
    """Invoice numbers that were filled with zeros by the mapping's rule."""
    paid: int
    totals: Sequence[Total]
    faults: Sequence[Fault]
    fault_codes: dict[str, int]
    questions: Sequence[str]
    notes: Sequence[str]
    rules: Sequence[str]
    """What the mapping states beyond columns, in sentences."""
    detection: dict[str, Any]
    suggestions: Sequence[tuple[str, str, float]] = ()
    """Field, column and confidence, for the page on which the mapping is corrected."""
    refusal: str = ""
    """Why the file as a whole was refused; no row was looked at then."""
    refusal_remedy: str = ""

    @classmethod
    def refusing(cls, refusal: str, *, remedy: str, **known: Any) -> "Report":
        """The report on a file that cannot be read at all."""
        nothing: dict[str, Any] = dict.fromkeys(
            ("read", "accepted", "refused", "blank", "debtors", "padded", "paid"), 0
        )
        nothing |= dict.fromkeys(("totals", "faults", "questions", "notes", "rules"), ())
        nothing |= {"fault_codes": {}, "detection": {}}
        return cls(**nothing | known, refusal=refusal, refusal_remedy=remedy)

    @property
    def loadable(self) -> bool:
        """Whether nothing stands in the way of loading the whole file."""
        return self.accepted > 0 and not (self.refused or self.questions or self.refusal)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What loading did. A file that was here before adds nothing, and this says so."""

    import_id: UUID
    added: int
    same: int
    changed: int
    """Rows whose invoice is here with other figures; the ledger keeps its own."""
    refused: int
    debtors_added: int
    payments_added: int
    payments_ahead: int
    """Payments that the file dates after the client's today: they have not happened and are not booked."""
    credit_notes_added: int
    totals: Sequence[Total]
    differences: Sequence[str]
    """What is different from the last file of this source, and from the ledger, in sentences."""
