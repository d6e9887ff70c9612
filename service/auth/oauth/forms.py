"""Reading what a client sent: a form in the body, each name once, nothing in the address."""

from typing import Any
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Payload, OAuth2Request
from flask import request

LARGEST = 64 * 1024
MOST = 40
LONGEST_WORD = 512
FORM = "application/x-www-form-urlencoded"


class Payload(OAuth2Payload):
    """The parameters of one request; each stands once."""

    def __init__(self, parameters: dict[str, str]) -> None:
        self.parameters = parameters

    @property
    def data(self) -> dict[str, str]:
        """By name."""
        return self.parameters

    @property
    def datalist(self) -> Any:
        """By name, as lists."""
        return {name: [value] for name, value in self.parameters.items()}


class GrantRequest(OAuth2Request):
    """A request as the grant engine reads it: from parameters that we read ourselves, never from Flask's mixture."""

    def __init__(self, parameters: dict[str, str]) -> None:
        # Whether the line is safe is decided by our own settings, so the engine's check of the address is left out.
        self.method, self.uri, self.headers = request.method, request.path, request.headers
        self.payload = Payload(parameters)
        self._body = self._scope = None
        self.client = self.user = self.auth_method = None
        self.authorization_code = self.refresh_token = self.credential = None

    @property
    def form(self) -> dict[str, str]:
        """The parameters."""
        return self.payload.data  # type: ignore[no-any-return]


def body() -> dict[str, str]:
    """The form of this request. Raises InvalidRequestError for any other body, or anything in the query."""
    if request.query_string:
        raise InvalidRequestError("Parameters belong in the body.")
    if request.mimetype != FORM:
        raise InvalidRequestError("Send a form.")
    raw = request.stream.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise InvalidRequestError("The form is too large.")
    return _once(raw)


def query() -> dict[str, str]:
    """The query of this request. Raises InvalidRequestError for a name that stands twice."""
    if len(request.query_string) > LARGEST:
        raise InvalidRequestError("The query is too large.")
    return _once(request.query_string)


def _once(raw: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST)
    except ValueError:
        raise InvalidRequestError("The parameters cannot be read.") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise InvalidRequestError("A parameter stands twice.")
    if any("\0" in name + value for name, value in pairs):
        raise InvalidRequestError("A parameter holds a sign that is none.")
    return {name: value for name, value in pairs if value}
