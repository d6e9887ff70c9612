"""Ways beside mail: each customer's own order of them, one way at a time, each way once."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from pypdf import PdfReader

from tenants import store
from tenants.adapters.sms import MemorySender
from tenants.delivery import (
    channels,
    climbing,
    domains,
    evidence,
    portal_posts,
    print_batches,
    texts,
)
from tenants.delivery.channels import BadChannels, Channels
from tenants.delivery.ports import Answer, Handover, Verdict
from tenants.delivery.texts import Receipt
from tenants.values import ids
from tests.cast import NOW, TODAY
from tests.unit.delivery.post import ALL, DEAD, GO, POSTAL

WAYS = "SELECT channel, state FROM message WHERE tenant_id = :tenant ORDER BY queued_at, id"


@pytest.fixture
def invoice(post):
    return post.an_invoice()


def debtor_of(post, invoice):
    """Asked inside an open unit of the post."""
    return store.run("SELECT debtor_id FROM invoice WHERE tenant_id = :tenant AND id = :id", id=invoice).scalar_one()


def want(post, invoice, to=ALL):
    with post.unit():
        return channels.change(debtor_of(post, invoice), to=to, now=NOW)


def climb(post):
    with post.unit():
        return climbing.climb(today=TODAY, now=post.now, real=post.now)


def the(post, way):
    (found,) = post.messages(f"channel = '{way}'")
    return found


def post_it(post, *, verdict=GO):
    message = the(post, "portal")
    with post.unit():
        return portal_posts.post(message, gate=lambda _id, *, now: verdict, now=post.now, real=post.now)


def text_it(post, sender):
    mail = post.claim_by(the(post, "sms"), provider="sms")
    return mail, post.settle(
        mail, texts.act(mail, texts=sender, settings=post.settings, documents_in=post.documents), final=False
    )


def print_it(post, *, verdict=GO):
    with post.unit():
        return print_batches.make(
            gate=lambda _id, *, now: verdict,
            documents_in=post.documents,
            settings=post.settings,
            now=post.now,
            real=post.now,
            today=TODAY,
        )


def test_a_customer_is_reached_by_mail_until_somebody_says_otherwise(post, invoice):
    with post.unit():
        assert channels.of(debtor_of(post, invoice)) == Channels(("email",))
        assert channels.of(ids.new()) is None
    kept = want(post, invoice)
    assert kept.phone == "+4930901820"
    with post.unit():
        assert channels.of(debtor_of(post, invoice)) == kept
    assert post.ask("SELECT act FROM history WHERE tenant_id = :tenant") == ["channels.changed"]


@pytest.mark.parametrize(
    ("to", "where"),
    [
        (Channels(()), "/ways"),
        (Channels(("email", "email")), "/ways"),
        (Channels(("pigeon",)), "/ways"),
        (Channels(("email",), 0), "/wait_days"),
        (Channels(("sms",)), "/phone"),
        (Channels(("sms",), phone="call me"), "/phone"),
        (Channels(("sms",), phone="+49 1"), "/phone"),
        (Channels(("print",), postal="Somewhere"), "/postal"),
    ],
)
def test_a_way_without_what_it_needs_is_refused(post, invoice, to, where):
    with post.unit(), pytest.raises(BadChannels) as refused:
        channels.change(debtor_of(post, invoice), to=to, now=NOW)
    assert refused.value.pointer == where
    with post.unit(), pytest.raises(BadChannels):
        channels.change(ids.new(), to=ALL, now=NOW)


def test_the_whole_ladder_one_way_at_a_time_each_once(post, invoice):
    want(post, invoice)
    sender = MemorySender()
    post.queue()
    assert climb(post) == 0
    post.answers = [DEAD]
    post.send(the(post, "email"))
    assert (climb(post), climb(post)) == (1, 0)
    post_it(post)
    assert post.ask(WAYS) == [("email", "bounced"), ("portal", "sent")]
    post.later(days=2)
    assert climb(post) == 0
    post.later(days=1)
    assert climb(post) == 1
    mail, _ = text_it(post, sender)
    (text,) = sender.sent
    assert text.recipient == "+4930901820" and text.receipts_to.endswith(
        texts.receipt_word(mail, settings=post.settings)
    )
    assert mail.items[0].number in text.body and "/p/" in text.body
    post.later(days=3)
    assert climb(post) == 1
    print_it(post)
    post.later(days=9)
    assert climb(post) == 0
    assert [way for way, _ in post.ask(WAYS)] == ["email", "portal", "sms", "print"]


def test_who_has_seen_it_is_not_sent_it_by_another_way(post, invoice):
    want(post, invoice)
    post.queue()
    message = the(post, "email")
    post.send(message)
    with post.unit():
        evidence.of_person(message, kind="reply", at=post.now, now=post.now, real=post.now, source_key="r")
    post.later(days=30)
    assert climb(post) == 0


@pytest.mark.parametrize(("channel", "way"), [("portal", "portal"), ("paper", "print")])
def test_what_the_ledger_calls_portal_or_paper_is_the_clients_until_somebody_chooses(post, invoice, channel, way):
    post.change("UPDATE debtor SET channel = :channel WHERE tenant_id = :tenant", channel=channel)
    with post.unit():
        assert channels.of(debtor_of(post, invoice)).ways == (way,)
    assert (post.queue(), climb(post)) == (0, 0)
    want(post, invoice, Channels((way,), postal=POSTAL))
    assert climb(post) == 1 and post.ask(WAYS) == [(way, "queued")]
    assert post.ask("SELECT delivery FROM invoice WHERE tenant_id = :tenant") == ["queued"]


def test_mail_may_come_second(post, invoice):
    want(post, invoice, Channels(("portal", "email")))
    assert post.queue() == 0 and climb(post) == 1
    post_it(post)
    post.later(days=4)
    assert climb(post) == 1 and post.work("send_message") == [{"message_id": str(the(post, "email"))}]


def test_a_letter_takes_its_address_from_the_books_where_nobody_wrote_an_envelope(post, invoice):
    post.change("UPDATE debtor SET address = :address WHERE tenant_id = :tenant", address=POSTAL)
    assert want(post, invoice, Channels(("print",))).postal == ""
    assert climb(post) == 1
    assert post.message(the(post, "print")).recipient == "Dune Garden Centres"
    print_it(post)
    assert post.message(the(post, "print")).state == "sent"


def test_a_customer_without_anybody_is_left_to_a_person(post):
    invoice = post.an_invoice(email="")
    want(post, invoice)
    want(post, invoice, Channels(("portal",)))
    assert climb(post) == 0


# --- reminders -------------------------------------------------------------------------------------------------------


def by(post, message, way, recipient=""):
    """The gate says to go by another way."""
    post.verdict = Verdict(allowed=False, reason="other_way", way=way, recipient=recipient)
    assert post.claim_by(message, provider="memory") is None
    post.verdict = GO


def test_a_reminder_that_is_to_be_a_text_is_one_and_names_what_is_owed_in_all(post, reminder):
    by(post, reminder, "sms", "+4930901820")
    assert (post.message(reminder).channel, post.message(reminder).recipient) == ("sms", "+4930901820")
    assert post.work("send_text") == [{"message_id": str(reminder)}]
    sender = MemorySender()
    text_it(post, sender)
    (text,) = sender.sent
    assert text.recipient == "+4930901820" and "2 invoices, " in text.body and " + " in text.body
    assert post.ask("SELECT reminder_count FROM invoice WHERE tenant_id = :tenant") == [1, 1]


def test_a_reminder_goes_to_and_fro_without_losing_its_work(post, reminder):
    for way in ("sms", "email", "sms"):
        by(post, reminder, way)
    assert len(post.work("send_text")) == len(post.work("send_message")) == 2
    by(post, ids.new(), "sms")
    assert len(post.work("send_text")) == 2


def test_a_reminder_by_the_post_is_a_letter_with_its_words(post, reminder):
    by(post, reminder, "print", "Dune Garden Centres")
    print_it(post)
    with post.unit():
        (kept,) = print_batches.listed()
    pages = [page.extract_text() for page in PdfReader(f"{post.folder}/documents/{kept['store_key']}").pages]
    assert "Dünenweg 1" in pages[0] and "past due" in pages[1]
    assert post.message(reminder).subject.startswith("Letter: First reminder")


def test_a_reminder_in_the_portal_is_new_there_although_the_invoice_was_seen(post, reminder):
    post.change("UPDATE invoice SET evidence_level = 6 WHERE tenant_id = :tenant")
    by(post, reminder, "portal", "dana@dune.test")
    assert post_it(post, verdict=Verdict(allowed=False, way="sms", recipient="+4930901820")) is None
    by(post, reminder, "portal", "dana@dune.test")
    post_it(post)
    debtor = post.message(reminder).debtor_id
    with post.unit():
        assert len(portal_posts.unseen(debtor)) == 2
        portal_posts.taken(reminder, now=post.now, real=post.now)
    with post.unit():
        assert not portal_posts.unseen(debtor)


# --- the portal ------------------------------------------------------------------------------------------------------


def test_an_invoice_in_the_portal_is_new_there_until_it_was_seen(post, invoice):
    want(post, invoice, Channels(("portal",)))
    climb(post)
    post_it(post)
    assert post.invoice_of(the(post, "portal")).evidence_level == 1
    with post.unit():
        (waits,) = portal_posts.unseen(debtor_of(post, invoice))
    assert waits["id"] == invoice
    assert post_it(post) is None


def test_the_gate_has_the_last_word_about_the_portal_too(post, invoice):
    want(post, invoice, Channels(("portal",)))
    climb(post)
    later = NOW + timedelta(hours=1)
    assert post_it(post, verdict=Verdict(allowed=False, reason="paused", again_at=later)) == later
    assert post.message(the(post, "portal")).held_reason == "paused"
    post_it(post, verdict=Verdict(allowed=False, reason="settled"))
    assert post.message(the(post, "portal")).state == "cancelled"


# --- texts -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def texted(post, invoice):
    want(post, invoice, Channels(("sms",), phone="+4930901820"))
    climb(post)
    mail, _ = text_it(post, MemorySender())
    return SimpleNamespace(mail=mail, message=mail.message_id)


def tell(post, texted, status, code=""):
    with post.unit():
        kept = texts.receive(Receipt(texted.mail.attempt_id, status, code), now=post.now, real=post.now)
    if kept:
        with post.unit():
            texts.read(kept, message_id=texted.message, now=post.now, real=post.now)
    return kept


def test_a_text_is_sent_and_its_receipt_proves_what_a_servers_yes_proves(post, texted):
    assert post.message(texted.message).state == "sent"
    assert tell(post, texted, "queued") is None
    assert tell(post, texted, "delivered") and tell(post, texted, "delivered") is None
    found = post.message(texted.message)
    assert (found.state, found.evidence_level, "/p/" in found.subject) == ("delivered", 2, False)


@pytest.mark.parametrize(("code", "state", "listed"), [("30005", "bounced", 1), ("30008", "failed", 0)])
def test_a_number_that_does_not_exist_is_written_to_no_more(post, texted, code, state, listed):
    tell(post, texted, "undelivered", code)
    assert post.message(texted.message).state == state
    assert post.ask("SELECT count(*) FROM suppression WHERE tenant_id = :tenant") == [listed]


def test_a_receipt_of_nobodys_text_is_nothing(post, texted):
    with post.unit():
        assert texts.receive(Receipt(ids.new(), "delivered"), now=NOW, real=NOW) is None
        texts.read(ids.new(), message_id=texted.message, now=NOW, real=NOW)
    assert post.message(texted.message).state == "sent"


def test_an_interrupted_text_is_never_sent_twice(post, invoice):
    want(post, invoice, Channels(("sms",), phone="+4930901820"))
    climb(post)
    sender = MemorySender(lambda text: Answer(Handover.AMBIGUOUS, detail="no answer"))
    message = the(post, "sms")
    mail = post.claim_by(message, provider="sms")
    texts.act(mail, texts=sender, settings=post.settings, documents_in=post.documents)
    again = post.claim_by(message, provider="sms")
    result = texts.act(again, texts=sender, settings=post.settings, documents_in=post.documents)
    assert len(sender.sent) == 1 and result.answer.end == Handover.AMBIGUOUS


# --- letters ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def letters(post, invoice):
    want(post, invoice, Channels(("print",), postal=POSTAL))
    other = post.an_invoice(email="ines@marigold.test", name="Marigold Stores")
    want(post, other, Channels(("print",), postal="Marigold Stores\nAm Markt 2"))
    climb(post)
    return invoice, other


def test_letters_are_printed_into_one_file_each_with_its_address(post, letters):
    with post.unit():
        assert print_batches.waiting() == 2
    batch = print_it(post)
    with post.unit():
        (kept,) = print_batches.listed()
        assert print_batches.waiting() == 0 and kept["id"] == batch and kept["letters"] == 2
    pages = PdfReader(f"{post.folder}/documents/{kept['store_key']}").pages
    assert kept["pages"] == len(pages) == 4
    assert "Dünenweg 1" in pages[0].extract_text() and "Am Markt 2" in pages[2].extract_text()
    assert {state for _, state in post.ask(WAYS)} == {"sent"}
    assert post.ask("SELECT DISTINCT provider_ref FROM delivery_attempt WHERE tenant_id = :tenant") == [str(batch)]


def test_a_letter_is_in_one_file_only_and_posted_once(post, letters):
    batch = print_it(post)
    with pytest.raises(print_batches.NothingToPrint):
        print_it(post)
    with post.unit():
        print_batches.posted(batch, now=NOW)
        assert print_batches.one(batch)["posted_by"] == "test"
        with pytest.raises(print_batches.AlreadyPosted):
            print_batches.posted(batch, now=NOW)
        with pytest.raises(print_batches.UnknownBatch):
            print_batches.posted(ids.new(), now=NOW)


def test_what_the_gate_holds_is_not_printed(post, letters):
    with pytest.raises(print_batches.NothingToPrint):
        print_it(post, verdict=Verdict(allowed=False, reason="disputed"))


def test_each_way_shows_what_it_did(post, letters):
    print_it(post)
    with post.unit():
        (row,) = channels.use(since=NOW - timedelta(days=1))
    assert (row["channel"], row["messages"], row["left_us"], row["arrived"]) == ("print", 2, 2, 0)


def test_ways_beside_mail_need_no_proved_domain(post, texted):
    with post.unit():
        domains.open("billing.example.com", box="invoices", now=NOW, real=NOW)
    other = post.an_invoice(email="ines@marigold.test", name="Marigold Stores")
    want(post, other, Channels(("sms",), phone="+4930901821"))
    climb(post)
    sender = MemorySender()
    mail = post.claim_by(post.messages("channel = 'sms' AND state = 'queued'")[0], provider="sms")
    post.settle(mail, texts.act(mail, texts=sender, settings=post.settings, documents_in=post.documents), final=False)
    assert len(sender.sent) == 1
