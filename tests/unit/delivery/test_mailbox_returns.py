"""The local mailbox: recipients that refuse, reports that come back, and nothing lost when the database is away."""

import smtplib
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from console import mailbox
from console.servers.host import free_port
from tenants.adapters.mail import SmtpMailer
from tenants.delivery import inbound
from tenants.delivery.ports import Handover


@pytest.fixture
def served(post, tmp_path):
    """A mailbox that listens, and a post office that sends to it."""
    port, folder = free_port(), tmp_path / "mail"
    post.with_settings(mailbox=str(folder), smtp_url=f"smtp://127.0.0.1:{port}", documents=str(tmp_path / "documents"))
    post.mailer = SmtpMailer(post.settings.smtp_url, patience_s=30)
    opened = mailbox.open_mailbox(folder, host="127.0.0.1", port=port, bounce_domain=post.settings.bounce_domain)
    yield folder
    for line in post.mailer._kept:
        line.talk.close()
    opened.stop()


@pytest.fixture
def sweep(post, served, bare_shell):
    return mailbox.Sweep(post.settings, bare_shell)


def reports(post):
    return len(post.work("read_receipt"))


def test_an_ordinary_recipient_gets_the_mail_with_its_document(post, served):
    post.send(post.a_message(email="dana@dune.test"))
    (kept,) = served.glob("*.eml")
    assert b"Delivered-To: dana@dune.test" in kept.read_bytes() and b"application/pdf" in kept.read_bytes()


@pytest.mark.parametrize(("email", "state"), [("x@bounce.test", "bounced"), ("x@busy.test", "queued")])
def test_some_recipients_say_no_at_once(post, served, email, state):
    message = post.a_message(email=email)
    post.send(message)
    assert post.message(message).state == state and list(served.glob("*.eml")) == []


@pytest.mark.parametrize("email", ["x@late.test", "x@full.test", "x@slow.test"])
def test_some_take_it_and_report_later(post, served, sweep, email):
    post.send(post.a_message(email=email))
    assert sweep.once() == 1 and reports(post) == 1
    assert sweep.once() == 0 and list((served / mailbox.RETURNED).iterdir()) == []


def test_a_report_waits_while_the_database_is_away(post, served, sweep, monkeypatch):
    post.send(post.a_message(email="x@late.test"))

    def away(*_args, **_more):
        raise OperationalError("select", {}, Exception("gone"))

    with monkeypatch.context() as broken:
        broken.setattr(inbound, "receive", away)
        assert sweep.once() == 0
    assert sweep.once() == 1 and reports(post) == 1


def test_a_sweep_that_was_killed_after_its_commit_counts_nothing_twice(post, served, sweep):
    post.send(post.a_message(email="x@late.test"))
    (report,) = (served / mailbox.RETURNED).glob("*.returned")
    raw = report.read_bytes()
    sweep.once()
    report.write_bytes(raw)
    assert sweep.once() == 1 and reports(post) == 1


def test_mail_to_a_return_address_that_is_not_ours_is_dropped(post, served, sweep):
    with smtplib.SMTP("127.0.0.1", int(post.settings.smtp_url.rpartition(":")[2])) as line:
        line.sendmail("", [f"b+{'0' * 61}@{post.settings.bounce_domain}"], b"Subject: hello\r\n\r\n")
    assert sweep.once() == 1 and reports(post) == 0


def test_a_full_mailbox_folder_is_no_reason_to_say_yes(post, served, monkeypatch):
    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "write_bytes", full)
        mail = post.claim(post.a_message())
        with enough(post):
            result = post.act(mail)
    assert result.answer.end in (Handover.RETRY, Handover.REFUSED)
    assert list(served.glob("*.eml")) == []


@contextmanager
def enough(post):
    """The document store still has room."""
    kept, post.documents = post.documents, _Roomy()
    yield
    post.documents = kept


class _Roomy:
    def put(self, *_args, **_more):
        return None

    def get(self, key):
        raise KeyError(key)


def test_a_process_that_was_not_told_of_a_database_sweeps_nothing(monkeypatch):
    monkeypatch.delenv("GOODTERMS_DATABASE_URL", raising=False)
    assert mailbox.open_sweep() is None
