"""The rule book: versions never change, nobody publishes alone what customers hear of, every step has its line."""

import pytest

from tenants import store
from tenants.events import history
from tenants.rules import recipes, rule_book
from tenants.rules.faults import RuleRefused, RuleUnknown
from tests.cast import NOW
from tests.unit.rules.desk import OPEN, PAUSE, SEND, TASK, a_bill, document, go_live, ran, rows, run


def test_a_draft_does_not_run_before_it_is_published(in_alder):
    with in_alder:
        a_bill()
        draft = rule_book.save(document(OPEN), now=NOW)
        assert (draft.state, draft.version, draft.shown) == ("draft", 0, 1)
        assert run(draft.id) is None
        assert rule_book.publish("a-rule", now=NOW).state == "live"
        assert ran(draft.id).acted == 1


def test_the_same_document_makes_no_second_version(in_alder):
    with in_alder:
        rule_book.save(document(OPEN), now=NOW)
        assert rule_book.save(dict(reversed(document(OPEN).items())), now=NOW).shown == 1
        assert rule_book.save(document(OPEN, priority=9), now=NOW).shown == 2


def test_a_new_draft_leaves_the_live_version_running_and_an_old_one_can_come_back(in_alder):
    with in_alder:
        go_live(document(OPEN))
        rule_book.save(document(OPEN, priority=9), now=NOW)
        assert [row["version"] for row in rule_book.live()] == [1]
        assert rule_book.publish("a-rule", now=NOW).version == 2
        assert rule_book.publish("a-rule", now=NOW, version=1).version == 1


def test_a_new_version_acts_on_nobody_twice(in_alder):
    with in_alder:
        a_bill()
        assert ran(go_live(document(OPEN))).acted == 1
        assert run(go_live(document(OPEN, then=[TASK])), on="later").acted == 0


def test_versions_cannot_be_rewritten_by_the_program(in_alder):
    with pytest.raises(Exception, match="permission denied"), in_alder:
        go_live(document(OPEN))
        store.run("UPDATE rule_version SET sentence = 'x' WHERE tenant_id = :tenant")


def test_the_author_of_a_rule_that_writes_to_customers_cannot_publish_it_alone(in_alder):
    with in_alder:
        rule_book.save(document(OPEN, then=[SEND]), now=NOW)
        with pytest.raises(rule_book.NeedsSecondPerson):
            rule_book.publish("a-rule", now=NOW)
        assert rule_book.find("a-rule").state == "draft"
        assert rule_book.install("overdue-reminder", now=NOW).state == "live"


def test_pausing_retiring_and_turning_red_are_kept_with_their_reason(in_alder):
    with in_alder:
        go_live(document(OPEN))
        rule_book.pause("a-rule", now=NOW, reason="holidays")
        rule_book.publish("a-rule", now=NOW)
        rule_book.mark_broken("a-rule", fault="the group is gone", now=NOW)
        (row,) = rule_book.all_kept()
        assert (row["state"], row["fault"], row["last_run_at"]) == ("broken", "the group is gone", None)
        assert rule_book.publish("a-rule", now=NOW).fault == ""
        rule_book.retire("a-rule", now=NOW, reason="replaced")
        assert rule_book.all_kept() == []
        told = history.about("rule", rule_book.find("a-rule").id)
        acts = [
            "rule.saved",
            "rule.published",
            "rule.paused",
            "rule.published",
            "rule.broken",
            "rule.published",
            "rule.retired",
        ]
        assert [line["act"] for line in reversed(told)] == acts
        assert {line["reason"] for line in told} >= {"holidays", "the group is gone", "replaced"}


def test_the_list_shows_the_sentence_and_the_last_run(in_alder):
    with in_alder:
        a_bill()
        ran(go_live("unopened-key-account"))
        go_live("bounced")
        bounced, unopened = rule_book.all_kept()
        assert (bounced["key"], bounced["matched"]) == ("bounced", None)
        assert (unopened["acted"], unopened["last_run_at"]) == (1, NOW)
        assert unopened["sentence"].startswith("Every business day at 09:00,")


def test_what_is_no_rule_is_not_kept(in_alder):
    with in_alder:
        with pytest.raises(RuleRefused):
            rule_book.save(document({"field": "gone"}), now=NOW)
        with pytest.raises(RuleUnknown):
            rule_book.publish("gone", now=NOW)
        assert rows("rule") == []


def test_birch_does_not_see_alders_rules(in_alder, in_birch):
    with in_alder:
        go_live(document(OPEN))
    with in_birch, pytest.raises(RuleUnknown):
        rule_book.find("a-rule")


@pytest.mark.parametrize("name", recipes.names())
def test_every_recipe_can_be_installed_and_run(in_alder, name):
    with in_alder:
        a_bill()
        assert ran(rule_book.install(name, now=NOW).id).fault == ""


def test_nobody_silences_whole_customers_alone(in_alder):
    with in_alder:
        rule_book.save(document(OPEN, then=[PAUSE]), now=NOW)
        assert rule_book.publish("a-rule", now=NOW).state == "live", "one invoice is paused by one person's word"
        rule_book.save(document(OPEN, then=[{**PAUSE, "what": "customer"}]), now=NOW)
        with pytest.raises(rule_book.NeedsSecondPerson, match="silences whole customers"):
            rule_book.publish("a-rule", now=NOW)
