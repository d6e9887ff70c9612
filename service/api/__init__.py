"""The JSON API, version 1: one file for each noun."""

from service.api import (
    alerts,
    allocations,
    credit_notes,
    debtors,
    delivery,
    history,
    holds,
    imports,
    insight,
    invoices,
    payments,
    portfolio,
    profile,
    reference,
    rules,
    tasks,
    whoami,
    work,
)

NOUNS = (
    whoami,
    profile,
    debtors,
    invoices,
    delivery,
    payments,
    credit_notes,
    allocations,
    imports,
    insight,
    alerts,
    tasks,
    holds,
    rules,
    history,
    work,
    portfolio,
    reference,
)
BLUEPRINTS = tuple(noun.face for noun in NOUNS)
