"""What people see of mail that came: plain words, files that are handed out one by one, and who took them."""

from email.header import Header
from email.message import EmailMessage

import pytest

from tenants.delivery import bounces, inbound, ladder, mailbag, reading, sorting
from tenants.delivery.mailbag import UnknownMail
from tenants.ledger.invoices import UnknownInvoice
from tenants.values import ids


def come(post, raw):
    with post.unit():
        return inbound.receive_at_mailbox(
            raw, secret=post.settings.secret_key, documents_in=post.documents, now=post.now, real=post.now
        )


def a_mail(**headers):
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "Dana Größe <dana@dune.test>", "Rechnung über 5 €"
    for name, value in headers.items():
        mail[name] = value
    mail.set_content("Wir zahlen am Freitag.\n\n\n\nGrüße")
    mail.add_alternative("<p>Wir zahlen <b>nie</b></p>", subtype="html")
    mail.add_attachment(b"%PDF-1.7 x", maintype="application", subtype="pdf", filename="Prüfbericht.pdf")
    mail.add_attachment(b"MZ", maintype="application", subtype="pdf", filename="a.pdf")
    return mail


def test_a_mail_is_read_as_plain_words_with_its_files_beside_it(post):
    inbox = come(post, a_mail().as_bytes())
    with post.unit():
        found = mailbag.opened(inbox, documents_in=post.documents)
    assert (found.words.sender, found.words.subject) == ("Dana Größe <dana@dune.test>", "Rechnung über 5 €")
    assert found.words.text == "Wir zahlen am Freitag.\n\nGrüße"
    assert [(row["name"], row["bytes"]) for row in found.files] == [("Pr-fbericht.pdf", 10)] and found.left == 1
    assert (found.row["kind"], found.row["message_id"], found.row["files"]) == ("unclear", None, 1)


def test_whoever_takes_a_file_stands_in_the_history(post, birch):
    inbox = come(post, a_mail().as_bytes())
    with post.unit():
        ((file_id,),) = [(row["id"],) for row in mailbag.files(inbox)]
        taken = mailbag.take(file_id, inbox_id=inbox, documents_in=post.documents, now=post.now)
    assert (taken.name, taken.media_type, taken.body) == ("Pr-fbericht.pdf", "application/pdf", b"%PDF-1.7 x")
    asked = "SELECT actor, became->>'name' FROM history WHERE tenant_id = :tenant AND object_id = :id"
    assert post.ask(asked, id=inbox) == [("test", "Pr-fbericht.pdf")]
    other = come(post, a_mail(Date="Mon, 1 Jan 2026 10:00:00 +0000").as_bytes())
    for wrong in ({"file_id": file_id, "inbox_id": other}, {"file_id": ids.new(), "inbox_id": inbox}):
        with post.unit(), pytest.raises(UnknownMail):
            mailbag.take(wrong["file_id"], inbox_id=wrong["inbox_id"], documents_in=post.documents, now=post.now)


def test_a_mail_that_a_person_sorts_is_the_customers_own_word_about_that_invoice(post):
    message = post.a_message()
    invoice = post.invoice_of(message)
    inbox = come(post, a_mail().as_bytes())
    for _ in range(2):
        with post.unit():
            assert sorting.sort(inbox, number=f" {invoice.number} ", now=post.now, real=post.now).id == invoice.id
    after = post.invoice_of(message)
    assert (after.evidence_level, after.last_reply_at, after.first_seen_at) == (7, post.now, post.now)
    assert [len(post.work(kind)) for kind in ("run_rules_on_reply", "resolve_alerts")] == [1, 1]
    with post.unit():
        row = mailbag.one(inbox)
        assert [rung.what for rung in ladder.of_invoice(invoice.id).rungs if rung.level == 7] == ["reply"]
    assert (row["debtor_id"], row["invoice_id"]) == (invoice.debtor_id, invoice.id)
    for wrong, fault in ((ids.new(), UnknownMail), (inbox, UnknownInvoice)):
        with post.unit(), pytest.raises(fault):
            sorting.sort(wrong, number=invoice.number if fault is UnknownMail else "none", now=post.now, real=post.now)


def test_what_is_no_longer_kept_is_said_to_be_gone(post):
    inbox = come(post, a_mail().as_bytes())
    with post.unit():
        (row,) = mailbag.files(inbox)
        empty = type(post.documents)(str(post.folder / "empty"))
        with pytest.raises(UnknownMail):
            mailbag.opened(inbox, documents_in=empty)
        with pytest.raises(UnknownMail):
            mailbag.take(row["id"], inbox_id=inbox, documents_in=empty, now=post.now)
        with pytest.raises(UnknownMail):
            mailbag.opened(ids.new(), documents_in=post.documents)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Content-Type: text/html\n\n<style>p{}</style><p>One</p><script>x()</script>A&amp;B<br>Two", "One\nA&B\nTwo"),
        (b"Content-Type: text/plain; charset=iso-8859-1\n\nGr\xfc\xdfe", "Grüße"),
        (b"Content-Type: text/plain; charset=nonsense\n\nGr\xfc\xdfe", "Grüße"),
        (b"Content-Type: text/plain; charset=utf-8\n\nGr\xfc", "Gr\ufffd"),
        (b"Content-Type: text/plain\n\nfile\xe2\x80\xaefdp.exe\x00", "filefdp.exe"),
        (b"\xff\x00\x01", "\ufffd"),
    ],
    ids=["markup", "latin", "nonsense", "broken", "turned_round", "no_mail"],
)
def test_words_are_read_whatever_the_program_wrote(raw, text):
    assert reading.words_of(raw).text == text


def test_headers_are_read_in_their_own_letters_and_never_stop_anybody():
    assert reading.spelt("=?utf-8?q?Gr=C3=B6=C3=9Fe?=  und\n mehr") == "Größe und mehr"
    assert reading.spelt("=?nonsense?q?a=FF?=") == "=?nonsense?q?a=FF?="


@pytest.mark.parametrize(
    "subject", ["Abwesenheitsnotiz", "Automatische Antwort: Größe", "Réponse automatique : Facture"]
)
def test_an_automatic_answer_is_known_by_its_subject_in_other_letters_too(subject):
    coded = Header(subject, "utf-8").encode()
    assert bounces.read(f"From: a@b.test\nSubject: {coded}\n\nx".encode()).kind == "auto_reply"
    assert bounces.read(f"From: a@b.test\nIn-Reply-To: <a@b>\nSubject: Re: {subject}\n\nx".encode()).kind == "reply"
