"""Decides what a client's identity provider is believed: a code that it gave for our question, in this browser, and an
identity token that it signed for us, now, for that question.

Everything is compared exactly. Keys come from the pinned issuer's own list, never from a token; algorithms with a
shared secret, or none, are no signatures. Whatever does not fit is one and the same refusal to the caller, and a named
reason in the log.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tenants.directory import great_providers
from tenants.directory.connections import Connection
from tenants.directory.outside_identities import NotVouched
from tenants.directory.ports import IdentityProviders, Unreachable
from tenants.values import texts

log = structlog.get_logger(__name__)
LEEWAY = timedelta(seconds=60)
OLDEST = timedelta(minutes=10)
LARGEST = 16 * 1024
SIGNATURES = ("ES256", "ES384", "EdDSA", "Ed25519", "PS256", "RS256")
KINDS = ("RSA", "EC", "OKP")
NEVER_IN_A_HEADER = ("jwk", "jku", "x5u", "x5c", "crit", "b64", "zip")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a provider says of itself, as far as we use it."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    signatures: tuple[str, ...]
    names_itself: bool
    secret_in_form: bool
    userinfo_endpoint: str | None


@dataclass(frozen=True, slots=True)
class Question:
    """Where the browser is sent, and what must wait here for the answer."""

    address: str
    said: dict[str, str]


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider vouches for."""

    sub: str
    email: str
    name: str
    organisation: str | None = None
    """The domain of the organisation that runs the account, where the provider says one."""


class _No(Exception):
    """The reason of a refusal, for the log alone."""


def discover(connection: Connection, *, providers: IdentityProviders) -> Metadata:
    """Read what the provider says of itself. Raises NotVouched when it is not the pinned one."""
    try:
        return _metadata(connection, providers)
    except (_No, Unreachable) as reason:
        raise _refusal(connection, reason) from None


def ask(connection: Connection, *, providers: IdentityProviders, back: str, again: datetime | None = None) -> Question:
    """Begin: one question with a state, a nonce and a PKCE challenge of its own; `again`, the present, wants a proof
    that is made now, by somebody who is signed in already. Raises NotVouched."""
    metadata = discover(connection, providers=providers)
    said = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
    digest = hashlib.sha256(said["verifier"].encode()).digest()
    query = {
        "response_type": "code",
        "client_id": connection.client_id,
        "redirect_uri": back,
        "scope": "openid email profile",
        "state": said["state"],
        "nonce": said["nonce"],
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    if again is not None:
        said["since"] = str(int(again.timestamp()))
        query |= great_providers.once_more(connection.issuer)
    joint = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
    return Question(f"{metadata.authorization_endpoint}{joint}{urlencode(query)}", said)


def hear(
    connection: Connection,
    *,
    said: Mapping[str, str],
    answer: Mapping[str, Any],
    secret: str,
    providers: IdentityProviders,
    back: str,
    now: datetime,
) -> Vouched:
    """Whom the answer vouches for. Raises NotVouched for an answer to no question of this browser, or a bad token."""
    try:
        metadata = _metadata(connection, providers)
        code = _code(connection, metadata, said, answer)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": said["verifier"],
        }
        tokens = providers.redeem(
            metadata.token_endpoint,
            form=form,
            client_id=connection.client_id,
            secret=secret,
            in_form=metadata.secret_in_form,
        )
        claims = _claims(connection, metadata, tokens.get("id_token"), providers)
        _check(connection, claims, nonce=said["nonce"], now=now)
        _check_freshness(claims, since=said.get("since"))
        about = claims if "email" in claims else _about(metadata, claims, tokens.get("access_token"), providers)
        home = great_providers.organisation(claims)
        return Vouched(claims["sub"], _email({**claims, **about}), _name(about), home)
    except (_No, Unreachable) as reason:
        raise _refusal(connection, reason) from None


def _metadata(connection: Connection, providers: IdentityProviders) -> Metadata:
    told = providers.document(connection.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if told.get("issuer") != connection.issuer:
        raise _No("the document names another issuer")
    authorization, token, jwks = (
        _endpoint(told, name, connection) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
    )
    signatures = tuple(each for each in _list(told, "id_token_signing_alg_values_supported") if each in SIGNATURES)
    methods = _list(told, "token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if "S256" not in (_list(told, "code_challenge_methods_supported") or ["S256"]):
        raise _No("the provider knows no PKCE with S256")
    return Metadata(
        authorization,
        token,
        jwks,
        signatures=signatures or ("RS256",),
        names_itself=told.get("authorization_response_iss_parameter_supported") is True,
        secret_in_form="client_secret_basic" not in methods,
        userinfo_endpoint=_endpoint(told, "userinfo_endpoint", connection) if told.get("userinfo_endpoint") else None,
    )


def _code(connection: Connection, metadata: Metadata, said: Mapping[str, str], answer: Mapping[str, Any]) -> str:
    """The code of an answer to our question, from the provider that was asked."""
    state, iss, code = answer.get("state"), answer.get("iss"), answer.get("code")
    if not isinstance(state, str) or not hmac.compare_digest(state.encode(), said["state"].encode()):
        raise _No("the answer is to another question")
    if (iss or metadata.names_itself) and iss != connection.issuer:
        raise _No("another issuer answered")
    if answer.get("error"):
        raise _No("the provider said no")
    if not isinstance(code, str) or not 0 < len(code) <= 4096:
        raise _No("there is no code")
    return code


def _claims(connection: Connection, metadata: Metadata, token: object, providers: IdentityProviders) -> dict[str, Any]:
    if not isinstance(token, str) or len(token) > LARGEST or token.count(".") != 2:
        raise _No("there is no identity token")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError):
        raise _No("the token cannot be read") from None
    alg, kid = header.get("alg"), header.get("kid")
    if alg not in metadata.signatures or any(name in header for name in NEVER_IN_A_HEADER):
        raise _No("the header asks for something that we do not believe")
    if header.get("typ", "JWT") != "JWT":
        raise _No("the token is of another kind")
    for newest in (False, True):
        keys = _keys(providers.document(metadata.jwks_uri, newest=newest), kid)
        if keys is not None:
            try:
                return dict(jwt.decode(token, keys, algorithms=[str(alg)]).claims)
            except (JoseError, ValueError, TypeError):
                raise _No("the signature does not fit") from None
    raise _No("no key of the provider fits")


def _keys(document: dict[str, Any], kid: object) -> KeySet | None:
    """The provider's keys of this name; without a name, its only key."""
    listed = document.get("keys")
    keys = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    usable = [each for each in keys if each.get("kty") in KINDS and each.get("use", "sig") == "sig" and "d" not in each]
    fitting = [each for each in usable if each.get("kid") == kid] if kid is not None else usable
    if len(fitting) != 1:
        return None
    try:
        return KeySet.import_key_set({"keys": fitting})
    except (JoseError, ValueError, KeyError, TypeError):
        return None


def _check(connection: Connection, claims: Mapping[str, Any], *, nonce: str, now: datetime) -> None:
    """Every claim that makes the token one of this provider, for us, now, for our question."""
    audience = claims.get("aud")
    stated = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") not in great_providers.names_of(connection.issuer):
        raise _No("the token names another issuer")
    if stated != [connection.client_id]:
        raise _No("the token is for somebody else")
    if "azp" in claims and claims["azp"] != connection.client_id:
        raise _No("the token was made for another party")
    given = claims.get("nonce")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
        raise _No("the token answers another question")
    expires, issued = _instant(claims, "exp"), _instant(claims, "iat")
    at = now.timestamp()
    if at >= expires + LEEWAY.total_seconds():
        raise _No("the token is over")
    if not at - OLDEST.total_seconds() <= issued <= at + LEEWAY.total_seconds():
        raise _No("the token is not of this moment")
    if "nbf" in claims and _instant(claims, "nbf") > at + LEEWAY.total_seconds():
        raise _No("the token is of a later moment")
    if great_providers.is_nobodys(connection.issuer, claims):
        raise _No("a private account, of no organisation")
    sub = claims.get("sub")
    if not isinstance(sub, str) or not 0 < len(sub) <= 255 or not texts.is_text(sub):
        raise _No("the token names nobody")


def _check_freshness(claims: Mapping[str, Any], *, since: str | None) -> None:
    """A proof that was wanted afresh is no older than the question, where the provider tells when it was given."""
    if since is None or "auth_time" not in claims:
        return
    if _instant(claims, "auth_time") < float(since) - LEEWAY.total_seconds():
        raise _No("the person proved it before we asked")


def _about(
    metadata: Metadata, claims: Mapping[str, Any], token: object, providers: IdentityProviders
) -> Mapping[str, Any]:
    """What the provider says of the person beside the token, of the same subject."""
    if metadata.userinfo_endpoint is None or not isinstance(token, str):
        return claims
    told = providers.person(metadata.userinfo_endpoint, token=token)
    if told.get("sub") != claims["sub"]:
        raise _No("the provider told of another subject")
    return told


def _email(claims: Mapping[str, Any]) -> str:
    """The address, where it may count."""
    email = claims.get("email")
    if not isinstance(email, str) or not 3 <= len(email) <= 254 or email.count("@") != 1:
        raise _No("the token carries no address")
    if not texts.is_text(email) or any(each.isspace() for each in email.strip()):
        raise _No("the address is none")
    if not great_providers.is_verified(claims):
        raise _No("the address is not verified")
    return email.strip().lower()


def _name(claims: Mapping[str, Any]) -> str:
    """What the provider calls the person; nothing where it is no text."""
    name = claims.get("name")
    return name.strip()[:200] if isinstance(name, str) and texts.is_text(name) else ""


def _instant(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**40:
        raise _No(f"the claim {name} is no instant")
    return float(value)


def _list(told: Mapping[str, Any], name: str) -> list[str]:
    value = told.get(name)
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _endpoint(told: Mapping[str, Any], name: str, connection: Connection) -> str:
    address = told.get(name)
    if not isinstance(address, str) or not _is_safe(address, connection.issuer):
        raise _No("an endpoint is missing or not https")
    return address


def _is_safe(address: str, issuer: str) -> bool:
    """https everywhere; a provider on this machine, which only demos and tests can call, may do without."""
    parts = urlsplit(address)
    ours = urlsplit(issuer)
    plain = parts.scheme == "http" and ours.scheme == "http" and parts.hostname == ours.hostname
    return (parts.scheme == "https" or plain) and bool(parts.hostname) and not parts.fragment and not parts.username


def _refusal(connection: Connection, reason: Exception) -> NotVouched:
    log.warning("single_sign_on.refused", connection=str(connection.id), reason=str(reason))
    return NotVouched("This sign-in does not open anything here.")
