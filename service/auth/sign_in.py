"""Sign-in: the address first, then the ways that are open to everybody with such an address; and sign-out.

What the second page shows depends on the domain of the address and on nothing that we know about a person. What does
not fit is answered in one sentence, whatever it was.
"""

from typing import Any
from urllib.parse import quote

from flask import Blueprint, make_response, redirect, render_template
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import cookies, identity, origins, problems
from service.auth import browser
from service.endpoint import PUBLIC, SIGNED_IN, endpoint, tools
from tenants.directory import connections, passkeys, session_ends, sessions, sign_in_rules, steps
from tenants.directory.sessions import SecondStep, SignedIn
from tenants.isolation import scope
from tenants.work import unit_of_work

face = Blueprint("auth", __name__)
WRONG = "That address and password do not fit together. Check both and try again."
PASSKEY = "passkey"


class Next(Schema):
    """Where to go after signing in."""

    next = fields.String(load_default=browser.HOME)


class Address(Next):
    """Who wants to sign in."""

    email = fields.String(required=True, validate=validate.Length(max=254))


class SignIn(Address):
    """The sign-in form."""

    password = fields.String(required=True, validate=validate.Length(max=1024))
    keep = fields.Boolean(load_default=False)


@endpoint(face, "/sign-in", needs=PUBLIC, query=Next)
def sign_in_page(query: dict[str, str]) -> str:
    """The first page: who are you? And why somebody who was signed in here is not any more."""
    left, token = None, cookies.given(identity.COOKIE)
    if token:
        with unit_of_work(scope.platform(actor="sign-in", reason="tell a browser why its session ended")):
            left = session_ends.why_out(token, now=tools().clock.now())
    return render_template("sign_in.html", next=browser.inside(query["next"]), left=left)


@endpoint(face, "/sign-in/address", needs=PUBLIC, method="POST", accepts=Address)
def ask_how(body: dict[str, str]) -> Response:
    """The second page: the company's own sign-in where the domain has one, a passkey, a password."""
    _refuse_other_sites()
    return _ways(body["email"].strip(), browser.inside(body["next"]))


@endpoint(face, "/sign-in", needs=PUBLIC, method="POST", accepts=SignIn)
def sign_in(body: dict[str, Any]) -> Response:
    """Open a session and set its cookie; a wrong pair shows the form again, a second factor its own page."""
    _refuse_other_sites()
    target = browser.inside(body["next"])
    with unit_of_work(scope.platform(actor="sign-in", reason="check a password and open a session")):
        fresh = sessions.sign_in(
            body["email"],
            password=body["password"],
            now=tools().clock.now(),
            network=browser.network(),
            agent=browser.agent(),
            spans=browser.spans(),
            keep=body["keep"],
        )
        if isinstance(fresh, SignedIn):
            browser.leave(now=tools().clock.now())
    if fresh is None:
        return _ways(body["email"].strip(), target, fault=WRONG)
    if isinstance(fresh, SecondStep):
        return browser.wait(redirect(f"/sign-in/code?next={quote(target)}", 303), fresh.token)
    return browser.enter(fresh, target)


@endpoint(face, "/sign-out", needs=SIGNED_IN, method="POST", enrols=True)
def sign_out() -> Response:
    """End the session; the cookie goes too."""
    with unit_of_work(scope.platform(actor="sign-in", reason="end a session")):
        sessions.end(cookies.given(identity.COOKIE), now=tools().clock.now())
    response = redirect("/sign-in", 303)
    cookies.drop(response, identity.COOKIE)
    return response


def _ways(email: str, target: str, *, fault: str = "") -> Response:
    """Every way to sign in with such an address; the passkey's challenge waits with this browser."""
    place, now = browser.place(), tools().clock.now()
    ceremony = passkeys.begin_proving(place) if place else None
    with unit_of_work(scope.platform(actor="sign-in", reason="find the ways to sign in with an address")):
        found = connections.of_address(email, now=now)
        insists = bool(found) and sign_in_rules.any_insists([each.tenant_id for each in found])
        token = steps.begin(PASSKEY, now=now, said={"challenge": ceremony.challenge}) if ceremony else ""
    page = render_template(
        "sign_in_ways.html",
        email=email,
        next=target,
        fault=fault,
        connections=found,
        insists=insists,
        options=ceremony.options if ceremony else "",
        kept_days=tools().settings.kept_days,
    )
    response = make_response(page, 422 if fault else 200)
    return browser.wait(response, token) if token else response


def _refuse_other_sites() -> None:
    if origins.is_foreign():
        raise problems.CsrfMissing("This sign-in did not come from our own page.")
