"""A share of the customers whom a rule leaves alone, and what came without it beside what came after it."""

from dataclasses import replace
from hashlib import md5

import pytest

from tenants import store
from tenants.collections import policies
from tenants.rules import aftermath, dryrun, explain, language, quiet, sentence
from tenants.values import ids
from tests.cast import NOW
from tests.unit.rules.desk import (
    OPEN,
    SEND,
    TASK,
    a_bill,
    a_customer,
    a_rule,
    change,
    days,
    document,
    go_live,
    ran,
    rows,
    run,
)

SHARE = 20
ASKED = {"then": [SEND], "quiet_share": SHARE}
SEEN = """
INSERT INTO evidence (tenant_id, id, debtor_id, invoice_id, level, kind, occurred_at, recorded_at, source, source_key)
SELECT :tenant, :id, i.debtor_id, i.id, 4, 'open', :at, :at, 'test', CAST(:id AS text) FROM invoice i
WHERE i.tenant_id = :tenant AND i.id = :invoice RETURNING id
"""


def allow(share=SHARE):
    policies.change({"quiet_share": share}, now=NOW, reason="we want to know what reminders are worth")


def is_left_alone(customer, key="a-rule"):
    """The plain reference."""
    return int(md5(f"{key}{customer}".encode()).hexdigest()[:7], 16) % 100 < SHARE


@pytest.fixture
def bills(in_alder):
    """Two invoices each of three customers who are left alone and of three who are not, by that."""
    found = {True: [], False: []}
    with in_alder:
        while min(map(len, found.values())) < 6:
            customer = a_customer()
            alone = found[is_left_alone(customer)]
            if len(alone) < 6:
                alone += [a_bill(customer, late=5) for _ in range(2)]
            else:
                change_name = "UPDATE debtor SET name = 'Owes nothing' WHERE tenant_id = :tenant AND id = :id"
                store.run(change_name, id=customer)
    return found


def test_some_customers_are_left_alone_with_all_that_they_owe_and_always_the_same(in_alder, bills):
    with in_alder:
        allow()
        rule = go_live(document(OPEN, **ASKED))
        first = ran(rule)
        assert set(first.subjects) == set(bills[False]) and first.held == {"quiet": 6}
        assert {row.subject_id for row in rows("rule_spared")} == set(bills[True])
        again = ran(rule, on=(NOW + days(1)).date(), now=NOW + days(1))
        assert (again.acted, len(rows("rule_spared"))) == (0, 6)
        said = explain.why_not("a-rule", invoice_id=bills[True][0], now=NOW)
        assert not said.would_act and "leaves alone, to compare" in said.text


def test_where_the_contact_policy_says_nothing_nobody_is_left_alone(in_alder, bills):
    with in_alder:
        done = ran(go_live(document(OPEN, **ASKED)))
        assert set(done.subjects) == {*bills[True], *bills[False]} and not done.held and not rows("rule_spared")


def test_who_is_left_alone_is_another_for_each_rule_and_never_more_than_the_policy_lets(in_alder):
    with in_alder:
        allow(5)
        rule = language.read(document(OPEN, **ASKED))
        assert quiet.share(rule) == 5 and quiet.share(replace(rule, quiet_share=3)) == 3
        customers = [ids.new() for _ in range(2000)]
        sql = f"SELECT c.id FROM unnest(CAST(:ids AS uuid[])) c(id) WHERE {quiet.limit('c.id', chosen=True)}"
        sql += " AND CAST(:tenant AS uuid) IS NOT NULL"
        for key in ("a-rule", "another"):
            chosen = set(store.run(sql, ids=customers, quiet_key=key, quiet=SHARE).scalars())
            assert chosen == {each for each in customers if is_left_alone(each, key)}


def test_a_capped_run_leaves_no_more_alone_than_its_share(in_alder, bills):
    with in_alder:
        allow()
        rule = go_live(document(OPEN, **ASKED, caps={"per_run": 4}))
        assert (ran(rule).acted, len(rows("rule_spared"))) == (4, 1)
        ran(rule, on=(NOW + days(1)).date(), now=NOW + days(1))
        assert len(rows("rule_spared")) == 6


def test_what_came_without_the_rule_stands_beside_what_came_after_it(in_alder, bills):
    with in_alder:
        allow()
        rule = go_live(document(OPEN, **ASKED))
        assert aftermath.compared(rule, now=NOW) == ()
        ran(rule, now=NOW - days(15), on=(NOW - days(15)).date())
        for bill in bills[False][:3]:
            change(bill, open_minor=0, settled_on=(NOW - days(10)).date())
        change(bills[True][0], open_minor=0, settled_on=(NOW - days(2)).date())
        store.run(SEEN, id=ids.new(), invoice=bills[True][1], at=NOW - days(14))
        week, two = aftermath.compared(rule, now=NOW)
        assert [(each.acted, each.seen, each.paid) for each in (week.acted, week.spared)] == [(6, 0, 3), (6, 1, 0)]
        assert (two.days, two.acted.paid, two.spared.paid, two.tells) == (14, 3, 1, False)
        assert aftermath.of(rule, now=NOW)[0].acted == 6


def test_the_shadow_spares_nobody_and_a_trial_tells_who_would_be(in_alder, bills):
    with in_alder:
        allow()
        trial = dryrun.count(language.read(document(OPEN, **ASKED)), now=NOW)
        assert (trial.would_act, trial.held) == (6, {"quiet": 6})
        assert trial.funnel[-2:] == (("there is somebody to write to", 12), ("it is not left alone, to compare", 6))
        rule = go_live(document(OPEN, **ASKED))
        until = "UPDATE rule SET state = 'shadow', shadow_until_on = :until WHERE tenant_id = :tenant AND id = :id"
        store.run(until, id=rule, until=(NOW + days(9)).date())
        done = run(rule)
        assert done.acted == 0 and not rows("rule_spared")


def test_the_sentence_says_that_some_are_left_alone():
    said = sentence.of(a_rule(OPEN, **ASKED))
    assert said.endswith(
        "Leaves 20 in 100 customers alone, as far as the contact policy lets it, to see what comes without it."
    )
    assert "alone" not in sentence.of(a_rule(OPEN, then=[TASK]))
