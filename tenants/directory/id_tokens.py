"""Decides what an app is told about who signed in (OpenID Connect), and how such a token is believed when it comes back
as a hint. It is never good as an access token: its kind, its audience and its claims are others.
"""

import base64
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants.directory import api_clients, oauth_grants, signing_keys
from tenants.directory.access_tokens import GOOD_FOR, House, subject_of
from tenants.directory.oauth_grants import Grant
from tenants.directory.signing_keys import Signer
from tenants.values import ids, signed
from tenants.values.signed import NotSigned


@dataclass(frozen=True, slots=True)
class Hint:
    """Whom an app means when it signs somebody out."""

    grant_id: UUID
    person_id: UUID
    client_id: str


def mint(
    grant: Grant,
    *,
    scopes: Collection[str],
    nonce: str | None,
    access_token: str,
    by: Signer,
    house: House,
    now: datetime,
) -> str:
    """A fresh id token beside its access token."""
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    claims: dict[str, Any] = {
        "iss": house.issuer,
        "aud": api_clients.show(grant.tenant_id, grant.client_id),
        "sub": subject_of(grant),
        "iat": int(now.timestamp()),
        "exp": int((now + GOOD_FOR).timestamp()),
        "auth_time": int((grant.authenticated_at or grant.made_at).timestamp()),
        "sid": grant.public_id,
        "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
        **_about(grant, scopes),
    }
    if nonce is not None:
        claims["nonce"] = nonce
    return signed.sign({"typ": "JWT", "kid": by.kid}, claims, key=by.key)


def hinted(text: str, *, house: House) -> Hint:
    """Whom an id token of ours means; it may have expired long ago. Raises NotSigned."""
    given = signed.parts(text, kinds=("jwt",))
    kid = given.header.get("kid")
    key = signing_keys.public(kid) if isinstance(kid, str) else None
    if key is None or given.claims.get("iss") != house.issuer:
        raise NotSigned("not one of ours")
    given.check(key, algorithm="ES256")
    try:
        grant_id = ids.read(oauth_grants.PREFIX, given.text("sid"))
        return Hint(grant_id, ids.read("per", given.text("sub")), given.text("aud"))
    except ids.BadId:
        raise NotSigned("no id token") from None


def _about(grant: Grant, scopes: Collection[str]) -> dict[str, Any]:
    """What the scopes let an app know of the person."""
    told: dict[str, Any] = {}
    if "profile" in scopes:
        told["name"] = grant.person_name
    if "email" in scopes:
        told |= {"email": grant.email, "email_verified": True}
    return told
