"""Signing out on an app's wish (RP-initiated logout): asked first, and back only to an address that was registered."""

from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.rfc6749 import OAuth2Error
from flask import Blueprint, make_response, redirect, render_template
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import cookies, identity, origins, problems
from service.auth.oauth import clients, forms, house
from service.auth.oauth.authorize import POLICY, origin_of
from service.auth.oauth.discovery import LOGOUT
from service.endpoint import PUBLIC, endpoint, tools
from tenants.directory import oauth_grants, sessions
from tenants.directory.id_tokens import Hint, hinted
from tenants.values.signed import NotSigned

face = Blueprint("oauth_logout", __name__)
LONG = validate.Length(max=4096)


class Leaving(Schema):
    """What the page of signing out carries along."""

    id_token_hint = fields.String(load_default="", validate=LONG)
    post_logout_redirect_uri = fields.String(load_default="", validate=LONG)
    client_id = fields.String(load_default="", validate=LONG)
    state = fields.String(load_default="", validate=LONG)


@endpoint(face, LOGOUT, needs=PUBLIC)
def ask_to_sign_out() -> Response:
    """Ask before anything ends: a picture on somebody's page must not sign people out."""
    try:
        given: dict[str, str] = Leaving(unknown="exclude").load(forms.query())
    except OAuth2Error:
        given = Leaving().load({})
    target = _target(given)
    answer = make_response(render_template("sign_out.html", given=given))
    answer.headers["Content-Security-Policy"] = POLICY.format(origin=origin_of(target) if target else "")
    return answer


@endpoint(face, LOGOUT, needs=PUBLIC, method="POST", accepts=Leaving)
def sign_out_everywhere(body: dict[str, str]) -> Response:
    """End the browser's session, what was granted from it, and the grant of the hint."""
    if origins.is_foreign():
        raise problems.CsrfMissing("This sign-out did not come from our own page.")
    now = tools().clock.now()
    caller = identity.caller(now)
    hint = _hint(body)
    with house.at_the_door("sign out of an app"):
        if caller is not None:
            oauth_grants.revoke_of_session(caller.session_hash, person_id=caller.person_id, now=now)
            sessions.end(cookies.given(identity.COOKIE), now=now)
        if hint is not None and (caller is None or caller.person_id == hint.person_id):
            oauth_grants.revoke(hint.grant_id, why="signed out", now=now)
    answer = redirect(_target(body) or "/sign-in", 303)
    cookies.drop(answer, identity.COOKIE)
    return answer


def _hint(given: dict[str, str]) -> Hint | None:
    if not given["id_token_hint"]:
        return None
    try:
        with house.at_the_door("read whom an app signs out"):
            return hinted(given["id_token_hint"], house=house.house())
    except NotSigned:
        return None


def _target(given: dict[str, Any]) -> str:
    """Where the browser goes afterwards: an address registered for signing out, letter by letter, or nowhere."""
    hint = _hint(given)
    named = given["client_id"] or (hint.client_id if hint else "")
    if hint is not None and named != hint.client_id:
        return ""
    with house.at_the_door("find the app that signs out"):
        client = clients.find(named)
    wanted = given["post_logout_redirect_uri"]
    if client is None or wanted not in client.row.logout_uris:
        return ""
    more = urlencode({"state": given["state"]}) if given["state"] else ""
    return wanted + (("&" if "?" in wanted else "?") + more if more else "")
