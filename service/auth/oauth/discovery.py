"""What anybody may know of the authorization server: its metadata at both well-known addresses, and its public keys."""

from typing import Any

from flask import Blueprint, Response, jsonify

from service.auth.oauth import house
from service.endpoint import PUBLIC, endpoint
from tenants.directory import api_clients, client_rules, signing_keys
from tenants.values import signed

face = Blueprint("oauth_discovery", __name__)
TOKEN, PUSH, AUTHORIZE = "/oauth/token", "/oauth/par", "/oauth/authorize"
REVOKE, INTROSPECT, KEYS, LOGOUT = "/oauth/revoke", "/oauth/introspect", "/oauth/jwks", "/oauth/logout"
METHODS = list(api_clients.METHODS)


def document() -> dict[str, Any]:
    """What the server does, and nothing that it does not."""
    ours = house.house()
    proving = [method for method in METHODS if method != "none"]
    return {
        "issuer": ours.issuer,
        "authorization_endpoint": ours.issuer + AUTHORIZE,
        "token_endpoint": ours.issuer + TOKEN,
        "pushed_authorization_request_endpoint": ours.issuer + PUSH,
        "revocation_endpoint": ours.issuer + REVOKE,
        "introspection_endpoint": ours.issuer + INTROSPECT,
        "end_session_endpoint": ours.issuer + LOGOUT,
        "jwks_uri": ours.issuer + KEYS,
        "scopes_supported": sorted(client_rules.known_scopes()),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": METHODS,
        "token_endpoint_auth_signing_alg_values_supported": list(signed.ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": list(signed.ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": proving,
        "introspection_endpoint_auth_signing_alg_values_supported": list(signed.ALGORITHMS),
        "dpop_signing_alg_values_supported": list(signed.ALGORITHMS),
        "require_pushed_authorization_requests": True,
        "authorization_response_iss_parameter_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "claims_supported": [
            "sub",
            "iss",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "sid",
            "at_hash",
            "name",
            "email",
        ],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "service_documentation": ours.issuer + "/api/v1/openapi.json",
    }


def _told(given: Any) -> Response:
    answer = jsonify(given)
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


@endpoint(face, "/.well-known/oauth-authorization-server", needs=PUBLIC)
def server_metadata() -> Response:
    """The metadata of RFC 8414."""
    return _told(document())


@endpoint(face, "/.well-known/openid-configuration", needs=PUBLIC)
def provider_metadata() -> Response:
    """The same document where OpenID Connect looks for it."""
    return _told(document())


@endpoint(face, "/.well-known/oauth-protected-resource", needs=PUBLIC)
def resource_metadata() -> Response:
    """Which server issues tokens for the API, and how they are shown (RFC 9728)."""
    ours = house.house()
    return _told(
        {
            "resource": ours.audience,
            "authorization_servers": [ours.issuer],
            "bearer_methods_supported": ["header"],
            "dpop_signing_alg_values_supported": list(signed.ALGORITHMS),
            "scopes_supported": sorted(client_rules.known_scopes()),
        }
    )


@endpoint(face, KEYS, needs=PUBLIC)
def published_keys() -> Response:
    """The public keys: the one that signs, the one that will, those that did."""
    with house.at_the_door("publish keys"):
        return _told({"keys": signing_keys.published()})
