"""A fresh proof in the middle of a session: by code or passkey, by the company's own sign-in for whom it vouched, or by
the password where there is nothing else."""

from flask import Blueprint, make_response, render_template
from marshmallow import fields, validate
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from service import identity
from service.auth import browser
from service.auth.sign_in import Next
from service.endpoint import SIGNED_IN, endpoint, tools
from service.identity import Caller
from tenants.directory import connections, factors, passkeys, people, sessions, steps
from tenants.isolation import scope
from tenants.work import unit_of_work

face = Blueprint("auth_step_up", __name__)
PROOF = "fresh proof"
WRONG = "That did not prove it. Try again."


class Proof(Next):
    """One of the three proofs."""

    code = fields.String(load_default="", validate=validate.Length(max=40))
    password = fields.String(load_default="", validate=validate.Length(max=1024))
    credential = fields.String(load_default="", validate=validate.Length(max=20_000))


class Begin(Next):
    """The page that wants a passkey."""


@endpoint(face, "/step-up", needs=SIGNED_IN, query=Next, enrols=True)
def ask(query: dict[str, str]) -> str:
    """What can this person prove it with?"""
    return _page(_caller(), browser.inside(query["next"]))


@endpoint(face, "/step-up/passkey", needs=SIGNED_IN, method="POST", accepts=Begin)
def ask_passkey(body: dict[str, str]) -> Response:
    """Begin a proof by passkey: its challenge waits with this browser."""
    caller, place = _caller(), browser.place()
    if place is None:
        raise passkeys.BadPasskey("There are no passkeys at this address.")
    ceremony = passkeys.begin_proving(place)
    with unit_of_work(scope.platform(actor="sign-in", reason="prove a person afresh")):
        token = steps.begin(
            PROOF, now=tools().clock.now(), person_id=caller.person_id, said={"challenge": ceremony.challenge}
        )
    page = _page(caller, browser.inside(body["next"]), options=ceremony.options)
    return browser.wait(make_response(page), token)


@endpoint(face, "/step-up", needs=SIGNED_IN, method="POST", accepts=Proof, enrols=True)
def check(body: dict[str, str]) -> Response:
    """Remember the proof for ten minutes, under a new token, or ask again."""
    caller, now, target = _caller(), tools().clock.now(), browser.inside(body["next"])
    with unit_of_work(scope.platform(actor="sign-in", reason="prove a person afresh")):
        proved = _proves(caller, body)
        fresh = browser.renew(caller, now=now) if proved else None
    if not proved:
        return make_response(_page(caller, target, fault=WRONG), 422)
    return browser.hold(redirect(target, 303), fresh)


def _proves(caller: Caller, body: dict[str, str]) -> bool:
    assert caller.person_id is not None
    toolbox, now, place = tools(), tools().clock.now(), browser.place()
    if body["credential"] and place:
        waiting = steps.take(browser.step(), purpose=PROOF, now=now)
        if waiting is None or waiting.person_id != caller.person_id:
            return False
        challenge = waiting.said["challenge"]
        return passkeys.prove(body["credential"], challenge=challenge, place=place, now=now) == caller.person_id
    if factors.held(caller.person_id).any:
        return sessions.proves(caller.person_id, code=body["code"], now=now, keys=toolbox.settings.keyring)
    return sessions.proves_password(caller.person_id, password=body["password"], now=now)


def _page(caller: Caller, target: str, *, fault: str = "", options: str = "") -> str:
    assert caller.person_id is not None
    with unit_of_work(scope.platform(actor="sign-in", reason="see what a person can prove with")):
        held, has_password = factors.held(caller.person_id), people.has_password(caller.person_id)
        companies = [
            each
            for each in connections.of_address(caller.email, now=tools().clock.now())
            if each.tenant_id == caller.within
        ]
    return render_template(
        "step_up.html",
        me=caller,
        next=target,
        held=held,
        has_password=has_password,
        companies=companies,
        fault=fault,
        options=options,
        place=browser.place(),
    )


def _caller() -> Caller:
    caller = identity.caller(tools().clock.now())
    assert caller is not None
    return caller
