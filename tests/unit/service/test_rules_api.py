"""Rules by API: what they may ask about, drafts with all their faults, trying, four eyes, and the reasons."""

import os
from itertools import islice

import jsonschema_rs
import pytest

from tenants.rules import recipes
from tenants.values import ids
from tests.cast import engage
from tests.unit.rules.test_fuzz import documents
from tests.unit.service.world import RULE

FIRST, LAST = map(
    int, os.environ.get("GOODTERMS_DOCUMENTS", "0:100000" if os.environ.get("GOODTERMS_FULL") else "0:60").split(":")
)


@pytest.fixture
def base(alder_world):
    return f"~/tenants/{alder_world.slug}"


@pytest.fixture
def toni(as_, alder_world, alder_admin):
    return as_(alder_admin)


@pytest.fixture
def sofia(as_, specialist):
    return as_(specialist)


def tried_and_published(who, base, key, **how):
    version = {"version": how["version"]} if "version" in how else {}
    assert who.post(f"{base}/rules/{key}/try", version).status_code == 200
    return who.post(f"{base}/rules/{key}/publish", how)


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
    untried = toni.post(f"{base}/rules/{RULE}/publish", {})
    assert (untried.status_code, untried.json["code"]) == (409, "needs_dry_run")
    published = tried_and_published(toni, base, RULE).json
    assert (published["state"], published["version"]) == ("live", 2)
    back = tried_and_published(toni, base, RULE, version=1).json
    assert (back["version"], back["shown"]) == (1, 1)
    assert toni.get(f"{base}/rules/{RULE}?version=2").json["document"]["priority"] == 10
    paused = toni.post(f"{base}/rules/{RULE}/pause", {"reason": "Too many calls"}).json
    assert paused["state"] == "paused"


def test_who_wrote_a_rule_that_writes_to_debtors_does_not_publish_it_alone(toni, as_, alder_world, base):
    document = recipes.find("before-due")
    toni.post(f"{base}/rules", {"document": document})
    alone = tried_and_published(toni, base, document["key"])
    assert (alone.status_code, alone.json["code"]) == (409, "needs_second_person")
    own = toni.post(f"{base}/rules/{document['key']}/agree", {"version": 1})
    assert (own.status_code, own.json["code"]) == (409, "needs_second_person")
    colleague = as_(engage("Tara Thorn", (alder_world.tenant, "tenant_admin")))
    (wording,) = colleague.post(f"{base}/rules/{document['key']}/agree", {"version": 1}).json["items"]
    assert len(wording["consents"]) == 1
    published = tried_and_published(toni, base, document["key"]).json
    assert published["state"] == "shadow", "a rule that writes is watched before it acts"
    again = tried_and_published(colleague, base, document["key"], shadow_days=0, backlog="all").json
    assert again["state"] == "live"


def test_a_trial_says_whom_a_rule_would_reach_and_for_how_much(sofia, base, alder_world):
    alder_world.acted_on()
    assert sofia.get(f"{base}/rules/{RULE}/dry-run").json["would_act"] == 0
    fresh = sofia.post(f"{base}/rules/dry-run", {"document": recipes.find(RULE)}).json
    assert (fresh["matched"], fresh["would_act"]) == (1, 1)
    assert fresh["sums"] == [{"amount": "2000.00", "currency": "EUR"}]
    (match,) = fresh["largest"]
    assert match["invoice_id"].startswith("inv_") and match["debtor_id"] is None
    assert fresh["funnel"][0]["what"] == "is open"


def test_what_would_follow_and_what_came_after_can_be_asked(sofia, base, alder_world):
    alder_world.acted_on()
    everybody = {"if": {"all": [{"field": "invoice.status", "op": "eq", "value": "open"}]}, "skip_while": []}
    sofia.post(f"{base}/rules", {"document": recipes.find("overdue-reminder") | everybody})
    found = sofia.get(f"{base}/rules/overdue-reminder/consequences").json
    assert found["messages"] and all(each["debtor_id"].startswith("deb_") for each in found["messages"])
    assert found["work"] and found["unsigned"] == ""
    assert sofia.get(f"{base}/rules/{RULE}/aftermath").json == {"items": [], "compared": []}
    shown = {each["field"]: each for each in sofia.get(f"{base}/rule-fields").json["items"]}
    assert shown["invoice.due_date"]["empty"] == 0 and "empty on" in shown["customer.owner"]["said"]
    assert "invoice.due_date" not in sofia.get(f"{base}/rule-fields?about=customer").text


def test_the_acts_of_a_rule_are_listed_and_narrowed_to_an_invoice_or_a_customer(sofia, base, alder_world):
    invoice = ids.show("inv", alder_world.acted_on())
    listed = sofia.get(f"{base}/rules/{RULE}/firings").json
    (act,) = listed["items"]
    assert act["text"].startswith("Invoice: ") and act["invoice_id"] == invoice and not listed["has_more"]
    for subject, count in ((act["invoice_id"], 1), (act["debtor_id"], 1), (ids.show("inv", ids.new()), 0)):
        found = sofia.get(f"{base}/rules/{RULE}/firings?subject={subject}").json["items"]
        assert len(found) == count
    wrong = [sofia.get(f"{base}/rules/{RULE}/firings?subject={each}").status_code for each in ("x", "con_" + "0" * 26)]
    assert wrong == [422, 422] and sofia.get(f"{base}/rules/none/firings").status_code == 404


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


def test_a_rule_is_checked_played_compared_and_looked_back_on(sofia, toni, base):
    document = recipes.find(RULE) | {"key": "looked-at"}
    sofia.post(f"{base}/rules", {"document": document})
    sofia.post(f"{base}/rules", {"document": document | {"priority": 9}})
    at = f"{base}/rules/looked-at"
    example = {"name": "unseen", "given": {"invoice": {}}, "at": "2026-11-20T09:00:00Z", "expect": "fires"}
    assert sofia.send("PUT", f"{at}/examples", json=example).json["items"][0]["name"] == "unseen"
    checked = sofia.post(f"{at}/check", {}).json
    assert (checked["circle"], checked["dear"], checked["outcomes"][0]["passed"]) == ("", False, False)
    failing = tried_and_published(toni, base, "looked-at")
    assert (failing.status_code, failing.json["code"]) == (409, "examples_fail")
    assert sofia.post(f"{at}/examples/drop", {"name": "unseen"}).json["items"] == []
    assert sofia.get(f"{at}/difference?old=1&new=2").json["places"] == ["/priority"]
    assert [each["version"] for each in sofia.get(f"{at}/versions").json["items"]] == [2, 1]
    asked = sofia.post(f"{at}/backtests", {"from_on": "2026-11-02", "to_on": "2026-11-13"})
    assert (asked.status_code, asked.json["state"], asked.json["days"]) == (202, "waiting", 10)
    shown = sofia.get(f"{base}/backtests/{asked.json['id']}").json
    assert (shown["days_done"], shown["result"]) == (0, {})
    ahead = sofia.post(f"{at}/backtests", {"from_on": "2026-11-02", "to_on": "2036-11-13"})
    assert (ahead.status_code, ahead.json["code"]) == (422, "bad_span")
    assert toni.post(f"{at}/release", {"reason": "?"}).json["code"] == "not_frozen"
    assert toni.post(f"{at}/retire", {"reason": "Replaced"}).json["state"] == "retired"


def test_a_standard_is_given_by_the_provider_and_locks(as_, manager, toni, base):
    marek = as_(manager)
    document = recipes.find(RULE) | {"key": "house-rule"}
    assert toni.send("PUT", f"{base}/rule-standards", json={"document": document, "pack": "basics"}).status_code == 403
    given = marek.send("PUT", f"{base}/rule-standards", json={"document": document, "pack": "basics", "locked": True})
    assert (given.status_code, given.json["worded_by"]) == (200, "pack:basics")
    other = toni.post(f"{base}/rules", {"document": document | {"priority": 3}})
    assert (other.status_code, other.json["code"]) == (409, "rule_locked")
    assert [each["locked"] for each in toni.get(f"{base}/rule-standards").json["items"]] == [True]


def test_an_endpoint_is_kept_with_a_secret_that_is_told_once_more_when_it_is_changed(toni, sofia, base):
    kept = toni.send("PUT", f"{base}/webhook-endpoints", json={"key": "erp", "url": "https://erp.example.com/a"})
    again = toni.send(
        "PUT", f"{base}/webhook-endpoints", json={"key": "erp", "url": "https://erp.example.com/b", "on": False}
    )
    assert kept.json["secret"] == again.json["secret"] and kept.json["secret"].startswith("whsec_")
    (shown,) = [each for each in sofia.get(f"{base}/webhook-endpoints").json["items"] if each["key"] == "erp"]
    assert shown["state"] == "off" and "secret" not in shown
    inward = toni.send("PUT", f"{base}/webhook-endpoints", json={"key": "erp", "url": "http://127.0.0.1/"})
    assert (inward.status_code, inward.json["code"]) == (422, "bad_endpoint")


def test_a_question_is_answered_by_who_may(toni, sofia, as_, alder_world, base):
    asked, for_admins = (
        ids.show("apr", alder_world.approval(role)) for role in ("client finance lead", "tenant admins")
    )
    assert sofia.post(f"{base}/approvals/{asked}/answer", {"yes": True}).status_code == 403
    eva = as_(engage("Eva Elm", (alder_world.tenant, "client_approver")))
    wrong = eva.post(f"{base}/approvals/{for_admins}/answer", {"yes": True})
    assert (wrong.status_code, wrong.json["code"]) == (403, "approval_not_yours")
    answered = eva.post(f"{base}/approvals/{asked}/answer", {"yes": False, "words": "Not yet"})
    assert (answered.status_code, answered.json["state"]) == (200, "refused")
    assert toni.post(f"{base}/approvals/{for_admins}/answer", {"yes": True}).json["state"] == "moot"
    assert asked in [each["id"] for each in toni.get(f"{base}/approvals?state=refused").json["items"]]


def test_the_schema_takes_every_recipe_and_no_other_field(sofia):
    told = sofia.get("~/schemas/rule-1.json").json["schema"]
    validator = jsonschema_rs.validator_for(told)
    assert all(validator.is_valid(recipes.find(name)) for name in recipes.names())
    wrong = recipes.find(RULE) | {"if": {"field": "invoice.weather", "op": "eq", "value": "rain"}}
    assert not validator.is_valid(wrong)


@pytest.mark.timeout(120 + LAST // 10)
def test_every_random_document_is_tried_or_refused_with_a_place(sofia, base):
    """GOODTERMS_FULL=1 plays the long form: 100,000 documents through the whole face; GOODTERMS_DOCUMENTS=72000:100000
    those of them."""
    tried = refused = 0
    for document in islice(documents(LAST), FIRST, None):
        answer = sofia.post(f"{base}/rules/dry-run", {"document": document})
        if answer.status_code == 200:
            tried += 1
            assert answer.json["would_act"] >= 0
            continue
        assert answer.status_code in (400, 413, 422), (document, answer.text)
        refused += 1
        faults = answer.json["errors"]
        assert faults and all(each["detail"] and each["pointer"].startswith("/document") for each in faults), (
            answer.text,
            document,
        )
    assert tried and refused and tried + refused == LAST - FIRST
