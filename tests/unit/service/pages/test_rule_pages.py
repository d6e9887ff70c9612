"""Rules on pages: built in rows, looked at as they are typed, tried, agreed to, published, played on the past."""

from html import unescape

import pytest

from tenants.rules import recipes, rule_book
from tests.cast import engage
from tests.unit.service.world import RULE

BUILT = {
    "key": "late-and-large",
    "about": "invoice",
    "every": "business_day",
    "at": "08:30",
    "again": "never",
    "cap": "20",
    "quiet": "10",
    "field": ["invoice.status", "invoice.open_amount"],
    "negated": ["no", "no"],
    "op": ["eq", "gte"],
    "value": ["open", "1 EUR"],
    "do": "task",
    "detail": "Call them",
    "due": "2 business days",
}

EVERYBODY = {"if": {"all": [{"field": "invoice.status", "op": "eq", "value": "open"}]}, "skip_while": []}


@pytest.fixture
def admin(alder_world, as_, alder_admin):
    return as_(alder_admin)


@pytest.fixture
def clara(alder, as_):
    return as_(engage("Clara Voss", (alder, "tenant_admin")))


@pytest.fixture
def rules(alder_world):
    return f"/c/{alder_world.slug}/rules"


def test_a_rule_is_built_in_rows_and_kept_as_a_draft(admin, alder_world, rules, words):
    page = words(admin.get(f"{rules}/builder"))
    assert "When all of this holds" in page and "would act on" in page
    looked = words(admin.post(f"{rules}/builder/look", data=BUILT | {"sample": "nothing"}))
    assert "has EUR 1 or more left to pay" in looked and "There is no invoice nothing" in looked
    kept = admin.post(f"{rules}/builder/keep", data=BUILT)
    assert kept.status_code == 303 and kept.location.endswith("/rules/late-and-large")
    with alder_world.books():
        document = rule_book.find("late-and-large").document
    assert document["if"]["all"][1]["value"] == {"amount": "1", "currency": "EUR"}
    assert document["then"] == [{"do": "task", "to": "specialist", "title": "Call them", "due": {"business_days": 2}}]
    assert document["caps"] == {"per_run": 20} and document["quiet_share"] == 10
    page = words(admin.get(f"{rules}/late-and-large"))
    assert "asks to leave 10 in 100 customers alone; the contact policy lets nobody be left alone" in page
    assert 'value="1 EUR"' in admin.get(f"{rules}/builder?rule=late-and-large").get_data(as_text=True)


def test_beside_a_field_stands_how_often_it_is_empty_and_beside_an_action_whom_it_names(admin, alder_world, rules):
    page = admin.get(f"{rules}/builder").get_data(as_text=True)
    assert "known on all open invoices" in page
    sending = {"do": "send", "detail": "First reminder", "due": "", "who": "team lead"}
    assert admin.post(f"{rules}/builder/keep", data=BUILT | sending).status_code == 303
    with alder_world.books():
        (send,) = rule_book.find("late-and-large").document["then"]
        assert send["as"] == "team lead"
    again = admin.get(f"{rules}/builder?rule=late-and-large").get_data(as_text=True)
    assert "<option selected>team lead</option>" in again, "the form reads back what it wrote"
    task = BUILT | sending | {"do": "task", "who": "the king"}
    assert admin.post(f"{rules}/builder/keep", data=task).status_code == 303
    with alder_world.books():
        assert rule_book.find("late-and-large").document["then"][0]["to"] == "specialist"


def test_what_a_rule_did_leads_to_each_invoice_and_its_explanation(admin, alder_world, rules, words):
    alder_world.acted_on()
    at = f"{rules}/{RULE}/acts"
    assert at in admin.get(f"{rules}/{RULE}").get_data(as_text=True)
    page = admin.get(at).get_data(as_text=True)
    number = page.split("#ask")[0].rsplit("invoice=", 1)[1]
    assert number and f">{number}</a>" in page
    assert f">{number}</a>" in admin.get(f"{at}?invoice={number}").get_data(as_text=True)
    assert "It has not acted on an invoice of this number" in words(admin.get(f"{at}?invoice=none"))
    assert admin.get(f"{at}?after=forged").status_code == 422


def test_what_would_follow_is_a_piece_of_the_page_or_one_of_its_own(admin, alder_world, rules, words):
    with alder_world.books():
        rule_book.save(recipes.find("overdue-reminder") | EVERYBODY, now=alder_world.now, worded_by="a colleague")
    at = f"{rules}/overdue-reminder/consequences"
    assert at in admin.get(f"{rules}/overdue-reminder").get_data(as_text=True)
    whole = admin.get(at)
    piece = admin.client.get(at, headers={**admin.headers, "HX-Request": "true"}).get_data(as_text=True)
    assert "Whose customers it concerns" in words(whole) and "What would follow" in words(whole)
    assert "<html" not in piece and "Dear" in piece


def test_a_fault_stands_beside_the_form_and_nothing_is_lost(admin, rules, words):
    faulty = BUILT | {"value": ["open", "plenty"]}
    answer = admin.post(f"{rules}/builder/keep", data=faulty)
    page = answer.get_data(as_text=True)
    assert "/if/all/1/value" in page and 'value="plenty"' in page
    assert "/if/all/1/value" in words(admin.post(f"{rules}/builder/look", data=faulty))


@pytest.mark.parametrize(
    ("change", "count"), [("add_row", 3), ("drop_row:0", 1), ("add_act", 2), ("drop_act:0", 2), ("drop_row:9", 2)]
)
def test_rows_come_and_go(admin, rules, change, count):
    page = admin.post(f"{rules}/builder", data=BUILT | {"change": change}).get_data(as_text=True)
    assert page.count('name="field"') == count


def test_another_field_brings_its_own_operators_and_a_value_to_begin_with(admin, rules):
    other = BUILT | {"field": ["invoice.status", "invoice.first_seen_at"], "change": "fresh:1"}
    piece = admin.post(f"{rules}/builder", data=other, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<html" not in piece and 'value="3 business days"' in piece and "was longer ago than" in piece


def test_what_rows_cannot_say_is_edited_as_text(admin, alder_world, rules, words):
    page = admin.get(f"{rules}/builder?recipe=dispute-opened").get_data(as_text=True)
    assert "<textarea" in page and "dispute.opened" in page
    text = page.split("<textarea", 1)[1].split(">", 1)[1].split("</textarea>")[0]
    assert "This is no JSON" in words(admin.post(f"{rules}/builder/text-look", data={"text": "{"}))
    assert "This is no JSON" in words(admin.post(f"{rules}/builder/text", data={"text": "{"}))
    assert admin.post(f"{rules}/builder/text", data={"text": unescape(text)}).status_code == 303
    with alder_world.books():
        assert rule_book.find("dispute-opened").document == recipes.find("dispute-opened")


def test_a_rule_is_tried_before_it_is_published(admin, rules, words):
    admin.post(f"{rules}/builder/keep", data=BUILT)
    page = f"{rules}/late-and-large"
    assert "Not tried" in words(admin.get(page))
    assert admin.post(f"{page}/publish", data={"version": "1"}).status_code == 409
    assert admin.post(f"{page}/try", data={"version": "1"}).status_code == 303
    assert "it would have acted on" in words(admin.get(page))
    assert admin.post(f"{page}/publish", data={"version": "1", "backlog": "all"}).status_code == 303
    assert "Live" in words(admin.get(page))
    assert admin.post(f"{page}/pause", data={"reason": "Too eager"}).status_code == 303
    assert "Paused" in words(admin.get(page))


def test_what_customers_notice_needs_a_second_person_on_the_page_too(admin, clara, rules, words):
    built = BUILT | {"key": "kind-note", "do": "send", "detail": "First reminder", "due": ""}
    admin.post(f"{rules}/builder/keep", data=built)
    page = f"{rules}/kind-note"
    admin.post(f"{page}/try", data={"version": "1"})
    assert "somebody else must agree" in words(admin.get(page))
    assert admin.post(f"{page}/publish", data={"version": "1"}).status_code == 409
    assert admin.post(f"{page}/agree", data={"version": "1"}).status_code == 409
    assert "you are its second person" in words(clara.get(page))
    assert clara.post(f"{page}/agree", data={"version": "1"}).status_code == 303
    assert admin.post(f"{page}/publish", data={"version": "1", "shadow_days": "3"}).status_code == 303
    assert "In the shadow" in words(admin.get(page))


def test_a_new_wording_shows_what_changes_in_two_sentences(admin, rules, words):
    admin.post(f"{rules}/builder/keep", data=BUILT)
    page = f"{rules}/late-and-large"
    admin.post(f"{page}/try", data={"version": "1"})
    admin.post(f"{page}/publish", data={"version": "1"})
    admin.post(f"{rules}/builder/keep", data=BUILT | {"value": ["open", "7 EUR"]})
    said = words(admin.get(page))
    assert "What changes" in said and "EUR 1" in said and "EUR 7" in said


def test_the_past_is_played_by_a_job(admin, rules, words):
    admin.post(f"{rules}/builder/keep", data=BUILT)
    page = f"{rules}/late-and-large"
    assert admin.post(f"{page}/backtest", data={}).status_code == 303
    assert "days played" in words(admin.get(page))


STEPS = {"key": "kind", "at": "08:30", "groups": "key, vip", "day": ["-7", "3", ""]}
STEPS |= {"template": ["Friendly note before the due date", "First reminder", "First reminder"], "task": ["", "", ""]}


def test_a_ladder_is_kept_tried_and_published_by_a_second_person(admin, clara, rules, words):
    ladder = rules.replace("/rules", "/ladders")
    assert "how we begin with everybody" in words(admin.get(ladder))
    assert admin.post(ladder, data=STEPS).status_code == 303
    page = words(admin.get(f"{ladder}?key=kind"))
    assert "kind-1" in page and "kind-2" in page and "is due within the next 7 days" in page
    assert admin.post(f"{ladder}/publish", data={"key": "kind"}).status_code == 409
    assert admin.post(f"{ladder}/try", data={"key": "kind"}).status_code == 303
    assert admin.post(f"{ladder}/publish", data={"key": "kind"}).status_code == 409
    assert clara.post(f"{ladder}/publish", data={"key": "kind"}).status_code == 303
    assert "In the shadow" in words(clara.get(f"{ladder}?key=kind"))


def test_a_fault_in_a_ladder_is_named_and_the_rows_stay(admin, rules, words):
    ladder = rules.replace("/rules", "/ladders")
    answer = admin.post(ladder, data=STEPS | {"day": ["5", "3", ""]})
    page = answer.get_data(as_text=True)
    assert "not in order" in page and 'value="5"' in page


def test_the_builder_speaks_in_words_and_says_how_often(admin, alder_world, rules, words):
    page = admin.get(f"{rules}/builder").get_data(as_text=True)
    assert "is past by at least" in page and '<option value="open" selected>' in page
    spaced = BUILT | {"again": "after", "after": "7 business days", "most": "2"}
    assert admin.post(f"{rules}/builder/keep", data=spaced).status_code == 303
    with alder_world.books():
        assert rule_book.find("late-and-large").document["again"] == {"after": {"business_days": 7}, "max": 2}
    assert 'value="7 business days"' in admin.get(f"{rules}/builder?rule=late-and-large").get_data(as_text=True)
    assert admin.post(f"{rules}/builder/keep", data=BUILT | {"again": "rematch"}).status_code == 303
    with alder_world.books():
        assert rule_book.find("late-and-large").document["again"] == {"on": "rematch"}
    assert "again after a while" in words(admin.get(f"{rules}/builder?recipe=second-reminder"))


def test_versions_show_what_changed_and_an_old_one_can_be_rolled_back_to(admin, rules, words):
    at = f"{rules}/late-and-large"
    for amount in ("1 EUR", "5 EUR"):
        admin.post(f"{rules}/builder/keep", data=BUILT | {"value": ["open", amount]})
        version = "1" if amount == "1 EUR" else "2"
        admin.post(f"{at}/try", data={"version": version})
        admin.post(f"{at}/publish", data={"version": version})
    page = admin.get(at)
    assert "<mark>5</mark>" in page.get_data(as_text=True) and "Roll back to it" in words(page)
    assert admin.post(f"{at}/publish", data={"version": "1"}).status_code == 303
    assert "Version 1 Live" in words(admin.get(at))


def test_tests_stand_beside_a_rule_and_are_played(admin, rules, words):
    admin.post(f"{rules}/builder/keep", data=BUILT)
    at = f"{rules}/late-and-large/tests"
    given = '{"invoice": {"open_amount": {"amount": "10.00", "currency": "EUR"}}}'
    large = {"name": "A large one", "given": given, "expect": "fires"}
    assert admin.post(at, data=large).status_code == 303
    assert admin.post(at, data=large | {"name": "A wrong one", "expect": "/if/all/0"}).status_code == 303
    played = words(admin.post(f"{at}/play", data={}))
    assert "Holds A large one" in played and "Fails A wrong one" in played
    assert admin.post(at, data=large | {"given": "{"}).status_code == 422
    assert admin.post(f"{at}/drop", data={"name": "A wrong one"}).status_code == 303
    assert "A wrong one" not in words(admin.get(f"{rules}/late-and-large"))
