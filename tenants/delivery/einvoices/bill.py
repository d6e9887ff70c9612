"""Decides what a structured invoice says, before any syntax: parties, lines, tax by rate, and totals that add up.

The terms are those of EN 16931 (BT and BG numbers in the comments). Amounts are minor units; the standard knows
currencies with at most two decimals.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tenants.values.faults import Refusal
from tenants.values.money import Money, digits

INVOICE, CREDIT_NOTE = "380", "381"
STANDARD, ZERO = "S", "Z"


class NotStructured(Refusal, ValueError):
    """The invoice cannot be said in EN 16931."""

    code = "not_structured"
    remedy = "Complete what is missing, or send the invoice on paper or as PDF."


@dataclass(frozen=True, slots=True)
class Party:
    """A seller or a buyer."""

    name: str
    country: str
    address: tuple[str, ...] = ()
    tax_number: str = ""
    endpoint: tuple[str, str] | None = None
    """The electronic address: scheme and id, such as 9930 and DE123456789."""
    reference: str = ""
    """How the seller numbers this buyer."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what, how many, for how much each, and the net that counts."""

    text: str
    quantity: Decimal
    price: Money
    net: Money
    tax_rate: Decimal

    @property
    def deduction(self) -> Money:
        """What the line is cheaper than quantity times price (BT-136); below nothing it is a charge."""
        full = (self.quantity * self.price.minor).to_integral_value(rounding="ROUND_HALF_UP")
        return Money(int(full) - self.net.minor, self.net.currency)

    @property
    def category(self) -> str:
        """Standard rate, or zero rated."""
        return STANDARD if self.tax_rate else ZERO


@dataclass(frozen=True, slots=True)
class Deduction:
    """An allowance on the whole document (BG-20), with the tax rate of what it lessens."""

    reason: str
    amount: Money
    tax_rate: Decimal

    @property
    def category(self) -> str:
        """Standard rate, or zero rated."""
        return STANDARD if self.tax_rate else ZERO


@dataclass(frozen=True, slots=True)
class TaxPart:
    """One line of the tax breakdown (BG-23)."""

    rate: Decimal
    basis: Money
    tax: Money

    @property
    def category(self) -> str:
        """Standard rate, or zero rated."""
        return STANDARD if self.rate else ZERO


@dataclass(frozen=True, slots=True)
class Bill:
    """One invoice or credit note, ready for either syntax."""

    kind: str
    number: str
    issued_on: date
    due_on: date | None
    currency: str
    seller: Party
    buyer: Party
    rows: tuple[Row, ...]
    tax: Money
    total: Money
    deductions: tuple[Deduction, ...] = ()
    buyer_reference: str = ""
    order: str = ""
    iban: str = ""
    bic: str = ""
    terms: str = ""
    precedes: str = ""
    """The invoice that a credit note corrects."""

    @property
    def lines_net(self) -> Money:
        """The sum of line nets (BT-106)."""
        return self._money(sum(row.net.minor for row in self.rows))

    @property
    def deducted(self) -> Money:
        """The sum of allowances on the document (BT-107)."""
        return self._money(sum(each.amount.minor for each in self.deductions))

    @property
    def net(self) -> Money:
        """The total without tax (BT-109)."""
        return self._money(self.lines_net.minor - self.deducted.minor)

    @property
    def breakdown(self) -> tuple[TaxPart, ...]:
        """Tax by rate, computed from the basis of each rate as the standard wants it."""
        basis: dict[Decimal, int] = defaultdict(int)
        for row in self.rows:
            basis[row.tax_rate.normalize()] += row.net.minor
        for each in self.deductions:
            basis[each.tax_rate.normalize()] -= each.amount.minor
        return tuple(
            TaxPart(rate, self._money(minor), self._money(_tax(minor, rate))) for rate, minor in sorted(basis.items())
        )

    @property
    def rounding(self) -> Money:
        """What tax by line and tax by rate differ by (BT-114): cents, or the bill is refused."""
        return self._money(self.total.minor - self.net.minor - sum(each.tax.minor for each in self.breakdown))

    def checked(self) -> "Bill":
        """The bill itself. Raises NotStructured, naming what is missing or does not add up."""
        if digits(self.currency) > 2:
            raise NotStructured(f"{self.currency} has more than two decimals, which EN 16931 does not know.")
        for role, party in (("client", self.seller), ("customer", self.buyer)):
            if not party.country:
                raise NotStructured(f"The country of the {role} {party.name} is not known.")
        if not self.seller.tax_number:
            raise NotStructured(f"The tax number of {self.seller.name} is not known.")
        if not self.rows:
            raise NotStructured(f"Invoice {self.number} has no lines.")
        if abs(self.rounding.minor) > len(self.rows):
            raise NotStructured(
                f"Invoice {self.number} asks for {self.total}, but its lines and their tax make "
                f"{self._money(self.total.minor - self.rounding.minor)}."
            )
        return self

    def _money(self, minor: int) -> Money:
        return Money(minor, self.currency)


def _tax(basis: int, rate: Decimal) -> int:
    return int((Decimal(basis) * rate / 100).to_integral_value(rounding="ROUND_HALF_UP"))
