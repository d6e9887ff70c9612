"""The desk by API: tasks, alerts, holds, the history, given-up work, and the lists over all clients."""

import pytest

from tests.cast import engage
from tests.unit.service.test_lists import leaf


@pytest.fixture
def browser(as_, manager):
    """Marek, who leads the specialists of both clients."""
    return as_(manager)


@pytest.fixture
def base(alder_world):
    return f"~/tenants/{alder_world.slug}"


@pytest.fixture
def task(browser, base):
    return browser.get(f"{base}/tasks").json["items"][0]


def test_a_task_says_why_it_is_there_and_why_it_stands_there(task):
    assert (task["title"], task["reason"], task["next_step"]) == ("Call them", "It is late", "Call the customer")
    assert (task["amount"], task["days_overdue"]) == ({"amount": "90.00", "currency": "EUR"}, 12)
    assert task["why_this_order"][0] == "€90.00 is at stake."


def test_a_task_is_done_and_taken_back(browser, base, task, manager):
    done = browser.post(f"{base}/tasks/{task['id']}/done", {"outcome": "Paid on Friday"}).json
    assert (done["state"], done["outcome"]) == ("done", "Paid on Friday")
    assert done["closed_by"].startswith("person:per_")
    again = browser.post(f"{base}/tasks/{task['id']}/done", {})
    assert (again.status_code, again.json["code"]) == (409, "task_moved")
    assert browser.get(f"{base}/tasks?section=done").json["items"][0]["id"] == task["id"]
    assert browser.post(f"{base}/tasks/{task['id']}/undo").json["state"] == "open"


def test_a_task_sleeps_until_a_day_to_come(browser, base, task):
    early = browser.post(f"{base}/tasks/{task['id']}/snooze", {"until": "2026-11-20"})
    assert (early.status_code, early.json["code"]) == (409, "task_moved")
    assert browser.post(f"{base}/tasks/{task['id']}/snooze", {"until": "2026-11-25"}).json["wakes_on"] == "2026-11-25"
    assert browser.get(f"{base}/tasks?section=waiting").json["items"][0]["id"] == task["id"]
    assert browser.get(f"{base}/tasks/{task['id']}").json["state"] == "snoozed"


def test_a_task_is_dropped_for_a_reason(browser, base, task):
    assert browser.post(f"{base}/tasks/{task['id']}/drop", {"reason": ""}).status_code == 422
    dropped = browser.post(f"{base}/tasks/{task['id']}/drop", {"reason": "It was settled by phone"}).json
    assert (dropped["state"], dropped["outcome"]) == ("dropped", "It was settled by phone")


def test_an_alert_is_seen_and_resolved(browser, base):
    (alert,) = browser.get(f"{base}/alerts").json["items"]
    assert (alert["state"], alert["open"]["amount"]) == ("open", "90.00")
    (cause,) = browser.get(f"{base}/alerts/causes").json["items"]
    assert (cause["cause"], cause["count"], cause["unread"], cause["debtors"]) == ("rule:x", 1, 1, 1)
    assert browser.post(f"{base}/alerts/{alert['id']}/acknowledge").json["state"] == "acknowledged"
    assert browser.get(f"{base}/alerts/causes").json["items"][0]["unread"] == 0
    resolved = browser.post(f"{base}/alerts/{alert['id']}/resolve", {"resolution": "They have it"})
    assert resolved.json["state"] == "resolved"
    assert browser.get(f"{base}/alerts").json["items"] == []
    assert browser.get(f"{base}/alerts?resolved=true").json["items"][0]["resolution"] == "They have it"


def test_alerts_of_one_cause_are_leafed_through(browser, base, alder_world):
    made = {alder_world.alert() for _ in range(4)}
    assert len(leaf(browser, f"{base}/alerts?cause=rule:x", limit=2)) == len(made) + 1
    assert browser.get(f"{base}/alerts?cause=other").json["items"] == []


def test_a_promise_holds_an_invoice_until_it_is_ended(browser, base, task):
    invoice = f"{base}/invoices/{task['invoice_id']}/hold"
    assert browser.get(invoice).json["kind"] == "pause"
    for each in browser.get(f"{base}/holds").json["items"]:
        browser.post(f"{base}/holds/{each['id']}/end", {"outcome": "Talked to them"})
    assert browser.get(invoice).json == {"held": False, "kind": None, "reason": "", "ends_on": None}
    promise = {"kind": "promise", "invoice_id": task["invoice_id"], "ends_on": "2026-11-30", "reason": "On Monday"}
    opened = browser.post(f"{base}/holds", promise | {"amount": {"amount": "50.00", "currency": "EUR"}})
    assert opened.status_code == 201
    assert browser.get(invoice).json["ends_on"] == "2026-11-30"
    (hold,) = browser.get(f"{base}/holds?debtor_id={task['debtor_id']}").json["items"]
    assert (hold["amount"]["amount"], hold["invoice_number"]) == ("50.00", task["invoice_number"])
    assert browser.post(f"{base}/holds/{opened.json['id']}/end", {"outcome": "Kept"}).json["outcome"] == "Kept"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "pause", "ends_on": "2026-11-30"}, "hold_on_nobody"),
        ({"kind": "promise", "debtor_id": "own"}, "bad_hold"),
        ({"kind": "pause", "debtor_id": "own", "ends_on": "2027-11-30"}, "bad_hold"),
        ({"kind": "dispute", "debtor_id": "other", "invoice_id": "own"}, "hold_on_nobody"),
    ],
)
def test_a_hold_that_makes_no_sense_is_refused(browser, base, task, body, code):
    other = browser.post(f"{base}/debtors", {"number": "C-other", "name": "Other"}).json["id"]
    ids = {("debtor_id", "own"): task["debtor_id"], ("debtor_id", "other"): other}
    ids[("invoice_id", "own")] = task["invoice_id"]
    sent = {key: ids.get((key, value), value) for key, value in body.items()}
    answer = browser.post(f"{base}/holds", {**sent, "reason": "Because"})
    assert (answer.status_code, answer.json["code"]) == (422, code)


def test_holds_are_leafed_through_newest_first(browser, base, alder_world):
    for _ in range(4):
        alder_world.hold()
    assert len({row["id"] for row in leaf(browser, f"{base}/holds", limit=2)}) == 5


def test_the_history_tells_who_did_what_to_which_object(browser, base, task, manager):
    browser.post(f"{base}/tasks/{task['id']}/snooze", {"until": "2026-11-25"})
    (line,) = browser.get(f"{base}/history?object={task['id']}").json["items"]
    assert (line["act"], line["object"], line["became"]["wakes_on"]) == ("snoozed", task["id"], "2026-11-25")
    assert line["actor"].startswith("person:per_") and line["was"] is None
    everything = leaf(browser, f"{base}/history", limit=3)
    assert len(everything) > 4 and line in everything
    assert [row["at"] for row in everything] == sorted((row["at"] for row in everything), reverse=True)


@pytest.mark.parametrize("name", ["alder", "tsk_1", "xyz_00000000000000000000000000"])
def test_a_history_of_nothing_is_refused(browser, base, name):
    answer = browser.get(f"{base}/history?object={name}")
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/object")


def test_given_up_work_is_looked_at_and_sent_round_again(browser, base, alder_world):
    alder_world.dead_letter()
    first, second = leaf(browser, f"{base}/work/dead-letters", limit=1)
    assert (first["kind"], first["error"], first["attempts"]) == ("noop", "it broke", 8)
    assert browser.get(f"{base}/work/dead-letters?kind=other").json["items"] == []
    letters = f"{base}/work/dead-letters"
    assert browser.post(f"{letters}/{first['id']}/redrive").json == {"id": first["id"], "state": "ready"}
    gone = browser.post(f"{letters}/{first['id']}/redrive")
    assert (gone.status_code, gone.json["code"]) == (404, "dead_letter_unknown")
    assert browser.post(f"{letters}/{second['id']}/discard", {"reason": "Done by hand"}).json["state"] == "discarded"
    assert browser.get(letters).json["items"] == []


def test_the_worklist_runs_over_all_clients_and_my_own_comes_alone(browser, alder_world, birch_world):
    rows = leaf(browser, "~/portfolio/worklist", limit=1)
    assert {row["client"] for row in rows} == {"Alder Tools GmbH", "Birch Foods Ltd"}
    assert {row["tenant_id"] for row in rows} == {
        client["id"] for client in browser.get("~/portfolio/clients").json["items"]
    }
    assert browser.get("~/portfolio/worklist/counts").json == {"answer": 0, "today": 4, "waiting": 0}
    assert len(browser.get("~/portfolio/worklist?mine=true").json["items"]) == 4
    assert len(browser.get("~/portfolio/alerts").json["items"]) == 2


def test_a_list_over_all_clients_holds_only_those_of_the_caller(as_, alder_world, birch_world):
    alders = as_(engage("Sofia Lindqvist", (alder_world.tenant, "specialist"), (birch_world.tenant, "client_viewer")))
    assert {row["client"] for row in alders.get("~/portfolio/worklist").json["items"]} == {"Alder Tools GmbH"}
    names = [client["name"] for client in alders.get("~/portfolio/clients").json["items"]]
    assert names == ["Alder Tools GmbH", "Birch Foods Ltd"]


def test_a_client_changes_how_its_customers_are_written_to(as_, alder_world, alder_admin):
    toni, base = as_(alder_admin), f"~/tenants/{alder_world.slug}"
    assert toni.get(base).json["today"] == "2026-11-20"
    changed = toni.send("PATCH", base, json={"sending": "paused", "quiet_from": "18:15"}).json
    assert (changed["sending"], changed["quiet_from"], changed["auto_messages_per_week"]) == ("paused", "18:15", 2)
    line = toni.get(f"{base}/history?object={changed['id']}").json["items"][0]
    assert (line["act"], line["became"]["sending"], line["was"]["sending"]) == ("profile.changed", "paused", "on")
    assert toni.send("PATCH", base, json={}).status_code == 422
    assert toni.send("PATCH", base, json={"iban": "DE00"}).json["errors"][0]["pointer"] == "/iban"
