"""What every mailer promises: one hand-over a call, an answer instead of an exception, and never a repeat by itself."""

import email
import email.policy
from dataclasses import replace
from uuid import uuid4

import pytest

from tenants.adapters import mail
from tenants.adapters.mail import MAILERS, MemoryMailer, Server, SmtpMailer
from tenants.delivery.ports import Answer, Handover, Letter
from tests.contracts.line import GONE, SILENT, scripted

LETTER = Letter(
    attempt_id=uuid4(),
    sender="receivables@goodterms.test",
    sender_name="Alder Tools GmbH",
    recipient="dana@dune.test",
    return_path="b+token@bounces.goodterms.test",
    reply_to="eva@alder.test",
    subject="Invoice A-1",
    text="Dear Dana,\n.a line that starts with a dot\n",
    html="<p>Dear Dana</p>",
    attachments=(("A-1.pdf", "application/pdf", b"%PDF-1.7 \x00\xff"),),
    headers={"Message-ID": "<1@goodterms.test>"},
)


@pytest.fixture(params=["smtp", "memory"])
def accepting(request):
    if request.param == "memory":
        yield MemoryMailer()
        return
    with scripted() as script:
        yield SmtpMailer(script.url, patience_s=30)


@pytest.fixture(params=["smtp", "memory"])
def refusing(request):
    no = Answer(Handover.REFUSED, detail="550 5.1.1 unknown", bounce=True)
    if request.param == "memory":
        yield MemoryMailer(lambda _letter: no)
        return
    with scripted(RCPT="550 5.1.1 unknown") as script:
        yield SmtpMailer(script.url, patience_s=30)


def test_a_letter_that_is_taken_carries_its_attempt_as_reference(accepting):
    answer = accepting.send(LETTER)
    assert (answer.end, answer.reference) == (Handover.ACCEPTED, str(LETTER.attempt_id))


def test_a_dead_address_is_a_refusal_that_bounces(refusing):
    answer = refusing.send(LETTER)
    assert (answer.end, answer.bounce) == (Handover.REFUSED, True)


def test_the_memory_twin_keeps_what_left_and_nothing_else(refusing):
    if isinstance(refusing, MemoryMailer):
        refusing.send(LETTER)
        assert refusing.sent == []


def test_every_mailer_has_a_name_and_can_be_chosen_by_it(settings):
    assert {name: make(settings).name for name, make in MAILERS.items()} == {
        name: name for name in ("smtp", "ses", "memory")
    }


def test_the_mail_arrives_as_it_was_written():
    with scripted() as script:
        SmtpMailer(script.url).send(LETTER)
    read = email.message_from_bytes(script.bodies[0].replace(b"\r\n..", b"\r\n."), policy=email.policy.default)
    assert (read["Subject"], read["To"]) == ("Invoice A-1", "dana@dune.test")
    assert read["From"] == '"Alder Tools GmbH" <receivables@goodterms.test>' or "Alder Tools GmbH" in read["From"]
    assert read.get_body(("plain",)).get_content().splitlines() == LETTER.text.splitlines()
    (document,) = read.iter_attachments()
    assert (document.get_filename(), document.get_content()) == ("A-1.pdf", b"%PDF-1.7 \x00\xff")


def test_the_envelope_asks_for_reports_to_the_return_path_of_this_attempt():
    with scripted() as script:
        SmtpMailer(script.url).send(LETTER)
    sender, rcpt = (next(word for word in script.heard if word.upper().startswith(verb)) for verb in ("MAIL", "RCPT"))
    assert f"<{LETTER.return_path}>" in sender and f"ENVID={LETTER.attempt_id}" in sender
    assert "NOTIFY=SUCCESS,FAILURE,DELAY" in rcpt


STAGES = [
    ({"connect": GONE}, Handover.RETRY, False),
    ({"connect": "421 too busy"}, Handover.RETRY, False),
    ({"EHLO": GONE}, Handover.RETRY, False),
    ({"MAIL": "451 later"}, Handover.RETRY, False),
    ({"MAIL": "550 5.7.1 not from you"}, Handover.REFUSED, False),
    ({"RCPT": GONE}, Handover.RETRY, False),
    ({"RCPT": "450 4.2.1 later"}, Handover.RETRY, False),
    ({"RCPT": "550 no such user"}, Handover.REFUSED, True),
    ({"RCPT": "550 5.7.1 blocked"}, Handover.REFUSED, False),
    ({"RCPT": "552 5.2.2 full"}, Handover.REFUSED, False),
    ({"RCPT": "251 forwarded"}, Handover.ACCEPTED, False),
    ({"DATA": "451 later"}, Handover.RETRY, False),
    ({"DATA": "554 5.7.1 no"}, Handover.REFUSED, False),
    ({"DATA": GONE}, Handover.RETRY, False),
    ({"body": "452 4.3.1 full disk"}, Handover.RETRY, False),
    ({"body": "554 5.7.1 spam"}, Handover.REFUSED, False),
    ({"body": "550 5.1.1 unknown after all"}, Handover.REFUSED, True),
    ({"body": GONE}, Handover.AMBIGUOUS, False),
    ({"body": SILENT}, Handover.AMBIGUOUS, False),
    ({"QUIT": GONE}, Handover.ACCEPTED, False),
]


@pytest.mark.parametrize(("says", "end", "bounce"), STAGES, ids=[str(says) for says, _, _ in STAGES])
def test_the_stage_decides_how_the_hand_over_ended(says, end, bounce):
    with scripted(**says) as script:
        answer = SmtpMailer(script.url, patience_s=2 if SILENT in says.values() else 30).send(LETTER)
    assert (answer.end, answer.bounce) == (end, bounce)
    assert len(script.bodies) <= 1


def lines_of(script):
    return sum(word.upper().startswith("EHLO") for word in script.heard)


def test_letters_that_follow_each_other_share_a_line():
    with scripted() as script:
        mailer = SmtpMailer(script.url)
        assert {mailer.send(LETTER).end for _ in range(3)} == {Handover.ACCEPTED}
    assert (lines_of(script), len(script.bodies)) == (1, 3)


def test_a_line_is_left_after_many_letters_and_after_a_silence(monkeypatch):
    with scripted() as script:
        mailer = SmtpMailer(script.url)
        monkeypatch.setattr(mail, "MOST_LETTERS", 2)
        assert {mailer.send(LETTER).end for _ in range(3)} == {Handover.ACCEPTED}
        assert lines_of(script) == 2
        monkeypatch.setattr(mail, "IDLE_S", 0.0)
        mailer.send(LETTER)
    assert (lines_of(script), len(script.bodies)) == (3, 4)


def test_a_line_on_which_the_server_hung_up_is_not_used_again():
    with scripted() as script:
        mailer = SmtpMailer(script.url)
        mailer.send(LETTER)
        script.hang_up()
        assert mailer.send(LETTER).end is Handover.ACCEPTED
    assert (lines_of(script), len(script.bodies)) == (2, 2)


def test_after_a_refusal_the_next_letter_is_introduced_anew():
    with scripted(RCPT="550 5.1.1 unknown") as script:
        mailer = SmtpMailer(script.url)
        assert [mailer.send(LETTER).end for _ in range(2)] == [Handover.REFUSED] * 2
    assert lines_of(script) == 2


def test_a_server_that_is_not_there_is_tried_again_later():
    assert SmtpMailer("smtp://127.0.0.1:1", patience_s=1).send(LETTER).end is Handover.RETRY


def test_a_letter_that_no_header_can_carry_is_refused_before_any_line_is_opened():
    answer = SmtpMailer("smtp://127.0.0.1:1").send(replace(LETTER, reply_to="eva@alder.test\r\nBcc: all@dune.test"))
    assert (answer.end, answer.bounce) == (Handover.REFUSED, False) and "written" in answer.detail


@pytest.mark.parametrize(
    "address", ["däna@dune.test", "dana@" + "x" * 70 + ".test", "dana", "a@b\r\nBcc: all@dune.test"]
)
def test_an_address_that_no_server_can_carry_condemns_itself(address):
    answer = SmtpMailer("smtp://127.0.0.1:1").send(replace(LETTER, recipient=address))
    assert (answer.end, answer.bounce) == (Handover.REFUSED, True)


def test_a_domain_in_its_own_letters_is_written_as_mail_servers_know_it():
    with scripted() as script:
        assert SmtpMailer(script.url).send(replace(LETTER, recipient="dana@düne.test")).end is Handover.ACCEPTED
    assert any("<dana@xn--dne-hoa.test>" in word for word in script.heard)


def test_a_broken_line_in_a_subject_cannot_add_a_header():
    with scripted() as script:
        SmtpMailer(script.url).send(replace(LETTER, subject="Invoice\r\nBcc: everybody@dune.test"))
    head = script.bodies[0].split(b"\r\n\r\n")[0]
    assert b"\r\nBcc:" not in head


def test_no_password_is_sent_over_an_open_line():
    with scripted() as script:
        answer = SmtpMailer(script.url.replace("smtp://", "smtp://alder:secret@")).send(LETTER)
    assert answer.end is Handover.RETRY
    assert not any("AUTH" in word.upper() for word in script.heard)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.test", Server("mail.test", 25, False, "", "")),
        ("smtps://a%40b:p%3Aw@mail.test", Server("mail.test", 465, True, "a@b", "p:w")),
        ("smtp://mail.test:2525", Server("mail.test", 2525, False, "", "")),
    ],
)
def test_an_address_of_a_server_is_read(url, server):
    assert Server.read(url) == server
