"""Coming in for the first time, and with a new password: a letter is asked for, its link opens one page, once.

The link only hands its token to the browser, so that it stands in no address that is shown. Looking at the page changes
nothing; what is chosen there uses the link up.
"""

from typing import Any

from flask import Blueprint, make_response, redirect, render_template
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import origins, post, problems
from service.auth import browser
from service.endpoint import PUBLIC, endpoint, tools
from tenants.directory import factors, invitations, letters, passkeys, passwords, tries
from tenants.directory.invitations import LinkGone
from tenants.directory.passwords import WeakPassword
from tenants.isolation import scope
from tenants.work import unit_of_work

face = Blueprint("auth_welcome", __name__)
HERE, HELP = "/welcome", "/sign-in/help"
OPEN_FOR_S = 3600


class Address(Schema):
    """Who cannot come in."""

    email = fields.Email(required=True, validate=validate.Length(max=254))


class Chosen(Schema):
    """A password."""

    password = fields.String(required=True, validate=validate.Length(max=1024))


class Made(Schema):
    """What the browser's new passkey answered."""

    credential = fields.String(required=True, validate=validate.Length(max=20_000))


@endpoint(face, HELP, needs=PUBLIC)
def help_page() -> str:
    """Ask for a letter."""
    return render_template("sign_in_help.html", asked="")


@endpoint(face, HELP, needs=PUBLIC, method="POST", accepts=Address)
def ask_letter(body: dict[str, str]) -> str:
    """Keep a letter, whether we know the address or not: the answer, and the work for it, are the same."""
    _refuse_other_sites()
    now, address = tools().clock.now(), body["email"].strip().lower()
    with unit_of_work(scope.platform(actor="sign-in", reason="keep a letter about a new password")):
        limits = tries.limits(letter=address, network=browser.network())
        tries.refuse_too_many(limits, now=now)
        tries.failed(limits, now=now)
        letters.queue(letters.NEW_PASSWORD, email=address, now=now)
    post.wake()
    return render_template("sign_in_help.html", asked=address)


@endpoint(face, f"{HERE}/<string(minlength=40, maxlength=60):token>", needs=PUBLIC)
def open_link(token: str) -> Response:
    """Hand the token to the browser and show the page under an address that tells nothing."""
    return browser.carry(redirect(HERE, 303), token, seconds=OPEN_FOR_S)


@endpoint(face, HERE, needs=PUBLIC)
def welcome_page() -> Response:
    """Choose how to come in."""
    return _page()


@endpoint(face, HERE, needs=PUBLIC, method="POST", accepts=Chosen)
def choose(body: dict[str, str]) -> Response:
    """Keep the password and use the link up; who holds a second factor goes on to show it."""
    _refuse_other_sites()
    toolbox, token = tools(), browser.link()
    now = toolbox.clock.now()
    try:
        with unit_of_work(scope.platform(actor="sign-in", reason="keep a password that a letter's reader chose")):
            person = invitations.choose_password(
                token,
                password=body["password"],
                now=now,
                about=[toolbox.settings.provider_name],
                stolen=toolbox.stolen,
            )
            asks_more = factors.held(person).any
            fresh = None if asks_more else browser.begin(person, now=now)
    except WeakPassword as weak:
        return _page(fault=f"{weak.detail} {weak.remedy}")
    post.wake()
    return redirect("/sign-in", 303) if fresh is None else browser.enter(fresh, browser.HOME)


@endpoint(face, f"{HERE}/passkey/begin", needs=PUBLIC, method="POST")
def begin_passkey() -> Response:
    """Ask the browser for a first passkey; its challenge waits with the link."""
    _refuse_other_sites()
    now, place, token = tools().clock.now(), browser.place(), browser.link()
    with unit_of_work(scope.platform(actor="sign-in", reason="begin a first passkey")):
        invited = invitations.find(token, now=now)
        if place is None or not invited.is_first:
            raise LinkGone("This link makes no passkey.")
        ceremony = passkeys.begin_making(
            invited.person.id,
            email=invited.person.email,
            name=invited.person.name,
            place=place,
            issuer=tools().settings.provider_name,
        )
        invitations.remember(token, said={"challenge": ceremony.challenge}, now=now)
    return _page(options=ceremony.options)


@endpoint(face, f"{HERE}/passkey", needs=PUBLIC, method="POST", accepts=Made)
def keep_passkey(body: dict[str, str]) -> Response:
    """Keep the passkey and use the link up: it is two factors in one, so nothing more is asked."""
    _refuse_other_sites()
    now, place, token = tools().clock.now(), browser.place(), browser.link()
    with unit_of_work(scope.platform(actor="sign-in", reason="keep a first passkey and open a session")):
        invited = invitations.find(token, now=now)
        if place is None or not invited.is_first or "challenge" not in invited.said:
            raise LinkGone("This link makes no passkey.")
        passkeys.keep(
            invited.person.id,
            answer=body["credential"],
            challenge=invited.said["challenge"],
            name="Passkey",
            place=place,
            now=now,
        )
        person = invitations.use_up(token, now=now)
        fresh = browser.begin(person, now=now, method="passkey")
    return browser.enter(fresh, browser.HOME)


def _page(**context: Any) -> Response:
    now = tools().clock.now()
    with unit_of_work(scope.platform(actor="sign-in", reason="look whom a letter's link is for")):
        invited = invitations.find(browser.link(), now=now)
    page = render_template(
        "welcome.html", invited=invited, place=browser.place(), shortest=passwords.SHORTEST, **context
    )
    return make_response(page, 422 if context.get("fault") else 200)


def _refuse_other_sites() -> None:
    if origins.is_foreign():
        raise problems.CsrfMissing("This did not come from our own page.")
