"""The list by keyboard alone: choose, finish, sleep, take back, go elsewhere; and every step without a script too."""

import pytest

from tests.unit.service.world import World

pytestmark = pytest.mark.browser


@pytest.fixture
def page(alder_books: World, birch_books: World, open_for, specialist):
    """Sofia's list with four tasks of two clients."""
    alder_books.task()
    birch_books.task()
    found = open_for(specialist, viewport={"width": 1360, "height": 860}).new_page()
    found.goto("/my-day")
    return found


def rows(page):
    return page.locator("tr[data-row]")


def test_j_and_k_move_and_the_preview_follows(page):
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert rows(page).nth(1).get_attribute("aria-selected") == "true"
    second = rows(page).nth(1).get_attribute("data-row")
    page.wait_for_selector(f'[data-preview="{second}"]')
    page.keyboard.press("k")
    assert rows(page).nth(0).get_attribute("aria-selected") == "true"
    assert page.evaluate("document.activeElement.hasAttribute('data-open')")


def test_e_finishes_and_u_takes_it_back(page):
    before = rows(page).count()
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.wait_for_selector("[data-undo]")
    page.wait_for_function("n => document.querySelectorAll('tr[data-row]').length === n", arg=before - 1)
    assert page.locator('tr[aria-selected="true"]').count() == 1
    with page.expect_navigation():
        page.keyboard.press("u")
    assert rows(page).count() == before


def test_s_and_3_lets_a_task_sleep_for_three_business_days(page):
    before = rows(page).count()
    page.keyboard.press("j")
    page.keyboard.press("s")
    page.keyboard.press("3")
    page.wait_for_function("n => document.querySelectorAll('tr[data-row]').length === n", arg=before - 1)
    assert "Asleep until" in page.locator("#toast").inner_text()


def test_ten_tasks_are_cleared_by_ten_presses(page, alder_books):
    for _ in range(8):
        alder_books.task()
    page.reload()
    page.keyboard.press("j")
    for left in range(rows(page).count() - 1, -1, -1):
        page.keyboard.press("e")
        page.wait_for_function("n => document.querySelectorAll('tr[data-row]').length === n", arg=left)
    page.reload()
    assert "Nothing is due" in page.inner_text("main")


def test_g_and_a_goes_to_the_alerts_and_g_and_m_back(page):
    for key, address in (("a", "/alerts"), ("m", "/my-day")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(f"**{address}")


def test_a_question_mark_shows_the_keys_and_they_can_be_switched_off(page):
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    page.uncheck("#single-keys")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert page.locator('tr[aria-selected="true"]').count() == 0
    page.reload()
    page.keyboard.press("j")
    assert page.locator('tr[aria-selected="true"]').count() == 0


def test_typing_is_not_taken_for_keys(page):
    page.keyboard.press("j")
    page.wait_for_selector('input[name="outcome"]')
    before = rows(page).count()
    page.click('input[name="outcome"]')
    page.keyboard.type("eesu j")
    assert rows(page).count() == before
    assert page.input_value('input[name="outcome"]') == "eesu j"


def test_what_the_server_refuses_is_told_and_the_row_stays(page, alder_books, open_for, specialist):
    other = open_for(specialist).new_page()
    other.goto("/my-day")
    before = rows(page).count()
    other.keyboard.press("j")
    other.keyboard.press("e")
    other.wait_for_selector("[data-undo]")
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.locator("#toast", has_text="somebody else was faster").wait_for()
    assert rows(page).count() == before


def test_without_a_script_the_buttons_do_the_same(alder_books, open_for, specialist):
    page = open_for(specialist, java_script_enabled=False).new_page()
    page.goto("/my-day")
    before = rows(page).count()
    page.get_by_role("button", name="Done:").first.click()
    assert rows(page).count() == before - 1
    page.goto("/my-day?section=done")
    page.get_by_role("button", name="Take up again").first.click()
    assert rows(page).count() == before


def test_without_a_script_a_customer_objects_on_a_phone(alder_books, portal_path, open_for):
    page = open_for(java_script_enabled=False, viewport={"width": 360, "height": 740}).new_page()
    page.goto(portal_path)
    page.locator("summary", has_text="Something is not right").click()
    page.fill("textarea", "Two boxes were missing")
    page.get_by_role("button", name="Object").click()
    assert "A person will look at it" in page.inner_text("main")


def test_an_import_page_shows_the_end_of_the_work_by_itself(alder_books, open_for, specialist):
    from tenants.intake import imports
    from tenants.values import ids

    received = alder_books.received_import()
    page = open_for(specialist).new_page()
    page.goto(f"/c/{alder_books.slug}/imports/{ids.show('imp', received)}")
    assert "Checking the file" in page.inner_text("main")
    with alder_books.books():
        imports.check(received, files=alder_books.documents)
    page.wait_for_selector("text=Load 2 rows", timeout=10_000)
