"""Decides whether an API client is who it says, by a signed assertion (private_key_jwt, RFC 7523).

The audience is our issuer, alone and as one text: an assertion that is good for somebody else too could be handed on by
them. It lives five minutes at most and counts once.
"""

from datetime import datetime, timedelta

from tenants.directory import api_clients, seen_once
from tenants.directory.api_clients import Registered
from tenants.values import signed
from tenants.values.signed import NotSigned, SignedText

KIND = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KINDS = ("", "jwt", "client-authentication+jwt")
LONGEST = timedelta(minutes=5)
LEEWAY = timedelta(seconds=10)


def client_of(text: str, *, issuer: str, now: datetime) -> Registered:
    """The API client behind an assertion. Raises NotSigned for whatever does not fit; the sender learns no reason."""
    given = signed.parts(text, kinds=KINDS)
    claimed = given.text("sub")
    client = api_clients.known(claimed)
    if client is None or client.auth_method != "private_key_jwt":
        raise NotSigned("no client that signs")
    _check_signature(given, client)
    if given.text("iss") != claimed or given.claims.get("aud") != issuer:
        raise NotSigned("another issuer or audience")
    ends = given.within(now, leeway=LEEWAY, longest=LONGEST)
    if not seen_once.first_time("assertion", claimed, given.text("jti"), now=now, until=ends + LEEWAY):
        raise NotSigned("an assertion that was seen before")
    return client


def _check_signature(given: SignedText, client: Registered) -> None:
    """The key that the header names, or each of the client's keys when it names none."""
    named = given.header.get("kid")
    keys = [each for each in client.jwks["keys"] if named is None or each["kid"] == named]
    for each in keys:
        key = signed.public_key(each)
        try:
            return given.check(key, algorithm=signed.algorithm_of(key))
        except NotSigned:
            continue
    raise NotSigned("none of this client's keys signed it")
