"""The first time at the door: an invitation, a forgotten password, and a second factor that must be there."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest

from service.identity import COOKIE
from tenants.adapters.mail import MemoryMailer
from tenants.delivery.ports import Answer, Handover
from tenants.directory import clients, factors, invitations, letters, people, sign_in_rules
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work
from tests.cast import NOW, PASSWORD, engage
from tests.unit.service.conftest import Browser

WORD = "seven swans on a grey lake"


def door():
    return unit_of_work(scope.platform(actor="test", reason="a test looks at people"))


def form(browser: Browser, path, **fields):
    return browser.client.post(path, data={"csrf_token": browser.csrf, **fields})


@pytest.fixture
def post(web):
    """The post of the web face; letters of earlier tests are gone."""
    office = web.extensions["post"]
    office.send()
    office._tools.mailer.sent.clear()
    return office


@pytest.fixture
def sent(post):
    """Send what waits and show the letters to one address."""

    def to(address):
        post.send()
        return [each for each in post._tools.mailer.sent if each.recipient == address]

    return to


@pytest.fixture
def slug(in_alder):
    with in_alder:
        return clients.profile().slug


@pytest.fixture
def nils(as_, alder_admin, slug, post):
    """Nils' address; Toni has just let him in at Alder."""
    email = f"nils.{ids.new().hex[-10:]}@people.test"
    body = {"email": email, "name": "Nils Ahrens", "role": "client_viewer"}
    assert as_(alder_admin).post(f"~/tenants/{slug}/people", body).status_code == 201
    return email


def link(letter):
    return re.search(r"http://goodterms\.test(/welcome/[\w-]{43})\n", letter.text)[1]


def follow(browser, letter):
    answer = browser.client.get(link(letter))
    assert (answer.status_code, answer.location) == (303, "/welcome")
    return browser.client.get("/welcome")


# --- an invitation ---------------------------------------------------------------------------------------------------


def test_nils_is_invited_chooses_a_password_and_is_in(nils, sent, stranger, web, as_, alder_admin, slug):
    (letter,) = sent(nils)
    assert letter.subject == "You can come in: Alder Tools GmbH" and "Toni Keller has let you in" in letter.text
    assert "invited, not here yet" in as_(alder_admin).client.get(f"/c/{slug}/people").text
    page = follow(stranger, letter)
    assert page.status_code == 200 and nils in page.text and "passkey instead" in page.text
    assert follow(stranger, letter).status_code == 200, "a mail program has looked at the link before"
    weak = form(stranger, "/welcome", password="short")
    assert weak.status_code == 422 and "12 to 200 characters" in weak.text
    assert form(stranger, "/welcome", password=WORD).status_code == 303
    assert stranger.get("~/whoami").json["email"] == nils
    assert "invited, not here yet" not in as_(alder_admin).client.get(f"/c/{slug}/people").text
    late = Browser(web.test_client())
    assert follow(late, letter).status_code == 404 and form(late, "/welcome", password=WORD).status_code == 404


def test_of_two_who_hold_the_link_one_comes_in(nils, sent, web, shell):
    (letter,) = sent(nils)
    browsers = [Browser(web.test_client()) for _ in range(4)]
    for each in browsers:
        follow(each, letter)
    with ThreadPoolExecutor(4) as crowd:
        answers = list(crowd.map(lambda each: form(each, "/welcome", password=WORD).status_code, browsers))
    assert sorted(answers) == [303, 404, 404, 404]


def test_an_invitation_ends_after_a_week_and_a_second_one_ends_the_first(
    nils, sent, stranger, web_clock, as_, alder_admin, slug
):
    (first,) = sent(nils)
    toni = as_(alder_admin)
    (member,) = [each for each in toni.get(f"~/tenants/{slug}/people").json["items"] if each["person_email"] == nils]
    again = f"~/tenants/{slug}/people/{member['id']}/invitation"
    assert toni.post(again).status_code == 202
    _, second = sent(nils)
    assert follow(stranger, first).status_code == 404 and follow(stranger, second).status_code == 200
    web_clock.stand_at(NOW + timedelta(days=7, minutes=1))
    assert follow(stranger, second).status_code == 404
    web_clock.stand_at(NOW)
    follow(stranger, second)
    assert form(stranger, "/welcome", password=WORD).status_code == 303
    assert toni.post(again).json["code"] == "in_already"
    assert form(toni, f"/c/{slug}/people/{member['id']}/invitation").status_code == 409
    assert toni.post(f"~/tenants/{slug}/people/{ids.show('mem', ids.new())}/invitation").status_code == 404


def test_who_is_known_is_told_and_gets_no_link(as_, birch_viewer, alder_admin, slug, sent):
    body = {"email": birch_viewer.email, "role": "client_viewer"}
    assert as_(alder_admin).post(f"~/tenants/{slug}/people", body).status_code == 201
    (letter,) = sent(birch_viewer.email)
    assert "/welcome/" not in letter.text and "Sign in as always" in letter.text


def test_a_link_makes_no_passkey_from_what_no_browser_made(nils, sent, stranger, birch_viewer):
    (letter,) = sent(nils)
    follow(stranger, letter)
    assert form(stranger, "/welcome/passkey", credential="{}").status_code == 404, "nobody has asked the browser yet"
    assert "data-passkey" in form(stranger, "/welcome/passkey/begin").text
    assert form(stranger, "/welcome/passkey", credential="{}").status_code == 422
    assert form(stranger, "/welcome", password=WORD).status_code == 303, "the link is good still"


# --- a new password --------------------------------------------------------------------------------------------------


def test_a_letter_for_a_new_password_ends_every_session(stranger, as_, alder_viewer, sent, web):
    at_work = as_(alder_viewer)
    asked = form(stranger, "/sign-in/help", email=alder_viewer.email.upper())
    (letter,) = sent(alder_viewer.email)
    assert asked.status_code == 200 and "on its way" in asked.text and letter.subject == "Your way to a new password"
    page = follow(stranger, letter)
    assert "passkey" not in page.text and form(stranger, "/welcome/passkey/begin").status_code == 404
    assert form(stranger, "/welcome", password=WORD).status_code == 303
    assert at_work.get("~/whoami").status_code == 401 and stranger.get("~/whoami").status_code == 200
    _, told = sent(alder_viewer.email)
    assert told.subject == "Your password was changed" and "/welcome/" not in told.text
    other = Browser(web.test_client())
    assert form(other, "/sign-in", email=alder_viewer.email, password=PASSWORD).status_code == 422
    assert form(other, "/sign-in", email=alder_viewer.email, password=WORD).status_code == 303


def test_asking_tells_nothing_and_a_stranger_gets_nothing(stranger, alder_viewer, sent):
    unknown = f"nobody.{ids.new().hex[-8:]}@people.test"
    pages = [form(stranger, "/sign-in/help", email=each) for each in (alder_viewer.email, unknown)]
    texts = {each.text.replace(alder_viewer.email, "…").replace(unknown, "…") for each in pages}
    assert {each.status_code for each in pages} == {200} and len(texts) == 1
    assert sent(unknown) == [] and len(sent(alder_viewer.email)) == 1
    assert form(stranger, "/sign-in/help", email=alder_viewer.email).status_code == 200
    assert len(sent(alder_viewer.email)) == 1, "one letter in five minutes"


def test_a_crowd_of_letters_is_refused(stranger, alder_viewer):
    codes = [form(stranger, "/sign-in/help", email=alder_viewer.email).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]
    cross = stranger.client.post("/sign-in/help", data={"email": "a@b.test"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert cross.status_code == 403
    for path in ("/welcome", "/welcome/passkey/begin", "/welcome/passkey"):
        body = {"password": WORD} if path == "/welcome" else {"credential": "{}"} if path.endswith("passkey") else {}
        assert stranger.client.post(path, data=body, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_second_factor_stays_after_a_new_password(stranger, specialist, sent, settings):
    with door():
        secret = factors.begin_totp(specialist.id, now=NOW, keys=settings.keyring)
        before = NOW - timedelta(minutes=2)
        factors.confirm_totp(specialist.id, code=pyotp.TOTP(secret).at(before), now=before, keys=settings.keyring)
    form(stranger, "/sign-in/help", email=specialist.email)
    follow(stranger, sent(specialist.email)[0])
    answer = form(stranger, "/welcome", password=WORD)
    assert answer.location == "/sign-in" and COOKIE not in str(answer.headers)
    assert form(stranger, "/sign-in", email=specialist.email, password=WORD).location.startswith("/sign-in/code")


def test_a_letter_that_cannot_leave_is_not_sent_twice_and_one_in_doubt_counts(alder_viewer, post, monkeypatch, web):
    class Broken(MemoryMailer):
        def send(self, letter):
            return Answer(Handover.REFUSED, detail="no such street")

    monkeypatch.setattr(post, "_tools", replace(post._tools, mailer=Broken()))
    with door():
        letters.queue(letters.NEW_PASSWORD, email=alder_viewer.email, now=NOW)
    assert (post.send(), post.send()) == (1, 0)


def test_a_person_who_was_shut_out_gets_no_letter(alder_viewer, sent):
    with door():
        people.disable(alder_viewer.id, now=NOW)
        letters.queue(letters.NEW_PASSWORD, email=alder_viewer.email, now=NOW)
        with pytest.raises(invitations.LinkGone):
            invitations.find("nothing at all", now=NOW)
    assert sent(alder_viewer.email) == []


def test_vera_changes_her_password_and_her_other_browser_is_out(as_, alder_viewer, sent):
    here, there = as_(alder_viewer), as_(alder_viewer)
    assert form(here, "/account/password", password="short").status_code == 422
    done = form(here, "/account/password", password=WORD)
    assert done.status_code == 303 and here.get("~/whoami").status_code == 200
    assert there.get("~/whoami").status_code == 401
    assert [each.subject for each in sent(alder_viewer.email)] == ["Your password was changed"]


# --- a second factor that must be there ------------------------------------------------------------------------------


@pytest.fixture
def strict(web, monkeypatch):
    """The provider's people need a second factor here, as they do wherever nobody says otherwise."""
    tools = web.extensions["goodterms"]
    monkeypatch.setitem(
        web.extensions, "goodterms", replace(tools, settings=replace(tools.settings, staff_second_factor=True))
    )


def test_sofia_is_led_to_a_code_app_before_anything_opens(strict, stranger, specialist, slug):
    assert form(stranger, "/sign-in", email=specialist.email, password=PASSWORD).status_code == 303
    for path in ("/", f"/c/{slug}/", f"/c/{slug}/invoices", "/clients"):
        answer = stranger.client.get(path)
        assert (answer.status_code, answer.location) == (303, "/account"), path
    for path in ("~/whoami", f"~/tenants/{slug}/invoices", "~/portfolio/worklist"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.json["code"]) == (403, "second_factor_needed"), path
    page = stranger.client.get("/account")
    assert (
        "password alone is not enough" in page.text and slug not in page.text and "/account/password" not in page.text
    )
    stranger.csrf = re.search(r'name="csrf_token" value="([\w-]+)"', page.text)[1]
    assert form(stranger, "/account/password", password=WORD).location == "/account", "this waits too"
    secret = re.search(r'class="secret">(\w+)<', form(stranger, "/account/code-app").text)[1]
    assert form(stranger, "/account/code-app/confirm", code=pyotp.TOTP(secret).at(NOW)).status_code == 200
    assert stranger.get("~/whoami").status_code == 200 and stranger.client.get(f"/c/{slug}/invoices").status_code == 200


def test_a_clients_people_and_whoever_holds_a_factor_are_not_asked(strict, as_, alder_viewer, alder_admin, slug):
    vera, toni = as_(alder_viewer), as_(alder_admin)
    assert vera.get("~/whoami").status_code == 200
    choice = f"/c/{slug}/connections/second-factor"
    assert form(vera, choice, second_factor="true").status_code == 403
    assert form(toni, choice, second_factor="true").status_code == 303
    assert vera.get("~/whoami").json["code"] == "second_factor_needed"
    assert vera.client.get(f"/c/{slug}/connections").location == "/account"
    assert as_(engage("Olaf", side="client")).get("~/whoami").status_code == 200, "he has nothing to do with Alder"


def test_a_client_lets_a_password_be_enough_again(as_, alder, alder_viewer, in_alder):
    vera = as_(alder_viewer)
    with in_alder:
        assert not sign_in_rules.wants_second_factor()
        sign_in_rules.choose(second_factor=True, now=NOW)
    assert vera.get("~/whoami").status_code == 403
    with in_alder:
        sign_in_rules.choose(second_factor=True, now=NOW)
        sign_in_rules.choose(second_factor=False, now=NOW)
    assert vera.get("~/whoami").status_code == 200


def test_who_comes_through_the_companys_own_sign_in_has_proved_enough_there():
    said = {"side": "client", "holds": False, "client_wants": True, "of_staff": True}
    assert sign_in_rules.misses_one(method="password", **said)
    assert not sign_in_rules.misses_one(method=sign_in_rules.COMPANY, **said)


def test_a_password_that_others_would_try_is_refused_in_words(nils, sent, stranger):
    (letter,) = sent(nils)
    follow(stranger, letter)
    for password, reason in (("password1234", "tried first"), ("Nils Ahrens!", "known of you"), ("short", "12 to 200")):
        answer = form(stranger, "/welcome", password=password)
        assert answer.status_code == 422 and reason in answer.text
    assert form(stranger, "/welcome", password=WORD).status_code == 303
