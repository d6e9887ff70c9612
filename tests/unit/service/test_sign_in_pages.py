"""The doors that people come in by: the address first, a second factor, a fresh proof, and the list of sessions."""

import html
import re
from datetime import timedelta

import pyotp
import pytest

from service.identity import COOKIE
from tenants.directory import factors, sessions
from tenants.isolation import scope
from tenants.work import unit_of_work
from tests.cast import NOW, PASSWORD
from tests.unit.service.conftest import Browser


def people():
    return unit_of_work(scope.platform(actor="test", reason="a test looks at people"))


@pytest.fixture
def secret(web, specialist, settings):
    """Sofia has a code app."""
    with people():
        found = factors.begin_totp(specialist.id, now=NOW, keys=settings.keyring)
        before = NOW - timedelta(minutes=2)
        factors.confirm_totp(specialist.id, code=pyotp.TOTP(found).at(before), now=before, keys=settings.keyring)
    return found


def code(secret, at=NOW):
    return pyotp.TOTP(secret).at(at)


def form(browser: Browser, path, **fields):
    return browser.client.post(path, data={"csrf_token": browser.csrf, **fields})


def anew(browser: Browser):
    """The page that follows a fresh proof carries another token."""
    browser.csrf = browser.get("~/whoami").json["csrf_token"]
    return browser


def thief(browser: Browser, web):
    """Somebody else's browser with a copy of this one's cookie."""
    copy = web.test_client()
    copy.set_cookie(COOKIE, browser.client.get_cookie(COOKIE, domain="localhost").value, domain="localhost")
    return Browser(copy, browser.csrf)


def without(page, *words):
    text = re.sub(r"[\w-]{43}", "TOKEN", html.unescape(page))
    for word in words:
        text = text.replace(word, "…")
    return text


def test_the_second_page_is_the_same_for_everybody(stranger, specialist):
    known = form(stranger, "/sign-in/address", email=specialist.email)
    unknown = form(stranger, "/sign-in/address", email="nobody.at.all@people.test")
    assert (known.status_code, unknown.status_code) == (200, 200)
    assert without(known.text, specialist.email) == without(unknown.text, "nobody.at.all@people.test")
    assert 'name="password"' in known.text and "passkey" in known.text.lower()


def test_a_wrong_pair_is_answered_alike_whoever_it_was(stranger, specialist, secret, manager):
    answers = [
        form(stranger, "/sign-in", email=email, password="a wrong word of theirs")
        for email in (specialist.email, manager.email, "nobody.here@people.test")
    ]
    assert {each.status_code for each in answers} == {422}
    emails = (specialist.email, manager.email, "nobody.here@people.test")
    assert len({without(each.text, *emails) for each in answers}) == 1


def test_sofia_signs_in_with_her_code_and_not_without(stranger, specialist, secret):
    answer = form(stranger, "/sign-in", email=specialist.email, password=PASSWORD, next="/my-day")
    assert (answer.status_code, answer.location) == (303, "/sign-in/code?next=/my-day")
    assert COOKIE not in answer.headers["Set-Cookie"] and stranger.get("~/whoami").status_code == 401
    assert "Code" in stranger.client.get("/sign-in/code?next=/my-day").text
    wrong = form(stranger, "/sign-in/code", code="000000", next="/my-day")
    assert wrong.status_code == 422 and "not the code of the moment" in wrong.text
    right = form(stranger, "/sign-in/code", code=code(secret), next="//evil.test")
    assert (right.status_code, right.location) == (303, "/")
    assert stranger.get("~/whoami").json["name"] == "Sofia Lindqvist"


def test_a_code_without_a_first_step_opens_nothing(stranger, web):
    assert stranger.client.get("/sign-in/code").location == "/sign-in"
    assert form(stranger, "/sign-in/code", code="123456").status_code in (302, 303, 401)


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/address", "/sign-in/code", "/sign-in/passkey"])
def test_another_sites_form_signs_nobody_in(stranger, path):
    fields = {"email": "a@b.test", "password": "x", "code": "1", "credential": "{}"}
    wanted = {"/sign-in": ("email", "password"), "/sign-in/address": ("email",), "/sign-in/code": ("code",)}
    sent = {name: fields[name] for name in wanted.get(path, ("credential",))}
    answer = stranger.client.post(path, data=sent, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_a_passkey_that_nobody_has_opens_nothing(stranger, web):
    odd = ("{}", "no json", '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}', "[" * 9000, "[]", "1")
    for credential in odd:
        form(stranger, "/sign-in/address", email="a@b.test")
        answer = form(stranger, "/sign-in/passkey", credential=credential)
        assert answer.status_code == 422 and COOKIE not in str(answer.headers)


# --- my account ------------------------------------------------------------------------------------------------------


def test_sofia_sets_up_a_code_app_and_sees_her_recovery_codes_once(as_, web, specialist):
    sofia, elsewhere = as_(specialist), as_(specialist)
    shown = form(sofia, "/account/code-app").text
    secret = re.search(r'class="secret">(\w+)<', shown)[1]
    assert form(sofia, "/account/code-app/confirm", code="000000").status_code == 422
    copied = thief(sofia, web)
    done = form(sofia, "/account/code-app/confirm", code=code(secret)).text
    assert copied.get("~/whoami").status_code == 401, "whoever copied the token before is out"
    assert f'value="{anew(sofia).csrf}"' in done, "the page that follows carries the new token"
    assert len(re.findall(r"<li><code>[a-z2-9]{5}-[a-z2-9]{5}</code>", done)) == 10
    assert "recovery codes</h2>" not in sofia.client.get("/account").text
    assert elsewhere.get("~/whoami").status_code == 401, "the other sessions end"
    renewed = form(sofia, "/account/recovery-codes").text
    assert renewed.count("<li><code>") == 10
    assert form(sofia, "/account/code-app/remove").status_code == 303
    assert "set up</span>" not in sofia.client.get("/account").text


def test_sofia_ends_another_session_of_hers(as_, specialist, manager):
    sofia, telephone, marek = as_(specialist), as_(specialist), as_(manager)
    page = sofia.client.get("/account").text
    (handle,) = re.findall(r'name="handle" value="([0-9a-f]{64})"', page)
    assert form(marek, "/account/sessions/end", handle=handle).status_code == 404
    assert form(sofia, "/account/sessions/end", handle=handle).status_code == 303
    assert telephone.get("~/whoami").status_code == 401 and sofia.get("~/whoami").status_code == 200
    third = as_(specialist)
    assert form(sofia, "/account/sessions/end-others").status_code == 303
    assert third.get("~/whoami").status_code == 401 and sofia.get("~/whoami").status_code == 200


def test_where_there_is_no_name_there_are_no_passkeys_to_make(as_, specialist):
    sofia = as_(specialist)
    page = form(sofia, "/account/passkeys/begin")
    assert page.status_code == 200 and "data-passkey" in page.text
    assert form(sofia, "/account/passkeys", credential="[" * 9000, name="x").status_code == 422
    assert form(sofia, "/account/passkeys", credential="{}", name="x").status_code == 422, "the step is used up"
    assert form(sofia, "/account/passkeys/remove", handle="AAAA").status_code == 404


# --- a fresh proof ---------------------------------------------------------------------------------------------------


def test_after_ten_minutes_a_proof_is_asked_for_again(as_, web, specialist, web_clock):
    sofia = as_(specialist)
    copied, stale = thief(sofia, web), sofia.csrf
    web_clock.stand_at(NOW + timedelta(minutes=11))
    asked = sofia.client.post(
        "/account/code-app", data={"csrf_token": sofia.csrf}, headers={"Referer": "http://localhost/account"}
    )
    assert (asked.status_code, asked.location) == (303, "/step-up?next=/account")
    assert "Password of" in sofia.client.get(asked.location).text
    assert form(sofia, "/step-up", password="a wrong word", next="/account").status_code == 422
    proved = form(sofia, "/step-up", password=PASSWORD, next="/account")
    assert (proved.status_code, proved.location) == (303, "/account")
    assert copied.get("~/whoami").status_code == 401, "a copied token does not rise with its owner's proof"
    assert form(sofia, "/account/code-app").status_code == 403 and stale != anew(sofia).csrf
    assert form(sofia, "/account/code-app").status_code == 200


def test_who_has_a_code_app_proves_it_with_that_and_not_with_the_password(as_, specialist, secret, web_clock):
    sofia = as_(specialist)
    later = NOW + timedelta(minutes=11)
    web_clock.stand_at(later)
    assert "Code of your app" in sofia.client.get("/step-up").text
    assert form(sofia, "/step-up", password=PASSWORD).status_code == 422
    assert form(sofia, "/step-up", code=code(secret, later)).status_code == 303
    assert form(anew(sofia), "/step-up/passkey", next="/account").status_code == 200
    assert form(sofia, "/step-up", credential="{}").status_code == 422


def test_a_change_of_the_way_in_needs_the_token_of_our_page(as_, specialist):
    sofia = as_(specialist)
    sofia.csrf = "x" * 43
    for path in ("/account/code-app", "/account/sessions/end-others", "/step-up"):
        assert form(sofia, path).status_code == 403


def test_who_is_signed_in_by_a_passkey_is_known_by_it(web, specialist, stranger):
    with people():
        fresh = sessions.start(specialist.id, now=NOW, method="passkey")
    stranger.client.set_cookie(COOKIE, fresh.token, domain="localhost")
    assert ">passkey<" in stranger.client.get("/account").text


# --- one browser, one session ----------------------------------------------------------------------------------------


def test_who_signs_in_where_somebody_was_signed_in_ends_that_session(as_, web, specialist, manager, settings):
    for second in (manager, specialist):
        shared = as_(specialist)
        before = thief(shared, web)
        assert form(shared, "/sign-in", email=second.email, password="a wrong word of theirs").status_code == 422
        assert before.get("~/whoami").status_code == 200, "a try that fails ends nothing"
        assert form(shared, "/sign-in", email=second.email, password=PASSWORD).status_code == 303
        assert before.get("~/whoami").status_code == 401
        assert shared.get("~/whoami").json["email"] == second.email


def test_the_second_step_leads_to_the_whole_page_that_was_wanted(stranger, web, specialist, secret, as_):
    before = thief(as_(specialist), web)
    stranger.client.set_cookie(COOKIE, before.client.get_cookie(COOKIE, domain="localhost").value, domain="localhost")
    target = "/my-day?section=done&page=2"
    asked = form(stranger, "/sign-in", email=specialist.email, password=PASSWORD, next=target)
    assert before.get("~/whoami").status_code == 200, "half a sign-in ends nothing"
    page = stranger.client.get(asked.location)
    assert page.status_code == 200 and 'value="/my-day?section=done&amp;page=2"' in page.text
    assert form(stranger, "/sign-in/code", code=code(secret), next=target).location == target
    assert before.get("~/whoami").status_code == 401
