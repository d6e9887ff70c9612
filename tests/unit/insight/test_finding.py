"""Search: customers and invoices of the clients that somebody reads, and of no other."""

from tenants.insight import finding
from tenants.isolation import scope
from tenants.work import unit_of_work
from tests.factories import a_debtor, a_payment, an_invoice


def set_up(tenant, name, number, *, po="", paid=False):
    debtor = a_debtor(tenant, name=name)
    made = an_invoice(tenant, debtor, number=number, late=3, purchase_order=po)
    if paid:
        a_payment(tenant, debtor, parts=[(made, 100_00)])
    return debtor, made


def found(text, *tenants, **over):
    with unit_of_work(scope.portfolio(tenants, actor="test")):
        return finding.find(text, **over)


def test_a_customer_is_found_by_a_part_of_its_name_in_every_client_that_is_read(alder, birch):
    here, _ = set_up(alder, "Kestrel Tiles 50%", "K-1")
    there, _ = set_up(birch, "Old Kestrel Mill", "K-2")
    assert [each.id for each in found("kestrel", alder, birch).customers] == [here, there]
    assert [each.id for each in found("kestrel", alder).customers] == [here]
    assert [each.name for each in found("50%", alder, birch).customers] == ["Kestrel Tiles 50%"]


def test_an_open_invoice_is_found_by_its_beginning_or_the_customers_reference_and_a_settled_one_whole(alder):
    _, still = set_up(alder, "Lark Paints", "LP-2026-7", po="PO 9911")
    _, paid = set_up(alder, "Moss Glass", "LP-2026-8", paid=True)
    assert [(each.id, each.customer) for each in found("lp-2026", alder).invoices] == [(still, "Lark Paints")]
    assert [each.id for each in found("PO 99", alder).invoices] == [still]
    assert [each.id for each in found(" lp-2026-8 ", alder).invoices] == [paid]


def test_too_short_a_text_finds_nothing_and_many_are_cut(alder):
    for number in range(3):
        set_up(alder, f"Heron {number}", f"H-{number}")
    assert found("h", alder) == finding.Found()
    cut = found("heron", alder, most=2)
    assert len(cut.customers) == 2 and cut.more
    assert not found("heron", alder).more
    assert not found("h_", alder).invoices
