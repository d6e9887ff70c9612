"""Decides what an access token says and when one is believed (RFC 9068, ES256, five minutes).

It says who granted what to whom, and names no client's role or data: rights are read from the rows with each request.
The order of checks is fixed: size, form, kind, algorithm, key, signature, issuer and audience, time; then the grant.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tenants.directory import api_clients, oauth_grants, signing_keys
from tenants.directory.oauth_grants import Grant
from tenants.directory.signing_keys import Signer
from tenants.values import ids, signed
from tenants.values.signed import NotSigned

KIND = "at+jwt"
GOOD_FOR = timedelta(seconds=300)
LEEWAY = timedelta(seconds=10)
KINDS = {"provider": "staff", "client": "client", None: "machine"}


@dataclass(frozen=True, slots=True)
class House:
    """Who issues, and for which API: the two names that every token carries."""

    issuer: str

    @property
    def audience(self) -> str:
        """The API, as tokens and resource indicators name it."""
        return f"{self.issuer}/api/v1"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A token that is believed, with its grant and the scopes that are left of it."""

    grant: Grant
    scopes: frozenset[str]
    jkt: str | None
    client_id: str
    subject: str
    jti: str
    issued_at: datetime
    expires_at: datetime


def mint(grant: Grant, *, scopes: Collection[str], jkt: str | None, by: Signer, house: House, now: datetime) -> str:
    """A fresh access token."""
    claims: dict[str, Any] = {
        "iss": house.issuer,
        "aud": house.audience,
        "sub": subject_of(grant),
        "client_id": api_clients.show(grant.tenant_id, grant.client_id),
        "jti": secrets.token_urlsafe(16),
        "iat": int(now.timestamp()),
        "exp": int((now + GOOD_FOR).timestamp()),
        "scope": " ".join(sorted(scopes)),
        "sid": grant.public_id,
        "act_kind": KINDS[grant.side],
    }
    if jkt is not None:
        claims["cnf"] = {"jkt": jkt}
    return signed.sign({"typ": KIND, "kid": by.kid}, claims, key=by.key)


def accept(text: str, *, house: House, now: datetime) -> Accepted:
    """Believe an access token. Raises NotSigned for whatever does not fit or holds no more."""
    given = signed.parts(text, kinds=(KIND,))
    kid = given.header.get("kid")
    key = signing_keys.public(kid) if isinstance(kid, str) and given.header["alg"] == "ES256" else None
    if key is None:
        raise NotSigned("not one of our keys")
    given.check(key, algorithm="ES256")
    if given.claims.get("iss") != house.issuer or given.claims.get("aud") != house.audience:
        raise NotSigned("another issuer or audience")
    ends = given.within(now, leeway=LEEWAY, longest=GOOD_FOR)
    grant = _grant(given.text("sid"), now)
    scopes = frozenset(given.text("scope", longest=4096).split()) & grant.scopes & grant.client_scopes
    return Accepted(
        grant,
        scopes,
        _bound_to(given.claims),
        given.text("client_id"),
        given.text("sub"),
        given.text("jti"),
        given.instant("iat"),
        ends,
    )


def subject_of(grant: Grant) -> str:
    """Who a token speaks for: the person, or the machine itself."""
    own: UUID | None = grant.person_id
    return api_clients.show(grant.tenant_id, grant.client_id) if own is None else ids.show("per", own)


def _bound_to(claims: dict[str, Any]) -> str | None:
    """The thumbprint of the key to which a token is bound, None for one that is not bound."""
    if "cnf" not in claims:
        return None
    told = claims["cnf"]
    jkt = told.get("jkt") if isinstance(told, dict) else None
    if not isinstance(jkt, str):
        raise NotSigned("bound to nothing that we know")
    return jkt


def _grant(sid: str, now: datetime) -> Grant:
    try:
        found = oauth_grants.alive(ids.read(oauth_grants.PREFIX, sid), now=now)
    except ids.BadId:
        raise NotSigned("no grant") from None
    if found is None:
        raise NotSigned("its grant holds no more")
    return found
