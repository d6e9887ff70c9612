"""How much a field says here: the share of its empty values stands beside it."""

import pytest

from tenants.rules import bounds, emptiness
from tenants.rules.emptiness import Emptiness
from tenants.rules.fields import REGISTRY
from tests.cast import NOW
from tests.unit.rules.desk import a_bill, a_customer, change, pay


def said(*keys, about="invoice"):
    return {key: each.said for key, each in emptiness.of(keys, about=about, at=bounds.here(NOW)).items()}


def test_the_share_of_empty_values_is_counted_over_open_invoices_alone(in_alder, in_birch):
    with in_birch:
        a_bill()
    with in_alder:
        kessler, dune = a_customer("Kessler Bau", groups=("key",)), a_customer("Dune Traders", groups=())
        bills = [a_bill(kessler), a_bill(kessler), a_bill(kessler), a_bill(dune)]
        change(bills[0], purchase_order="PO-4711", first_seen_at=NOW)
        pay(a_bill(kessler))
        assert said("invoice.purchase_order", "customer.groups", "invoice.due_date", "customer.owner") == {
            "invoice.purchase_order": "empty on 75 % of open invoices",
            "customer.groups": "empty on 25 % of open invoices",
            "invoice.due_date": "known on all open invoices",
            "customer.owner": "empty on all open invoices",
        }
        assert said("customer.groups", "invoice.due_date", about="customer") == {
            "customer.groups": "empty on 50 % of customers"
        }


@pytest.mark.parametrize("about", ["invoice", "customer"])
def test_every_field_can_be_asked(in_alder, about):
    with in_alder:
        a_bill()
        assert set(said(*REGISTRY, about=about)) == {key for key, each in REGISTRY.items() if about in each.subjects}
        assert said("segment.delivered", about="segment") == {}


def test_where_nothing_is_open_nothing_is_said(in_alder):
    with in_alder:
        assert said("invoice.purchase_order") == {}


def test_few_that_are_empty_are_not_rounded_away():
    assert Emptiness(1, 5000, "customers").said == "empty on 1 % of customers"
    assert Emptiness(4999, 5000, "customers").said == "empty on 99 % of customers"
