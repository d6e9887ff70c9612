"""The three grants, each closed where the engine leaves a door open."""

from collections.abc import Iterable
from typing import Any

from authlib.oauth2.rfc6749 import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    UnauthorizedClientError,
    grants,
)
from authlib.oauth2.rfc7636 import CodeChallenge

from service.auth.oauth.engine import Engine, Moment
from tenants.directory import (
    access,
    access_tokens,
    client_rules,
    id_tokens,
    oauth_codes,
    oauth_grants,
    refresh_tokens,
    signing_keys,
)
from tenants.directory.oauth_codes import CHALLENGE, Redeemed
from tenants.directory.oauth_grants import Grant
from tenants.directory.refresh_tokens import Reused, Shown

METHODS = ["private_key_jwt", "client_secret_basic", "none"]


class StrictPkce(CodeChallenge):
    """S256 for every client, at both ends."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012  (as the engine declares it)
    DEFAULT_CODE_CHALLENGE_METHOD = "S256"

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Every request for a code carries a challenge."""
        given = grant.request.payload.data
        challenge = given.get("code_challenge", "")
        if given.get("code_challenge_method") != "S256" or not CHALLENGE.fullmatch(challenge):
            raise InvalidRequestError("PKCE with S256 is needed.")

    def validate_code_verifier(self, grant: Any, result: Any) -> None:
        """The one who redeems is the one who asked."""
        if not grant.request.authorization_code.row.fits(grant.request.form.get("code_verifier", "")):
            raise InvalidGrantError("The code verifier does not fit.")


class Issues:
    """Tokens are made here for all three grants: five minutes, bound to the key that was proved."""

    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    server: Engine
    request: Any

    def issued(self, grant: Grant, scopes: Iterable[str], *, nonce: str | None = None) -> dict[str, Any]:
        """The answer of the token endpoint, without a refresh token."""
        moment: Moment = self.server.moment
        wanted, jkt = sorted(scopes), self.server.jkt
        by = signing_keys.signer(ring=moment.ring, now=moment.now)
        access = access_tokens.mint(grant, scopes=wanted, jkt=jkt, by=by, house=moment.house, now=moment.now)
        answer: dict[str, Any] = {
            "access_token": access,
            "token_type": "Bearer" if jkt is None else "DPoP",
            "expires_in": int(access_tokens.GOOD_FOR.total_seconds()),
            "scope": " ".join(wanted),
        }
        if "openid" in wanted:
            answer["id_token"] = id_tokens.mint(
                grant, scopes=wanted, nonce=nonce, access_token=access, by=by, house=moment.house, now=moment.now
            )
        return answer


class TakenCode:
    """A redeemed code as the engine asks about it."""

    def __init__(self, row: Redeemed, grant: Grant) -> None:
        self.row, self.grant = row, grant

    def address_of_code(self) -> str:
        return self.row.redirect_uri

    def scope_text(self) -> str:
        return " ".join(sorted(self.grant.scopes))

    get_redirect_uri, get_scope = address_of_code, scope_text  # the names by which the engine asks


class CodeGrant(Issues, grants.AuthorizationCodeGrant):
    """A code for people: taken by one statement, bound to client, address, challenge and key."""

    def validate_requested_scope(self) -> None:
        """Left to the client's own list: see `Client.get_allowed_scope`."""

    @staticmethod
    def validate_authorization_redirect_uri(request: Any, client: Any) -> str:
        """An address that was registered, letter by letter. The engine's own refusal quotes what was sent, and breaks
        over a sign that cannot stand in an error."""
        address = request.payload.redirect_uri
        if not address or not client.check_redirect_uri(address):
            raise InvalidRequestError("The redirect_uri is not one of those registered.")
        return str(address)

    def generate_authorization_code(self) -> str:
        return oauth_codes.fresh()

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Open the grant that the person just gave, and keep its code."""
        now, given = self.server.moment.now, request.payload.data
        grant_id = oauth_grants.open(
            request.client.row,
            scopes=request.scope.split(),
            now=now,
            lasts=oauth_grants.OF_PEOPLE,
            person_id=request.user.person_id,
            session_hash=request.user.session_hash,
            authenticated_at=request.user.authenticated_at,
        )
        oauth_codes.keep(
            code,
            grant_id=grant_id,
            redirect_uri=given["redirect_uri"],
            challenge=given["code_challenge"],
            jkt=given.get("dpop_jkt"),
            nonce=given.get("nonce"),
            now=now,
        )

    def query_authorization_code(self, code: str, client: Any) -> TakenCode | None:
        """Take the code; whatever is wrong with the rest of the request, it is used up."""
        row = oauth_codes.take(code, client=client.row, now=self.server.moment.now)
        grant = None if row is None else oauth_grants.alive(row.grant_id, now=self.server.moment.now)
        if row is None or grant is None or (row.jkt is not None and row.jkt != self.server.jkt):
            return None
        return TakenCode(row, grant)

    def authenticate_user(self, authorization_code: TakenCode) -> Grant:
        return authorization_code.grant

    def delete_authorization_code(self, authorization_code: TakenCode) -> None:
        """It was taken by `query_authorization_code`."""

    def generate_token(self, user: Any = None, scope: Any = None, **words: Any) -> dict[str, Any]:
        """The first tokens of a grant; a refresh token for an app that asked for one."""
        taken: TakenCode = self.request.authorization_code
        answer = self.issued(user, user.scopes, nonce=taken.row.nonce)
        if self.server.jkt is not None:
            oauth_grants.bind(user.id, jkt=self.server.jkt)
        if client_rules.OFFLINE in user.scopes:
            answer["refresh_token"] = refresh_tokens.first(user.id, now=self.server.moment.now)
        return answer


class ShownToken:
    """A refresh token that holds, as the engine asks about it."""

    def __init__(self, shown: Shown) -> None:
        self.shown = shown

    def check_client(self, client: Any) -> bool:
        """It was looked for among this client's own."""
        return self.shown.grant.client_id == client.row.id

    def scope_text(self) -> str:
        return " ".join(sorted(self.shown.grant.scopes))

    get_scope = scope_text  # the name by which the engine asks


class RefreshGrant(Issues, grants.RefreshTokenGrant):
    """Fresh tokens for a grant that still holds."""

    def authenticate_refresh_token(self, refresh_token: str) -> ShownToken | None:
        moment = self.server.moment
        found = refresh_tokens.show(
            refresh_token, client=self.request.client.row, key=moment.refresh_key, jkt=self.server.jkt, now=moment.now
        )
        if isinstance(found, Reused):
            self.server.reused = found
            return None
        return None if found is None else ShownToken(found)

    def authenticate_user(self, refresh_token: ShownToken) -> Grant:
        return refresh_token.shown.grant

    def revoke_old_credential(self, refresh_token: ShownToken) -> None:
        """It was changed in the statement that found it."""

    def issue_token(self, user: Grant, refresh_token: ShownToken) -> dict[str, Any]:
        """Tokens for what was granted, or for the part of it that is asked for."""
        wanted = (self.request.payload.scope or refresh_token.get_scope()).split()
        answer = self.issued(user, wanted)
        if refresh_token.shown.successor != self.request.form["refresh_token"]:
            answer["refresh_token"] = refresh_token.shown.successor
        return answer


class MachineGrant(Issues, grants.ClientCredentialsGrant):
    """A machine's token for its own client company."""

    def validate_requested_scope(self) -> None:
        """Nothing beyond the client's own scopes; what is not named means all of them. For a client company that was
        closed no machine works at all."""
        if access.is_closed(self.request.client.row.tenant_id):
            raise UnauthorizedClientError("This client was closed: no machine works for it any more.")
        asked = self.request.payload.scope
        if asked and self.request.client.get_allowed_scope(asked) is None:
            raise InvalidScopeError()

    def generate_token(self, user: Any = None, scope: str | None = None, **words: Any) -> dict[str, Any]:
        """A grant of its own for each token, so that each can be ended alone."""
        row, moment = self.request.client.row, self.server.moment
        wanted = (scope or " ".join(row.scopes)).split()
        grant_id = oauth_grants.open(
            row, scopes=wanted, now=moment.now, lasts=access_tokens.GOOD_FOR + access_tokens.LEEWAY, jkt=self.server.jkt
        )
        grant = oauth_grants.alive(grant_id, now=moment.now)
        assert grant is not None
        return self.issued(grant, wanted)
