"""Sending domains at SES and in the name service, as they answer on the wire."""

import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import dns.resolver
import pytest

from tenants.adapters import sending_domains
from tenants.adapters.sending_domains import NoIdentities, PublicRecords, SesIdentities


@pytest.fixture(autouse=True)
def _with_keys(credentials):
    """Every test here signs its requests."""


@contextmanager
def ses(state, *, known=()):
    """SES as far as identities and tenants go; `known` were made before."""
    asked, made = [], set(known)

    class Handler(BaseHTTPRequestHandler):
        def _serve(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            said = json.loads(body) if body else {}
            asked.append((self.command, self.path, said))
            name = said.get("EmailIdentity") or said.get("ResourceArn") or said.get("TenantName")
            if self.path == "/v2/email/tenants/get":
                return self._answer(200, {"Tenant": {"TenantArn": "arn:aws:ses:eu-central-1:1:tenant/client-1/x"}})
            if self.command == "POST":
                fault = "AlreadyExistsException" if name in made else ""
                made.add(name)
                return self._answer(400 if fault else 200, {}, fault)
            if self.command == "PUT":
                state["MailFromAttributes"] = {
                    "MailFromDomain": said["MailFromDomain"],
                    "MailFromDomainStatus": "PENDING",
                }
                return self._answer(200, {})
            return self._answer(*((200, state) if state else (500, {"message": "oops"})))

        do_GET = do_POST = do_PUT = _serve

        def _answer(self, status, said, fault=""):
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if fault:
                self.send_header("x-amzn-ErrorType", fault)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


SIGNED = {"VerifiedForSendingStatus": True, "DkimAttributes": {"Status": "SUCCESS", "Tokens": ["a", "b", "c"]}}


def tend(url, **over):
    one = SesIdentities(region="eu-central-1", endpoint=url, **over)
    return one.tend("alder.test", bounce_domain="bounce.alder.test", account="client-1")


def test_an_identity_is_made_with_a_return_path_of_its_own():
    with ses(dict(SIGNED)) as (url, asked):
        found = tend(url)
    assert (found.verified, found.dkim, found.tokens, found.mail_from) == (True, "SUCCESS", ("a", "b", "c"), "PENDING")
    assert [(verb, path) for verb, path, _ in asked] == [
        ("POST", "/v2/email/identities"),
        ("GET", "/v2/email/identities/alder.test"),
        ("PUT", "/v2/email/identities/alder.test/mail-from"),
        ("GET", "/v2/email/identities/alder.test"),
    ]


def test_what_is_there_already_is_left_as_it_is():
    state = SIGNED | {"MailFromAttributes": {"MailFromDomain": "bounce.alder.test", "MailFromDomainStatus": "SUCCESS"}}
    with ses(state, known=["alder.test"]) as (url, asked):
        assert tend(url).mail_from == "SUCCESS"
    assert "PUT" not in {verb for verb, _, _ in asked}


def test_a_domain_that_is_not_signed_for_is_not_verified_whatever_else_is_said():
    with ses({"VerifiedForSendingStatus": True, "DkimAttributes": {"Status": "FAILED"}}) as (url, _):
        assert not tend(url).verified


def test_each_client_is_a_tenant_of_the_account_with_identity_and_configuration_set():
    with ses(dict(SIGNED)) as (url, asked):
        tend(url, tenants=True, configuration_set="events")
        tend(url, tenants=True, configuration_set="events")
    arns = [said["ResourceArn"] for _, path, said in asked if path == "/v2/email/tenants/resources"]
    assert arns[:2] == [
        "arn:aws:ses:eu-central-1:1:identity/alder.test",
        "arn:aws:ses:eu-central-1:1:configuration-set/events",
    ]


def test_a_service_that_is_away_is_an_outside_fault():
    with pytest.raises(OSError, match="did not look after"):
        SesIdentities(region="eu-central-1", endpoint="http://127.0.0.1:1").tend("a.test", bounce_domain="", account="")
    with ses({}) as (url, _), pytest.raises(OSError, match="did not look after"):
        tend(url)


def test_simulated_aws_knows_the_identity_that_was_made(aws):
    """The simulation has no return paths of one's own, so the wire of those is the double's."""
    one = SesIdentities(region="us-east-1", endpoint=aws)
    with pytest.raises(OSError, match="MailFrom"):
        one.tend("birch.test", bounce_domain="bounce.birch.test", account="client-2")
    assert (
        "birch.test"
        in boto3.client("sesv2", region_name="us-east-1", endpoint_url=aws)
        .list_email_identities()["EmailIdentities"][-1]
        .values()
    )


def test_the_settings_choose_who_keeps_them(settings):
    assert type(sending_domains.identities_of(replace(settings, mailer="ses"))) is SesIdentities
    own = sending_domains.identities_of(replace(settings, mailer="smtp"))
    assert type(own) is NoIdentities and own.tend("a.test", bounce_domain="", account="").verified


def test_what_cannot_be_looked_up_is_not_there(monkeypatch):
    def nobody(*_, **__):
        raise dns.resolver.NoNameservers

    monkeypatch.setattr(dns.resolver, "resolve", nobody)
    monkeypatch.setattr(dns.resolver.Resolver, "resolve", nobody)
    found = PublicRecords().look("alder.test", bounce_domain="bounce.alder.test")
    assert (found.texts, found.spf, found.dmarc, len(found.faults)) == ((), "", "", 2)


def test_what_is_published_is_read_as_mailbox_providers_read_it(monkeypatch):
    records = {
        ("bounce.alder.test", "TXT"): ["v=spf1 include:amazonses.com ~all"],
        ("_dmarc.alder.test", "TXT"): ["v=DMARC1; p=none; rua=mailto:dmarc@alder.test"],
        ("alder.test", "TXT"): ["goodterms-verification=word"],
    }
    monkeypatch.setattr(sending_domains.spf, "check_spf", lambda d, **_: _spf(records[(d, "TXT")]))
    monkeypatch.setattr(sending_domains.dmarc, "check_dmarc", lambda d, **_: _spf(records[(f"_dmarc.{d}", "TXT")]))
    monkeypatch.setattr(sending_domains, "_texts", lambda d: tuple(records[(d, "TXT")]))
    found = PublicRecords().look("alder.test", bounce_domain="bounce.alder.test")
    assert found.spf.startswith("v=spf1") and found.dmarc.startswith("v=DMARC1") and found.faults == ()
    assert found.texts == ("goodterms-verification=word",)


def _spf(found):
    return {"record": found[0], "valid": True}
