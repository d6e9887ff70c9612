"""A message leaves at most once, only when the gate agrees, and never to the wrong customer."""

import threading
from datetime import timedelta

import pytest

from tenants.delivery import facts, queueing, rendering, sending, suppression, unsettled
from tenants.delivery.ports import Answer, Handover, Verdict
from tenants.directory import clients
from tenants.events import inbox
from tests.cast import NOW
from tests.factories import a_contact, a_debtor, an_invoice
from tests.unit.delivery.post import BUSY, DEAD, NOBODY_KNOWS, SPAM

ATTEMPTS = "SELECT attempt_no, state FROM delivery_attempt WHERE tenant_id = :tenant ORDER BY attempt_no"
EVIDENCE = "SELECT kind, level FROM evidence WHERE tenant_id = :tenant ORDER BY recorded_at, id"


def test_dana_gets_her_invoice_with_the_document_and_a_link(post):
    message = post.a_message()
    assert post.send(message) is None
    (letter,) = post.mailer.sent
    assert (letter.recipient, letter.sender_name) == ("dana@dune.test", "Alder Tools GmbH")
    ((name, media_type, body),) = letter.attachments
    assert name.endswith(".pdf") and media_type == "application/pdf" and body.startswith(b"%PDF")
    assert "http://goodterms.test/p/" in letter.text and "http://goodterms.test/p/" in letter.html
    kept = post.message(message)
    assert (kept.state, kept.sent_at, kept.evidence_level) == ("delivered", NOW, 2)
    assert kept.subject == letter.subject
    invoice = post.invoice_of(message)
    assert (invoice.delivery, invoice.delivered_at, invoice.evidence_level) == ("delivered", NOW, 2)
    assert (invoice.last_contact_at, invoice.reminder_count) == (NOW, 0)
    assert post.ask(EVIDENCE) == [("delivered", 2)]


def test_a_yes_of_a_relay_is_acceptance_and_not_delivery(post):
    message = post.a_message()
    post.send(message, final=False)
    assert post.message(message).state == "sent"
    assert post.invoice_of(message).delivery == "sent"
    assert post.ask(EVIDENCE) == [("accepted", 1)]


def test_the_document_that_went_out_is_on_record_by_its_hash(post):
    message = post.a_message()
    post.send(message)
    ((key, size, sha256),) = post.ask("SELECT store_key, bytes, sha256 FROM document WHERE tenant_id = :tenant")
    body = post.mailer.sent[0].attachments[0][2]
    assert post.documents.get(key) == body and size == len(body)
    assert post.ask("SELECT content_sha256 FROM delivery_attempt WHERE tenant_id = :tenant") == [sha256]


def test_our_copy_of_the_mail_opens_no_portal(post):
    message = post.a_message()
    post.send(message)
    copy = post.documents.get(post.message(message).content_key).decode()
    token = post.mailer.sent[0].text.split("/p/")[1].split()[0]
    assert token not in copy and "/p/…" in copy


def test_a_reminder_counts_on_every_invoice_it_lists_and_carries_no_document(post):
    debtor = a_debtor(post.tenant)
    a_contact(post.tenant, debtor)
    invoices = [an_invoice(post.tenant, debtor, late=late) for late in (3, 9)]
    with post.unit():
        queued = queueing.queue_reminders(
            "overdue",
            invoice_ids=invoices,
            template="First reminder",
            occurrence="1",
            now=NOW,
            real=NOW,
            signs=lambda customers: dict.fromkeys(customers, "Sofia Lindqvist"),
        )
    post.send(next(iter(queued.messages)))
    assert post.mailer.sent[0].attachments == ()
    assert "\nSofia Lindqvist\nfor " in post.mailer.sent[0].text, "whom the rule names signs it"
    counts = post.ask("SELECT reminder_count, last_reminder_at, last_contact_at FROM invoice WHERE tenant_id = :tenant")
    assert counts == [(1, NOW, NOW)] * 2


def test_the_gate_can_make_a_message_wait(post):
    message = post.a_message()
    post.verdict = Verdict(allowed=False, reason="quiet_hours", again_at=NOW + timedelta(hours=15))
    waiting = post.claim(message)
    assert waiting == sending.Waiting(NOW + timedelta(hours=15), "quiet_hours")
    assert (post.message(message).state, post.message(message).held_reason) == ("queued", "quiet_hours")
    assert post.ask(ATTEMPTS) == []


def test_the_gate_can_refuse_for_ever(post):
    message = post.a_message()
    post.verdict = Verdict(allowed=False, reason="settled")
    assert post.claim(message) is None
    assert (post.message(message).state, post.message(message).held_reason) == ("cancelled", "settled")
    assert post.invoice_of(message).delivery == "failed"
    post.verdict = Verdict(allowed=True)
    assert post.claim(message) is None, "a cancelled message stays where it is"


def test_a_dead_address_stops_the_message_even_when_the_gate_looked_away(post):
    message = post.a_message(email="Dana@Dune.test")
    with post.unit():
        suppression.add("dana@dune.TEST", reason="complaint", since_at=NOW)
    assert post.claim(message) is None
    assert post.ask("SELECT reason, times FROM held_action WHERE tenant_id = :tenant") == [("suppressed", 1)]


def test_a_message_whose_invoices_were_all_taken_out_is_cancelled(post):
    message = post.a_message()
    post.change("DELETE FROM message_item WHERE tenant_id = :tenant")
    assert post.claim(message) is None
    assert post.message(message).held_reason == "nothing_left"


def test_a_message_that_is_not_there_is_nothing_to_do(post):
    assert post.claim(post.tenant) is None


def test_an_invoice_of_another_customer_never_leaves_in_danas_mail(post):
    message = post.a_message()
    stranger = an_invoice(post.tenant)
    post.change(
        "INSERT INTO message_item (tenant_id, message_id, invoice_id, debtor_id) "
        "SELECT :tenant, :message, id, debtor_id FROM invoice WHERE tenant_id = :tenant AND id = :invoice",
        message=message,
        invoice=stranger,
    )
    with pytest.raises(facts.WrongRecipient, match="another customer"):
        post.claim(message)
    assert post.ask(ATTEMPTS) == [] and post.mailer.sent == []


def test_a_contact_of_another_customer_never_gets_danas_mail(post):
    message = post.a_message()
    stranger = a_contact(post.tenant, a_debtor(post.tenant))
    post.change("UPDATE message SET contact_id = :id WHERE tenant_id = :tenant", id=stranger)
    with pytest.raises(facts.WrongRecipient, match="contact of another customer"):
        post.claim(message)


def test_a_dead_address_at_hand_over_is_a_bounce_with_all_that_follows(post):
    message = post.a_message()
    post.answers = [DEAD]
    post.send(message)
    assert (post.message(message).state, post.message(message).bounced_at) == ("bounced", NOW)
    assert post.invoice_of(message).delivery == "bounced"
    assert post.ask("SELECT address, reason FROM suppression WHERE tenant_id = :tenant") == [
        ("dana@dune.test", "bounce")
    ]
    (told,) = post.work("run_rules_on")
    assert told["message_id"] == str(message) and len(told["invoice_ids"]) == 1
    assert post.ask("SELECT count(*) FROM portal_link WHERE tenant_id = :tenant AND revoked_at IS NULL") == [0]


def test_a_refusal_of_our_speed_is_tried_as_often_as_it_takes_and_condemns_nothing(post):
    message = post.a_message()
    throttled = Answer(Handover.RETRY, detail="throttled: 429 Maximum sending rate exceeded", throttled=True)
    pauses = []
    for _ in range(12):
        post.answers = [throttled]
        pauses.append((post.send(message) - post.now).total_seconds())
    assert all(5 <= pause <= 300 for pause in pauses) and max(pauses) > 20
    post.answers = [BUSY]
    assert (post.send(message) - post.now).total_seconds() == 60, "the server's own patience begins anew"
    post.answers = []
    post.send(message)
    assert (post.message(message).state, len(post.mailer.sent)) == ("delivered", 1)


def test_a_refusal_for_other_reasons_fails_and_blames_nobody(post):
    message = post.a_message()
    post.answers = [SPAM]
    post.send(message)
    assert post.message(message).state == "failed"
    assert post.ask("SELECT count(*) FROM suppression WHERE tenant_id = :tenant") == [0]
    assert post.work("run_rules_on") == []


def test_a_server_that_is_busy_gets_the_same_message_later_and_once(post):
    message = post.a_message()
    post.answers = [BUSY, BUSY]
    assert post.send(message) == NOW + timedelta(minutes=1)
    assert (post.message(message).state, post.message(message).held_reason) == ("queued", "server_busy")
    assert post.send(message) == NOW + timedelta(minutes=5)
    assert post.send(message) is None
    assert post.ask(ATTEMPTS) == [(1, "retry"), (2, "retry"), (3, "accepted")]
    assert len(post.mailer.sent) == 1
    assert post.ask("SELECT count(*) FROM portal_link WHERE tenant_id = :tenant") == [1]


def test_a_server_that_is_busy_for_days_ends_as_a_failure(post):
    message = post.a_message()
    post.answers = [BUSY] * 8
    assert [post.send(message) is None for _ in range(8)] == [False] * 7 + [True]
    assert post.message(message).state == "failed"


def test_a_mail_that_cannot_be_written_is_refused_and_not_tried_for_ever(post, monkeypatch):
    message = post.a_message()
    post.change("UPDATE message SET template = 'no such text' WHERE tenant_id = :tenant")
    mail = post.claim(message)

    def broken(*_args, **_more):
        raise rendering.BadTemplate("The text cannot be written.")

    monkeypatch.setattr(rendering, "render", broken)
    assert post.settle(mail, post.act(mail)) is None
    assert post.message(message).state == "failed" and post.mailer.sent == []


def test_a_document_store_that_is_away_is_tried_again_later(post, monkeypatch):
    message = post.a_message()

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(post.documents, "put", full)
    assert post.send(message) == NOW + timedelta(minutes=1)
    assert post.mailer.sent == []


def test_a_crash_after_the_intent_never_sends_a_second_time(post):
    message = post.a_message()
    post.claim(message)
    assert post.send(message) is None, "the next worker finds the intent and no answer"
    assert post.ask(ATTEMPTS) == [(1, "ambiguous")]
    assert post.mailer.sent == [] and len(post.work("settle_attempt")) == 1
    assert post.claim(message) is None, "who comes third leaves it to the patience"


@pytest.mark.parametrize(("answer", "state"), [(None, "delivered"), (DEAD, "bounced"), (BUSY, "queued")])
def test_an_answer_that_was_heard_survives_the_process_that_heard_it(post, answer, state):
    message = post.a_message()
    post.answers = [answer] if answer else []
    mail = post.claim(message)
    post.act(mail)
    sent = len(post.mailer.sent)
    again = post.claim(message)
    assert again.resumed and again.attempt_id == mail.attempt_id
    post.settle(again, post.act(again))
    assert post.message(message).state == state
    assert len(post.mailer.sent) == sent, "nothing is handed over twice"


def test_a_worker_that_was_thought_dead_may_still_bring_the_answer(post):
    message = post.a_message()
    mail = post.claim(message)
    post.send(message)
    assert post.ask(ATTEMPTS) == [(1, "ambiguous")]
    post.settle(mail, post.act(mail))
    assert post.ask(ATTEMPTS) == [(1, "accepted")] and post.message(message).state == "delivered"


def test_an_answer_that_cannot_be_kept_is_still_settled(post, monkeypatch):
    message = post.a_message()
    mail, put = post.claim(message), post.documents.put

    def no_room_for_answers(key, body, *, media_type):
        if key.endswith(".answer"):
            raise OSError(28, "No space left on device")
        put(key, body, media_type=media_type)

    monkeypatch.setattr(post.documents, "put", no_room_for_answers)
    post.settle(mail, post.act(mail))
    assert post.message(message).state == "delivered"


def test_a_crash_during_the_call_is_settled_by_what_comes_back(post):
    message = post.a_message()
    post.claim(message)
    post.send(message)
    with post.unit():
        inbox.keep(
            "report",
            external_id="1",
            kind="delivered",
            message_id=message,
            occurred_at=NOW,
            received_at=NOW,
            payload={},
        )
        unsettled.resolve(message, now=NOW)
    assert post.message(message).state == "delivered"
    assert post.ask(ATTEMPTS) == [(1, "accepted")]


def test_silence_after_an_unknown_end_holds_the_message_for_a_person(post):
    message = post.a_message()
    post.answers = [NOBODY_KNOWS]
    assert post.send(message) is None
    assert post.message(message).state == "sending"
    with post.unit():
        unsettled.resolve(message, now=post.later(minutes=15))
    assert (post.message(message).state, post.message(message).held_reason) == ("held", "unconfirmed")
    assert post.ask("SELECT reason FROM held_action WHERE tenant_id = :tenant") == ["unconfirmed"]
    assert post.claim(message) is None, "nothing sends a held message by itself"


def test_a_person_may_send_a_held_message_again_once(post):
    message = post.a_message()
    post.claim(message)
    post.send(message)
    with post.unit():
        unsettled.resolve(message, now=NOW)
    with post.unit():
        unsettled.send_again(message, now=NOW, real=NOW, why="Dana says nothing came")
    with pytest.raises(unsettled.NotHeld), post.unit():
        unsettled.send_again(message, now=NOW, real=NOW, why="again")
    assert len(post.work("send_message")) == 2
    post.send(message)
    assert post.ask(ATTEMPTS) == [(1, "not_sent"), (2, "accepted")] and len(post.mailer.sent) == 1


def test_a_late_answer_of_a_slow_worker_changes_nothing_that_was_decided_since(post):
    message = post.a_message()
    mail = post.claim(message)
    result = post.act(mail)
    post.settle(mail, result)
    before = post.message(message), post.invoice_of(message)
    post.later(minutes=5)
    post.settle(mail, result)
    assert (post.message(message), post.invoice_of(message)) == before
    assert len(post.ask(EVIDENCE)) == 1


def test_two_workers_at_one_message_make_one_attempt(post, shell):
    message = post.a_message()
    found, start = [], threading.Barrier(2)

    def work():
        with shell.app_context():
            start.wait()
            found.append(post.claim(message))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(one.resumed for one in found) == [False, True], "the second may only ask what the first heard"
    assert len(post.ask(ATTEMPTS)) == 1


@pytest.mark.parametrize(
    ("pixel", "consent", "tracked"),
    [
        ("off", "granted", False),
        ("consented", "unknown", False),
        ("consented", "granted", True),
        ("consented", "withdrawn", False),
        ("on", "unknown", True),
        ("on", "withdrawn", False),
    ],
)
def test_a_tracking_image_stands_only_where_client_and_reader_allow_it(post, pixel, consent, tracked):
    with post.unit():
        clients.change(pixel=pixel)
    message = post.a_message()
    post.change("UPDATE contact SET pixel_consent = :consent WHERE tenant_id = :tenant", consent=consent)
    post.send(message)
    assert ("/o/" in post.mailer.sent[0].html) is tracked
    assert "/o/" not in post.mailer.sent[0].text
