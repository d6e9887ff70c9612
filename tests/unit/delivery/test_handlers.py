"""The delivery lane as it runs: from an issued invoice to a mail, a reader and a bounce, through claim and lease."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import create_engine

from jobs import quiet
from tenants import assembly
from tenants.collections import test_mode
from tenants.delivery import evidence, hits, links
from tenants.delivery.hits import Fetch
from tenants.events import recording
from tenants.values.clock import FixedClock
from tests.cast import NOW
from tests.factories import a_contact, a_debtor, a_payment, an_invoice
from tests.unit.delivery.post import BUSY

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


@pytest.fixture
def lane(post, shell, database_urls):
    """Alder's work, done until nothing is due."""
    clock = FixedClock(NOW)
    tools = replace(
        assembly.make_tools(replace(post.settings, documents=str(post.folder / "documents"))),
        clock=clock,
        mailer=post.mailer,
    )
    engine = create_engine(database_urls["gt_dispatch"].replace("postgresql://", "postgresql+psycopg://"))

    def run():
        post.now = clock.now()
        return quiet.run_until_quiet(shell, tools, engine=engine, tenants=[post.tenant])

    yield SimpleNamespace(run=run, clock=clock, tools=tools)
    engine.dispose()


def test_an_issued_invoice_goes_to_its_customer_by_itself(post, lane):
    debtor = a_debtor(post.tenant)
    a_contact(post.tenant, debtor, email="dana@dune.test")
    an_invoice(post.tenant, debtor, late=-10)
    lane.run()
    assert [letter.recipient for letter in post.mailer.sent] == ["dana@dune.test"]
    assert lane.run() == 0 and len(post.mailer.sent) == 1


def test_what_was_paid_between_queue_and_hand_over_is_not_sent(post, lane):
    debtor = a_debtor(post.tenant)
    a_contact(post.tenant, debtor)
    invoice = an_invoice(post.tenant, debtor, late=-10)
    post.queue()
    a_payment(post.tenant, debtor, parts=[(invoice, 100_00)])
    lane.run()
    assert post.mailer.sent == []
    assert post.ask("SELECT reason FROM held_action WHERE tenant_id = :tenant") == ["settled"]


def test_a_busy_server_is_asked_again_when_its_time_has_come(post, lane):
    post.answers = [BUSY]
    post.an_invoice()
    lane.run()
    assert post.mailer.sent == []
    lane.clock.move(timedelta(seconds=61))
    lane.run()
    assert len(post.mailer.sent) == 1


def test_a_fetch_is_judged_when_its_neighbours_are_known(post, lane):
    post.an_invoice()
    lane.run()
    token = post.mailer.sent[0].text.split("/p/")[1].split()[0]
    with post.unit():
        grant = links.open(token, secret=post.settings.secret_key, now=NOW)
        fetch = Fetch("link_get", "GET", FIREFOX, "203.0.113.7")
        evidence.record_hit(fetch, grant=grant, now=NOW + timedelta(minutes=9), real=NOW)
    lane.run()
    assert post.ask("SELECT evidence_level FROM invoice WHERE tenant_id = :tenant") == [1], "not judged yet"
    lane.clock.move(hits.PATIENCE)
    lane.run()
    assert post.ask("SELECT evidence_level FROM invoice WHERE tenant_id = :tenant") == [4]


def test_an_interrupted_hand_over_is_held_after_a_quarter_of_an_hour(post, lane):
    message = post.a_message()
    post.claim(message)
    lane.run()
    lane.clock.move(timedelta(minutes=15))
    lane.run()
    assert (post.message(message).state, post.mailer.sent) == ("held", [])


def test_a_new_day_sends_what_was_dated_ahead(post, lane):
    tomorrow = (NOW + timedelta(days=1)).date()
    post.an_invoice(issued_on=tomorrow, due_on=tomorrow + timedelta(days=30))
    lane.run()
    assert post.mailer.sent == []
    lane.clock.move(timedelta(days=1))
    with post.unit():
        recording.record("day.opened", key=str(tomorrow), now=lane.clock.now(), day=str(tomorrow))
    lane.run()
    assert len(post.mailer.sent) == 1


def test_in_test_mode_nothing_is_handed_over_and_going_live_lets_it_go_at_once(post, lane):
    with post.unit():
        test_mode.enter(now=NOW, reason="We are setting up")
    post.an_invoice()
    lane.run()
    assert post.mailer.sent == []
    assert post.ask("SELECT held_reason FROM message WHERE tenant_id = :tenant") == ["test_mode"]
    with post.unit():
        assert test_mode.leave(send=True, customers=1, now=NOW, real=NOW, reason="All is ready").invoices == 1
    lane.run()
    assert [letter.recipient for letter in post.mailer.sent] == ["dana@dune.test"]
