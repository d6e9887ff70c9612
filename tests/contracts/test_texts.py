"""Senders of texts: one real conversation over HTTP with a provider of our own on loopback, and a memory twin."""

import base64
import hashlib
import hmac
import json
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from tenants.adapters.sms import HttpSender, MemorySender, NoSender, sender_of
from tenants.delivery.ports import Handover, Text
from tenants.values import ids

TEXT = Text(ids.new(), "+4930901820", "Alder: invoice A-1 https://pay.test/p/x", "https://pay.test/hooks/sms/w")
SAID = {"sid": "SM1", "status": "queued"}


@contextmanager
def provider(status=201, body=SAID, *, hang_up=False):
    """A provider that answers so; yields its address and what was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked.append((self.path, self.headers["Authorization"], parse_qs(sent)))
            if hang_up:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            answer = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://AC1:secret@127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def test_a_text_is_handed_over_with_its_number_its_words_and_where_receipts_go():
    with provider() as (url, asked):
        answer = HttpSender(url, sender="Alder").send(TEXT)
    ((path, who, form),) = asked
    assert (answer.end, answer.reference) == (Handover.ACCEPTED, "SM1")
    assert path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert base64.b64decode(who.removeprefix("Basic ")) == b"AC1:secret"
    assert form == {
        "To": [TEXT.recipient],
        "From": ["Alder"],
        "Body": [TEXT.body],
        "StatusCallback": [TEXT.receipts_to],
    }


@pytest.mark.parametrize(
    ("status", "body", "end", "bounce"),
    [
        (400, {"code": 21211, "message": "Invalid 'To' Phone Number"}, Handover.REFUSED, True),
        (400, {"code": 21608, "message": "unverified"}, Handover.REFUSED, False),
        (401, b"who are you", Handover.REFUSED, False),
        (429, {"code": 20429}, Handover.RETRY, False),
        (500, b"", Handover.AMBIGUOUS, False),
        (503, b"[]", Handover.AMBIGUOUS, False),
        (201, b"not json", Handover.AMBIGUOUS, False),
    ],
)
def test_each_answer_has_its_meaning(status, body, end, bounce):
    with provider(status, body) as (url, _):
        answer = HttpSender(url, sender="Alder").send(TEXT)
    assert (answer.end, answer.bounce) == (end, bounce)


def test_silence_after_the_text_left_is_ambiguous_and_a_shut_door_is_a_plain_not_now():
    with provider(hang_up=True) as (url, _):
        assert HttpSender(url, sender="Alder").send(TEXT).end == Handover.AMBIGUOUS
    assert HttpSender(url, sender="Alder").send(TEXT).end == Handover.RETRY


def test_an_open_line_is_used_on_loopback_and_a_closed_one_elsewhere():
    assert HttpSender("https://AC1:secret@sms.test", sender="Alder").send(TEXT).end == Handover.RETRY


def signature(address, form, token="secret"):
    told = address + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), told.encode(), hashlib.sha1).digest()).decode()


def test_only_the_provider_is_believed():
    sender, form = HttpSender("https://AC1:secret@sms.test", sender="x"), {"MessageStatus": "sent", "ErrorCode": ""}
    right = signature("https://pay.test/hooks/sms/w", form)
    assert sender.believes("https://pay.test/hooks/sms/w", form=form, signature=right)
    assert not sender.believes("https://pay.test/hooks/sms/v", form=form, signature=right)
    assert not sender.believes("https://pay.test/hooks/sms/w", form=form | {"MessageStatus": "x"}, signature=right)
    assert not sender.believes("https://pay.test/hooks/sms/w", form=form, signature="ü")


def test_the_twin_keeps_what_it_is_given_and_nobody_set_sends_nothing(settings):
    twin = MemorySender()
    assert twin.send(TEXT).end == Handover.ACCEPTED and twin.sent == [TEXT]
    assert twin.believes("", form={}, signature="memory") and not twin.believes("", form={}, signature="")
    nobody = sender_of(settings)
    assert isinstance(nobody, NoSender) and nobody.send(TEXT).end == Handover.REFUSED
    assert not nobody.believes("", form={}, signature="memory")
    assert isinstance(sender_of(replace(settings, sms_url="https://a:b@sms.test")), HttpSender)
