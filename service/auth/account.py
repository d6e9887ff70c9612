"""My account: with what I prove who I am, and where I am signed in."""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any
from uuid import UUID

import segno
from flask import Blueprint, make_response
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import post
from service.auth import browser
from service.endpoint import SIGNED_IN, endpoint, tools
from service.identity import Caller
from service.pages import frame
from tenants.directory import factors, letters, passkeys, passwords, people, renewals, sessions, steps
from tenants.directory.sessions import SignedIn
from tenants.isolation import scope
from tenants.isolation.scope import Scope
from tenants.values.faults import Kind, Refusal
from tenants.work import unit_of_work

face = Blueprint("auth_account", __name__)
MAKING = "make a passkey"


class OfTheCompany(Refusal):
    """The company vouches for this person, and its word makes no other way in."""

    kind = Kind.FORBIDDEN
    code = "of_the_company"
    remedy = "Choose a password of your own by a letter from “I cannot sign in”, and sign in with that first."


class Code(Schema):
    """A code of the app that was just set up."""

    code = fields.String(required=True, validate=validate.Length(max=40))


class NewPasskey(Schema):
    """A passkey that the browser made, and what its owner calls it."""

    credential = fields.String(required=True, validate=validate.Length(max=20_000))
    name = fields.String(load_default="", validate=validate.Length(max=80))


class NewWord(Schema):
    """A new password."""

    password = fields.String(required=True, validate=validate.Length(max=1024))


class Handle(Schema):
    """One passkey or session."""

    handle = fields.String(required=True, validate=validate.Length(max=1400))


@endpoint(face, "/account", needs=SIGNED_IN, enrols=True)
def account_page() -> str:
    """Second factors and open sessions."""
    return _page(frame.signed_in())


@endpoint(face, "/account/code-app", needs=SIGNED_IN, method="POST", fresh=True, enrols=True)
def begin_code_app() -> str:
    """Show the picture that a code app scans; nothing counts before a code of it was typed."""
    caller, toolbox = frame.signed_in(), tools()
    with _people("set up a code app"):
        secret = factors.begin_totp(_own(caller), now=toolbox.clock.now(), keys=toolbox.settings.keyring)
    address = factors.address(secret, email=caller.email, issuer=toolbox.settings.provider_name)
    picture = segno.make(address, error="m").svg_data_uri(scale=5, border=2)
    return frame.show("code_app.html", section="account", secret=secret, picture=picture)


@endpoint(face, "/account/code-app/confirm", needs=SIGNED_IN, method="POST", accepts=Code, fresh=True, enrols=True)
def confirm_code_app(body: dict[str, Any]) -> Response:
    """Let the app count, and show the recovery codes once."""
    caller, toolbox = frame.signed_in(), tools()
    now = toolbox.clock.now()
    with _people("confirm a code app"):
        codes = factors.confirm_totp(_own(caller), code=body["code"], now=now, keys=toolbox.settings.keyring)
        _tell(caller, "A code app was set up", now=now)
        fresh = _strengthened(caller, now=now)
    post.wake()
    return browser.hold(make_response(_page(frame.signed_in(), codes=codes)), fresh)


@endpoint(face, "/account/code-app/remove", needs=SIGNED_IN, method="POST", fresh=True)
def remove_code_app() -> Response:
    """Take the code app away."""
    caller = frame.signed_in()
    with _people("remove a code app"):
        factors.remove_totp(_own(caller))
        _tell(caller, "Your code app was removed", now=tools().clock.now())
    post.wake()
    return frame.after_change("/account")


@endpoint(face, "/account/recovery-codes", needs=SIGNED_IN, method="POST", fresh=True)
def renew_codes() -> str:
    """New recovery codes in the place of the old ones, shown once."""
    caller = frame.signed_in()
    with _people("renew recovery codes"):
        person = _own(caller)
        codes = factors.renew_recovery_codes(person) if factors.held(person).any else []
        if codes:
            _tell(caller, "Your recovery codes were made anew", now=tools().clock.now())
    post.wake()
    return _page(caller, codes=codes)


@endpoint(face, "/account/passkeys/begin", needs=SIGNED_IN, method="POST", fresh=True, enrols=True)
def begin_passkey() -> Response:
    """Ask the browser for a new passkey: its challenge waits with this browser."""
    caller, toolbox, place = frame.signed_in(), tools(), browser.place()
    if place is None:
        raise passkeys.BadPasskey("There are no passkeys at this address.", remedy="Use a code app.")
    with _people("make a passkey"):
        ceremony = passkeys.begin_making(
            _own(caller), email=caller.email, name=caller.name, place=place, issuer=toolbox.settings.provider_name
        )
        said = {"challenge": ceremony.challenge}
        token = steps.begin(MAKING, now=toolbox.clock.now(), person_id=caller.person_id, said=said)
    page = frame.show("passkey.html", section="account", options=ceremony.options)
    return browser.wait(Response(page, mimetype="text/html"), token)


@endpoint(face, "/account/passkeys", needs=SIGNED_IN, method="POST", accepts=NewPasskey, fresh=True, enrols=True)
def keep_passkey(body: dict[str, Any]) -> Response:
    """Keep what the browser made; with the first factor of all come recovery codes, which are shown once."""
    caller, now, place = frame.signed_in(), tools().clock.now(), browser.place()
    with _people("keep a passkey"):
        waiting = steps.take(browser.step(), purpose=MAKING, now=now)
        if waiting is None or waiting.person_id != caller.person_id or place is None:
            raise passkeys.BadPasskey("This has waited too long.")
        is_first = not factors.held(_id(caller)).any
        passkeys.keep(
            _own(caller),
            answer=body["credential"],
            challenge=waiting.said["challenge"],
            name=body["name"],
            place=place,
            now=now,
        )
        _tell(caller, "A passkey was added", now=now)
        codes = factors.renew_recovery_codes(_id(caller)) if is_first else []
        fresh = _strengthened(caller, now=now) if is_first else browser.renew(caller, now=now)
    post.wake()
    if not codes:
        return browser.hold(frame.after_change("/account"), fresh)
    return browser.hold(make_response(_page(frame.signed_in(), codes=codes)), fresh)


@endpoint(face, "/account/passkeys/remove", needs=SIGNED_IN, method="POST", accepts=Handle, fresh=True)
def remove_passkey(body: dict[str, Any]) -> Response:
    """Take one passkey away."""
    caller = frame.signed_in()
    with _people("remove a passkey"):
        passkeys.remove(_own(caller), handle=body["handle"])
        _tell(caller, "A passkey was removed", now=tools().clock.now())
    post.wake()
    return frame.after_change("/account")


@endpoint(face, "/account/password", needs=SIGNED_IN, method="POST", accepts=NewWord, fresh=True)
def change_password(body: dict[str, Any]) -> Response:
    """Choose another password; every session ends, and this browser gets a new one."""
    caller, toolbox = frame.signed_in(), tools()
    now, about = toolbox.clock.now(), [toolbox.settings.provider_name]
    with _people("change a password"):
        people.set_password(_own(caller), password=body["password"], now=now, about=about, stolen=toolbox.stolen)
        letters.queue(letters.CHANGED, email=caller.email, now=now)
        method = "password and code" if factors.held(_id(caller)).totp else "password"
        fresh = browser.begin(_id(caller), now=now, method=method, keep=renewals.is_kept(caller.session_hash))
    post.wake()
    return browser.enter(fresh, "/account")


@endpoint(face, "/account/sessions/end", needs=SIGNED_IN, method="POST", accepts=Handle)
def end_session(body: dict[str, Any]) -> Response:
    """End one session of mine; its browser is out with its next request."""
    with _people("end a session"):
        sessions.revoke(_id(frame.signed_in()), handle=body["handle"], now=tools().clock.now())
    return frame.after_change("/account")


@endpoint(face, "/account/sessions/end-others", needs=SIGNED_IN, method="POST")
def end_other_sessions() -> Response:
    """End every session but this one."""
    caller = frame.signed_in()
    with _people("end other sessions"):
        sessions.end_others(_id(caller), keep=caller.session_hash, now=tools().clock.now())
    return frame.after_change("/account")


def _page(caller: Caller, *, codes: list[str] | None = None) -> str:
    with _people("see factors and sessions"):
        held, kept = factors.held(_id(caller)), passkeys.of(_id(caller))
        opened = sessions.opened_by(_id(caller), now=tools().clock.now())
    return frame.show(
        "account.html",
        section="account",
        held=held,
        passkeys=kept,
        sessions=opened,
        this=caller.session_hash.hex(),
        codes=codes or [],
        idle=browser.spans().of(caller.side, keep=False).idle,
        browser_name=browser.named,
        place=browser.place(),
        shortest=passwords.SHORTEST,
        staff_may_go_without=caller.side == "provider" and not tools().settings.staff_second_factor,
    )


def _strengthened(caller: Caller, *, now: datetime) -> SignedIn | None:
    """The first factor counts from now on: what was opened without it is over, and this browser holds a new token."""
    sessions.end_others(_id(caller), keep=caller.session_hash, now=now)
    return browser.renew(caller, now=now, holds_factor=True)


def _tell(caller: Caller, what: str, *, now: datetime) -> None:
    """Let the person hear by mail what became of the way in, whoever did it."""
    letters.queue(letters.FACTOR, email=caller.email, now=now, what=what)


def _people(reason: str) -> AbstractContextManager[Scope]:
    return unit_of_work(scope.platform(actor=frame.signed_in().actor, reason=reason))


def _own(caller: Caller) -> UUID:
    """Whoever may change how they prove who they are. Raises OfTheCompany for somebody for whom a company vouches: who
    runs its identity provider must not make ways in that outlast it, or that open more."""
    if caller.within is not None:
        raise OfTheCompany(
            "You came in through your company's own sign-in, which looks after how you prove who you are."
        )
    return _id(caller)


def _id(caller: Caller) -> UUID:
    """A session is always a person's; a token opens no page."""
    assert caller.person_id is not None
    return caller.person_id
