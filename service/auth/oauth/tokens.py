"""The doors at which API clients ask without a browser: token, push, revoke, introspect."""

from collections.abc import Callable
from typing import Any

import structlog
from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error, UnsupportedResponseTypeError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Blueprint, Response

from service import post
from service.auth.oauth import forms, house
from service.auth.oauth.discovery import INTROSPECT, PUSH, REVOKE, TOKEN
from service.auth.oauth.engine import BadProof, Engine, Moment
from service.auth.oauth.forms import GrantRequest
from service.auth.oauth.issuing import CodeGrant, MachineGrant, RefreshGrant, StrictPkce
from service.endpoint import PUBLIC, endpoint, tools
from tenants.directory import access, access_tokens, letters, oauth_grants, pushed_requests, refresh_tokens
from tenants.directory.access_tokens import Accepted
from tenants.directory.refresh_tokens import Reused
from tenants.events import history
from tenants.isolation import scope
from tenants.values import sealing
from tenants.values.signed import NotSigned
from tenants.work import unit_of_work

face = Blueprint("oauth_tokens", __name__)
log = structlog.get_logger(__name__)


def engine(path: str) -> Engine:
    """The grant engine for a request at this path."""
    settings = tools().settings
    moment = Moment(
        house.house(),
        tools().clock.now(),
        settings.keyring,
        sealing.derive(settings.secret_key, purpose="refresh tokens"),
    )
    made = Engine(moment, house.address(path))
    made.register_grant(CodeGrant, [StrictPkce(required=True)])
    made.register_grant(RefreshGrant)
    made.register_grant(MachineGrant)
    made.register_endpoint(Revocation)
    made.register_endpoint(Introspection)
    return made


def at_door(path: str, ask: Callable[[Engine, GrantRequest], Response]) -> Response:
    """Answer one request in one transaction; a refusal of the engine is an answer like any other."""
    ours = engine(path)
    try:
        given = GrantRequest(forms.body())
        with house.at_the_door(f"answer {path}"):
            answer = _told(ours, given, ask)
    except OAuth2Error as fault:
        return ours.refused(fault)
    if ours.reused is not None:
        note_reuse(ours.reused)
    return answer


def _told(ours: Engine, given: GrantRequest, ask: Callable[[Engine, GrantRequest], Response]) -> Response:
    try:
        return ask(ours, given)
    except OAuth2Error as fault:
        return ours.refused(fault)


def note_reuse(reused: Reused) -> None:
    """Tell the client company and the person that a copied refresh token was shown, and that its family ended."""
    now = tools().clock.now()
    log.warning("oauth.refresh.reuse", client_id=reused.client.client_id)
    with unit_of_work(scope.tenant(reused.client.tenant_id, actor="oauth")):
        history.note(
            "oauth.refresh.reuse",
            about=("api_client", reused.client.id),
            at=now,
            became={"grant": str(reused.grant_id)},
            reason="A refresh token came back after it had been changed; everything issued from it was ended.",
        )
        address = oauth_grants.address_of(reused.grant_id)
        if address is not None:
            letters.queue(letters.COPIED, email=address, now=now, app=reused.client.name)
    post.wake()


@endpoint(face, TOKEN, needs=PUBLIC, method="POST")
def token() -> Response:
    """Give tokens for a code, for a refresh token, or to a machine."""
    return at_door(TOKEN, lambda ours, given: ours.create_token_response(given))


@endpoint(face, PUSH, needs=PUBLIC, method="POST")
def push() -> Response:
    """Take an authorization request from the client itself, before any browser sees it (RFC 9126)."""
    return at_door(PUSH, _push)


def _push(ours: Engine, given: GrantRequest) -> Response:
    client = ours.authenticate_client(given, None, "push")
    jkt = ours.proved(needed=False)
    parameters = {name: value for name, value in given.form.items() if not name.startswith("client_assertion")}
    if "request_uri" in parameters or "request" in parameters:
        raise InvalidRequestError("A pushed request holds its parameters itself.")
    parameters["client_id"] = client.get_client_id()
    if jkt is not None and parameters.setdefault("dpop_jkt", jkt) != jkt:
        raise BadProof()
    check_request(ours, parameters)
    uri = pushed_requests.push(parameters, client=client.row, jkt=jkt, now=ours.moment.now)
    good_for = int(pushed_requests.GOOD_FOR.total_seconds())
    return ours.handle_response(
        201, {"request_uri": uri, "expires_in": good_for}, [("Content-Type", "application/json")]
    )


def check_request(ours: Engine, parameters: dict[str, str]) -> CodeGrant:
    """Check an authorization request as the browser's request will be. Raises OAuth2Error, without an address."""
    ours.check_target(parameters)
    if parameters.get("response_type") != "code":
        raise UnsupportedResponseTypeError("another one")
    if any(len(parameters.get(name, "")) > forms.LONGEST_WORD for name in ("state", "nonce", "dpop_jkt")):
        raise InvalidRequestError("A parameter is too long.")
    if parameters.get("response_mode", "query") != "query":
        raise InvalidRequestError("The answer comes in the query.")
    try:
        return ours.get_consent_grant(GrantRequest(parameters))  # type: ignore[no-any-return]
    except OAuth2Error as fault:
        fault.redirect_uri = None
        fault.state = None
        raise


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """End what a token stands for; a token that is not there, or not this client's, is no fault."""

    SUPPORTED_TOKEN_TYPES = ("access_token", "refresh_token")

    def check_params(self, request: Any, client: Any) -> None:
        """A token must be named; a hint that we do not know is no reason to leave it alive."""
        if not request.form.get("token"):
            raise InvalidRequestError("Name the token.")

    def query_token(self, token_string: str, token_type_hint: str | None) -> Any:
        """The grant of this client's token; the hint is not needed, because our tokens look different."""
        return None

    def authenticate_token(self, request: Any, client: Any) -> Any:
        """The grant to end."""
        self.check_params(request, client)
        text = request.form["token"]
        if text.startswith(refresh_tokens.MARK):
            found = refresh_tokens.grant_of(text, client=client.row)
            return found and found[0]
        accepted = believed(self.server, text)
        return accepted.grant.id if accepted and accepted.grant.client_id == client.row.id else None

    def revoke_token(self, token: Any, request: Any) -> None:
        """The whole grant ends: every token of it is dead with the next request."""
        oauth_grants.revoke(token, why="revoked by its client", now=self.server.moment.now)


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """Whether a token of the asking client is good; of any other it learns nothing."""

    def authenticate_token(self, request: Any, client: Any) -> dict[str, Any] | None:
        """What there is to say, or None."""
        text = request.form.get("token")
        if not text:
            raise InvalidRequestError("Name the token.")
        if text.startswith(refresh_tokens.MARK):
            return self._refresh_token(text, client)
        accepted = believed(self.server, text)
        if accepted is None or accepted.grant.client_id != client.row.id:
            return None
        if accepted.grant.person_id is None and access.is_closed(accepted.grant.tenant_id):
            return None
        return self._access_token(accepted)

    def create_introspection_payload(self, token: dict[str, Any] | None) -> dict[str, Any]:
        """The answer; of a token that is not good only that."""
        return {"active": False} if token is None else {"active": True, **token}

    def _access_token(self, accepted: Accepted) -> dict[str, Any]:
        told: dict[str, Any] = {
            "iss": self.server.moment.house.issuer,
            "aud": self.server.moment.house.audience,
            "sub": accepted.subject,
            "client_id": accepted.client_id,
            "jti": accepted.jti,
            "sid": accepted.grant.public_id,
            "scope": " ".join(sorted(accepted.scopes)),
            "iat": int(accepted.issued_at.timestamp()),
            "exp": int(accepted.expires_at.timestamp()),
            "token_type": "Bearer" if accepted.jkt is None else "DPoP",
        }
        return told if accepted.jkt is None else {**told, "cnf": {"jkt": accepted.jkt}}

    def _refresh_token(self, text: str, client: Any) -> dict[str, Any] | None:
        found = refresh_tokens.grant_of(text, client=client.row)
        grant = oauth_grants.alive(found[0], now=self.server.moment.now) if found and found[1] else None
        if grant is None:
            return None
        return {
            "client_id": client.get_client_id(),
            "sub": access_tokens.subject_of(grant),
            "scope": " ".join(sorted(grant.scopes)),
            "exp": int(grant.expires_at.timestamp()),
        }


def believed(ours: Engine, text: str) -> Accepted | None:
    """The access token, if it is good."""
    try:
        return access_tokens.accept(text, house=ours.moment.house, now=ours.moment.now)
    except NotSigned:
        return None


@endpoint(face, REVOKE, needs=PUBLIC, method="POST")
def revoke() -> Response:
    """End a token with everything that was issued beside it (RFC 7009)."""
    return at_door(REVOKE, lambda ours, given: ours.create_endpoint_response("revocation", given))


@endpoint(face, INTROSPECT, needs=PUBLIC, method="POST")
def introspect() -> Response:
    """Say whether a token of the asking client is good (RFC 7662)."""
    return at_door(INTROSPECT, lambda ours, given: ours.create_endpoint_response("introspection", given))
