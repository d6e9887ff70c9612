"""Judging again: a trap stepped into late, a better ruleset, and readers whose trace was forgotten."""

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from console import cli, joining
from jobs import delivery, insight
from jobs.turns import Turn
from tenants.delivery import evidence, ladder, networks, rescoring, scoring, traces
from tenants.values import ids
from tenants.values.clock import FixedClock
from tests.cast import NOW
from tests.unit.delivery.test_evidence import MIN, fetch, grade

SECOND = timedelta(seconds=1)
JUDGED = "SELECT kind, verdict, reasons, level, ruleset FROM evidence WHERE tenant_id = :tenant AND source = 'portal'"


@pytest.fixture
def relayed(post):
    """A mail that a relay took; nobody said that it arrived."""
    message = post.a_message()
    post.send(message, final=False)
    return message


def turn(post, kind, **payload):
    tools = SimpleNamespace(clock=FixedClock(post.now), settings=post.settings, networks=networks.NONE)
    return Turn(post.tenant, ids.new(), kind, payload, tools)


def test_a_trap_that_is_stepped_into_later_gives_earlier_company_away(post, relayed):
    grade(post, fetch(post, "link_get", target="/p/<token>"))
    before = post.message(relayed), post.invoice_of(relayed)
    assert (before[0].state, before[1].evidence_level, before[1].first_seen_at) == ("delivered", 4, NOW + MIN)
    grade(post, fetch(post, "link_get", after=MIN + 40 * SECOND, target=scoring.DECOY))
    message, invoice = post.message(relayed), post.invoice_of(relayed)
    assert (message.state, message.delivered_at, message.evidence_level) == ("sent", None, 3)
    assert (invoice.delivery, invoice.evidence_level, invoice.first_seen_at) == ("sent", 3, None)
    assert post.ask("SELECT verdict, level, ruleset FROM former_verdict WHERE tenant_id = :tenant") == [
        ("human", 4, scoring.RULESET)
    ]
    with post.unit():
        rungs = ladder.of_invoice(invoice.id).rungs
    assert [rung.strength for rung in rungs if rung.what == "link_get"] == ["weak", "weak"]


def test_a_person_stays_one_however_near_a_trap_was(post, relayed):
    grade(post, fetch(post, "portal_interaction"))
    grade(post, fetch(post, "link_get", after=MIN + SECOND, target=scoring.DECOY))
    assert post.invoice_of(relayed).evidence_level == 5


def test_who_reads_on_at_once_is_not_taken_for_a_machine_because_reading_implied_the_arrival(post, relayed):
    first, second = fetch(post, "link_get"), fetch(post, "download", after=MIN + 4 * SECOND)
    assert [grade(post, one).verdict for one in (first, second)] == ["human", "human"]


@pytest.fixture
def judged_before(post, relayed, monkeypatch):
    """A scanner that an older ruleset took for a person."""
    monkeypatch.setattr(scoring, "RULESET", scoring.RULESET - 1)
    kept = fetch(post, "link_get", agent="Barracuda Sentinel (EE)")
    grade(post, kept)
    monkeypatch.undo()
    post.change("UPDATE evidence SET verdict = 'human', level = 4 WHERE tenant_id = :tenant AND source = 'portal'")
    return relayed


def test_history_is_judged_again_when_the_rules_got_better_and_only_once(post, judged_before):
    with post.unit():
        done = rescoring.history(now=NOW)
        assert (done.looked_at, done.changed, done.last) == (1, 1, judged_before)
        assert rescoring.history(now=NOW).last is None
    assert post.ask(JUDGED) == [("link_get", "machine", "scanner", 3, scoring.RULESET)]
    assert post.invoice_of(judged_before).evidence_level == 3


def test_a_day_that_opens_judges_a_part_and_asks_for_the_next(post, judged_before):
    with post.unit():
        insight.rejudge_hits(turn(post, "rejudge_hits"))
    (payload,) = post.work("rejudge_hits")
    assert payload == {"after": str(judged_before)}
    with post.unit():
        insight.rejudge_hits(turn(post, "rejudge_hits", **payload))
    assert len(post.work("rejudge_hits")) == 1


def test_an_operator_judges_all_again(post, judged_before, database_urls, redis_url, settings, monkeypatch):
    monkeypatch.setenv("GOODTERMS_DATABASE_URL", database_urls["gt_app"])
    monkeypatch.setenv("GOODTERMS_AUTH_DATABASE_URL", database_urls["gt_auth"])
    monkeypatch.setenv("GOODTERMS_REDIS_URL", redis_url)
    monkeypatch.setenv("GOODTERMS_SECRET_KEY", settings.secret_key)
    monkeypatch.setenv("GOODTERMS_DOCUMENTS", settings.documents)
    with post.unit():
        slug = joining.clients.profile().slug
    answer = CliRunner().invoke(cli.cli, ["evidence", "rescore", "--tenant", slug, "--json"], standalone_mode=False)
    assert json.loads(answer.stdout) == {
        "ruleset": scoring.RULESET,
        "clients": {slug: {"looked_at": 1, "changed": 1}},
    }
    told = CliRunner().invoke(cli.cli, ["evidence", "rescore", "--tenant", slug], standalone_mode=False)
    assert "0 hits looked at, 0 judged otherwise" in told.stdout


def test_who_a_reader_was_is_forgotten_and_the_judgement_stays(post, relayed):
    grade(post, fetch(post, "link_get"))
    post.later(days=29)
    with post.unit():
        assert traces.forget(now=post.now, days=30) == 0 == traces.forget(now=post.now, days=0)
    post.later(days=2)
    with post.unit():
        delivery.forget_traces(turn(post, "forget_traces"))
    assert post.ask(
        "SELECT agent, ip_prefix, verdict FROM evidence WHERE tenant_id = :tenant AND source = 'portal'"
    ) == [("", "", "human")]
    (said,) = post.ask("SELECT payload FROM inbox_event WHERE tenant_id = :tenant AND source = 'portal'")
    assert (said["agent"], said["ip_prefix"], said["forgotten"]) == ("", "", True)
    with post.unit():
        assert rescoring.again([relayed], now=post.now).looked_at == 0
    assert post.invoice_of(relayed).evidence_level == 4


def test_a_hit_of_no_message_is_judged_by_itself(post, relayed):
    with post.unit():
        assert evidence.grade(ids.new(), now=NOW, real=NOW) is None
