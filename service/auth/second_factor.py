"""The second step of a sign-in: a code of the moment, a recovery code, or a passkey, which is two factors in one."""

from typing import Any

from flask import Blueprint, make_response, redirect, render_template
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from service import origins, problems
from service.auth import browser
from service.auth.sign_in import PASSKEY, Next
from service.endpoint import PUBLIC, endpoint, tools
from tenants.directory import passkeys, sessions, steps
from tenants.isolation import scope
from tenants.work import unit_of_work

face = Blueprint("auth_second", __name__)
WRONG = "This is not the code of the moment. Wait for the next one and type that."


class Code(Next):
    """What was typed."""

    code = fields.String(required=True, validate=validate.Length(max=40))


class Answer(Next):
    """What the browser's passkey answered."""

    credential = fields.String(required=True, validate=validate.Length(max=20_000))
    keep = fields.Boolean(load_default=False)


@endpoint(face, "/sign-in/code", needs=PUBLIC, query=Next)
def code_page(query: dict[str, str]) -> Response | str:
    """Ask for the code; without a step that waits, the way begins anew."""
    if not browser.step():
        return redirect("/sign-in", 303)
    return render_template("second_factor.html", next=browser.inside(query["next"]), fault="")


@endpoint(face, "/sign-in/code", needs=PUBLIC, method="POST", accepts=Code)
def check_code(body: dict[str, str]) -> Response:
    """Open the session when the code is right; a wrong one counts."""
    _refuse_other_sites()
    toolbox, target = tools(), browser.inside(body["next"])
    with unit_of_work(scope.platform(actor="sign-in", reason="check a code and open a session")):
        fresh = sessions.finish(
            browser.step(),
            code=body["code"],
            now=toolbox.clock.now(),
            keys=toolbox.settings.keyring,
            network=browser.network(),
            agent=browser.agent(),
            spans=browser.spans(),
        )
        if fresh is not None:
            browser.leave(now=toolbox.clock.now())
    if fresh is None:
        return make_response(render_template("second_factor.html", next=target, fault=WRONG), 422)
    return browser.enter(fresh, target)


@endpoint(face, "/sign-in/passkey", needs=PUBLIC, method="POST", accepts=Answer)
def check_passkey(body: dict[str, Any]) -> Response:
    """Open the session of the person whose passkey signed our challenge."""
    _refuse_other_sites()
    place, now = browser.place(), tools().clock.now()
    with unit_of_work(scope.platform(actor="sign-in", reason="check a passkey and open a session")):
        waiting = steps.take(browser.step(), purpose=PASSKEY, now=now)
        if waiting is None or place is None:
            raise passkeys.BadPasskey("This sign-in has waited too long.")
        person = passkeys.prove(body["credential"], challenge=waiting.said["challenge"], place=place, now=now)
        fresh = browser.begin(person, now=now, method="passkey", keep=body["keep"])
    return browser.enter(fresh, body["next"])


def _refuse_other_sites() -> None:
    if origins.is_foreign():
        raise problems.CsrfMissing("This sign-in did not come from our own page.")
