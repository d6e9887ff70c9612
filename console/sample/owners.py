"""Who looks after the sample's customers: key accounts one person, the others another; some have changed hands."""

from datetime import timedelta
from uuid import UUID

from console.sample.play import Stage
from tenants.insight import customers
from tenants.insight.narrowing import EVERYBODY, Narrow
from tenants.isolation import scope
from tenants.ledger import owners
from tenants.work import unit_of_work

LONG_AGO, LATELY = timedelta(days=150), timedelta(days=25)
KEY, MOVED = "key", 6
"""The group of the larger customers, and that every sixth of the others was given on."""


def share_out(stage: Stage, tenant: UUID, *, first: UUID, second: UUID) -> None:
    """Give every customer to somebody: the key accounts to the second person, the others to the first."""
    today = stage.real.date()
    with unit_of_work(scope.tenant(tenant, actor=f"person:{second}")):
        key = set(customers.fitting(Narrow(KEY)))
        others = [each for each in customers.fitting(EVERYBODY) if each not in key]
        at_first = [(each, second) for each in key] + [(each, first) for each in others]
        owners.give(at_first, since_on=today - LONG_AGO, today=today, now=stage.real)
        given_on = [(each, second) for each in others[::MOVED]]
        owners.give(given_on, since_on=today - LATELY, today=today, now=stage.real)
