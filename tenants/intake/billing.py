"""Decides what debt an electronic invoice makes: one row for the ledger with its lines, or the breaches that forbid it.

The invoice is worth its total with VAT, rounded as it asks; what it states as paid in advance is booked as paid on its
day, so that what stays open is the amount due that the paper shows. Lines add up to the amount to the last minor unit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from tenants.intake import arithmetic, cells
from tenants.intake.formats import schemas, terms
from tenants.intake.formats.bill import Bill, Breach
from tenants.intake.formats.flaws import Flaw
from tenants.intake.report import Row
from tenants.intake.targets import BY_KEY
from tenants.values import money
from tenants.values.dates import written
from tenants.values.money import Money

MOST_LINES = 20_000
_ZERO = Decimal(0)
_LONGEST_TEXT = 500
_TOLD = 3


@dataclass(frozen=True, slots=True)
class StagedLine:
    """One line of an invoice as it waits to be loaded."""

    position: int
    description: str
    quantity: Decimal
    unit_price_minor: int
    net_minor: int
    tax_rate: Decimal
    tax_minor: int


@dataclass(frozen=True, slots=True)
class Debt:
    """What an invoice makes: its row, its lines, and what a person should know."""

    row: Row
    lines: Sequence[StagedLine]
    notes: Sequence[str]


def debt(bill: Bill) -> Debt | Sequence[Breach]:
    """The debt, or every rule that the invoice breaks."""
    found = [*(arithmetic.breaches(bill) or bill.official or _misshapen(bill) or _unfit(bill))]
    if found:
        return found
    row, notes = _row(bill)
    lines = _lines(bill, row) if row.amount_minor >= 0 else ()
    odd = [f"Line {each.line:,}: {each.reason}" for each in bill.misshapen[:_TOLD]]
    return Debt(row, lines, (*notes, *odd, *arithmetic.doubts(bill), *bill.remarks))


def _misshapen(bill: Bill) -> Sequence[Breach]:
    return bill.misshapen if schemas.binds(bill) else ()


def _unfit(bill: Bill) -> Iterator[Breach]:
    """What the ledger cannot keep, though the standard would allow it."""
    for term, key, value in (("BT-1", "number", bill.number), ("BT-44", "debtor_name", bill.buyer.name)):
        flaw = cells.reader(BY_KEY[key])(value)
        if isinstance(flaw, Flaw):
            node = bill.places.get(term) or bill.node
            yield Breach(flaw.reason, node.path, node.line, value[:80], flaw.detail)
    if len(bill.lines) + len(bill.extras) > MOST_LINES:
        yield Breach("too_many_lines", bill.node.path, bill.node.line, "", f"It has more than {MOST_LINES:,} lines.")


def _row(bill: Bill) -> tuple[Row, list[str]]:
    assert bill.issued_on is not None
    notes: list[str] = []
    due_on = bill.due_on or bill.issued_on
    if bill.due_on is None and bill.terms and not bill.is_credit:
        due_on, note = terms.due_on(bill.terms, issued_on=bill.issued_on)
        notes.append(note)
    if due_on < bill.issued_on:
        notes.append(f"It is due on {written(due_on)}, before it was issued on {written(bill.issued_on)}.")
    amount, paid = _amounts(bill)
    off, off_until = _discount(bill, amount, due_on=due_on, notes=notes)
    number = _kept(bill.buyer.number, "debtor_number") or " ".join(bill.buyer.name.split())[:64].strip()
    if not bill.buyer.number:
        notes.append("The invoice gives no number for its customer; the name is taken.")
    tax = _minor(bill.amounts.get("BT-110", _ZERO), bill.currency)
    return Row(
        row_no=bill.places["BT-1"].line,
        number=bill.number,
        debtor_number=number,
        debtor_name=" ".join(bill.buyer.name.split()),
        email=_kept(bill.buyer.email, "email"),
        country=_kept(bill.buyer.country, "country"),
        groups="",
        channel="email",
        currency=bill.currency,
        amount_minor=amount,
        tax_minor=-tax if bill.is_credit else tax,
        issued_on=bill.issued_on,
        due_on=due_on,
        purchase_order=_kept(bill.order, "purchase_order"),
        disputed=False,
        settled_on=bill.issued_on if paid else None,
        paid_minor=paid,
        discount_minor=off,
        discount_until_on=off_until,
    ), notes  # fmt: skip


def _discount(bill: Bill, amount: int, *, due_on: date, notes: list[str]) -> tuple[int, date | None]:
    """What may be kept by paying early, as its terms say, and until when."""
    assert bill.issued_on is not None
    whole = Money(max(amount, 0), bill.currency).as_decimal()
    found = None if bill.is_credit else terms.discount(bill.terms, issued_on=bill.issued_on, amount=whole)
    if found is None:
        return 0, None
    until_on, off = found
    minor = _minor(off, bill.currency)
    if not minor or until_on > due_on:
        return 0, None
    notes.append(
        f"{Money(minor, bill.currency).as_text()} {bill.currency} may be kept by paying until {written(until_on)}."
    )
    return minor, until_on


def _amounts(bill: Bill) -> tuple[int, int]:
    """What it is worth and what of it was paid before; negative lowers a debt."""
    worth = arithmetic.expected(bill)
    owed = bill.amounts["BT-115"]
    paid = worth - owed
    if bill.is_credit or worth <= 0 or paid <= 0:
        # Earlier claims that ride along raise what is owed; a credit is worth what it gives back.
        value = _minor(worth if bill.is_credit or worth <= 0 else owed, bill.currency)
        return (-value if bill.is_credit else value), 0
    return _minor(worth, bill.currency), _minor(paid, bill.currency)


def _lines(bill: Bill, row: Row) -> list[StagedLine]:
    """The lines, then allowances and charges of the whole, then what rounding leaves."""
    sign = -1 if bill.is_credit else 1
    parts = [
        (line.description, line.quantity or Decimal(1), line.price or _ZERO, sign * (line.net or _ZERO), line.rate)
        for line in bill.lines
    ]
    parts += [(e.reason, Decimal(1), abs(e.amount), sign * e.amount, e.rate) for e in bill.extras]
    if not bill.lines:
        net = sign * bill.amounts["BT-109"]
        parts = [("Goods and services as invoiced", Decimal(1), abs(net), net, _ZERO)]
    taxes = _spread(row.tax_minor, [net * (rate or 0) for *_, net, rate in parts])
    staged = [
        StagedLine(at, _said(text), quantity, _minor(price, row.currency), _minor(net, row.currency), rate, tax)
        for at, ((text, quantity, price, net, rate), tax) in enumerate(zip(parts, taxes, strict=True), 1)
    ]
    rest = row.amount_minor - sum(line.net_minor + line.tax_minor for line in staged)
    if rest:
        words = "Rounding" if abs(rest) < 100 else "Other claims"
        staged.append(StagedLine(len(staged) + 1, words, Decimal(1), abs(rest), rest, _ZERO, 0))
    return staged


def _spread(tax: int, weights: Sequence[Decimal]) -> list[int]:
    """The VAT total over the lines by what each should bear; the last bearing line takes what rounding leaves."""
    total = sum(weights, _ZERO)
    if not total:
        return [tax, *[0] * (len(weights) - 1)]
    shares = [int((tax * weight / total).to_integral_value(ROUND_HALF_UP)) for weight in weights]
    bearing = max(range(len(weights)), key=lambda at: abs(weights[at]))
    shares[bearing] += tax - sum(shares)
    return shares


def _minor(value: Decimal, currency: str) -> int:
    return int((value.scaleb(money.digits(currency))).to_integral_value(ROUND_HALF_UP))


def _kept(text: str, key: str) -> str:
    """The value if the ledger's own reader takes it; what is not essential is left out rather than refused."""
    value = cells.reader(BY_KEY[key])(text)
    return value if isinstance(value, str) else ""


def _said(text: str) -> str:
    plain = "".join(sign for sign in " ".join(text.split()) if sign.isprintable())
    return plain[:_LONGEST_TEXT] or "Goods and services as invoiced"
