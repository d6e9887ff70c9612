"""All clients on one page, for those who work for many."""

from tests.factories import a_debtor, an_invoice


def test_a_specialist_sees_all_clients_and_opens_each_number(alder, birch, as_, specialist, words, links):
    an_invoice(alder, a_debtor(alder), late=10, amount=70_00)
    an_invoice(birch, late=-3, amount=40_00, currency="GBP")
    browser = as_(specialist)
    for order in ("name", "overdue", "current", "dso"):
        page = browser.get(f"/clients?order={order}")
        said = words(page)
        assert "Alder Tools GmbH" in said and "Birch Foods Ltd" in said
        assert "EUR 70.00 overdue, at 1 client" in said and "Open in GBP" in said
    overdue = next(link for link in links(page) if "/aging/overdue" in link and "EUR" in link)
    assert "EUR 70.00 in 1 invoice" in words(browser.get(overdue))


def test_a_specialist_without_ledgers_is_told_so_and_a_finance_team_has_no_such_page(
    as_, specialist, alder_viewer, words
):
    assert "No client is owed anything" in words(as_(specialist).get("/clients"))
    assert as_(alder_viewer).get("/clients").status_code == 403
