"""Decides what an API client may ask to be: which permissions as scopes, which addresses, which keys.

A machine may hold what a machine's work needs, and never what concerns people, sign-in or other clients. Addresses are
compared letter by letter, so only those that can mean one thing are taken.
"""

import json
import re
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import urlsplit

from tenants.directory import permissions
from tenants.values import signed
from tenants.values.faults import Refusal

OF_MACHINES = frozenset(
    {
        "client.read",
        "ledger.read",
        "ledger.write",
        "contacts.read",
        "import.read",
        "import.write",
        "delivery.read",
        "delivery.write",
        "alerts.read",
        "collections.read",
        "insight.read",
        "approvals.request",
        "export.write",
    }
)
OF_APPS = OF_MACHINES | {
    "portfolio.read",
    "alerts.write",
    "collections.write",
    "rules.read",
    "rules.propose",
    "work.read",
    "history.read",
}
"""What an app may do in a person's name, as far as the person may: nothing that gives rights away."""
OPENID = ("openid", "profile", "email")
OFFLINE = "offline_access"
LONGEST_ADDRESS = 512
MOST = 20
LOOPBACK = ("127.0.0.1", "[::1]")
PLAIN = re.compile(r"[A-Za-z0-9._~:/?&=%+,;@!$'()*\[\]-]+", re.ASCII)


class BadApiClient(Refusal):
    """What was said about the API client cannot be right."""

    code = "bad_api_client"
    remedy = "Correct the named part."


def grantable(kind: str) -> frozenset[str]:
    """Every scope that a client of this kind may hold."""
    return (OF_MACHINES if kind == "machine" else OF_APPS | {*OPENID, OFFLINE}) & known_scopes()


def known_scopes() -> frozenset[str]:
    """Every scope that there is: permissions that exist, and the words of OpenID Connect."""
    return (OF_APPS & permissions.PERMISSIONS) | {*OPENID, OFFLINE}


def check_scopes(kind: str, scopes: Collection[str]) -> tuple[str, ...]:
    """The scopes in one order. Raises BadApiClient for none, or one that this kind may not hold."""
    beyond = sorted(set(scopes) - grantable(kind))
    if beyond or not scopes:
        named = f"“{beyond[0][:60]}” is no scope of this kind of client." if beyond else "Name at least one scope."
        raise BadApiClient(named, pointer="/scopes")
    return tuple(sorted(set(scopes)))


def check_addresses(addresses: Collection[str], *, pointer: str) -> tuple[str, ...]:
    """Addresses to which a browser may be sent back. Raises BadApiClient for one that could mean two things."""
    if len(addresses) > MOST:
        raise BadApiClient(f"At most {MOST} addresses can be named.", pointer=pointer)
    for address in addresses:
        fault = _fault_of(address)
        if fault:
            raise BadApiClient(f"“{address[:80]}” cannot be an address to return to: {fault}.", pointer=pointer)
    return tuple(dict.fromkeys(addresses))


def _fault_of(address: str) -> str:
    if len(address) > LONGEST_ADDRESS or not PLAIN.fullmatch(address):
        return "it has signs that addresses are not made of"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "it cannot be read"
    if parts.fragment or "#" in address or parts.username is not None:
        return "it has a fragment or a user"
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.netloc.startswith(LOOPBACK)):
        return "it is neither https nor http on this machine's own 127.0.0.1"
    if not host or host != host.rstrip(".") or parts.netloc != parts.netloc.lower() or port == 0:
        return "its host is not written plainly"
    if "/../" in parts.path + "/" or "/./" in parts.path + "/" or "%2e" in address.lower() or "%2f" in address.lower():
        return "its path steps back"
    return ""


def check_keys(jwks: Any) -> dict[str, list[dict[str, str]]]:
    """The public keys, reduced to what we use, each with its thumbprint as `kid` unless it has one.

    Raises BadApiClient for a private key, for a kind that we do not take, and for the same `kid` twice.
    """
    given = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(given, list) or not 0 < len(given) <= MOST:
        raise BadApiClient('Keys are given as {"keys": [ … ]} with at least one key.', pointer="/jwks")
    kept = list(_reduced(given))
    if len({key["kid"] for key in kept}) != len(kept):
        raise BadApiClient("Two keys have the same kid.", pointer="/jwks")
    return {"keys": kept}


def _reduced(given: Iterable[Any]) -> Iterable[dict[str, str]]:
    for each in given:
        try:
            key = signed.public_key(each)
        except signed.NotSigned:
            raise BadApiClient("A key must be a public one, of P-256 or Ed25519.", pointer="/jwks") from None
        kid = each.get("kid") or key.thumbprint()
        if not isinstance(kid, str) or len(kid) > 200:
            raise BadApiClient("A kid is a text of at most 200 characters.", pointer="/jwks")
        plain = json.loads(json.dumps(key.as_dict(private=False)))
        yield {name: plain[name] for name in ("kty", "crv", "x", "y") if name in plain} | {"kid": kid}
