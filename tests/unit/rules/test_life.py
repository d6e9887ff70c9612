"""A rule's life: tried before it acts, agreed to by two, its examples right, its backlog decided, watched, frozen."""

from datetime import timedelta

import pytest

from tenants import store
from tenants.isolation import scope
from tenants.rules import examples, packs, publishing, rule_book
from tenants.rules.faults import RuleRefused
from tenants.rules.publishing import Backlog
from tenants.work import unit_of_work
from tests.cast import NOW, TODAY
from tests.unit.rules.desk import (
    DELIVERED,
    OPEN,
    SEND,
    TASK,
    a_bill,
    a_customer,
    change,
    days,
    document,
    ran,
    rows,
    run,
)

ALL = Backlog("all")
LATE = {"field": "invoice.due_date", "op": "past_by", "value": {"days": 1}}


def publish(key="a-rule", *, now=NOW, **how):
    publishing.try_out(key, now=now, real=now)
    return publishing.publish(key, now=now, real=now, **{"backlog": ALL, "shadow_days": 0} | how)


def written(*conditions, by="a colleague", **over):
    return rule_book.save(document(*conditions, **over), now=NOW, worded_by=by)


def test_a_wording_that_nobody_tried_within_a_day_is_not_published(in_alder):
    with in_alder:
        written(OPEN)
        with pytest.raises(publishing.NeedsDryRun):
            publishing.publish("a-rule", now=NOW, real=NOW)
        publishing.try_out("a-rule", now=NOW, real=NOW - timedelta(hours=25))
        with pytest.raises(publishing.NeedsDryRun):
            publishing.publish("a-rule", now=NOW, real=NOW)
        publishing.try_out("a-rule", now=NOW, real=NOW)
        written(OPEN, priority=3)
        with pytest.raises(publishing.NeedsDryRun):
            publishing.publish("a-rule", now=NOW, real=NOW)
        assert publishing.publish("a-rule", now=NOW, real=NOW, version=1).state == "live"


def test_an_author_publishes_what_customers_notice_only_after_somebody_else_agreed(in_alder, alder):
    with in_alder:
        rule_book.save(document(OPEN, LATE, then=[SEND]), now=NOW)
        publishing.try_out("a-rule", now=NOW, real=NOW)
        with pytest.raises(rule_book.NeedsSecondPerson):
            publishing.publish("a-rule", now=NOW, real=NOW)
        with pytest.raises(rule_book.NeedsSecondPerson):
            publishing.consent("a-rule", version=1, now=NOW)
    with unit_of_work(scope.tenant(alder, actor="api_client:7")), pytest.raises(rule_book.NeedsSecondPerson):
        publishing.consent("a-rule", version=1, now=NOW)
    with unit_of_work(scope.tenant(alder, actor="api_client:7")), pytest.raises(rule_book.NeedsSecondPerson):
        publishing.publish("a-rule", now=NOW, real=NOW)
    with unit_of_work(scope.tenant(alder, actor="person:2")):
        publishing.consent("a-rule", version=1, now=NOW, reason="kind enough")
    with in_alder:
        assert publishing.publish("a-rule", now=NOW, real=NOW, shadow_days=0).state == "live"
        (agreed,) = rule_book.consents(rule_book.find("a-rule").id, version=1)
        assert (agreed["given_by"], agreed["reason"]) == ("person:2", "kind enough")


def test_a_consent_is_to_one_wording_and_not_to_the_next(in_alder, alder):
    with in_alder:
        rule_book.save(document(OPEN, LATE, then=[SEND]), now=NOW)
    with unit_of_work(scope.tenant(alder, actor="person:2")):
        publishing.consent("a-rule", version=1, now=NOW)
    with in_alder:
        rule_book.save(document(OPEN, then=[SEND]), now=NOW)
        publishing.try_out("a-rule", now=NOW, real=NOW)
        with pytest.raises(rule_book.NeedsSecondPerson):
            publishing.publish("a-rule", now=NOW, real=NOW)


def test_whoever_publishes_for_the_first_time_leaves_those_alone_that_match_already(in_alder):
    with in_alder:
        old = a_bill()
        kept = written(OPEN)
        publish(backlog=None)
        assert ran(kept.id).matched == 0
        new = a_bill()
        assert ran(kept.id, on=TODAY + days(1)).subjects == (new,)
        change(old, open_minor=0)
        ran(kept.id, on=TODAY + days(2))
        change(old, open_minor=5)
        assert ran(kept.id, on=TODAY + days(3)).subjects == (old,), "it stopped matching, so it is a new match"


def test_a_backlog_is_worked_off_over_days_without_an_alarm(in_alder):
    with in_alder:
        kessler = a_customer()
        for late in range(10):
            a_bill(kessler, late=late)
        kept = written(OPEN)
        publish(backlog=Backlog("spread", 3))
        acted = [ran(kept.id, on=TODAY + days(n), now=NOW + days(n)).acted for n in range(3)]
        assert acted == [4, 4, 2]
        assert not [row for row in rows("alert", "cause") if row.cause.startswith("rule-trouble")]


def test_a_rule_that_writes_is_watched_for_three_business_days_and_then_acts_by_itself(in_alder):
    with in_alder:
        a_bill(late=10)
        kept = written(OPEN, LATE, then=[SEND])
        publish(shadow_days=None)
        assert rule_book.find("a-rule").state == "shadow"
        watched = ran(kept.id)
        assert (watched.matched, watched.acted, watched.held) == (1, 0, {"shadow": 1})
        assert rows("message") == rows("rule_firing") == []
        assert ran(kept.id, on=TODAY + days(5), now=NOW + days(5)).acted == 0
        assert ran(kept.id, on=TODAY + days(6), now=NOW + days(6)).acted == 1
        assert rule_book.find("a-rule").state == "live"
        assert [row.mode for row in rows("rule_run", "mode")].count("shadow") == 2


def test_a_rule_that_wants_far_more_than_usual_freezes_and_asks(in_alder):
    with in_alder:
        kessler = a_customer()
        kept = written(OPEN, caps={"per_run": 500})
        publish()
        for n in range(3):
            a_bill(kessler)
            a_bill(kessler)
            assert ran(kept.id, on=TODAY + days(n), now=NOW + days(n)).acted == 2
        for _ in range(21):
            a_bill(kessler)
        frozen = ran(kept.id, on=TODAY + days(4), now=NOW + days(4))
        assert (frozen.acted, frozen.held) == (0, {"frozen": 21})
        (trouble,) = [row for row in rows("alert", "cause, title, reason") if row.cause.startswith("rule-trouble")]
        assert trouble.title == "The rule “A rule” is frozen" and "2 is usual" in trouble.reason
        with pytest.raises(publishing.NotFrozen):
            publishing.release(written(OPEN, key="other").key, now=NOW, real=NOW, reason="?")
        assert publishing.release("a-rule", now=NOW, real=NOW, reason="a big client came") == 21
        (due,) = [row for row in rows("work_item", "kind, payload") if row.kind == "run_rule"]
        assert ran(kept.id, on=due.payload["occurrence"], now=NOW + days(4)).acted == 21


def test_few_are_never_too_many(in_alder):
    with in_alder:
        kessler = a_customer()
        kept = written(OPEN)
        publish()
        for n in range(3):
            a_bill(kessler)
            ran(kept.id, on=TODAY + days(n), now=NOW + days(n))
        for _ in range(20):
            a_bill(kessler)
        assert ran(kept.id, on=TODAY + days(4), now=NOW + days(4)).acted == 20


FILE = """
INSERT INTO import_run (tenant_id, id, source, file_name, file_sha256, file_key, bytes, state, actor, received_at,
  loaded_at)
VALUES (:tenant, gen_random_uuid(), 'erp', 'a.csv', '', '', 1, :state, 'test', :at, :loaded_at) RETURNING id
"""


def a_file(at, state="loaded"):
    store.run(FILE, state=state, at=at, loaded_at=at if state == "loaded" else None)


def test_a_rule_that_writes_waits_while_the_ledger_is_older_than_its_habit(in_alder):
    with in_alder:
        a_bill(late=10)
        for ago in (4, 5, 6, 7):
            a_file(NOW - days(ago))
        kept = written(OPEN, LATE, then=[SEND])
        telling = written(OPEN, LATE, key="telling")
        publish()
        publish("telling")
        assert ran(kept.id).acted == 1
        a_bill(late=10)
        later = NOW + days(4)
        held = ran(kept.id, on=TODAY + days(4), now=later)
        assert (held.acted, held.held) == (0, {"data": 1})
        assert ran(telling.id, on=TODAY + days(4), now=later).acted == 2, "who only tells people goes on"
        a_file(later)
        assert ran(kept.id, on=TODAY + days(5), now=later).acted == 1


def test_a_rule_that_writes_waits_while_the_last_file_was_refused(in_alder):
    with in_alder:
        a_bill(late=10)
        a_file(NOW, state="refused")
        kept = written(OPEN, LATE, then=[SEND])
        publish()
        assert ran(kept.id).held == {"data": 1}
        (trouble,) = [row for row in rows("alert", "title, reason") if "waits for data" in row.title]
        assert "was refused" in trouble.reason


SEEN = {"field": "invoice.first_seen_at", "op": "is_not_set"}


def test_the_examples_of_a_rule_are_played_when_it_is_published(in_alder):
    with in_alder:
        written(OPEN, SEEN)
        for name, given, expect in (
            ("unseen", {"invoice": {}}, "fires"),
            ("seen", {"invoice": {"first_seen_at": "2026-11-19T09:00:00+01:00"}}, {"not": "/if/all/1"}),
            ("paid", {"invoice": {"open_amount": {"amount": "0", "currency": "EUR"}}}, {"not": "/if/all/0"}),
            ("disputed", {"invoice": {}, "holds": ["dispute"]}, {"held": "dispute"}),
        ):
            examples.keep("a-rule", name=name, given=given, at=NOW, expect=expect, now=NOW)
        publish()
        assert rows("invoice") == rows("hold") == [], "nothing of an example stays"
        written(OPEN)
        publishing.try_out("a-rule", now=NOW, real=NOW)
        with pytest.raises(publishing.ExamplesFail, match="“seen”: fires instead of"):
            publishing.publish("a-rule", now=NOW, real=NOW)
        examples.drop("a-rule", name="seen")
        assert publishing.publish("a-rule", now=NOW, real=NOW).version == 2


@pytest.mark.parametrize(
    ("given", "expect", "pointer"),
    [
        ({"planet": {}}, "fires", "/given/planet"),
        ({"invoice": {"due_date": "soon"}}, "fires", "/given/invoice/due_date"),
        ({"invoice": {"delivery": "flown"}}, "fires", "/given/invoice/delivery"),
        ({"invoice": {"first_seen_at": "2026-11-19T09:00:00"}}, "fires", "/given/invoice/first_seen_at"),
        ({"invoice": []}, "fires", "/given"),
        ({"customer": {"groups": "key"}}, "fires", "/given/customer/groups"),
        ({"holds": ["rain"]}, "fires", "/given/holds/0"),
        ({}, {"not": "/if/all/9"}, "/expect"),
        ({}, "explodes", "/expect"),
    ],
)
def test_an_example_that_makes_no_sense_is_refused_by_its_place(in_alder, given, expect, pointer):
    with in_alder:
        written(OPEN)
        with pytest.raises(RuleRefused) as refused:
            examples.keep("a-rule", name="x", given=given, at=NOW, expect=expect, now=NOW)
        assert pointer in [each.pointer for each in refused.value.faults]


def test_a_segment_has_no_examples_and_a_customer_has(in_alder):
    with in_alder:
        written(DELIVERED, about="segment", key="of-all")
        with pytest.raises(RuleRefused):
            examples.keep("of-all", name="x", given={}, at=NOW, expect="fires", now=NOW)
        written({"field": "customer.country", "op": "eq", "value": "DE"}, about="customer", key="germans")
        examples.keep("germans", name="x", given={"customer": {"country": "DE"}}, at=NOW, expect="fires", now=NOW)
        assert [each.passed for each in publishing.check("germans", now=NOW).outcomes] == [True]


def test_rules_that_would_drive_one_another_need_a_reason(in_alder):
    tagged = {"field": "invoice.tags", "op": "any_of", "value": ["slow"]}
    with in_alder:
        written(OPEN, key="one", then=[{"do": "tag", "tag": "slow"}], again={"on": "rematch"})
        publish("one")
        written(tagged, key="two", then=[{"do": "stage", "to": "Firm"}])
        publish("two")
        staged = {"field": "invoice.stage", "op": "eq", "value": "Firm"}
        written(staged, key="one", then=[{"do": "tag", "tag": "slow"}], again={"on": "rematch"})
        with pytest.raises(publishing.RunsInCircles, match="one → two → one"):
            publish("one")
        assert publish("one", circle_reason="the stage only moves forward").state == "live"
        assert publishing.check("two", now=NOW).circle == "two → one → two"


def test_a_rule_that_calls_an_endpoint_that_is_not_there_is_not_published(in_alder):
    with in_alder:
        written(OPEN, then=[{"do": "webhook", "endpoint": "erp"}])
        with pytest.raises(publishing.UnknownReferences, match="erp"):
            publish()
        assert publishing.check("a-rule", now=NOW).unknown_endpoints == ("erp",)


def test_a_check_tells_the_cost_and_unknown_groups(in_alder):
    with in_alder:
        written({"field": "customer.groups", "op": "any_of", "value": ["typo"]})
        checked = publishing.check("a-rule", now=NOW)
        assert checked.unknown_groups == ("typo",) and checked.cost > 0 and not checked.dear


def test_two_wordings_differ_in_sentences_and_places(in_alder):
    with in_alder:
        written(OPEN)
        written(OPEN, then=[TASK])
        found = publishing.difference("a-rule", old=1, new=2)
        assert "raise a normal alert" in found.before and "give the customer’s specialist" in found.after
        assert found.places[0].startswith("/then/0/")


def test_a_client_inherits_a_standard_words_it_otherwise_or_finds_it_locked(in_alder):
    with in_alder:
        given = packs.hand_out(document(OPEN), pack="basics", locked=False, now=NOW)
        assert (given.state, given.worded_by) == ("draft", "pack:basics")
        assert packs.standing(given).said == "As the provider’s standard says."
        own = packs.save(document(OPEN, priority=7, caps={"per_run": 3}), now=NOW)
        assert packs.standing(own).said == "Differs from the provider’s standard in 2 places."
        again = packs.hand_out(document(OPEN, priority=9), pack="basics", locked=False, now=NOW)
        assert again.shown == own.shown, "a client that worded it otherwise keeps its own"
        locked = packs.hand_out(document(OPEN, priority=9), pack="basics", locked=True, now=NOW)
        assert locked.shown == own.shown + 1
        with pytest.raises(packs.RuleLocked):
            packs.save(document(OPEN, priority=1), now=NOW)
        assert [row["key"] for row in packs.standards()] == ["a-rule"]


def test_a_broken_rule_is_told_to_its_owner_and_the_team_lead_once(in_alder, alder, alder_admin):
    with unit_of_work(scope.tenant(alder, actor=f"person:{alder_admin.id}")):
        kept = written(OPEN)
        publish()
    with in_alder:
        spoiled = "UPDATE rule SET version = 9 WHERE tenant_id = :tenant RETURNING id"
        store.run(
            "INSERT INTO rule_version SELECT tenant_id, rule_id, 9, '{}', sha256, sentence, made_by, made_at "
            "FROM rule_version WHERE tenant_id = :tenant RETURNING version"
        )
        store.run(spoiled)
        done = run(kept.id)
        assert done.fault and rule_book.find("a-rule").state == "broken"
        (told,) = rows("staff_notice", "email, subject, words")
        assert told.email == alder_admin.email and "is broken and does not run" in told.subject
        assert [row.kind for row in rows("work_item", "kind") if row.kind == "send_notice"] == ["send_notice"]
