"""My day: one list over all clients, each row with its reason, and steps that can be taken back."""

import pytest

from tenants.values import ids


def path(world, task, step=""):
    return f"/c/{world.slug}/tasks/{ids.show('tsk', task)}{step}"


def test_sofia_sees_the_work_of_both_her_clients_with_its_reason(alder_world, birch_world, as_, specialist, words):
    page = words(as_(specialist).get("/my-day"))
    assert "Alder Tools GmbH" in page and "Birch Foods Ltd" in page
    assert "It is late" in page and "Call the customer" in page


def test_vera_of_alder_is_led_to_her_dashboard(alder_world, as_, alder_viewer):
    assert as_(alder_viewer).get("/").location == f"/c/{alder_world.slug}/"


def test_sofia_is_led_to_her_list(alder_world, as_, specialist):
    assert as_(specialist).get("/").location == "/my-day"


def test_paula_without_a_client_is_told_why_she_sees_nothing(as_, provider_admin, words):
    browser = as_(provider_admin)
    assert browser.get("/").location == "/no-clients"
    assert "No client is assigned to you" in words(browser.get("/no-clients"))


def test_an_empty_list_says_what_would_be_here(alder, birch, as_, specialist, words):
    page = words(as_(specialist).get("/my-day"))
    assert "Nothing is due" in page
    assert "Nothing is asleep" in words(as_(specialist).get("/my-day?section=waiting"))


def test_the_preview_is_a_piece_for_htmx_and_a_page_for_a_link(alder_world, as_, specialist):
    browser = as_(specialist)
    address = path(alder_world, alder_world.at["tsk"])
    piece = browser.client.get(address, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<html" not in piece and "Why this order" in piece
    assert "<html" in browser.get(address).get_data(as_text=True)


def test_done_leaves_the_list_and_undo_brings_it_back(alder_world, as_, specialist, words):
    browser, task = as_(specialist), alder_world.at["tsk"]
    done = browser.send("POST", path(alder_world, task, "/done"), data={"outcome": "They pay on Friday"})
    assert done.status_code == 303
    assert "It is late" not in words(browser.get("/my-day"))
    assert "They pay on Friday" in words(browser.get(path(alder_world, task)))
    browser.send("POST", path(alder_world, task, "/undo"))
    assert "It is late" in words(browser.get("/my-day"))


def test_by_htmx_done_answers_with_an_undo_and_nothing_else(alder_world, as_, specialist):
    answer = as_(specialist).send(
        "POST", path(alder_world, alder_world.at["tsk"], "/done"), headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert "data-undo" in answer.get_data(as_text=True)


@pytest.mark.parametrize(("days", "day"), [("1", "23 Nov 2026"), ("3", "25 Nov 2026"), ("7", "27 Nov 2026")])
def test_a_snooze_wakes_on_a_business_day_of_the_client(alder_world, as_, specialist, words, days, day):
    browser = as_(specialist)
    browser.send("POST", path(alder_world, alder_world.at["tsk"], "/snooze"), data={"days": days})
    assert f"wakes {day}" in words(browser.get("/my-day?section=waiting"))


def test_a_task_that_somebody_else_finished_is_told_as_a_conflict(alder_world, as_, specialist, words):
    browser, task = as_(specialist), alder_world.at["tsk"]
    browser.send("POST", path(alder_world, task, "/done"))
    again = browser.send("POST", path(alder_world, task, "/done"))
    assert again.status_code == 409
    assert "somebody else was faster" in words(again)


def test_a_viewer_may_not_close_work(alder_world, as_, alder_viewer):
    answer = as_(alder_viewer).send("POST", path(alder_world, alder_world.at["tsk"], "/done"))
    assert answer.status_code == 403
