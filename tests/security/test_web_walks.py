"""What holds for every route and page: headers, cookies, methods, sizes, and where a change may come from."""

import io
from dataclasses import replace

import pytest

from service import sizes
from service.endpoint import PORTAL, PUBLIC, ROUTES, SAFE
from service.headers import HEADERS
from tests.security import walks
from tests.security.probe import filled
from tests.security.probe.books import look
from tests.security.walks import send, some, stops, welcome

KEPT = ("/static/", "/.well-known/", "/oauth/jwks")
"""Below these, what a browser may keep: the same for everybody."""
TELLING = ("Server", "X-Powered-By", "Access-Control-Allow-Origin")
OPENED = "Cross-Origin-Resource-Policy"
WITHIN = ("invoices.document",)
"""Shown within a page of our own."""
EVERYWHERE = ("/o/<token>.gif", "/o/t/<token>.gif")
"""An image in a mail is shown by a program of another site."""
WITHOUT_A_PAGE = {
    "auth.ask_how": "before anybody is known; another site is refused",
    "auth.sign_in": "before anybody is known; another site is refused",
    "auth_second.check_code": "a step that its cookie holds; another site is refused",
    "auth_second.check_passkey": "a step that its cookie holds; another site is refused",
    "auth_company.go": "leads to the client's own provider; another site is refused",
    "auth_welcome.ask_letter": "before anybody is known; another site is refused",
    "auth_welcome.choose": "a step that its cookie holds; another site is refused",
    "auth_welcome.begin_passkey": "a step that its cookie holds; another site is refused",
    "auth_welcome.keep_passkey": "a step that its cookie holds; another site is refused",
    "oauth_logout.sign_out_everywhere": "wants the token of our page itself where somebody is signed in",
    "oauth_tokens.token": "no cookie: the client proves who it is",
    "oauth_tokens.push": "no cookie: the client proves who it is",
    "oauth_tokens.revoke": "no cookie: the client proves who it is",
    "oauth_tokens.introspect": "no cookie: the client proves who it is",
    "hooks.sns_message": "no cookie: the provider's signature",
    "text_hooks.text_receipt": "no cookie: the word in the address",
    "portal_reminders.stop_reminders": "no cookie: the signed word in the address (RFC 8058)",
    "portal_reminders.resume_reminders": "no cookie: the signed word in the address",
}
"""Changes for which no session is asked, and what stands in its place. A new one is for a reviewer to judge."""
ELSEWHERE = ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.test"}, {"Origin": "null"})
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")


def looked_at(stage):
    with stage.eye() as line:
        return look(line)


@pytest.fixture(scope="module")
def every(stage):
    """Every route with its address; what they ask for is made before anything is asked."""
    return stops(stage)


def test_every_answer_is_shut_to_other_sites_and_to_caches_and_a_head_says_the_same(stage, every):
    stranger, wrong = stage.app.test_client(), []
    for stop in every:
        caller = welcome(stage, stop.route)
        client = caller.client if caller else stranger
        # A change lacks the proof of our page here, and its refusal is shut as well.
        answers = [send(stranger, stop), send(client, stop)]
        if stop.route.method == "GET" and stop.route.needs != PORTAL:
            answers.append(send(client, stop, method="HEAD"))
            seen = [(each.status_code, each.content_type) for each in answers[1:]]
            wrong += [f"HEAD {stop.name}: {seen}"] if seen[0] != seen[1] or answers[2].data else []
        wrong += [f"{stop.name}: {each}" for answer in answers for each in faults(stop.route, answer)]
    assert wrong == []


def faults(route, answer):
    """What is wrong with the headers of an answer."""
    if answer.status_code >= 500:
        return [f"is {answer.status_code}"]
    shut = {name: kept for name, kept in HEADERS.items() if name != OPENED or route.rule not in EVERYWHERE}
    found = [f"{name} is {answer.headers.get(name)}" for name, kept in shut.items() if answer.headers.get(name) != kept]
    policy = answer.headers.get("Content-Security-Policy", "")
    framed = "frame-ancestors 'none'" not in policy and route.name not in WITHIN
    if not policy.startswith("default-src 'none'") or "unsafe" in policy or framed:
        found.append(f"policy {policy}")
    if answer.headers.get("Cache-Control") != "no-store" and not route.rule.startswith(KEPT):
        found.append(f"kept: {answer.headers.get('Cache-Control')}")
    found += [
        f"tells {name}" for name in ("Server", "X-Powered-By", "Access-Control-Allow-Origin") if name in answer.headers
    ]
    if not answer.headers.get("X-Request-Id"):
        found.append("has no number")
    return found + [f"cookie {each}" for each in answer.headers.getlist("Set-Cookie") if not is_shut(each)]


def is_shut(cookie):
    """Whether a cookie is out of reach of scripts, of other sites and of neighbours."""
    parts = {part.strip() for part in cookie.split(";")}
    return {"HttpOnly", "SameSite=Lax", "Path=/"} <= parts and not any(part.startswith("Domain") for part in parts)


def test_over_https_cookies_carry_names_that_no_other_host_can_set(stage, every, monkeypatch):
    tools = stage.app.extensions["goodterms"]
    safe = replace(tools, settings=replace(tools.settings, secure_cookies=True))
    monkeypatch.setitem(stage.app.extensions, "goodterms", safe)
    given = [
        cookie
        for stop in every
        if stop.route.needs == PUBLIC or stop.route.name == "auth.sign_out"
        for cookie in send(stage.app.test_client(), stop, data={}).headers.getlist("Set-Cookie")
    ]
    assert all(is_shut(each) and each.startswith("__Host-") and "Secure" in each for each in given)


def test_a_change_is_made_from_our_own_pages_alone(stage, every):
    before, wrong = looked_at(stage), []
    for at, stop in enumerate(each for each in every if each.changes):
        caller = welcome(stage, stop.route)
        if caller is None:
            continue
        foreign = [{"X-CSRF-Token": caller.csrf, **each} for each in some(ELSEWHERE, at=at, most=1)]
        ways = [{}, {"X-CSRF-Token": "guessed"}, *foreign]
        for headers in ways:
            answer = send(caller.client, stop, headers=headers, **stop.options())
            if answer.status_code != 403 or "one of our pages" not in answer.text:
                wrong.append(f"{stop.name} with {sorted(headers)}: {answer.status_code}")
    assert wrong == []
    assert before.changed(looked_at(stage), but=frozenset({"api_call"})) == set()


def test_a_change_without_a_session_is_guarded_in_a_way_that_was_looked_at(stage, every):
    bare = {route.name for route in ROUTES if route.method not in SAFE and route.needs == PUBLIC}
    assert bare == WITHOUT_A_PAGE.keys()
    for stop in every:
        if "another site is refused" in WITHOUT_A_PAGE.get(stop.route.name, ""):
            for headers in ELSEWHERE:
                sent = filled.form(stop.route.accepts, nobody=True)
                answer = send(stage.app.test_client(), stop, headers=headers, data=sent)
                assert answer.status_code == 403 and not answer.headers.getlist("Set-Cookie"), stop.name


def test_an_address_knows_its_own_methods_alone(stage, every):
    stranger, wrong = stage.app.test_client(), []
    for at, stop in enumerate({each.route.rule: each for each in every}.values()):
        # Two routes can share an address: a word of ours and a key that a client chose.
        known = set(stage.app.url_map.bind("localhost").allowed_methods(stop.path.partition("?")[0]))
        told = send(stranger, stop, method="OPTIONS")
        if set(told.headers.get("Allow", "").split(", ")) != known or told.data or told.status_code != 200:
            wrong.append(f"OPTIONS {stop.path}: {told.headers.get('Allow')}")
        for method in some(sorted(set(METHODS) - known), at=at, most=3):
            answer = send(stranger, stop, method=method, headers={"X-HTTP-Method-Override": stop.route.method})
            if answer.status_code != 405 or set(answer.headers.get("Allow", "").split(", ")) != known:
                wrong.append(f"{method} {stop.path}: {answer.status_code}")
    assert wrong == []


def test_what_is_too_large_is_not_read(stage, every):
    for stop in (each for each in every if each.route.accepts is not None):
        most = sizes.limit(stop.route.rule, stop.route.consumes)
        caller = welcome(stage, stop.route)
        client = caller.client if caller else stage.app.test_client()
        headers = {"X-CSRF-Token": caller.csrf} if caller else {}
        kind = "application/json" if stop.route.rule.startswith("/api/") else "application/x-www-form-urlencoded"
        told = client.open(
            stop.path,
            method=stop.route.method,
            headers=headers | {"If-Match": "*", "Idempotency-Key": "0123456789abcdef"},
            input_stream=Unread(),
            content_type=kind,
            environ_overrides={"CONTENT_LENGTH": str(most + 1)},
        )
        assert told.status_code == 413, f"{stop.name}: {told.status_code}"


class Unread(io.BytesIO):
    """A body that must not be read."""

    def read(self, size=-1):
        raise AssertionError("it was read")

    readline = readinto = read


def test_a_body_that_is_sent_in_pieces_has_an_end_too(stage, every):
    stop = next(each for each in every if each.route.name == "api_debtors.open_debtor")
    caller = welcome(stage, stop.route)
    many = Pieces(b" " * (sizes.JSON_LIMIT * 2))
    headers = {"X-CSRF-Token": caller.csrf, "Idempotency-Key": "0123456789abcdef"}
    answer = caller.client.post(
        stop.path, headers=headers, input_stream=many, content_type="application/json", environ_overrides=UNTOLD
    )
    assert answer.status_code in (413, 422) and many.read_so_far <= sizes.JSON_LIMIT + 65536


UNTOLD = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}


class Pieces(io.BytesIO):
    """A body of which nobody says how long it is."""

    read_so_far = 0

    def read(self, size=-1):
        found = super().read(size)
        self.read_so_far += len(found)
        return found

    def readinto(self, place):
        found = super().readinto(place)
        self.read_so_far += found
        return found


DEEP = b'{"a":' * 40 + b"1" + b"}" * 40
MALFORMED = {
    "deep": (DEEP, 422),
    "bottomless": (b"[" * 100_000, 422),
    "twice": (b'{"x": 1, "x": 2}', 422),
    "no number": (b'{"x": NaN}', 422),
    "too large a number": (b'{"x": 99999999999999999999}', 422),
    "nul": (b'{"x": "\\u0000"}', 422),
    "half a sign": (b'{"x": "\\ud800"}', 422),
    "no text": (b"\xff\xfe", 422),
    "a list": (b"[]", 422),
    "nothing": (b"", 422),
    "unknown part": (b'{"zz_top": 1}', 422),
}


def test_json_that_is_none_is_refused_by_every_route_that_takes_some(stage, every):
    before, wrong = looked_at(stage), []
    for at, stop in enumerate(each for each in every if each.takes_json):
        caller = welcome(stage, stop.route)
        headers = {"X-CSRF-Token": caller.csrf}
        for name, (sent, status) in some(list(MALFORMED.items()), at=at, most=4):
            answer = send(caller.client, stop, headers=headers, data=sent, content_type="application/json")
            if answer.status_code != status:
                wrong.append(f"{stop.name}, {name}: {answer.status_code}")
        as_form = send(caller.client, stop, headers=headers, data={"a": "b"})
        if as_form.status_code != 415:
            wrong.append(f"{stop.name} as a form: {as_form.status_code}")
    assert wrong == []
    assert before.changed(looked_at(stage), but=frozenset({"api_call"})) == set()


def test_a_field_or_a_question_that_nobody_knows_is_refused_by_every_page(stage, every):
    wrong = []
    for stop in (each for each in every if not each.route.rule.startswith("/api/")):
        caller = welcome(stage, stop.route)
        if caller is None:
            continue
        headers = {"X-CSRF-Token": caller.csrf}
        if stop.route.accepts is not None:
            answer = send(caller.client, stop, headers=headers, data={**(stop.ask.body or {}), "zz_top": "1"})
            if answer.status_code != 422:
                wrong.append(f"{stop.name} with a field too many: {answer.status_code}")
        if stop.route.query is not None and not stop.changes:
            first = "&" if "?" in stop.path else "?"
            for more in ("zz_top=1", "zz=1&zz=2"):
                asked = replace(stop, path=stop.path + first + more)
                if send(caller.client, asked).status_code != 422:
                    wrong.append(f"{stop.name}?{more}")
    assert wrong == []


def test_somebody_who_is_let_through_nowhere_is_not_on_the_walk(stage, every):
    """Each route that wants somebody finds somebody, so the walks above pass nothing by."""
    assert {stop.route.name for stop in every} == {route.name for route in ROUTES}
    assert all(welcome(stage, stop.route) for stop in every if stop.route.needs not in walks.OPEN)
