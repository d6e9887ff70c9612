"""Decides whether the cells of one row fit together: amounts in their currency, days in their order.

This runs once per row of a million, so the plain case is a straight line and everything else is left to `_faults`.
"""

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from tenants.intake.cells import EMPTY
from tenants.intake.formats.amounts import AmountReader
from tenants.intake.formats.dates import DateReader
from tenants.intake.formats.flaws import Flaw
from tenants.intake.mapping import Mapping
from tenants.intake.reading import Reading
from tenants.intake.report import Row
from tenants.intake.sides import Sides, Sums

COLUMNS = (
    *("number", "debtor_number", "debtor_name", "email", "country", "groups", "channel", "currency"),
    *("issued_on", "due_on", "purchase_order", "disputed", "settled_on", "side"),
)
"""The fields whose readers need nothing but the cell, in the order in which the judge takes their values."""

Flaws = list[tuple[str, Flaw]]

DUE_FIRST = Flaw("due_before_issued", "It is due before it was issued.", "Check whether the two dates are swapped.")
PAID_FIRST = Flaw("settled_before_issued", "It was paid before it was issued.", "Correct the date of payment.")
PAID_WHEN = Flaw("paid_without_date", "It was paid, but the file does not say when.", "Give the date of payment.")
CREDIT_PAID = Flaw("credit_settled", "A credit note is not paid.", "Leave date and amount of payment empty.")
NEGATIVE_PAID = Flaw("negative_payment", "A payment is not negative.", "Give what was paid as a positive amount.")
DISCOUNT_ODD = Flaw(
    "bad_discount",
    "The discount is no part of the amount, or its last day does not lie between the invoice date and the due date.",
    "Correct the discount or its last day, or leave both empty.",
)
TAX_TOO_MUCH = Flaw(
    "tax_over_amount", "The tax is not within the amount.", "Check whether the two columns are swapped."
)


class Judge:
    """Judges the rows of one file."""

    def __init__(self, reading: Reading, *, mapping: Mapping, currency: str, own_terms: MappingOf[str, int]) -> None:
        """`own_terms` gives by number the customers who have payment terms of their own, in days."""
        empty = len(reading.layout.header)
        self._amount, self._tax = reading.places["amount"], reading.places.get("tax", empty)
        self._paid = reading.places.get("paid", empty)
        self._sign, self._currency = reading.decimal, currency
        self._terms = None if mapping.terms_days is None else timedelta(days=mapping.terms_days)
        self._own_terms = {number: timedelta(days=days) for number, days in own_terms.items()}
        self._readers: dict[str, AmountReader] = {}
        self._sides = Sides(reading)
        self._alone = not self._sides.apply
        both = ("discount", "discount_until_on")
        self._offer = tuple(reading.places[key] for key in both) if set(both) <= set(reading.places) else None
        self._until = DateReader(reading.dates["discount_until_on"]).__getitem__ if self._offer else None

    def row(self, row_no: int, cells: Sequence[str], values: list[Any]) -> Row | Flaws:
        """The row, or all that is wrong with it."""
        if Flaw in map(type, values):
            return self._faults(cells, values)
        if not self._alone:
            return self._beside(row_no, cells, values)
        number, debtor, name, email, country, groups, channel, currency, issued, due, order, disputed, settled, _ = (
            values
        )
        currency = currency or self._currency
        amount_of = self._readers.get(currency) or self._reader(currency)
        amount, tax, paid = amount_of(cells[self._amount]), amount_of(cells[self._tax]), amount_of(cells[self._paid])
        if due is None and issued is not None:
            due = self._due(debtor, issued, amount)
        if (
            type(amount) is not int
            or issued is None
            or due is None
            or due < issued
            or (tax is not None and (type(tax) is not int or _taxed_badly(amount, tax)))
            or ((settled is not None or paid) and not _paid_well(amount, issued, settled, paid))
        ):
            return self._faults(cells, values)
        row = Row(
            row_no, number, debtor, name or debtor, email or "", country or "", groups or "", channel or "email",
            currency, amount, tax or 0, issued, due, order or "", disputed or False,
            settled, _paid_minor(amount, settled, paid),
        )  # fmt: skip
        return row if self._offer is None else self._offered(row, cells)

    def _due(self, debtor: str, issued: date, amount: Any) -> date | None:
        """Without a date: by the terms; a credit note is due when it is there."""
        terms = self._own_terms.get(debtor, self._terms)
        if terms is not None:
            return issued + terms
        return issued if type(amount) is int and amount < 0 else None

    def _beside(self, row_no: int, cells: Sequence[str], values: list[Any]) -> Row | Flaws:
        """The row of a file in which other columns say what an amount means."""
        flaws = self._faults(cells, values)
        if flaws:
            return flaws
        number, debtor, name, email, country, groups, channel, currency, issued, due, order, disputed, *_ = values
        currency = currency or self._currency
        sums, tax = self._sums(cells, values), self._reader(currency)(cells[self._tax])
        due = due or self._due(debtor, issued, sums.amount)
        paid = sums.paid or 0 if self._sides.is_undated(sums) else _paid_minor(sums.amount, sums.settled, sums.paid)
        assert due is not None and isinstance(tax, int | None)
        row = Row(
            row_no, number, debtor, name or debtor, email or "", country or "", groups or "", channel or "email",
            currency, sums.amount, tax or 0, issued, due, order or "", disputed or False, sums.settled, paid,
        )  # fmt: skip
        return row if self._offer is None else self._offered(row, cells)

    def _sums(self, cells: Sequence[str], values: list[Any]) -> Sums:
        """What the row is worth and what was paid, as all its columns mean it; flaws among them are left out."""
        given = {key: value for key, value in zip(COLUMNS, values, strict=True) if type(value) is not Flaw}
        read = self._reader(given.get("currency") or self._currency)
        plain = Sums(read(cells[self._amount]), read(cells[self._paid]), given.get("settled_on"))
        return plain if self._alone else self._sides.of(cells, plain, read=read, side=given.get("side"))

    def _offered(self, row: Row, cells: Sequence[str]) -> Row | Flaws:
        """The row with what may be kept by paying early; nothing stated is nothing offered."""
        assert self._offer is not None and self._until is not None
        off, until = self._reader(row.currency)(cells[self._offer[0]]), self._until(cells[self._offer[1]])
        if isinstance(off, Flaw) or isinstance(until, Flaw):
            read = (("discount", off), ("discount_until_on", until))
            return [(key, value) for key, value in read if isinstance(value, Flaw)]
        if not off or until is None or row.amount_minor <= 0:
            return row
        if not 0 < off < row.amount_minor or not row.issued_on <= until <= row.due_on:
            return [("discount", DISCOUNT_ODD)]
        return row._replace(discount_minor=off, discount_until_on=until)

    def _faults(self, cells: Sequence[str], values: list[Any]) -> Flaws:
        """Everything that is wrong with a row, so that a person corrects it once."""
        flaws: Flaws = [(key, value) for key, value in zip(COLUMNS, values, strict=True) if type(value) is Flaw]
        good = {key: value for key, value in zip(COLUMNS, values, strict=True) if type(value) is not Flaw}
        sums = self._sums(cells, values)
        amount, paid = sums.amount, sums.paid
        tax = self._reader(good.get("currency") or self._currency)(cells[self._tax])
        for key, value in (("amount", EMPTY if amount is None else amount), ("tax", tax), ("paid", paid), *sums.told):
            if type(value) is Flaw:
                flaws.append((key, value))
        issued = good.get("issued_on")
        flaws += [("issued_on", EMPTY)] if "issued_on" in good and issued is None else []
        flaws += self._due_faults(issued, good, amount)
        if type(amount) is int:
            flaws += [("tax", TAX_TOO_MUCH)] if type(tax) is int and _taxed_badly(amount, tax) else []
            flaws += _payment_faults(amount, issued, sums, undated=self._sides.is_undated(sums))
        return flaws

    def _due_faults(self, issued: date | None, good: dict[str, Any], amount: Any) -> Flaws:
        if "due_on" not in good:
            return []
        if good["due_on"] is None:
            found = self._due(good.get("debtor_number", ""), issued or date.min, amount)
            return [("due_on", EMPTY)] if found is None else []
        return [("due_on", DUE_FIRST)] if issued is not None and good["due_on"] < issued else []

    def _reader(self, currency: str) -> AmountReader:
        return self._readers.setdefault(currency, AmountReader(currency, self._sign))


def _taxed_badly(amount: int, tax: int) -> bool:
    """Tax is within the amount and of its sign; that of a credit note may be written without."""
    return not 0 <= tax <= amount if amount >= 0 else abs(tax) > -amount


def _paid_well(amount: int, issued: date, settled: date | None, paid: Any) -> bool:
    """Whether what the row says about its payment makes sense."""
    if settled is None or amount < 0 or settled < issued:
        return False
    return paid is None or (type(paid) is int and paid >= 0)


def _payment_faults(amount: int, issued: date | None, sums: Sums, *, undated: bool) -> Flaws:
    settled, paid = sums.settled, sums.paid if type(sums.paid) is int else None
    if settled is None and not paid:
        return []
    if amount < 0:
        return [("settled_on" if settled else "paid", CREDIT_PAID)]
    flaws: Flaws = [("settled_on", PAID_FIRST)] if issued is not None and settled and settled < issued else []
    flaws += [("settled_on", PAID_WHEN)] if settled is None and not undated else []
    return flaws + ([("paid", NEGATIVE_PAID)] if paid is not None and paid < 0 else [])


def _paid_minor(amount: int, settled: date | None, paid: Any) -> int:
    """A date without an amount means the whole."""
    return 0 if settled is None else amount if paid is None else int(paid)
