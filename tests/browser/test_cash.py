"""The queue of money by keyboard alone, and readable by everybody."""

import os
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe

from tenants.cash import matching
from tests.factories import a_debtor, an_invoice
from tests.unit.cash.books import Till
from tests.unit.intake import papers_made_up as made

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("GOODTERMS_PICTURES", "")


@pytest.fixture
def books(alder_books):
    """Alder after a statement: some of it certain, some proposed, some of nobody."""
    till = Till(alder_books.tenant, alder_books.books, alder_books.now, alder_books.today)
    day = till.today - timedelta(days=2)
    issued = {"issued_on": day - timedelta(days=40), "due_on": day - timedelta(days=10)}
    dune, elm = (a_debtor(till.tenant, name=name) for name in ("Dune Garden Centres GmbH", "Elm Street Books Ltd"))
    for n in range(1, 9):
        an_invoice(
            till.tenant, dune, number=f"RE-2026-{n:05}", amount=118_950 if n in (6, 7) else 10_000 * n + 7, **issued
        )
        an_invoice(till.tenant, elm, number=f"RE-2026-{n + 40:05}", amount=7_731 * n, **issued)

    def entry(amount, words, party="Dune Garden Centres GmbH"):
        return made.entry(amount, words, party=party, day=day)

    till.bank(
        entry("100.07", "Rechnung RE-2026-00001"),
        entry("200.07", "RE 2026 2"),
        entry("270.07", "Rechnung RE-2026-00003 abzgl. Fracht"),
        entry("1189.50", "Abschlag laut Vertrag"),
        entry("231.93", "invoice RE-2O26-OOO43", "ELM STREET BOOKS LTD"),
        entry("386.00", "our ref 55/12", "ELM STREET"),
        entry("512.40", "Erstattung Nebenkosten 2025", "Hausverwaltung Nord"),
    )
    with till.door():
        matching.work(now=till.now, today=till.today, wall=till.now)
    return alder_books


@pytest.fixture
def page(books, open_for, specialist):
    found = open_for(specialist, viewport={"width": 1440, "height": 900}).new_page()
    found.goto(f"/c/{books.slug}/cash")
    return found


def rows(page):
    return page.locator("tr[data-row]")


def left(page, count):
    page.wait_for_function("n => document.querySelectorAll('tr[data-row]').length === n", arg=count)


def test_lines_are_booked_put_by_and_taken_back_by_keys(page):
    before = rows(page).count()
    assert before >= 3
    page.locator("tr[data-row]", has_text="Abschlag").locator("[data-open]").click()
    page.wait_for_selector("#preview .why-list")
    assert "Other open invoices fit as well" in page.inner_text("#preview")
    page.keyboard.press("e")
    left(page, before - 1)
    assert "Booked." in page.inner_text("#toast")
    with page.expect_navigation():
        page.keyboard.press("u")
    assert rows(page).count() == before
    page.keyboard.press("j")
    page.keyboard.press("b")
    left(page, before - 1)
    with page.expect_navigation():
        page.keyboard.press("u")
    assert rows(page).count() == before


def test_a_line_of_nobody_is_divided_among_those_whom_a_person_names(page):
    page.locator("tr[data-row]", has_text="Hausverwaltung").locator("[data-open]").click()
    page.fill("#preview #find-customer", "Elm Street")
    page.keyboard.press("Enter")
    page.wait_for_selector("#preview input[name^=part_]")
    page.locator("#preview input[name^=part_]").first.fill("77.31")
    page.wait_for_selector("#sums:has-text('435.09 on account')")
    page.fill("#preview #find-customer", "Dune")
    page.keyboard.press("Enter")
    page.wait_for_selector("#preview fieldset:has-text('Dune Garden')")
    assert page.locator("#preview input[name^=part_]").first.input_value() == "77.31"
    page.locator("#preview fieldset", has_text="Dune Garden").locator("input[name^=account_]").fill("100")
    page.wait_for_selector("#sums:has-text('335.09 on account')")
    assert page.locator("tr[data-row]", has_text="Hausverwaltung").count() == 1
    page.get_by_role("button", name="Book for 2 customers").click()
    page.wait_for_url("**state=done")
    assert "RE-2026-00041" in page.inner_text("main")
    assert "100.00 on account" in page.inner_text("main") and "335.09 on account" in page.inner_text("main")


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize(("size", "width"), [("desk", 1440), ("phone", 390)])
def test_everybody_can_read_it(books, open_for, specialist, look, size, width):
    page = open_for(specialist, viewport={"width": width, "height": 900}, color_scheme=look).new_page()
    faults = []
    for name, state in (("waiting", "waiting"), ("done", "done")):
        page.goto(f"/c/{books.slug}/cash?state={state}")
        if state == "waiting" and size == "desk":
            page.locator("[data-open]", has_text="Hausverwaltung").click()
            page.fill("#preview #find-customer", "e")
            page.keyboard.press("Enter")
            page.wait_for_selector("#preview ul.plain button")
            page.fill("#preview #find-customer", "Elm Street")
            page.keyboard.press("Enter")
            page.wait_for_selector("#preview #sums dl")
            page.fill("#preview #find-customer", "Dune")
            page.keyboard.press("Enter")
            page.wait_for_selector("#preview fieldset:has-text('Dune Garden')")
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/cash-{name}-{size}-{look}.png", full_page=True)
        faults += Axe().run(page).response["violations"]
        faults += [] if page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1") else ["too wide"]
    page.goto(f"/c/{books.slug}/cash")
    page.goto(page.locator("[data-open]", has_text="Dune").first.get_attribute("href"))
    page.locator("details summary", has_text="otherwise").click()
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/cash-line-{size}-{look}.png", full_page=True)
    faults += Axe().run(page).response["violations"]
    faults += [] if page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1") else ["line too wide"]
    assert [each if isinstance(each, str) else (each["id"], each["nodes"][0]["html"][:200]) for each in faults] == []
