"""Rules by API: what they may ask about, drafts with all their faults, trying, four eyes, and the reasons."""

import pytest

from tenants.rules import recipes
from tenants.values import ids
from tests.cast import engage
from tests.unit.service.world import RULE


@pytest.fixture
def base(alder_world):
    return f"~/tenants/{alder_world.slug}"


@pytest.fixture
def toni(as_, alder_world, alder_admin):
    return as_(alder_admin)


@pytest.fixture
def sofia(as_, specialist):
    return as_(specialist)


def test_the_registry_tells_each_field_and_nothing_of_how_it_is_computed(sofia):
    fields = {each["key"]: each for each in sofia.get("~/rules/fields").json["items"]}
    assert fields["invoice.status"]["values"] == ["open", "settled", "voided"]
    assert fields["customer.groups"]["operators"] == ["any_of", "none_of"]
    assert "invoice" in fields["invoice.amount"]["subjects"] and "customer" not in fields["invoice.amount"]["subjects"]
    assert "open_minor" not in str(fields)


def test_every_recipe_can_be_tried(sofia, base):
    for recipe in sofia.get("~/rules/recipes").json["items"]:
        tried = sofia.post(f"{base}/rules/dry-run", {"document": recipe["document"]})
        assert tried.status_code == 200, (recipe["key"], tried.text)
        assert (
            tried.json["matched"] == tried.json["would_act"] + sum(each["count"] for each in tried.json["held"])
            or tried.json["matched"] >= tried.json["would_act"]
        )


def test_a_rule_is_one_sentence_in_the_list(sofia, base):
    (line,) = sofia.get(f"{base}/rules").json["items"]
    assert (line["key"], line["state"], line["version"], line["newest"]) == (RULE, "live", 1, 1)
    shown = sofia.get(f"{base}/rules/{RULE}").json
    assert shown["sentence"] == line["sentence"] and shown["sentence"].startswith("Every business day at 09:00,")
    assert shown["worded_by"] == f"recipe:{RULE}" and shown["made_by"]


def test_all_faults_of_a_draft_are_named_by_their_place_in_the_body(sofia, base):
    document = recipes.find(RULE) | {"key": "Bad Key", "priority": 700}
    document["if"]["all"][0]["op"] = "sounds_like"
    for address in (f"{base}/rules", f"{base}/rules/dry-run"):
        answer = sofia.post(address, {"document": document})
        assert (answer.status_code, answer.json["code"]) == (422, "bad_rule")
        assert [each["pointer"] for each in answer.json["errors"]] == [
            "/document/key",
            "/document/if/all/0/op",
            "/document/priority",
        ]


def test_a_draft_changes_nothing_until_somebody_publishes_it(sofia, toni, base):
    document = recipes.find(RULE) | {"priority": 10}
    draft = sofia.post(f"{base}/rules", {"document": document})
    assert (draft.status_code, draft.json["shown"], draft.json["version"]) == (201, 2, 1)
    assert sofia.post(f"{base}/rules/{RULE}/publish", {}).status_code == 403
    published = toni.post(f"{base}/rules/{RULE}/publish", {}).json
    assert (published["state"], published["version"]) == ("live", 2)
    back = toni.post(f"{base}/rules/{RULE}/publish", {"version": 1}).json
    assert (back["version"], back["shown"]) == (1, 1)
    assert toni.get(f"{base}/rules/{RULE}?version=2").json["document"]["priority"] == 10
    paused = toni.post(f"{base}/rules/{RULE}/pause", {"reason": "Too many calls"}).json
    assert paused["state"] == "paused"


def test_who_wrote_a_rule_that_writes_to_debtors_does_not_publish_it_alone(toni, as_, alder_world, base):
    document = recipes.find("before-due")
    toni.post(f"{base}/rules", {"document": document})
    alone = toni.post(f"{base}/rules/{document['key']}/publish", {})
    assert (alone.status_code, alone.json["code"]) == (409, "needs_second_person")
    colleague = as_(engage("Tara Thorn", (alder_world.tenant, "tenant_admin")))
    assert colleague.post(f"{base}/rules/{document['key']}/publish", {}).json["state"] == "live"


def test_a_trial_says_whom_a_rule_would_reach_and_for_how_much(sofia, base, alder_world):
    alder_world.acted_on()
    assert sofia.get(f"{base}/rules/{RULE}/dry-run").json["would_act"] == 0
    fresh = sofia.post(f"{base}/rules/dry-run", {"document": recipes.find(RULE)}).json
    assert (fresh["matched"], fresh["would_act"]) == (1, 1)
    assert fresh["sums"] == [{"amount": "2000.00", "currency": "EUR"}]
    (match,) = fresh["largest"]
    assert match["invoice_id"].startswith("inv_") and match["debtor_id"] is None
    assert fresh["funnel"][0]["what"] == "is open"


def test_a_rule_about_customers_names_customers(sofia, base):
    document = {
        "key": "owing",
        "about": "customer",
        "when": {"every": "day", "at": "09:00"},
        "if": {"all": [{"field": "customer.oldest_due_date", "op": "is_set"}]},
        "then": [{"do": "alert", "severity": "low", "to": "specialist"}],
        "again": {"never": True},
        "skip_while": [],
    }
    (match,) = sofia.post(f"{base}/rules/dry-run", {"document": document}).json["largest"]
    assert match["debtor_id"].startswith("deb_") and (match["invoice_id"], match["open"]) == (None, None)


def test_a_rule_says_why_it_acted_and_why_not(sofia, base, alder_world):
    acted, other = ids.show("inv", alder_world.acted_on()), ids.show("inv", alder_world.at["inv"])
    why = sofia.get(f"{base}/rules/{RULE}/why/{acted}").json
    assert (why["key"], why["version"], why["episode"]) == (RULE, 1, 1) and why["text"]
    assert all(each["holds"] for each in why["conditions"])
    never = sofia.get(f"{base}/rules/{RULE}/why/{other}")
    assert (never.status_code, never.json["detail"]) == (404, "The rule never acted on this invoice.")
    why_not = sofia.get(f"{base}/rules/{RULE}/why-not/{other}").json
    assert (why_not["would_act"], why_not["acted_before"]) == (False, False)
    assert why_not["text"].startswith("Not acted on:") and why_not["holds"] == ["contact is paused"]
    assert sofia.get(f"{base}/rules/{RULE}/why-not/{acted}").json["acted_before"]


def test_a_rule_that_nobody_has_is_not_there(sofia, base):
    for path in ("nothing", "nothing/dry-run", "Not-A-Key"):
        assert sofia.get(f"{base}/rules/{path}").status_code == 404
