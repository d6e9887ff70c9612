"""Where a person lets an app act in their name: a pushed request is opened, shown in plain words, and answered.

Nobody is ever sent to an address that was not registered letter by letter: what is wrong with the client, the address
or the pushed request ends on a page of ours. Everything else goes back to the app, and names us as its issuer.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidRequestError, OAuth2Error
from flask import Blueprint, Response, make_response, redirect, render_template
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response as AnyResponse

from service import cookies, identity
from service.auth.oauth import clients, forms, house, phrases
from service.auth.oauth.clients import Client
from service.auth.oauth.discovery import AUTHORIZE
from service.auth.oauth.engine import Engine
from service.auth.oauth.forms import GrantRequest
from service.auth.oauth.tokens import check_request, engine
from service.endpoint import PUBLIC, SIGNED_IN, endpoint, tools
from service.identity import Caller
from tenants.directory import oauth_grants, pushed_requests
from tenants.directory.access import VisibleClient

face = Blueprint("oauth_authorize", __name__)
BROWSER = "gt_oauth"
"""The cookie that ties a request to the browser that opened it; it opens nothing else."""

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self' {origin}"
)
"""Browsers hold a form to its policy through the redirect that answers it, so the app's own origin is named."""


@dataclass(frozen=True, slots=True)
class Giver:
    """The person who lets the app act, as the grant keeps it."""

    person_id: UUID
    session_hash: bytes
    authenticated_at: datetime


class Answer(Schema):
    """The form on the page of consent."""

    client_id = fields.String(required=True, validate=validate.Length(max=200))
    request_uri = fields.String(required=True, validate=validate.Length(max=200))
    answer = fields.String(required=True, validate=validate.OneOf(("allow", "deny")))


class LoginNeeded(OAuth2Error):
    """Nobody is signed in, and the app wants no question asked."""

    error = "login_required"


class ConsentNeeded(OAuth2Error):
    """The person was not asked yet, and the app wants no question asked."""

    error = "consent_required"


@endpoint(face, AUTHORIZE, needs=PUBLIC)
def open_request() -> AnyResponse:
    """Open a request in this browser: sign in first, then be asked."""
    ours = engine(AUTHORIZE)
    browser = cookies.given(BROWSER) or secrets.token_urlsafe(32)
    try:
        given = forms.query()
        with house.at_the_door("open an authorization request"):
            client, parameters, uri = _opened(ours, given, browser)
            check_request(ours, parameters)
    except OAuth2Error as fault:
        return _refused(fault)
    try:
        answer = _asked(client, parameters, uri)
    except OAuth2Error as fault:
        return ours.refused(_back(fault, parameters))
    cookies.put(answer, BROWSER, browser, seconds=int(pushed_requests.TO_ANSWER.total_seconds()))
    return answer


def _opened(ours: Engine, given: dict[str, str], browser: str) -> tuple[Client, dict[str, str], str]:
    """The request that this browser may answer; one that came in the address is kept as if it had been pushed."""
    client = clients.find(given.get("client_id"))
    if client is None or "request" in given:
        raise InvalidRequestError("There is no such app.")
    uri, now = given.get("request_uri", ""), ours.moment.now
    if not uri:
        if client.row.needs_pushing:
            raise InvalidRequestError("This app has to push its request first.")
        check_request(ours, given)
        uri = pushed_requests.push(given, client=client.row, jkt=None, now=now)
    pushed = pushed_requests.open(uri, client=client.row, browser=browser, now=now)
    if pushed is None:
        raise InvalidRequestError("This request is too old, or was answered before. Start again from the app.")
    return client, pushed.parameters, uri


def _asked(client: Client, parameters: dict[str, str], uri: str) -> AnyResponse:
    """The page of consent, or the way to it. Raises OAuth2Error for what goes back to the app."""
    now = tools().clock.now()
    caller = identity.caller(now)
    silent = parameters.get("prompt") == "none"
    if caller is None or _too_long_ago(caller, parameters.get("max_age"), now):
        if silent:
            raise LoginNeeded()
        again = urlencode({"client_id": client.get_client_id(), "request_uri": uri})
        return redirect(f"/sign-in?next={quote(f'{AUTHORIZE}?{again}')}")
    place = _place(caller, client)
    if silent:
        raise ConsentNeeded()
    if caller.misses_factor:
        return redirect("/account", 303)
    page = render_template(
        "consent.html",
        me=caller,
        app=client.row,
        place=place,
        uri=uri,
        wants=phrases.told(parameters["scope"].split()),
        host=urlsplit(parameters["redirect_uri"]).netloc,
    )
    answer = make_response(page)
    answer.headers["Content-Security-Policy"] = POLICY.format(origin=origin_of(parameters["redirect_uri"]))
    return answer


def origin_of(address: str) -> str:
    """Scheme and host of an address that was registered."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _too_long_ago(caller: Caller, max_age: str | None, now: datetime) -> bool:
    if max_age is None or not max_age.isdecimal() or len(max_age) > 9:
        return False
    with house.at_the_door("read when a person signed in"):
        return now - oauth_grants.signed_in_at(caller.session_hash) > timedelta(seconds=int(max_age))


def _place(caller: Caller, client: Client) -> VisibleClient:
    """The client company whose app it is. Raises AccessDeniedError for somebody who has no role there."""
    place = next((each for each in caller.clients if each.tenant_id == client.row.tenant_id), None)
    if place is None or place.is_visited:
        raise AccessDeniedError()
    return place


@endpoint(face, AUTHORIZE, needs=SIGNED_IN, method="POST", accepts=Answer)
def answer_request(body: dict[str, str]) -> AnyResponse:
    """Send the person back to the app, with a code or with a no."""
    ours = engine(AUTHORIZE)
    now = ours.moment.now
    caller = identity.caller(now)
    assert caller is not None
    try:
        with house.at_the_door("answer an authorization request"):
            client = clients.find(body["client_id"])
            browser = cookies.given(BROWSER)
            uri = body["request_uri"]
            pushed = client and pushed_requests.use(uri, client=client.row, browser=browser, now=now)
            if client is None or pushed is None:
                raise InvalidRequestError("This request is too old, or was answered before. Start again from the app.")
            return _decided(ours, client, pushed.parameters, caller if body["answer"] == "allow" else None)
    except OAuth2Error as fault:
        return _refused(fault)


def _decided(ours: Engine, client: Client, parameters: dict[str, str], caller: Caller | None) -> Response:
    grant = check_request(ours, parameters)
    try:
        giver = None if caller is None else _giver(caller, client)
    except OAuth2Error as fault:
        return ours.refused(_back(fault, parameters))
    answer: Response = ours.create_authorization_response(GrantRequest(parameters), grant_user=giver, grant=grant)
    answer.status_code = 303
    return answer


def _giver(caller: Caller, client: Client) -> Giver:
    _place(caller, client)
    return Giver(caller.person_id, caller.session_hash, oauth_grants.signed_in_at(caller.session_hash))


def _back(fault: OAuth2Error, parameters: dict[str, str]) -> OAuth2Error:
    """Let a refusal travel to the app: `check_request` has just found its address right."""
    fault.redirect_uri, fault.state = parameters["redirect_uri"], parameters.get("state")
    return fault


def _refused(fault: OAuth2Error) -> AnyResponse:
    """A page of ours that leads nowhere else."""
    page: Any = render_template(
        "problem.html",
        status=400,
        title="This app cannot be let in",
        detail=fault.get_error_description() or fault.error,
        remedy="Go back to the app and start again from there.",
        faults=[],
    )
    return make_response(page, 400)
