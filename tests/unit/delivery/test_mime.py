"""How letters look on the wire: whatever somebody is called, a mail program reads what was written and nothing else."""

import email
import email.policy
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.delivery import mime
from tenants.delivery.ports import Letter
from tenants.values import ids

LETTER = Letter(
    attempt_id=ids.new(),
    sender="receivables@goodterms.test",
    sender_name="Alder Tools GmbH",
    recipient="dana@dune.test",
    return_path="",
    reply_to="eva@alder.test",
    subject="Invoice A-1",
    text="Dear Dana,\n.a dot\nFrom here on = all is well \n",
    html="<p>Dear Dana – 1.190,00 €</p>",
    attachments=(("A-1.pdf", "application/pdf", bytes(range(256)) * 40),),
    headers={"Message-ID": "<1@goodterms.test>"},
)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)


def read(letter):
    raw = mime.compose(letter)
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"") and raw.isascii()
    return email.message_from_bytes(raw, policy=email.policy.default)


def body(mail, kind):
    return mail.get_body((kind,)).get_content()


def test_a_mail_program_reads_what_was_written():
    mail = read(LETTER)
    assert (mail["From"], mail["To"], mail["Reply-To"]) == (
        "Alder Tools GmbH <receivables@goodterms.test>",
        "dana@dune.test",
        "eva@alder.test",
    )
    assert (mail["Subject"], mail["Message-ID"], mail["MIME-Version"]) == ("Invoice A-1", "<1@goodterms.test>", "1.0")
    assert body(mail, "plain").splitlines() == LETTER.text.splitlines()
    assert body(mail, "html").strip() == LETTER.html
    (document,) = mail.iter_attachments()
    assert (document.get_filename(), document.get_content()) == ("A-1.pdf", bytes(range(256)) * 40)
    assert not mail.defects and not document.defects


def test_without_attachments_it_is_two_ways_to_read_one_text():
    mail = read(replace(LETTER, attachments=()))
    assert mail.get_content_type() == "multipart/alternative" and list(mail.iter_attachments()) == []


@settings(max_examples=150)
@given(WORDS, WORDS, WORDS, WORDS)
def test_whatever_things_are_called_nothing_leaves_its_place(subject, name, text, file):
    one = replace(LETTER, subject=subject, sender_name=name, text=text, attachments=((file, "text/xml", b"<a/>"),))
    mail = read(one)
    assert set(mail.keys()) == {"From", "To", "Subject", "Reply-To", "Message-ID", "MIME-Version", "Content-Type"}
    assert mail["From"].addresses[0].addr_spec == LETTER.sender
    assert " ".join(mail["Subject"].split()) == " ".join(mime.one_line(subject).split())
    # The library's reader leaves a blank between the encoded words of a name; RFC 2047, 6.2 has none there.
    assert "".join(mail["From"].addresses[0].display_name.split()) == "".join(mime.one_line(name).split())
    assert [each.get_content() for each in mail.iter_attachments()] == ["<a/>"]
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    assert body(mail, "plain").replace("\r\n", "\n").rstrip("\n") == lines.rstrip("\n")


def test_names_of_files_keep_their_letters():
    mail = read(replace(LETTER, attachments=(("Größe – 1.pdf", "application/pdf", b"x"), ('a"b\\.pdf', "a/b", b"y"))))
    assert [each.get_filename() for each in mail.iter_attachments()] == ["Größe – 1.pdf", 'a"b\\.pdf']


@pytest.mark.parametrize(
    "over",
    [
        {"reply_to": "a@b.test\r\nBcc: all@c.test"},
        {"reply_to": "no address"},
        {"sender": "ä@b.test"},
        {"headers": {"X\r\nBcc": "all@c.test"}},
        {"recipient": "x@y@z\n.test"},
    ],
)
def test_what_no_header_can_carry_is_refused(over):
    with pytest.raises((ValueError, email.errors.MessageError, email.errors.HeaderDefect)):
        mime.compose(replace(LETTER, **over))


def test_long_headers_are_folded_and_come_back_whole():
    subject = "Invoice " + "A-1, " * 60
    found = read(replace(LETTER, subject=subject, headers={"X-Long": "x" * 600, "X-Longer": "y" * 2000}))
    assert found["Subject"] == subject.strip() and found["X-Long"] == "x" * 600
    assert found["X-Longer"].replace(" ", "") == "y" * 2000
