"""Bank lines on their page: what waits for a customer first, everything if asked."""

from decimal import Decimal

import pytest

from tenants.directory import clients
from tenants.intake import bank_lines
from tenants.intake.formats.statement import Entry, Statement
from tenants.isolation import scope
from tenants.work import unit_of_work
from tests.cast import engage, open_client


@pytest.fixture
def statement(alder_world):
    """Sixty credits and one debit."""
    day = alder_world.today
    said = [Entry(n, "A", "EUR", Decimal(n), day, day, party=f"Payer {n}", words="rent") for n in range(1, 61)]
    with alder_world.books():
        bank_lines.stage(
            alder_world.at["imp"],
            said=Statement("ofx", [*said, Entry(61, "A", "EUR", Decimal(-7), day, day, party="Landlord")]),
        )
        bank_lines.load(alder_world.at["imp"], now=alder_world.now)


def test_money_without_a_customer_is_seen_and_turned_over(alder_world, as_, specialist, words, statement, links):
    sofia = as_(specialist)
    page = sofia.get(f"/c/{alder_world.slug}/imports/bank")
    assert "Waits for a customer" in words(page) and "Landlord" not in words(page)
    following = [address for address in links(page) if "after=" in address]
    assert "Payer 1 " in words(sofia.get(following[0]))
    every = words(sofia.get(f"/c/{alder_world.slug}/imports/bank?all=1"))
    assert "Landlord" in every and "Paid out" in every


def test_a_client_without_statements_is_told_what_to_send(shell, as_, words):
    tenant = open_client("Cedar Parts GmbH", currency="EUR", zone="Europe/London", country="GB")
    with unit_of_work(scope.viewing(tenant, actor="test")):
        slug = clients.profile().slug
    ida = as_(engage("Ida Lund", (tenant, "specialist"), side="provider"))
    assert "No bank line waits" in words(ida.get(f"/c/{slug}/imports/bank"))
