"""From where a client's mail leaves: only from a domain that it proved; who may not send is told what mends it."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import create_engine

from jobs import quiet
from tenants import assembly
from tenants.adapters.mail import MemoryMailer
from tenants.delivery import domains, sending
from tenants.delivery.domain_ports import DomainFacts, Identity
from tenants.delivery.pacing import Pause
from tenants.directory import connections
from tenants.events import recording
from tenants.values.clock import FixedClock
from tests.cast import NOW, TODAY
from tests.unit.delivery.post import GO

GOOD = Identity(True, "SUCCESS", ("one", "two", "three"), "SUCCESS", "eu-central-1")
PENDING = Identity(False, "PENDING", ("one", "two", "three"), "PENDING", "eu-central-1")
NAME = "billing.alder.test"


def its_word(post):
    with post.unit():
        return next(each.record for each in connections.domains() if each.domain == NAME)


def open_domain(post):
    with post.unit():
        return domains.open(" Billing.Alder.test. ", box="Receivables", now=NOW, real=NOW)


def tend(post, found, identity=GOOD, **facts):
    with post.unit():
        tended = domains.tending(found)
    with post.unit():
        return domains.settle(tended, identity=identity, facts=DomainFacts(**facts), now=post.now, real=post.now)


@pytest.fixture
def proved(post):
    found = open_domain(post)
    assert tend(post, found, texts=(its_word(post),)) == "proved"
    return found


def claim(post, message, **over):
    def gate(_id, *, now):
        return GO

    with post.unit():
        known = {"gate": gate, "provider": "memory", "now": post.now, "real": post.now, "today": TODAY}
        return sending.claim(message, **known, **over)


def test_mail_leaves_from_the_clients_own_domain_once_it_is_proved(post, proved):
    message = post.a_message()
    post.send(message)
    (letter,) = post.mailer.sent
    assert (letter.sender, letter.sender_name) == ("receivables@billing.alder.test", "Alder Tools GmbH")
    assert post.ask("SELECT sender FROM delivery_attempt WHERE tenant_id = :tenant") == ["billing.alder.test"]


def test_without_a_domain_of_its_own_a_client_sends_in_the_providers_name_where_that_is_allowed(post):
    assert claim(post, post.a_message()).sender == ""
    message = post.a_message(name="Elm Homes", email="e@elm.test")
    waiting = claim(post, message, own_domain=True)
    assert (waiting.reason, waiting.again_at) == ("domain_unproved", NOW + timedelta(hours=1))
    ((reason, detail),) = post.ask("SELECT reason, detail FROM held_action WHERE tenant_id = :tenant")
    assert reason == "domain_unproved" and "name one" in detail and "publish the records" in detail
    assert post.message(message).held_reason == "domain_unproved"


@pytest.mark.parametrize(("identity", "own"), [(PENDING, True), (GOOD, False)])
def test_nothing_leaves_from_a_domain_of_which_anything_needed_is_missing(post, identity, own):
    found = open_domain(post)
    assert tend(post, found, identity, texts=(its_word(post),) if own else ("v=spf1 -all",)) == "asked"
    message = post.a_message()
    assert claim(post, message).reason == "domain_unproved"
    ((detail,),) = [(each,) for each in post.ask("SELECT detail FROM held_action WHERE tenant_id = :tenant")]
    assert NAME in detail and "publish the records" in detail
    assert post.ask("SELECT count(*) FROM delivery_attempt WHERE tenant_id = :tenant") == [0]


def test_each_record_that_is_missing_is_named_with_its_value(post):
    found = open_domain(post)
    tend(post, found, PENDING, dmarc="v=DMARC1; p=none")
    with post.unit():
        shown = {(each.what, each.kind, each.name, each.seen) for each in domains.records(domains.one(found))}
        values = [each.value for each in domains.records(domains.one(found))]
    assert shown == {
        ("own", "TXT", NAME, False),
        ("dkim", "CNAME", f"one._domainkey.{NAME}", False),
        ("dkim", "CNAME", f"two._domainkey.{NAME}", False),
        ("dkim", "CNAME", f"three._domainkey.{NAME}", False),
        ("mail_from", "MX", f"bounce.{NAME}", False),
        ("spf", "TXT", f"bounce.{NAME}", False),
        ("dmarc", "TXT", f"_dmarc.{NAME}", True),
    }
    assert "10 feedback-smtp.eu-central-1.amazonses.com" in values and "one.dkim.amazonses.com" in values


def test_a_proof_that_is_lost_holds_the_mail_and_asks_a_person(post, proved):
    post.later(days=1)
    assert tend(post, proved, PENDING) == "failing"
    assert [each["domain"] for each in post.work("mend_domain")] == [NAME]
    assert claim(post, post.a_message()).reason == "domain_unproved"
    post.later(days=1)
    assert tend(post, proved, PENDING) == "failing" and len(post.work("mend_domain")) == 1
    assert tend(post, proved) == "proved"
    assert claim(post, post.messages("state = 'queued'")[0]).sender == "receivables@billing.alder.test"


def test_an_account_is_given_only_a_domain_of_its_own(post):
    found = open_domain(post)
    with post.unit():
        tended = domains.tending(found)
    assert tended.account_by(DomainFacts(texts=("v=spf1 -all", "somebody else's word"))) == ""
    assert tended.account_by(DomainFacts(texts=(f'"{its_word(post)}"',))) == f"client-{post.tenant}"
    tend(post, found, texts=(its_word(post),))
    with post.unit():
        assert domains.tending(found).account_by(DomainFacts()) == f"client-{post.tenant}"


def test_what_waited_for_the_proof_leaves_at_once(post):
    found, message = open_domain(post), post.a_message()
    assert claim(post, message).reason == "domain_unproved"
    post.change("UPDATE work_item SET run_at = :at WHERE tenant_id = :tenant", at=NOW + timedelta(hours=1))
    tend(post, found, texts=(its_word(post),))
    assert post.ask("SELECT run_at FROM work_item WHERE tenant_id = :tenant AND kind = 'send_message'") == [NOW]


def test_a_provider_that_cannot_be_asked_leaves_everything_as_it_was(post, proved):
    assert tend(post, proved, None) is None
    assert claim(post, post.a_message()).sender


def test_a_newer_domain_does_not_stop_the_one_that_works(post, proved):
    with post.unit():
        domains.open("new.alder.test", box="post", now=NOW, real=NOW)
    assert claim(post, post.a_message()).sender == "receivables@billing.alder.test"
    with post.unit():
        domains.drop(proved, now=NOW)
    assert claim(post, post.a_message(name="Elm Homes", email="e@elm.test")).reason == "domain_unproved"


def test_what_is_no_domain_or_not_there_is_refused(post, birch):
    for domain, box in (("localhost", "post"), ("a.test\r\nX", "post"), ("alder.test", "a@b"), ("-a.test", "post")):
        with pytest.raises(domains.BadDomain), post.unit():
            domains.open(domain, box=box, now=NOW, real=NOW)
    with pytest.raises(domains.UnknownDomain), post.unit():
        domains.drop(post.tenant, now=NOW)
    with post.unit():
        assert domains.tending(post.tenant) is None and domains.one_state(post.tenant) == ""


def test_the_lane_looks_after_domains_and_the_collections_lane_has_them_mended(post, shell, database_urls):
    said = SimpleNamespace(identity=GOOD)
    facts = SimpleNamespace(look=lambda domain, *, bounce_domain: DomainFacts(texts=(its,)))

    def tend_there(domain, *, bounce_domain, account):
        assert (domain, bounce_domain, account) == (NAME, f"bounce.{NAME}", f"client-{post.tenant}")
        if said.identity is None:
            raise OSError("away")
        return said.identity

    clock = FixedClock(NOW)
    tools = replace(
        assembly.make_tools(replace(post.settings, documents=str(post.folder / "documents"))),
        clock=clock,
        mailer=MemoryMailer(),
        records=facts,
        identities=SimpleNamespace(tend=tend_there),
    )
    engine = create_engine(database_urls["gt_dispatch"].replace("postgresql://", "postgresql+psycopg://"))
    found = open_domain(post)
    its = its_word(post)
    for identity, state in ((GOOD, "proved"), (None, "proved"), (PENDING, "failing")):
        said.identity = identity
        quiet.run_until_quiet(shell, tools, engine=engine, tenants=[post.tenant])
        with post.unit():
            assert domains.one_state(found) == state
        clock.move(timedelta(days=1))
        with post.unit():
            recording.record("day.opened", key=str(clock.now().date()), now=clock.now(), day=str(clock.now().date()))
    quiet.run_until_quiet(shell, tools, engine=engine, tenants=[post.tenant])
    assert post.ask("SELECT title FROM task WHERE tenant_id = :tenant AND title LIKE 'Mend%'") == [
        "Mend the sending domain"
    ]
    engine.dispose()


def test_mail_that_must_wait_for_its_turn_waits_without_an_attempt(post):
    pace = SimpleNamespace(ask=lambda client, *, now: Pause(timedelta(seconds=7), "sending_rate"))
    message = post.a_message()
    waiting = claim(post, message, pace=pace)
    assert (waiting.again_at, waiting.reason) == (NOW + timedelta(seconds=7), "sending_rate")
    assert post.message(message).held_reason == "sending_rate"
    assert post.ask("SELECT count(*) FROM delivery_attempt WHERE tenant_id = :tenant") == [0]
    assert claim(post, message, pace=SimpleNamespace(ask=lambda client, *, now: None)).recipient == "dana@dune.test"
