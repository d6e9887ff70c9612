"""Which API client is at the door: by signed assertion, by secret, or by name alone where that was registered.

Every failure is the same answer after the same work: nobody learns whether a client exists.
"""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from urllib.parse import unquote_plus

from authlib.oauth2.rfc6749 import ClientMixin, InvalidClientError
from flask import request

from tenants.directory import api_clients, assertions, client_rules
from tenants.directory.access_tokens import House
from tenants.directory.api_clients import Registered
from tenants.values.signed import NotSigned


class Nobody:
    """Stands in for a client that is not there, so that looking for it costs what any other costs."""

    @staticmethod
    def knows(secret: str, *, now: datetime) -> bool:
        """Never, after the same work."""
        return hmac.compare_digest(hashlib.sha256(secret.encode()).digest(), bytes(32)) and now is None


NOBODY = Nobody()


class Client(ClientMixin):
    """A registered API client as the grant engine asks about it."""

    def __init__(self, row: Registered) -> None:
        self.row = row

    def name_of_client(self) -> str:
        return self.row.client_id

    def unnamed_address(self) -> None:
        """Always none: an address that is not named is not guessed."""

    def allowed_scope(self, scope: str | None) -> str | None:
        """All that was asked for, or None when any of it is beyond this client: nothing is silently narrowed."""
        wanted = (scope or "").split()
        return " ".join(wanted) if wanted and set(wanted) <= set(self.row.scopes) else None

    get_client_id, get_default_redirect_uri, get_allowed_scope = name_of_client, unnamed_address, allowed_scope
    # the names by which the engine asks

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Letter by letter."""
        return redirect_uri in self.row.redirect_uris

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code" and self.row.kind == "app"

    def check_grant_type(self, grant_type: str) -> bool:
        if self.row.kind == "machine":
            return grant_type == "client_credentials"
        wants_more = client_rules.OFFLINE in self.row.scopes
        return grant_type == "authorization_code" or (grant_type == "refresh_token" and wants_more)


def find(client_id: str | None) -> Client | None:
    """The client of this public id, or None."""
    row = api_clients.known(client_id) if client_id else None
    return None if row is None else Client(row)


def authenticated(parameters: dict[str, str], *, house: House, now: datetime, public: bool = True) -> Client:
    """The client that proved who it is, in exactly one way and in the way that it was registered with.

    `public` lets those in that cannot prove it. Raises InvalidClientError, always the same one.
    """
    assertion, header = parameters.get("client_assertion"), request.headers.getlist("Authorization")
    try:
        if len(header) + bool(assertion) > 1 or "client_secret" in parameters:
            raise NotSigned("several ways at once, or a secret in the body")
        if assertion:
            row = _by_assertion(parameters, assertion, house=house, now=now)
        elif header:
            row = _by_secret(header[0], now=now)
        else:
            row = _by_name(parameters.get("client_id", ""), public=public)
        if parameters.get("client_id", row.client_id) != row.client_id:
            raise NotSigned("another client's name")
    except NotSigned:
        raise InvalidClientError("The client could not be authenticated.", status_code=401) from None
    return Client(row)


def _by_assertion(parameters: dict[str, str], assertion: str, *, house: House, now: datetime) -> Registered:
    if parameters.get("client_assertion_type") != assertions.KIND:
        raise NotSigned("an assertion of another type")
    return assertions.client_of(assertion, issuer=house.issuer, now=now)


def _by_secret(header: str, *, now: datetime) -> Registered:
    name, secret = _basic(header)
    row = api_clients.known(name)
    right = (row or NOBODY).knows(secret, now=now)
    if row is None or not right or row.auth_method != "client_secret_basic":
        raise NotSigned("no client of that secret")
    return row


def _basic(header: str) -> tuple[str, str]:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        raise NotSigned("another scheme")
    try:
        name, found, secret = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise NotSigned("not readable") from None
    if not found or not name or not secret:
        raise NotSigned("no name or no secret")
    return unquote_plus(name), unquote_plus(secret)


def _by_name(client_id: str, *, public: bool) -> Registered:
    row = api_clients.known(client_id)
    if row is None or row.auth_method != "none" or not public:
        raise NotSigned("no public client")
    return row
