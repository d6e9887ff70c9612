"""A new admin, with the page only, builds and publishes the unopened-invoice rule in at most 25 interactions; what the
dry run counted is what the first run acts on."""

from datetime import timedelta

import pytest

from tenants import store
from tenants.rules import rule_book, running
from tests.browser.conftest import PRESENT
from tests.cast import engage
from tests.factories import a_contact, a_debtor, an_invoice

MOST = 25

pytestmark = pytest.mark.browser


class Hand:
    """Counts what a person does: a click, a choice, a field filled in."""

    def __init__(self, page):
        self.page, self.count = page, 0

    def click(self, name, *, role="button"):
        self.count += 1
        self.page.get_by_role(role, name=name, exact=True).first.click()
        self.page.wait_for_load_state("networkidle")

    def choose(self, where, option):
        self.count += 1
        with self.page.expect_response("**/builder"):
            self.page.locator(where).select_option(option)
        self.page.wait_for_load_state("networkidle")

    def fill(self, where, text):
        self.count += 1
        self.page.locator(where).fill(text)


@pytest.fixture
def unopened(alder, alder_books):
    """Seven invoices that arrived a week ago and that nobody has looked at."""
    debtor = a_debtor(alder)
    a_contact(alder, debtor)
    made = [an_invoice(alder, debtor, amount=2_000_00, late=-10) for _ in range(7)]
    with alder_books.books():
        sql = (
            "UPDATE invoice SET delivery = 'delivered', delivered_at = :at WHERE tenant_id = :tenant AND id = ANY(:ids)"
        )
        store.run(sql, at=PRESENT - timedelta(days=9), ids=made)
    return made


def test_a_new_admin_publishes_the_unopened_invoice_rule(alder, alder_books, open_for, unopened):
    page = open_for(engage("Nora Fink", (alder, "tenant_admin"))).new_page()
    hand = Hand(page)
    page.goto(f"/c/{alder_books.slug}")
    hand.click("Rules", role="link")
    hand.click("New rule", role="link")
    hand.fill("#key", "unopened-invoice")
    hand.choose("#field-1", "invoice.delivered_at")
    hand.choose("#op-1", "older_than")
    hand.fill("#value-1", "3 business days")
    hand.click("Add a condition")
    hand.choose("#field-2", "invoice.first_seen_at")
    hand.choose("#op-2", "is_not_set")
    hand.fill("#detail-0", "Call to confirm the invoice arrived")
    page.locator("#look .sentence", has_text="nobody has").or_(page.locator("#look .sentence")).first.wait_for()
    hand.click("Keep as a draft")
    hand.click("Try it now")
    said = page.locator("#way + ol li", has_text="would have acted on").inner_text()
    tried = int(said.split("would have acted on")[1].split(".")[0].strip().replace(",", ""))
    hand.count += 1
    page.locator("#backlog").select_option("all")
    hand.click("Publish version 1")
    assert "Live" in page.locator("h1").inner_text()
    assert hand.count <= MOST
    assert tried == len(unopened)
    with alder_books.books():
        kept = rule_book.find("unopened-invoice")
        done = running.run(kept.id, occurrence="first", now=PRESENT, real=PRESENT)
    assert done is not None and done.acted == tried
