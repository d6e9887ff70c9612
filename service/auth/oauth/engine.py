"""The grant engine under our profile: one instance for each request, so that nothing is shared between two callers.

Every answer that is a refusal is an ordinary answer here, so the unit of work commits: a code that was shown stays
burned, and a family that was ended stays ended.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Error
from authlib.oauth2.rfc9207.parameter import IssuerParameter
from flask import Response, request

from service import rate_limits
from service.auth.oauth import clients
from service.auth.oauth.forms import GrantRequest
from service.endpoint import tools
from tenants.directory import proofs
from tenants.directory.access_tokens import House
from tenants.directory.refresh_tokens import Reused
from tenants.values.sealing import Keyring
from tenants.values.signed import NotSigned


class BadProof(OAuth2Error):
    """The DPoP proof is missing where one is needed, or does not fit."""

    error = "invalid_dpop_proof"
    description = "The DPoP proof is missing or does not fit."


class BadTarget(OAuth2Error):
    """A resource was named that is not our API."""

    error = "invalid_target"
    description = "There is one resource here, the API."


class SayIssuer(IssuerParameter):
    """Every authorization response names its issuer, refusals too (RFC 9207)."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    def issuer_named(self) -> str:
        """Who we are."""
        return self.issuer

    get_issuer = issuer_named  # the name by which the engine asks


@dataclass(frozen=True, slots=True)
class Moment:
    """What one request at the door knows: who we are, when, and under which keys secrets lie."""

    house: House
    now: datetime
    ring: Keyring
    refresh_key: bytes


class Engine(AuthorizationServer):
    """The authorization server of one request."""

    def __init__(self, moment: Moment, address: str) -> None:
        super().__init__()
        self.moment, self.address = moment, address
        self.jkt: str | None = None
        self.reused: Reused | None = None
        self.issuer_parameter = SayIssuer(moment.house.issuer)
        self.issuer_parameter(self)

    def query_client(self, client_id: str) -> clients.Client | None:
        """The client of this id."""
        return clients.find(client_id)

    def authenticate_client(self, request: Any, methods: Any, endpoint: str = "token") -> clients.Client:
        """The client at the door, with the key that it proved to hold."""
        public = endpoint != "introspection"
        client = clients.authenticated(request.form, house=self.moment.house, now=self.moment.now, public=public)
        request.auth_method, request.client = client.row.auth_method, client
        if endpoint in ("token", "push"):
            rate_limits.take_token(client.get_client_id(), toolbox=tools())
        if endpoint == "token":
            self.jkt = self.proved(needed=client.row.needs_proof)
            self.check_target(request.form)
        return client

    def proved(self, *, needed: bool) -> str | None:
        """The thumbprint of the key that this request proves to hold. Raises BadProof for a wrong proof, or for none
        where one is needed."""
        given = request.headers.getlist("DPoP")
        if not given and not needed:
            return None
        try:
            (text,) = given
            return proofs.checked(text, method=request.method, address=self.address, now=self.moment.now)
        except (NotSigned, ValueError):
            raise BadProof() from None

    def check_target(self, parameters: dict[str, str]) -> None:
        """Raises BadTarget when another resource than our API is asked for."""
        if parameters.get("resource", self.moment.house.audience) != self.moment.house.audience:
            raise BadTarget()

    def save_token(self, token: Any, request: Any) -> None:
        """Kept when it was made, in the same transaction."""

    def send_signal(self, name: str, *args: Any, **words: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Any) -> GrantRequest:
        """Ours is made before the engine sees it."""
        return request  # type: ignore[no-any-return]

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        """An answer of the engine as Flask sends it."""
        text = json.dumps(body) if isinstance(body, dict) else body
        answer = Response(text, status=status, headers=headers)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def refused(self, error: OAuth2Error) -> Response:
        """A refusal, sent back to the app only where its address was found right; it names its issuer there too."""
        answer: Response = self.handle_response(*error(None))
        self.issuer_parameter.add_issuer_parameter(self, answer)
        return answer
