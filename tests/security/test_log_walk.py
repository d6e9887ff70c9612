"""Whatever somebody sends, and whatever breaks on it, no secret, address or account of theirs stands in the log."""

import hashlib
import io
from copy import deepcopy
from unittest.mock import patch

import pytest
import structlog

from service import reading
from service.identity import COOKIE
from tenants import logs
from tests.hearing import heard_by
from tests.security.probe import filled
from tests.security.walks import send, some, stops, welcome
from tests.unit.service.asking import Ask

MARK = "zq7x"
SECRETS = {
    "token": f"gtr_{MARK}Abc9Def8Ghi7Jkl6Mno5Pqr4Stu3Vwx2Yz1",
    "password": f"{MARK} my Own password",
    "account": "DE89370400440532013000",
    "address": f"{MARK}.person@canary.test",
    "session": f"{MARK}K0v9ZbA1tLxPz5RfUe2MnGc8WdSjKoIiYTqEuB",
}
SHOWN = (MARK, SECRETS["account"])
HEADERS = {
    "Authorization": f"Bearer eyJhbGciOiJFUzI1NiJ9.{MARK}.c2ln",
    "DPoP": f"eyJ0eXAiOiJkcG9wK2p3dCJ9.{MARK}.c2ln",
    "Referer": f"https://goodterms.test/p/{MARK}",
    "X-Forwarded-For": MARK,
    "Idempotency-Key": f"{MARK}-0123456789",
}


@pytest.fixture
def heard():
    """Everything that is logged, as it would be written."""
    paper = io.StringIO()

    def note(logger, method, said):
        print(logs.without_secrets(logger, method, said), file=paper)
        raise structlog.DropEvent

    with heard_by(note):
        yield paper


def leaves(body, way=()):
    """Where a text stands in a body."""
    pairs = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, value in pairs:
        yield from [(*way, name)] if isinstance(value, str) else leaves(value, (*way, name))


def put(body, ways, secret):
    """The same body with the secret in these places."""
    copy = deepcopy(body)
    for way in ways:
        node = copy
        for name in way[:-1]:
            node = node[name]
        node[way[-1]] = secret
    return copy


def bodies(stop):
    """The body of a request with a secret in each place alone, and with one in all of them."""
    body = stop.ask.body or filled.form(stop.route.accepts, nobody=True)
    found = list(leaves(body))
    kinds = list(SECRETS.values()) if found else []
    ways = [([each], kinds[at % len(kinds)]) for at, each in enumerate(found)] + [(found, each) for each in kinds]
    return [put(body, chosen, secret) for chosen, secret in ways]


def ask(stage, stop, body, **headers):
    caller = welcome(stage, stop.route)
    client = caller.client if caller else stage.app.test_client()
    proof = {"X-CSRF-Token": caller.csrf} if caller else {}
    options = Ask(body=body).options() if stop.route.rule.startswith("/api/") else {"data": body}
    answer = send(client, stop, headers=proof | headers, **options)
    if caller:
        caller.csrf = csrf_of(stage, caller)
    return answer


def csrf_of(stage, caller):
    """Whoever gives themselves a password goes on in a new session."""
    cookie = caller.client.get_cookie(COOKIE, domain="localhost")
    with stage.eye() as line:
        asked = "SELECT csrf_token FROM identity.browser_session WHERE id_hash = %s"
        return line.execute(asked, (hashlib.sha256(cookie.value.encode()).digest(),)).fetchone()[0]


def test_nothing_that_is_sent_stands_in_the_log(stage, heard):
    asked = 0
    for stop in stops(stage):
        if stop.route.accepts is not None:
            for body in some(bodies(stop), at=-1, most=2):
                ask(stage, stop, body)
                asked += 1
        client = stage.app.test_client()
        client.set_cookie("gt_session", SECRETS["session"], domain="localhost")
        client.open(f"{stop.path.partition('?')[0]}?q={SECRETS['token']}", method=stop.route.method, headers=HEADERS)
    text = heard.getvalue()
    assert asked > 150 and text.count("'request'") > asked
    assert [line[:600] for line in text.splitlines() if any(each in line for each in SHOWN)] == []


def test_a_fault_that_nobody_foresaw_quotes_nothing_in_the_log(stage, heard):
    class Broken:
        def load(self, sent):
            raise RuntimeError(f"cannot read {sent!r} of 'somebody'")

    with patch.object(reading, "reader", lambda _: Broken()):
        for stop in (each for each in stops(stage) if each.route.accepts is not None):
            answer = ask(stage, stop, (bodies(stop) or [{"what": SECRETS["password"]}])[-1])
            assert answer.status_code >= 400 and MARK not in answer.text, stop.name
    text = heard.getvalue()
    assert text.count("RuntimeError") > 50 and "service/endpoint.py" in text
    assert [line[:600] for line in text.splitlines() if any(each in line for each in SHOWN)] == []
