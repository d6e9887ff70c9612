"""Decides whether an electronic invoice holds: the rules of EN 16931 about what must be there and what must add up.

A debt that its own paper contradicts is not taken into the ledger. Each breach names the rule as the standard does, the
place in the file, and the two figures that differ. Code lists and national rules are the sender's validator's business.
"""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal, localcontext
from itertools import chain, islice

from tenants.intake.formats.bill import Bill, BillLine, Breach
from tenants.intake.formats.xml_tree import Node
from tenants.values import money

MOST_TOLD = 100
_ZERO = Decimal(0)
_ROUNDED = Decimal(1)
"""VAT of one rate may be rounded line by line, so the standard's own check lets it differ by less than one."""
_MISPRICED = Decimal("0.02")
_TOTALS = {"BT-106": "BR-12", "BT-109": "BR-13", "BT-112": "BR-14", "BT-115": "BR-15"}
_NAMED = {
    "BT-106": "sum of line net amounts",
    "BT-107": "sum of allowances",
    "BT-108": "sum of charges",
    "BT-109": "total without VAT",
    "BT-110": "total VAT",
    "BT-112": "total with VAT",
    "BT-115": "amount due",
}


def breaches(bill: Bill) -> tuple[Breach, ...]:
    """All rules that the invoice breaks, the ones about missing parts first."""
    found = tuple(islice(chain(bill.breaches, _missing(bill)), MOST_TOLD))
    return found or tuple(islice(chain(_sums(bill), _taxes(bill), _impossible(bill)), MOST_TOLD))


def doubts(bill: Bill) -> tuple[str, ...]:
    """What does not fit but changes no total: no rule of EN 16931 itself ties a line to its quantity and price."""
    return tuple(f"Line {each.line:,}: {each.reason}" for each in islice(_lines(bill), 5))


def expected(bill: Bill) -> Decimal:
    """What is owed by this document before anything was paid in advance: total with VAT, rounded for payment."""
    return bill.amounts["BT-112"] + bill.amounts.get("BT-114", _ZERO)


def _missing(bill: Bill) -> Iterator[Breach]:
    root = bill.node
    for rule, value, what in (
        ("BR-02", bill.number, "invoice number (BT-1)"),
        ("BR-04", bill.type_code, "document type (BT-3)"),
        ("BR-05", bill.currency, "currency (BT-5)"),
        ("BR-06", bill.seller, "name of the seller (BT-27)"),
        ("BR-07", bill.buyer.name, "name of the customer (BT-44)"),
    ):
        if not value:
            yield Breach(rule, root.path, root.line, "", f"The {what} is missing.")
    if bill.issued_on is None and "BT-2" not in bill.places:
        yield Breach("BR-03", root.path, root.line, "", "The invoice date (BT-2) is missing.")
    for term, rule in _TOTALS.items():
        if term not in bill.amounts and term not in bill.places and not (term == "BT-106" and bill.without_lines):
            yield Breach(rule, root.path, root.line, "", f"The {_NAMED[term]} ({term}) is missing.")
    if not bill.lines and not bill.without_lines:
        yield Breach("BR-16", root.path, root.line, "", "The invoice has no line.")
    yield from _currency(bill)
    for line in bill.lines:
        yield from _missing_in(line)
    owed = bill.amounts.get("BT-115", _ZERO) > 0
    if owed and not (bill.due_on or bill.terms or bill.is_credit or "BT-9" in bill.places):
        place = bill.places["BT-115"]
        yield Breach("BR-CO-25", place.path, place.line, place.text, "Neither a due date nor payment terms are given.")


def _missing_in(line: BillLine) -> Iterator[Breach]:
    for rule, missing, what in (
        ("BR-21", not line.key, "number of the line (BT-126)"),
        ("BR-22", line.quantity is None, "quantity (BT-129)"),
        ("BR-24", line.net is None, "net amount of the line (BT-131)"),
        ("BR-25", not line.description, "name of the item (BT-153)"),
        ("BR-26", line.price is None, "net price of the item (BT-146)"),
    ):
        if missing:
            yield Breach(rule, line.node.path, line.node.line, "", f"The {what} is missing.")
    if line.price is not None and line.price < 0:
        yield Breach("BR-27", line.node.path, line.node.line, str(line.price), "The net price of the item is negative.")


def _currency(bill: Bill) -> Iterator[Breach]:
    """The currency exists, and no amount that counts is finer than it."""
    if not bill.currency:
        return
    try:
        places = money.digits(bill.currency)
    except money.UnknownCurrency:
        node = bill.places["BT-5"]
        yield Breach("BR-CL-04", node.path, node.line, node.text, "This is not a currency of ISO 4217.")
        return
    for term in ("BT-110", "BT-112", "BT-113", "BT-115"):
        value = bill.amounts.get(term)
        if value is not None and value != round(value, places):
            node = bill.places[term]
            yield Breach("BR-DEC", node.path, node.line, node.text, f"{bill.currency} has {places} decimals, not more.")


def _sums(bill: Bill) -> Iterator[Breach]:
    """The totals of the document, each from those above it."""
    given = bill.amounts
    net = [line.net for line in bill.lines if line.net is not None]
    allowances = -sum((extra.amount for extra in bill.extras if extra.kind == "allowance"), _ZERO)
    charges = sum((extra.amount for extra in bill.extras if extra.kind == "charge"), _ZERO)
    third = sum((extra.amount for extra in bill.extras if extra.kind == "third party"), _ZERO)
    if not bill.without_lines:
        yield from _differs(bill, "BR-CO-10", "BT-106", sum(net, _ZERO))
        yield from _differs(bill, "BR-CO-11", "BT-107", allowances, fallback="BT-109")
        yield from _differs(bill, "BR-CO-12", "BT-108", charges, fallback="BT-109")
        base = given["BT-106"] - given.get("BT-107", _ZERO) + given.get("BT-108", _ZERO)
        yield from _differs(bill, "BR-CO-13", "BT-109", base)
    yield from _differs(bill, "BR-CO-15", "BT-112", given["BT-109"] + given.get("BT-110", _ZERO))
    paid = given.get("BT-113", _ZERO)
    yield from _differs(bill, "BR-CO-16", "BT-115", expected(bill) - paid + third)


def _taxes(bill: Bill) -> Iterator[Breach]:
    """The VAT breakdown: each row by its rate, and all of them together."""
    if not bill.taxes:
        return
    tax = sum((part.tax for part in bill.taxes if part.tax is not None), _ZERO)
    yield from _differs(bill, "BR-CO-14", "BT-110", tax, fallback="BT-112")
    for part in bill.taxes:
        if part.taxable is None or part.tax is None or part.rate is None:
            continue
        due = _cents(part.taxable, part.rate, Decimal(100))
        if abs(due - part.tax) >= _ROUNDED:
            reason = f"The VAT of this row is {part.tax}, but {part.rate} % of {part.taxable} is {due}."
            yield Breach("BR-CO-17", part.node.path, part.node.line, str(part.tax), reason)


def _lines(bill: Bill) -> Iterator[Breach]:
    """Quantity, price and net amount of each line."""
    for line in bill.lines:
        if line.net is None or line.price is None or line.quantity is None or line.base == 0:
            continue
        due = _cents(line.quantity, line.price, line.base or Decimal(1)) + line.extras
        if abs(due - line.net) > _MISPRICED:
            reason = f"The net amount of the line is {line.net}, but quantity and price give {due}."
            yield Breach("PEPPOL-EN16931-R120", line.node.path, line.node.line, str(line.net), reason)


def _impossible(bill: Bill) -> Iterator[Breach]:
    """Lines that state price, quantity and what the price is for, and whose net amount follows from none of it.

    Programs write a line's price in many ways (for the line, with VAT, without the sign of the quantity), and the
    standard's own examples do; what no such way explains is a wrong price or a wrong amount.
    """
    for line in bill.lines:
        price, quantity, base, net = line.price, line.quantity, line.base, line.net
        if price is None or quantity is None or net is None or not base or base == price or not quantity:
            continue
        loose = _MISPRICED + abs(quantity) * Decimal(1).scaleb(int(price.normalize().as_tuple().exponent)) / 2
        each = (price * quantity / base, price * quantity, price, price / quantity)
        taxed = [*each, *(value * (1 + line.rate / 100) for value in each)]
        if all(
            abs(abs(value) - abs(net - extra)) > loose
            for value in taxed
            for extra in (_ZERO, line.extras, -line.extras)
        ):
            reason = f"The net amount of the line is {net}, but {quantity} at {price} for {base} make {each[0]:.2f}."
            yield Breach("PEPPOL-EN16931-R120", line.node.path, line.node.line, str(net), reason)


def _cents(first: Decimal, second: Decimal, divisor: Decimal) -> Decimal:
    """A product in two decimals, with room for figures that make no sense."""
    with localcontext(prec=80):
        return (first * second / divisor).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _differs(bill: Bill, rule: str, term: str, due: Decimal, *, fallback: str = "") -> Iterator[Breach]:
    stated = bill.amounts.get(term, _ZERO)
    if stated != due:
        node: Node = bill.places.get(term) or bill.places.get(fallback) or bill.node
        reason = f"The {_NAMED[term]} ({term}) is {stated}, but its parts give {due}."
        yield Breach(rule, node.path, node.line, str(stated), reason)
