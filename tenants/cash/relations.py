"""Decides what a credit of one customer pays: which open invoices, how much of each, and how well the amount fits."""

from collections.abc import Sequence
from dataclasses import dataclass

from tenants.cash import kept_back, sums
from tenants.cash.evidence import Credit, Item, Part, Sum

FEE_MOST_MINOR = 30_00
FEE_MOST_SHARE = 0.02
DISCOUNT_LEAST, DISCOUNT_MOST = 0.005, 0.05
DISCOUNT_DAYS = 21
"""A discount is for paying early: within so many days of the invoice, or before it is due."""
FEE, DISCOUNT, OTHER = "BNK", "TRM", "OTH"
_MOST_TOGETHER = 4
KEPT_BACK_MOST = 0.25
"""Where more is missing and nobody says why, it is a part payment: the rest is owed and asked for."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What would be paid, and how the amount stands to it."""

    parts: Sequence[Part]
    sum: Sum
    sure: bool = True
    """Whether no other choice fits as well."""


def named(credit: Credit, *, items: Sequence[Item], others: Sequence[Item]) -> Fit:
    """The fit when the line names invoices; `others` are what the customer has open besides."""
    wanted, total = credit.amount_minor, sum(item.open_minor for item in items)
    if total == wanted:
        return Fit(_whole(items), Sum.EXACT)
    if total > wanted:
        some = sums.find([item.open_minor for item in items], wanted=wanted)
        if some is not None:
            return Fit(_whole([items[at] for at in some.at]), Sum.SOME, some.only)
        return _short(credit, items, missing=total - wanted)
    more = sums.find([item.open_minor for item in others], wanted=wanted - total)
    if more is not None and len(more.at) <= _MOST_TOGETHER:
        return Fit(_whole([*items, *(others[at] for at in more.at)]), Sum.SOME, more.only)
    return Fit(_whole(items), Sum.MORE)


def unnamed(credit: Credit, *, items: Sequence[Item]) -> Fit:
    """The fit when the line names nothing: by the amount alone, among what one customer has open, oldest first."""
    wanted = credit.amount_minor
    equal = [item for item in items if item.open_minor == wanted]
    if len(equal) == 1:
        return Fit(_whole(equal), Sum.ONE)
    if equal:
        return Fit(_whole(equal[:1]), Sum.GUESS, sure=False)
    some = sums.find([item.open_minor for item in items], wanted=wanted)
    if some is None:
        return Fit((), Sum.NONE)
    if len(some.at) == len(items):
        return Fit(_whole(items), Sum.ALL)
    if len(some.at) <= _MOST_TOGETHER:
        return Fit(_whole([items[at] for at in some.at]), Sum.TOGETHER if some.only else Sum.GUESS, some.only)
    return Fit((), Sum.NONE)


def _whole(items: Sequence[Item]) -> tuple[Part, ...]:
    return tuple(Part(item.id, item.number, item.open_minor) for item in items)


def _short(credit: Credit, items: Sequence[Item], *, missing: int) -> Fit:
    """Less than what is named: the largest bears what is missing if it can, for that is the least surprising."""
    largest = max(items, key=lambda item: item.open_minor)
    kind = _kind(credit, items, missing)
    if missing < largest.open_minor:
        reason = _reason(credit, kind, missing)
        return Fit(
            tuple(
                Part(item.id, item.number, item.open_minor - missing, missing if reason else 0, reason)
                if item is largest
                else Part(item.id, item.number, item.open_minor)
                for item in items
            ),
            kind,
            sure=len(items) == 1,
        )
    left, parts = credit.amount_minor, list[Part]()
    for item in sorted(items, key=lambda each: (each.due_on, each.number)):
        minor = min(left, item.open_minor)
        if minor:
            parts.append(Part(item.id, item.number, minor))
        left -= minor
    return Fit(tuple(parts), Sum.LESS, sure=False)


def _reason(credit: Credit, kind: Sum, missing: int) -> str:
    """Why something is kept back, in a code; none where it looks like a part that is paid, and the rest stays open."""
    if said := kept_back.reason(credit.words):
        return said
    if kind is Sum.LESS:
        return OTHER if missing / (credit.amount_minor + missing) <= KEPT_BACK_MOST else ""
    return FEE if kind is Sum.FEE else DISCOUNT


def _kind(credit: Credit, items: Sequence[Item], missing: int) -> Sum:
    share = missing / (credit.amount_minor + missing)
    early = all(
        credit.booked_on <= item.due_on or (credit.booked_on - item.issued_on).days <= DISCOUNT_DAYS for item in items
    )
    if early and DISCOUNT_LEAST <= share <= DISCOUNT_MOST and round(share * 200) == round(share * 200, 1):
        return Sum.DISCOUNT
    if missing <= FEE_MOST_MINOR and share <= FEE_MOST_SHARE:
        return Sum.FEE
    return Sum.DISCOUNT if early and DISCOUNT_LEAST <= share <= DISCOUNT_MOST else Sum.LESS
