"""Amounts that must be in the currency of something else: one sum never holds two currencies."""

from tenants.values.money import CurrenciesDiffer, Money


def in_currency(amount: Money | None, currency: str, *, pointer: str) -> int:
    """The minor units of an amount, 0 for none. Raises CurrenciesDiffer, with its place in the body."""
    if amount is None:
        return 0
    if amount.currency != currency:
        raise CurrenciesDiffer(f"This must be in {currency}, not in {amount.currency}.", pointer=pointer)
    return amount.minor
