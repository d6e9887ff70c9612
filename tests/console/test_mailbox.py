"""The mailbox of one machine keeps what is sent to it, with its envelope."""

import email
import email.policy
import os
import signal
import smtplib
import subprocess
import sys

import pytest

from console.mailbox import open_mailbox
from console.servers.host import free_port
from tests.console.test_servers import PROJECT, eventually

LETTER = b"From: alder@example.com\r\nTo: pat@example.org\r\nSubject: Invoice A-1\r\n\r\nDear Pat\r\n.\r\nend\r\n"


@pytest.fixture
def mailbox(tmp_path):
    port = free_port()
    opened = open_mailbox(tmp_path / "mail", host="127.0.0.1", port=port)
    yield tmp_path / "mail", port
    opened.stop()


def letters(folder):
    papers = [path.read_bytes() for path in sorted(folder.iterdir())]
    return [email.message_from_bytes(paper, policy=email.policy.default) for paper in papers]


def test_a_letter_is_kept_for_each_recipient_with_its_envelope(mailbox):
    folder, port = mailbox
    with smtplib.SMTP("127.0.0.1", port) as line:
        line.sendmail("bounce+1@example.com", ["pat@example.org", "kim@example.org"], LETTER)
    kept = letters(folder)
    assert [one["Delivered-To"] for one in kept] == ["pat@example.org", "kim@example.org"]
    assert {one["Return-Path"] for one in kept} == {"<bounce+1@example.com>"}
    assert kept[0]["Subject"] == "Invoice A-1"
    assert kept[0].get_payload() == "Dear Pat\r\n.\r\nend\r\n"


def test_letters_are_in_the_order_of_their_arrival(mailbox):
    folder, port = mailbox
    with smtplib.SMTP("127.0.0.1", port) as line:
        for number in range(5):
            line.sendmail("", ["pat@example.org"], f"Subject: {number}\r\n\r\n".encode())
    assert [one["Subject"] for one in letters(folder)] == list("01234")
    assert letters(folder)[0]["Return-Path"] == "<>"


def test_the_mailbox_runs_by_itself_until_told_to_stop(tmp_path):
    port = free_port()
    env = {"GOODTERMS_SMTP_URL": f"smtp://127.0.0.1:{port}", "GOODTERMS_MAILBOX": str(tmp_path / "mail")}
    with subprocess.Popen([sys.executable, "-m", "console.mailbox"], cwd=PROJECT, env=os.environ | env) as running:
        eventually(lambda: answers(port))
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 0


def answers(port):
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as line:
            return line.noop()[0] == 250
    except OSError:
        return False
