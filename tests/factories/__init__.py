"""Factories: each makes one thing in the books of the tenant that it is given, with believable defaults."""

from tests.factories.ledger import (
    a_contact,
    a_credit_note,
    a_debtor,
    a_payment,
    an_allocation,
    an_invoice,
)

__all__ = ["a_contact", "a_credit_note", "a_debtor", "a_payment", "an_allocation", "an_invoice"]
