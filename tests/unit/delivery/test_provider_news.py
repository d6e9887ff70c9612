"""News of Amazon SES about a mail: into the right books, once, and to the same end in whatever order they come."""

from itertools import permutations
from uuid import uuid4

import pytest

from tenants.delivery import inbound, ladder, letters, news, provider_news, ses_events, suppression, unsettled
from tenants.delivery.provider_news import Addressed
from tenants.directory import clients
from tests.cast import NOW
from tests.unit.delivery.post import NOBODY_KNOWS
from tests.unit.delivery.test_ses_events import event

SECONDS = {"Send": 1, "DeliveryDelay": 2, "Delivery": 3, "Bounce": 4, "Complaint": 5}


def told_of(post, message, name, *, at=None, **part):
    """What SES says about the newest attempt of a message."""
    newest = "message_id = :m ORDER BY attempt_no DESC LIMIT 1"
    (attempt,) = post.ask(f"SELECT id FROM delivery_attempt WHERE tenant_id = :tenant AND {newest}", m=message)
    when = at or NOW.replace(second=SECONDS.get(name, 9))
    one = event(name, **part | {"timestamp": when.isoformat()})
    sealed = letters.sealed(post.tenant, attempt_id=attempt, settings=post.settings)
    (told,) = ses_events.read(
        one | {"mail": one["mail"] | {"messageId": str(message), "tags": {"gt_attempt": [sealed]}}}
    )
    return told


def take(post, told):
    """The event comes in and is read by a job; the kept event, or None when there was nothing to keep."""
    tenant, attempt = provider_news.addressee(told, secret=post.settings.secret_key)
    assert tenant == post.tenant
    with post.unit():
        kept, unknown = provider_news.receive([Addressed(attempt, told)], real=post.now)
    assert unknown == []
    with post.unit():
        news.read(kept, now=post.now, real=post.now)
    return kept[0] if kept else None


def tell(post, message, name, **part):
    return take(post, told_of(post, message, name, **part))


@pytest.fixture
def sent(post):
    message = post.a_message()
    post.send(message, final=False)
    post.later(minutes=5)
    return message


HARD = {"bounceType": "Permanent", "bounceSubType": "NoEmail"}


@pytest.mark.parametrize(
    ("name", "part", "state", "suppressed"),
    [
        ("Send", {}, "sent", None),
        ("Delivery", {}, "delivered", None),
        ("DeliveryDelay", {}, "delayed", None),
        ("Bounce", HARD, "bounced", "bounce"),
        ("Bounce", {"bounceType": "Transient"}, "failed", None),
        ("Reject", {}, "failed", None),
        ("Rendering Failure", {}, "failed", None),
        ("Complaint", {}, "sent", "complaint"),
        ("Complaint", {"complaintFeedbackType": "not-spam"}, "sent", None),
        ("Click", {}, "sent", None),
        ("Subscription", {}, "sent", None),
    ],
)
def test_each_of_the_events_has_its_consequence_and_no_more(post, sent, name, part, state, suppressed):
    tell(post, sent, name, **part)
    assert post.message(sent).state == state
    with post.unit():
        assert suppression.reason_for("dana@dune.test") == suppressed


def test_a_rung_of_the_ladder_quotes_the_server_that_said_it(post, sent):
    tell(post, sent, "Send")
    tell(post, sent, "Delivery", smtpResponse="250 2.6.0 Queued", remoteMtaIp="203.0.113.9")
    tell(post, sent, "Bounce", bouncedRecipients=[{"status": "5.1.1", "diagnosticCode": "smtp; 550 gone"}], **HARD)
    invoice = post.invoice_of(sent).id
    with post.unit():
        of_message = {rung.what: rung.said for rung in ladder.of_message(sent).rungs}
        of_invoice = {rung.what: rung.said for rung in ladder.of_invoice(invoice).rungs}
    assert of_message == {
        "queued": "",
        "accepted": "",
        "delivered": "Delivery 250 2.6.0 Queued (server 203.0.113.9)",
        "bounced": "5.1.1 Permanent NoEmail smtp; 550 gone",
    }
    assert of_invoice == of_message | {"known": ""}


def test_the_same_news_again_is_none(post, sent):
    told = told_of(post, sent, "Bounce", **HARD)
    assert take(post, told) is not None
    assert take(post, told) is None
    assert len(post.work("run_rules_on")) == 1


def test_the_order_in_which_news_comes_changes_nothing(post):
    ends = set()
    for order in permutations(["Send", "DeliveryDelay", "Delivery"]):
        message = post.a_message()
        post.send(message, final=False)
        for name in order:
            tell(post, message, name)
        ends.add((post.message(message).state, post.message(message).delivered_at, post.message(message).sent_at))
    assert len(ends) == 1 and next(iter(ends))[0] == "delivered"


def test_a_send_event_settles_an_attempt_of_which_nobody_knew(post):
    message = post.a_message()
    post.answers = [NOBODY_KNOWS]
    post.send(message)
    tell(post, message, "Send")
    assert post.ask("SELECT state FROM delivery_attempt WHERE tenant_id = :tenant") == ["accepted"]
    done = post.message(message)
    assert (done.state, done.held_reason, bool(done.subject)) == ("sent", "", True)
    assert post.invoice_of(message).last_contact_at == NOW, "the customer was written to when the call was made"


def test_a_held_message_that_is_proved_waits_for_nobody(post):
    message = post.a_message()
    post.answers = [NOBODY_KNOWS]
    post.send(message)
    with post.unit():
        unsettled.resolve(message, now=post.later(minutes=15))
    tell(post, message, "Delivery")
    done = post.message(message)
    assert (done.state, done.held_reason) == ("delivered", "")
    assert post.invoice_of(message).last_contact_at == NOW


def test_an_intent_that_the_provider_speaks_of_before_anybody_found_it_is_settled_by_who_finds_it(post):
    message = post.a_message()
    mail = post.claim(message)
    post.act(mail)
    tell(post, message, "Send")
    assert post.message(message).state == "sent"
    post.send(message, final=False)
    assert post.ask("SELECT state FROM delivery_attempt WHERE tenant_id = :tenant") == ["accepted"]
    assert (len(post.mailer.sent), bool(post.message(message).subject)) == (1, True)
    assert post.invoice_of(message).last_contact_at == NOW


def test_news_that_overtakes_our_own_transaction_leaves_the_settling_to_it(post):
    message = post.a_message()
    mail = post.claim(message)
    result = post.act(mail)
    tell(post, message, "Delivery")
    assert post.ask("SELECT state FROM delivery_attempt WHERE tenant_id = :tenant") == ["intent"]
    post.settle(mail, result, final=False)
    done = post.message(message)
    assert (done.state, bool(done.subject)) == ("delivered", True)
    assert post.invoice_of(message).last_contact_at is not None


def test_an_open_that_ses_saw_counts_only_where_images_do(post, sent):
    browser = {"userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0", "ipAddress": "203.0.113.7"}
    assert tell(post, sent, "Open", **browser) is None
    assert post.ask("SELECT count(*) FROM inbox_event WHERE tenant_id = :tenant AND kind = 'pixel'") == [0]
    with post.unit():
        clients.change(pixel="on")
    tell(post, sent, "Open", **browser)
    assert len(post.work("grade_hit")) == 1


def test_a_word_that_we_did_not_seal_opens_no_books(post, sent, birch):
    told = told_of(post, sent, "Delivery")
    with pytest.raises(inbound.NotForUs):
        provider_news.addressee(told, secret="another secret that is long enough")
    for attempt in ("", "sealed", "*" * 60, str(uuid4())):
        (forged,) = ses_events.read(
            event("Send") | {"mail": event("Send")["mail"] | {"tags": {"gt_attempt": [attempt]}}}
        )
        with pytest.raises(inbound.NotForUs):
            provider_news.addressee(forged, secret=post.settings.secret_key)
    with post.unit():
        stray = Addressed(uuid4(), told)
        assert provider_news.receive([stray], real=post.now) == ([], [stray])
