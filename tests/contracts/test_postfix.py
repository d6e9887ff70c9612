"""Mail by a real relay: what it bounces, delays and relays comes home to the attempt that it was about."""

import email
import email.policy
from dataclasses import replace

import pytest

from tenants.adapters.mail import SmtpMailer
from tenants.delivery import bounces, inbound, letters
from tenants.delivery.ports import Handover
from tenants.values import ids
from tests.contracts import postfix
from tests.contracts.test_mailers import LETTER

SAYS = {
    "nobody@dune.test": "550 5.1.1 User unknown",
    "full@dune.test": "452 4.2.2 Mailbox full",
    "spam@dune.test": "554 5.7.1 looks like spam",
}


@pytest.fixture(scope="module")
def post():
    """A relay, the customers' server, and the place of ours to which bounces come."""
    if reason := postfix.missing():
        pytest.skip(reason)
    with (
        postfix.server(says=lambda recipient: SAYS.get(recipient, "250 2.1.5 ok")) as mx,
        postfix.server() as home,
        postfix.relay(mx=mx.port, bounces=("bounces.goodterms.test", home.port)) as url,
    ):
        yield SmtpMailer(url, patience_s=60), mx, home


def send(post, settings, recipient):
    """Hand a letter over and wait for what comes home; returns the attempt, and what the report says of which."""
    mailer, _, home = post
    tenant, attempt, before = ids.new(), ids.new(), len(home.taken)
    path = letters.return_path(tenant, attempt_id=attempt, settings=settings)
    letter = replace(LETTER, attempt_id=attempt, recipient=recipient, return_path=path)
    assert mailer.send(letter).end is Handover.ACCEPTED, "a relay takes what it will find undeliverable"
    came = home.wait(before + 1)[before:]
    assert len(came) == 1, "one report and no more"
    ((to, raw),) = came
    assert inbound.addressee(to, secret=settings.secret_key) == (tenant, attempt)
    report = email.message_from_bytes(raw)
    assert (report["Return-Path"] or "<>") == "<>" and f"Original-Envelope-Id: {attempt}".encode() in raw
    return bounces.read(raw)


@pytest.mark.parametrize(
    ("recipient", "kind", "status"),
    [
        ("nobody@dune.test", "bounced", "5.1.1"),
        ("spam@dune.test", "failed", "5.7.1"),
        ("full@dune.test", "failed", "4.2.2"),
        ("dana@dune.test", "relayed", "2.1.5"),
    ],
)
def test_what_a_real_relay_reports_comes_home_to_its_attempt(post, settings, recipient, kind, status):
    found = send(post, settings, recipient)
    assert (found.kind, found.status[:1], found.recipient) == (kind, status[:1], recipient)
    if kind != "relayed":
        assert found.status == status


def test_the_mail_arrives_through_the_relay_as_it_was_written(post, settings):
    mailer, mx, _ = post
    before = len(mx.taken)
    letter = replace(LETTER, attempt_id=ids.new(), recipient="finn@dune.test")
    assert mailer.send(letter).end is Handover.ACCEPTED
    (to, raw) = mx.wait(before + 1)[before]
    mail = email.message_from_bytes(raw.replace(b"\r\n..", b"\r\n."), policy=email.policy.default)
    assert (to, mail["Subject"], mail["Message-ID"]) == ("finn@dune.test", "Invoice A-1", "<1@goodterms.test>")
    (document,) = mail.iter_attachments()
    assert document.get_content() == LETTER.attachments[0][2]
