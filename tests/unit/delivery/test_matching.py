"""Mail that comes to a client's mailbox finds its way by what it says, within that client and no further."""

from email.message import EmailMessage

import pytest

from tenants.delivery import inbound, letters, mailbag, matching, papers, receipts, tokens
from tenants.delivery.ports import Answer, Handover
from tests.factories import a_contact, a_debtor, an_invoice
from tests.unit.delivery.post import Post

SECRET_FILES = [
    ("bill.pdf", b"%PDF-1.7 scan", "application/pdf"),
    ("photo.PNG", b"\x89PNG\r\n\x1a\n...", "image/png"),
    ("list.csv", b"number;amount\nA-1;2\n", "text/csv"),
    ("book.xlsx", b"PK\x03\x04....", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
]
LEFT = [
    ("bill.pdf.exe", b"MZ\x90"),
    ("bill.pdf", b"MZ\x90"),
    ("a.zip", b"PK\x03\x04"),
    ("x.csv", b"MZ\x00"),
    ("e", b""),
]


@pytest.fixture
def birchs(birch, settings, tmp_path):
    return Post(birch, settings, tmp_path / "birch")


def a_mail(subject="Question", body="Hello", sender="Dana <dana@dune.test>", files=(), **headers):
    mail = EmailMessage()
    mail["From"], mail["Subject"] = sender, subject
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    for name, content in files:
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail.as_bytes()


def come(post, raw):
    with post.unit():
        return inbound.receive_at_mailbox(
            raw, secret=post.settings.secret_key, documents_in=post.documents, now=post.now, real=post.now
        )


def matched(post, raw):
    with post.unit():
        return matching.match(raw, secret=post.settings.secret_key)


@pytest.fixture
def sent(post):
    post.answers = [Answer(Handover.ACCEPTED, reference="0107018f-abc-000000")]
    message = post.a_message()
    post.send(message)
    post.later(hours=1)
    return message


def attempt_of(post, message):
    (found,) = post.ask("SELECT id FROM delivery_attempt WHERE tenant_id = :tenant AND message_id = :m", m=message)
    return found


def number_of(post, message):
    return post.invoice_of(message).number


def test_the_surest_sign_counts_first(post, sent):
    attempt, number = attempt_of(post, sent), number_of(post, sent)
    word = letters.sealed(post.tenant, attempt_id=attempt, settings=post.settings)
    report = a_mail("Undelivered", f"The mail was:\n\nX-Goodterms-Attempt:\n {word}\n", sender="postmaster@x.test")
    own = a_mail(In_Reply_To=f"<{attempt}@bounces.goodterms.test>")
    given = a_mail(References="<a@b.test> <0107018f-abc-000000@eu-central-1.amazonses.com>")
    by_number = a_mail(f"Invoice {number}?")
    assert [(matched(post, raw).how, matched(post, raw).attempt_id) for raw in (report, own, given, by_number)] == [
        ("sealed_word", attempt),
        ("references", attempt),
        ("references", attempt),
        ("invoice_number", attempt),
    ]


def test_a_number_from_a_stranger_is_a_hint_and_not_the_customers_word(post, sent):
    found = matched(post, a_mail("Re", f"about {number_of(post, sent)}.", sender="somebody@else.test"))
    assert (found.how, found.attempt_id, found.invoice_id) == ("invoice_number", None, post.invoice_of(sent).id)
    come(post, a_mail("Re", f"about {number_of(post, sent)}.", sender="somebody@else.test"))
    invoice = post.invoice_of(sent)
    assert (invoice.last_reply_at, invoice.evidence_level) == (post.now, 2), "it pauses, and proves nothing"
    assert len(post.work("sort_mail")) == 1


def test_what_fits_two_customers_or_nobody_decides_nothing(post, sent):
    other = a_debtor(post.tenant, name="Elm Homes")
    a_contact(post.tenant, other, email="ap@elm.test")
    an_invoice(post.tenant, other, number="E-2001")
    both = a_mail("Two bills", f"{number_of(post, sent)} and E-2001", sender="x@y.test")
    assert matched(post, both) == matching.NOTHING
    assert matched(post, a_mail("1 2 3 no", "12", sender="x@y.test")) == matching.NOTHING
    assert matched(post, a_mail(sender="AP@elm.test")) == matching.Match("sender", debtor_id=other)
    assert matched(post, b"\xff\x00 no mail") == matching.NOTHING


def test_nothing_in_a_mail_leads_into_another_clients_books(post, sent, birchs):
    attempt, number = attempt_of(post, sent), number_of(post, sent)
    word = letters.sealed(post.tenant, attempt_id=attempt, settings=post.settings)
    raw = a_mail(
        f"Invoice {number}",
        f"X-Goodterms-Attempt: {word}\n{number}",
        In_Reply_To=f"<{attempt}@bounces.goodterms.test>",
        References="<0107018f-abc-000000@eu-central-1.amazonses.com>",
    )
    assert matched(birchs, raw) == matching.NOTHING
    come(birchs, raw)
    assert post.work("read_receipt") == [] and post.work("sort_mail") == []
    assert birchs.ask("SELECT payload->>'how' FROM inbox_event WHERE tenant_id = :tenant") == ["nothing"]
    assert post.ask("SELECT count(*) FROM inbox_event WHERE tenant_id = :tenant AND source = 'mail'") == [0]


def receive(post, message, raw, **over):
    attempt = attempt_of(post, message)
    with post.unit():
        kept = inbound.receive(
            raw,
            attempt_id=attempt,
            documents_in=post.documents,
            now=post.now,
            real=post.now,
            **over,
        )
    with post.unit():
        return receipts.read(kept, documents_in=post.documents, now=post.now, real=post.now)


def test_what_a_person_writes_to_the_answering_address_is_an_answer_whatever_its_program_left_out(post, sent):
    assert receive(post, sent, a_mail("Hello", "We pay on Friday"), answered=True).kind == "reply"
    assert post.invoice_of(sent).evidence_level == 7
    assert len(post.work("ask_to_answer")) == 1


def test_a_robot_does_not_answer(post, sent):
    assert receive(post, sent, a_mail("Hi", sender="MAILER-DAEMON@dune.test"), answered=True).kind != "reply"
    assert receive(post, sent, a_mail("Abwesenheit", Auto_Submitted="auto-replied"), answered=True).kind == "auto_reply"
    assert post.invoice_of(sent).evidence_level == 2


def test_files_of_an_answer_are_kept_beside_it(post, sent):
    files = [(name, body) for name, body, _ in SECRET_FILES] + LEFT
    receive(post, sent, a_mail("Re: Invoice", files=files, In_Reply_To="<1@x>"), answered=True)
    with post.unit():
        (mail,) = mailbag.about(sent)
        rows = mailbag.files(mail["id"])
    assert (mail["kind"], mail["files"]) == ("reply", 4)
    assert [row["media_type"] for row in rows] == [media_type for _, _, media_type in SECRET_FILES]
    keys = post.ask("SELECT store_key FROM mail_file WHERE tenant_id = :tenant ORDER BY place")
    assert [post.documents.get(key) for key in keys] == [body for _, body, _ in SECRET_FILES]
    assert all(key.startswith(f"{post.tenant}/inbound/") for key in keys)
    ((kept, left),) = post.ask(
        "SELECT payload->'files', payload->'files_left' FROM inbox_event "
        "WHERE tenant_id = :tenant AND source = 'report'"
    )
    assert (kept, left) == (4, 5)


def test_too_many_and_too_large_files_stay_in_the_mail(monkeypatch):
    monkeypatch.setattr(papers, "MOST", 2)
    monkeypatch.setattr(papers, "LARGEST", 20)
    files = [("a.pdf", b"%PDF-1"), ("b.pdf", b"%PDF-" + b"x" * 30), ("../../c.pdf", b"%PDF-1"), ("d.pdf", b"%PDF-1")]
    kept, left = papers.read(a_mail(files=files))
    assert ([each.name for each in kept], left) == (["a.pdf", "c.pdf"], 2)
    assert papers.read(b"\xff\x00\nContent-Type: multipart/mixed\n\n") == ([], 0)


def test_pictures_that_the_text_shows_are_no_papers():
    mail = EmailMessage()
    mail.set_content("<img src='cid:logo'>", subtype="html")
    mail.add_related(b"\x89PNG\r\n\x1a\n.", maintype="image", subtype="png", cid="<logo>", filename="logo.png")
    assert papers.read(mail.as_bytes()) == ([], 0)


def test_a_mailbox_belongs_to_one_client_and_cannot_be_made_up(post, birch):
    secret = post.settings.secret_key
    address = inbound.mailbox(post.tenant, domain="in.goodterms.test", secret=secret)
    assert inbound.owner(address.upper(), secret=secret) == post.tenant
    forged = tokens.seal_for_address(tokens.REPLY, birch, birch, secret=secret)
    changed = "1" if address[20] == "0" else "0"
    for wrong in (f"m+{forged}@x", "m+@x", "dana@dune.test", address[:20] + changed + address[21:]):
        assert inbound.owner(wrong, secret=secret) is None


def test_every_address_of_the_headers_is_tried():
    raw = a_mail(To="a@x.test, B <b@x.test>", Cc="c@x.test", Delivered_To="d@x.test", X_Original_To="e@x.test")
    assert set(inbound.recipients(raw)) == {f"{box}@x.test" for box in "abcde"}
    assert list(inbound.recipients(b"\xff")) == []


def test_the_same_mail_again_is_no_news(post):
    assert come(post, a_mail()) and come(post, a_mail()) is None
    with pytest.raises(inbound.TooLarge):
        come(post, b"x" * (inbound.LARGEST + 1))
