"""Mail that comes back: what it means, whose it is, and that late or repeated news ends in the same place."""

from collections import Counter
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import mailbox
from tenants.delivery import bounces, inbound, ladder, letters, mailbag, receipts, suppression, unsettled
from tests.cast import NOW
from tests.unit.delivery.post import NOBODY_KNOWS

HARD = ("failed", "5.1.1", "550 5.1.1 User unknown")
FULL = ("failed", "4.2.2", "452 4.2.2 Mailbox full")
SLOW = ("delayed", "4.4.1", "still trying")
GOT_IT = ("delivered", "2.0.0", "250 ok")


def dsn(told=HARD):
    return mailbox.report(b"Subject: Invoice\r\n\r\n", recipient="dana@dune.test", told=told)


def come_back(post, message, raw):
    """The mail arrives at the attempt's own address and is read by a job."""
    newest = "message_id = :m ORDER BY attempt_no DESC LIMIT 1"
    (attempt,) = post.ask(f"SELECT id FROM delivery_attempt WHERE tenant_id = :tenant AND {newest}", m=message)
    address = letters.return_path(post.tenant, attempt_id=attempt, settings=post.settings)
    assert inbound.addressee(address.upper(), secret=post.settings.secret_key) == (post.tenant, attempt)
    with post.unit():
        kept = inbound.receive(raw, attempt_id=attempt, documents_in=post.documents, now=post.now, real=post.now)
    return kept and read(post, kept)


def read(post, inbox_id):
    with post.unit():
        return receipts.read(inbox_id, documents_in=post.documents, now=post.now, real=post.now)


@pytest.fixture
def sent(post):
    message = post.a_message()
    post.send(message)
    post.later(hours=2)
    return message


def test_a_bounce_after_delivery_is_believed(post, sent):
    assert come_back(post, sent, dsn()).kind == "bounced"
    assert (post.message(sent).state, post.message(sent).bounced_at) == ("bounced", post.now)
    assert post.invoice_of(sent).delivery == "bounced" and post.invoice_of(sent).delivered_at is None
    with post.unit():
        assert suppression.reason_for("DANA@dune.test") == "bounce"
    assert len(post.work("run_rules_on")) == 1


def test_what_followed_from_a_mail_that_came_back_can_be_asked(post, sent):
    come_back(post, sent, dsn())
    with post.unit():
        (row,) = mailbag.listed(kind="bounced", message_id=sent)
        done = mailbag.drawn(row)
        assert row["debtor_id"] is not None
        assert mailbag.listed(kind="reply") == [] and mailbag.listed(unsorted=True) == []
    assert (done.status, done.stopped) == ("5.1.1", "dana@dune.test")
    assert [(each["kind"], each["level"]) for each in done.proved] == [("bounced", 0)]


def test_the_same_bounce_twice_is_one(post, sent):
    raw = dsn()
    come_back(post, sent, raw)
    assert come_back(post, sent, raw) is None
    second = come_back(post, sent, raw + b"\nanother copy")
    assert second.kind == "bounced"
    assert len(post.work("run_rules_on")) == 1
    assert post.ask("SELECT count(*) FROM suppression WHERE tenant_id = :tenant") == [1]


def test_reading_a_report_again_changes_nothing(post, sent):
    come_back(post, sent, dsn())
    (kept,) = post.ask("SELECT id FROM inbox_event WHERE tenant_id = :tenant AND source = 'mail'")
    before = post.message(sent)
    read(post, kept)
    assert post.message(sent) == before and read(post, uuid4()) is None


@pytest.mark.parametrize(
    ("told", "state", "suppressed"),
    [(FULL, "failed", None), (SLOW, "delivered", None), (GOT_IT, "delivered", None), (HARD, "bounced", "bounce")],
)
def test_each_report_has_its_consequence_and_no_more(post, sent, told, state, suppressed):
    come_back(post, sent, dsn(told))
    assert post.message(sent).state == state
    with post.unit():
        assert suppression.reason_for("dana@dune.test") == suppressed


def test_a_report_settles_an_attempt_of_which_nobody_knew(post):
    message = post.a_message()
    post.answers = [NOBODY_KNOWS]
    post.send(message)
    come_back(post, message, dsn(GOT_IT))
    assert post.ask("SELECT state FROM delivery_attempt WHERE tenant_id = :tenant") == ["accepted"]
    assert (post.message(message).state, post.message(message).evidence_level) == ("delivered", 2)
    with post.unit():
        unsettled.resolve(message, now=post.now)
    assert post.message(message).state == "delivered"


def test_a_complaint_stops_all_mail_to_that_address(post, sent):
    come_back(post, sent, complaint("abuse"))
    with post.unit():
        assert suppression.reason_for("dana@dune.test") == "complaint"
    assert post.message(sent).state == "delivered"


def test_an_answer_of_danas_own_is_the_strongest_evidence(post, sent):
    come_back(post, sent, answer("Re: Invoice", {"In-Reply-To": "<1@goodterms.test>"}))
    invoice = post.invoice_of(sent)
    assert (invoice.evidence_level, invoice.last_reply_at, invoice.first_seen_at) == (7, post.now, post.now)
    assert len(post.work("resolve_alerts")) == 1


def test_a_receipt_of_her_mail_program_says_that_the_mail_was_shown(post, sent):
    assert come_back(post, sent, READ.encode()).kind == "displayed"
    message, invoice = post.message(sent), post.invoice_of(sent)
    assert (message.state, message.evidence_level, invoice.evidence_level) == ("delivered", 4, 4)
    with post.unit():
        (rung,) = [each for each in ladder.of_message(sent).rungs if each.what == "displayed"]
    assert (rung.strength, rung.level, rung.source) == ("likely", 4, "mail")
    assert post.work("ask_to_answer") == []


def test_an_automatic_answer_is_not_danas_word(post, sent):
    come_back(post, sent, answer("Out of office", {"Auto-Submitted": "auto-replied"}))
    assert post.invoice_of(sent).last_reply_at is None and post.invoice_of(sent).evidence_level == 2


def test_mail_gets_in_only_by_an_address_that_we_made(post, sent, birch):
    secret = post.settings.secret_key
    for address in ("dana@dune.test", "b+nonsense@bounces.goodterms.test", "b+@x"):
        with pytest.raises(inbound.NotForUs):
            inbound.addressee(address, secret=secret)
    with pytest.raises(inbound.NotForUs), post.unit():
        inbound.receive(dsn(), attempt_id=uuid4(), documents_in=post.documents, now=NOW, real=NOW)
    with pytest.raises(inbound.TooLarge), post.unit():
        huge = b"x" * (inbound.LARGEST + 1)
        inbound.receive(huge, attempt_id=uuid4(), documents_in=post.documents, now=NOW, real=NOW)


def test_an_address_can_be_written_to_again_with_a_reason(post):
    with post.unit():
        assert suppression.add("Dana@dune.test", reason="request", since_at=NOW)
        assert suppression.add("dana@dune.test", reason="bounce", since_at=NOW) is None
        assert suppression.lift("dana@DUNE.test", by="Sofia", now=NOW, why="Dana called: it works again")
        assert not suppression.lift("dana@dune.test", by="Sofia", now=NOW, why="again")
        assert suppression.reason_for("dana@dune.test") is None
        assert suppression.add("dana@dune.test", reason="bounce", since_at=NOW)
    assert post.ask("SELECT act, reason FROM history WHERE tenant_id = :tenant ORDER BY id") == [
        ("suppression.added", ""),
        ("suppression.lifted", "Dana called: it works again"),
        ("suppression.added", ""),
    ]


# --- what a mail means -----------------------------------------------------------------------------------------------


def answer(subject, headers=(), *, sender="dana@dune.test", body="Hello"):
    mail = EmailMessage()
    mail["From"], mail["Subject"] = sender, subject
    for name, value in dict(headers).items():
        mail[name] = value
    mail.set_content(body)
    return mail.as_bytes()


def complaint(kind):
    head = "Content-Type: multipart/report; report-type=feedback-report; boundary=x\n\n"
    return f"{head}--x\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\n\n--x--\n".encode()


READ = """Content-Type: multipart/report; boundary=x

--x
Content-Type: message/disposition-notification

Disposition: displayed

--x--
"""

MEANINGS = [
    (dsn(), "bounced"),
    (dsn(("failed", "5.4.4", "Host unknown")), "bounced"),
    (dsn(("failed", "5.2.2", "mailbox full")), "failed"),
    (dsn(("failed", "5.7.1", "550 5.7.1 blocked by policy")), "failed"),
    (dsn(("failed", "5.0.0", "550 User unknown")), "bounced"),
    (dsn(("failed", "5.0.0", "550 no")), "bounced"),
    (dsn(("failed", "5.0.0", "554 5.2.2 over quota")), "failed"),
    (dsn(("failed", "5.1.1", "550 5.1.1 blocked? no: User unknown")), "bounced"),
    (dsn(("relayed", "2.0.0", "250 relayed")), "relayed"),
    (dsn(("expanded", "2.0.0", "250 list")), "relayed"),
    (dsn(("unheard-of", "9.9.9", "?")), "unclear"),
    (complaint("abuse"), "complained"),
    (complaint("auth-failure"), "unclear"),
    (READ.encode(), "displayed"),
    (READ.replace("displayed", "manual-action/MDN-sent-manually; displayed").encode(), "displayed"),
    (READ.replace("displayed", "automatic-action/MDN-sent-automatically; deleted").encode(), "unclear"),
    (READ.replace("Disposition: displayed", "Original-Message-ID: <displayed@x>").encode(), "unclear"),
    (
        answer("Undelivered mail", sender="MAILER-DAEMON@x.test", body="<dana@dune.test>: 550 5.1.1 User unknown"),
        "bounced",
    ),
    (answer("failure notice", sender="postmaster@x.test", body="The message was rejected"), "failed"),
    (answer("Warning: mail delayed", sender="MAILER-DAEMON@x.test", body="4.4.1 we keep trying"), "delayed"),
    (answer("A word from the robot", sender="MAILER-DAEMON@x.test", body="Hello"), "unclear"),
    (answer("Automatic reply: Invoice", sender="postmaster@dune.test"), "auto_reply"),
    (answer("Abwesenheitsnotiz"), "auto_reply"),
    (answer("Hello", {"X-Auto-Response-Suppress": "All"}), "auto_reply"),
    (answer("Hello", {"Precedence": "bulk"}), "auto_reply"),
    (answer("Hello", {"X-Autoreply": "yes"}), "auto_reply"),
    (answer("Re: Invoice", {"In-Reply-To": "<1@x>"}), "reply"),
    (answer("Re: Invoice", {"References": "<1@x>", "Auto-Submitted": "no"}), "reply"),
    (answer("Special offer"), "unclear"),
    (answer("complaint about message from 192.0.2.1"), "complained"),
    (b"", "unclear"),
    (b"\xff\xfe\x00", "unclear"),
]


@pytest.mark.parametrize(("raw", "kind"), MEANINGS)
def test_a_mail_means_one_thing(raw, kind):
    assert bounces.read(raw).kind == kind


ACCUSED = """Content-Type: multipart/report; report-type=feedback-report; boundary=x

--x
Content-Type: message/feedback-report

Feedback-Type: abuse
{told}
--x
Content-Type: {carried}

From: us@goodterms.test
To: Dana <dana@dune.test>

--x--
"""


@pytest.mark.parametrize(
    ("told", "carried", "whose"),
    [
        ("Original-Rcpt-To: <finn@dune.test>\n", "message/rfc822", "finn@dune.test"),
        ("Removal-Recipient: finn@dune.test\n", "message/rfc822", "finn@dune.test"),
        ("", "message/rfc822", "dana@dune.test"),
        ("", "text/rfc822-headers", "dana@dune.test"),
        ("", "text/plain", ""),
    ],
)
def test_a_complaint_names_whose_mail_it_is_about(told, carried, whose):
    notice = bounces.read(ACCUSED.format(told=told, carried=carried).encode())
    assert (notice.kind, notice.recipient) == ("complained", whose)


def test_an_automatic_answer_names_who_is_away():
    assert bounces.read(answer("Out of office", sender="Dana <dana@dune.test>")).recipient == "dana@dune.test"


def test_lines_that_end_twice_are_lines(caplog):
    raw = dsn().replace(b"\r\n", b"\n").replace(b"\n", b"\r\r\n")
    assert bounces.read(raw).kind == "bounced"
    bounces.read(b"From: \xff <MAILER-DAEMON@x>\nX-Mailer: \xff\nSubject: failure notice\n\n550 no\n")
    assert caplog.records == []


@given(st.binary(max_size=600), st.integers(0, 400))
def test_no_mail_breaks_the_reader(noise, at):
    raw = dsn()
    for hostile in (noise, raw[:at] + noise + raw[at:], raw[:at]):
        assert bounces.read(hostile).kind


@pytest.fixture(scope="session")
def corpus(request):
    folder = Path(request.config.rootpath).parent / "shared/data/mail"
    if not folder.exists():
        pytest.skip("the shared corpus of mail is not here")
    return folder


def kinds(folder):
    return Counter(bounces.read(path.read_bytes()).kind for path in folder.iterdir())


def test_real_bounces_are_bounces(corpus):
    found = kinds(corpus / "dsn")
    assert found["reply"] == found["auto_reply"] == found["complained"] == 0
    assert found["bounced"] + found["failed"] + found["delayed"] >= 39


def test_real_mail_that_is_no_bounce_condemns_nobody(corpus):
    for name in ("not-a-bounce", "replies", "inbound-odd", "auto-reply"):
        found = kinds(corpus / name)
        assert found["bounced"] == found["failed"] == found["complained"] == 0, name
    assert kinds(corpus / "auto-reply") == {"auto_reply": 3}
    assert kinds(corpus / "complaint-arf")["complained"] >= 3
