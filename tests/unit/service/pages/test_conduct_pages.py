"""Contact policy and message texts, as the client's admin and a second person use them."""

import re

import pytest

from tenants.collections import policies
from tenants.values import ids
from tests.cast import engage
from tests.unit.service import world_of_rules as ruling

FORM = {
    "auto_messages_per_week": "1",
    "business_days_between_messages": "5",
    "quiet_until": "08:30",
    "quiet_from": "16:00",
    "ceiling": "First reminder",
    "pays_by_itself": "auto-pay, direct debit",
    "consumers": "automatic",
    "most_reminders": "4",
    "silence_after_talk": "3",
    "quiet_share": "5",
    "ways": ["email", "print"],
    "overrides": "true",
    "reason": "Agreed with the client in November",
}
TEXT = "{{ creditor.name }}: still open\n---\nDear {{ reader.name }},\n\nplease look.\n\n[[items]]\n"
PLACE = {"template": "First reminder", "language": "en", "group": ""}


@pytest.fixture
def admin(alder_world, as_, alder_admin):
    return as_(alder_admin)


@pytest.fixture
def policy(alder_world):
    return f"/c/{alder_world.slug}/contact-policy"


@pytest.fixture
def texts(alder_world):
    return f"/c/{alder_world.slug}/message-texts"


def test_the_form_is_put_in_force_with_its_reason(admin, alder_world, policy, words):
    assert "how we begin with everybody" in words(admin.get(policy))
    assert admin.post(policy, data=FORM).status_code == 303
    page = words(admin.get(policy))
    assert "Version 1" in page and "Agreed with the client in November" in page
    with alder_world.books():
        found = policies.current()
    assert (found.ceiling, found.pays_by_itself, found.overrides, found.ways) == (
        "First reminder",
        ("auto-pay", "direct debit"),
        True,
        ("email", "print"),
    )
    assert "goes by" not in page and admin.post(policy, data={**FORM, "ways": "pigeon"}).status_code == 422
    assert alder_world.profile().auto_messages_per_week == 1


def test_days_off_and_milder_groups_come_and_go(admin, policy, words):
    admin.post(f"{policy}/days-off", data={"first_on": "2026-12-24", "last_on": "2026-12-31", "reason": "Stocktaking"})
    admin.post(f"{policy}/ceilings", data={"group": "key", "tone": "First reminder"})
    page = words(admin.get(policy))
    assert "Stocktaking" in page and "key : no further than “First reminder”" in page
    admin.post(f"{policy}/remove", data={"days_off": "0"})
    admin.post(f"{policy}/remove", data={"group": "key"})
    page = words(admin.get(policy))
    assert "None beyond weekends" in page and "Every group is treated alike" in page


def test_a_country_is_stricter_until_it_is_taken_away(admin, policy, words):
    admin.post(f"{policy}/countries", data={"country": "FR", "opens": "10:00", "per_week": "1", "machine": "true"})
    admin.post(f"{policy}/countries", data={"country": "US"})
    page = words(admin.get(policy))
    assert "FR : 10:00 to 23:59, at most 1 a week" in page and "US : people write" in page
    admin.post(f"{policy}/remove", data={"country": "US"})
    assert "US :" not in words(admin.get(policy))
    assert admin.post(f"{policy}/countries", data={"country": "france"}).status_code == 422


def test_going_live_is_shown_and_test_mode_stands_on_each_page(admin, alder_world, words):
    page, other = f"/c/{alder_world.slug}/go-live", f"/c/{alder_world.slug}/rules"
    assert "is live" in words(admin.get(page)) and "Test mode:" not in words(admin.get(other))
    assert admin.post(f"{page}/test", data={"reason": "A new ledger"}).status_code == 303
    assert "Test mode: nothing leaves" in words(admin.get(other))
    assert "lines are still open" in words(admin.get(page))
    customers = ruling.ready_to_go_live(alder_world)
    assert "To let it leave, type to how many customers" in words(admin.get(page))
    wrong = {"waiting": "send", "customers": "99", "reason": "Ready"}
    assert admin.post(page, data=wrong).status_code == 409
    assert admin.post(page, data=wrong | {"customers": str(customers)}).status_code == 303
    assert "Test mode:" not in words(admin.get(other))


def test_a_sign_to_stop_is_put_on_a_customer_and_ended(admin, alder_world, as_, specialist, words):
    browser = as_(specialist)
    page = f"/c/{alder_world.slug}/customers/{ids.show('deb', alder_world.at['deb'])}"
    browser.post(f"{page}/holds", data={"kind": "pause", "sign": "insolvency", "reason": "Court file 7 IN 12/26"})
    shown = browser.get(page)
    assert "Insolvent or before a court on the whole customer: Court file 7 IN 12/26" in words(shown)
    held = re.findall(r"/holds/(hld_[^/]+)/end", shown.get_data(as_text=True))
    assert browser.post(f"{page}/holds/{held[0]}/end", data={"outcome": "Opened by mistake"}).status_code == 303
    assert "Court file" not in words(browser.get(page)).split("What happened")[0]
    assert browser.post(f"{page}/holds/{held[0]}/end", data={"outcome": "Again"}).status_code == 404


def test_a_message_that_only_waits_is_sent_now_with_a_reason(alder_world, as_, specialist, words):
    browser = as_(specialist)
    page = f"/c/{alder_world.slug}/customers/{ids.show('deb', alder_world.at['deb'])}"
    assert "Send now" not in words(browser.get(page))
    message = ids.show("msg", alder_world.waiting_message())
    assert "Send now" in words(browser.get(page))
    assert browser.post(f"{page}/messages/{message}/send-now", data={"reason": "Dana asked for it"}).status_code == 303
    assert browser.post(f"{page}/messages/{message}/send-now", data={"reason": ""}).status_code == 422


def test_a_plan_is_kept_on_an_invoice(alder_world, as_, specialist, words):
    page = f"/c/{alder_world.slug}/invoices/{ids.show('inv', alder_world.at['inv'])}"
    plan = {"kind": "plan", "ends_on": "2026-12-31", "reason": "Three parts, agreed by phone"}
    assert as_(specialist).post(f"{page}/holds", data=plan).status_code == 303
    assert "Payment plan" in words(as_(specialist).get(page))


def test_a_fault_in_the_form_is_named(admin, policy):
    answer = admin.post(policy, data=FORM | {"most_reminders": "0"})
    assert answer.status_code == 422
    assert "from 1 to 20" in answer.get_data(as_text=True)


def test_who_may_not_change_it_reads_it_without_a_form(alder_world, as_, alder_admin, specialist, policy):
    assert as_(specialist).get(policy).status_code == 403


def test_words_are_shown_kept_and_let_speak_by_a_second_person(alder, admin, as_, texts, words, links):
    assert "our words" in words(admin.get(texts))
    shown = words(admin.post(f"{texts}/preview", data=PLACE | {"source": TEXT}))
    assert "still open" in shown and "A-" in shown
    assert admin.post(texts, data=PLACE | {"source": TEXT.replace("\n", "\r\n")}).status_code == 303
    assert "draft" in words(admin.get(texts))
    assert admin.post(f"{texts}/speak", data=PLACE | {"version": "1"}).status_code == 409
    second = as_(engage("Clara Voss", (alder, "tenant_admin")))
    assert second.post(f"{texts}/speak", data=PLACE | {"version": "1"}).status_code == 303
    assert "your words, version 1" in words(admin.get(texts))
    assert second.post(f"{texts}/speak", data=PLACE).status_code == 303
    assert "your words" not in words(admin.get(texts))


def test_a_faulty_text_is_not_lost_and_its_fault_stands_beside_it(admin, texts, words):
    faulty = TEXT + "We will take legal action."
    page = words(admin.post(texts, data=PLACE | {"source": faulty}))
    assert "“legal action” is a step at law" in page and "We will take legal action." in page
    assert "step at law" in words(admin.post(f"{texts}/preview", data=PLACE | {"source": faulty}))
