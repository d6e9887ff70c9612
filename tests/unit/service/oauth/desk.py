"""API clients with keys of their own, and what they send: assertions, proofs, pushed requests, redemptions."""

import base64
import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

from flask.testing import FlaskClient
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey
from werkzeug.test import TestResponse

from tenants.directory import api_clients
from tenants.directory.api_clients import Wanted
from tenants.isolation import scope
from tenants.work import unit_of_work
from tests.cast import NOW

ISSUER = "http://goodterms.test"
API = f"{ISSUER}/api/v1"
BACK = "https://app.alder.test/back"
LEFT = "https://app.alder.test/left"
APP_SCOPES = ("openid", "profile", "email", "offline_access", "client.read", "ledger.read")
MACHINE_SCOPES = ("client.read", "ledger.read", "ledger.write")
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def new_key(kind: str = "EC") -> ECKey | OKPKey:
    return ECKey.generate_key("P-256") if kind == "EC" else OKPKey.generate_key("Ed25519")


def signed(header: dict[str, Any], claims: Any, key: Any) -> str:
    """A signed text that may be as wrong as a test wants it."""
    bare = unsigned(header, claims).rpartition(".")[0]
    return f"{bare}.{b64(jws.JWSRegistry.algorithms[header['alg']].sign(bare.encode(), key))}"


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    return ".".join((b64(json.dumps(header).encode()), b64(json.dumps(claims).encode()), b64(signature)))


def opened(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token, believed as they stand."""
    return tuple(json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])  # type: ignore


@dataclass
class Desk:
    """One API client at its own desk."""

    web: FlaskClient
    tenant: UUID
    client_id: str
    own_id: UUID
    method: str
    key: Any = None
    secret: str = ""
    now: datetime = NOW
    proof_key: Any = field(default_factory=new_key)
    proves: bool = True

    @property
    def alg(self) -> str:
        return "ES256" if isinstance(self.key, ECKey) else "EdDSA"

    @property
    def jkt(self) -> str:
        return self.proof_key.thumbprint()

    def claims(self, **over: Any) -> dict[str, Any]:
        now = int(self.now.timestamp())
        whole = {"iss": self.client_id, "sub": self.client_id, "aud": ISSUER, "jti": secrets.token_urlsafe(12)}
        whole |= {"iat": now, "exp": now + 60} | over
        return {name: value for name, value in whole.items() if value is not None}

    def assertion(self, *, header: dict[str, Any] | None = None, key: Any = None, **over: Any) -> str:
        return signed({"alg": self.alg} | (header or {}), self.claims(**over), key or self.key)

    def identified(self, form: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """The form and the headers with which this client says who it is."""
        if self.method == "private_key_jwt":
            return {"client_assertion_type": ASSERTION, "client_assertion": self.assertion()} | form, {}
        if self.method == "none":
            return {"client_id": self.client_id} | form, {}
        words = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        return form, {"Authorization": f"Basic {words}"}

    def proof(
        self, method: str, address: str, *, token: str | None = None, key: Any = None, header: Any = None, **over: Any
    ) -> str:
        key = key or self.proof_key
        alg = "ES256" if isinstance(key, ECKey) else "EdDSA"
        head = {"alg": alg, "typ": "dpop+jwt", "jwk": key.as_dict(private=False)} | (header or {})
        whole = {"htm": method, "htu": address, "iat": int(self.now.timestamp()), "jti": secrets.token_urlsafe(12)}
        if token is not None:
            whole["ath"] = b64(hashlib.sha256(token.encode()).digest())
        whole |= over
        return signed(head, {name: value for name, value in whole.items() if value is not None}, key)

    def ask(self, path: str, form: dict[str, Any], *, proof: str | None = "own", headers: Any = None) -> TestResponse:
        whole, more = self.identified(form)
        if proof == "own":
            proof = self.proof("POST", ISSUER + path) if self.proves and path == "/oauth/token" else None
        more |= ({"DPoP": proof} if proof is not None else {}) | (headers or {})
        return self.web.post(path, data={k: v for k, v in whole.items() if v is not None}, headers=more)

    def token(self, **over: Any) -> TestResponse:
        """A machine's token."""
        return self.ask("/oauth/token", {"grant_type": "client_credentials"} | over)

    def call(self, token: str, path: str = "/api/v1/whoami", method: str = "GET", **options: Any) -> TestResponse:
        """Call the API with a token, in the way that it wants to be shown."""
        proof = options.pop("proof", None) or (self.proves and self.proof(method, ISSUER + path, token=token))
        headers = {"Authorization": f"{'DPoP' if proof else 'Bearer'} {token}"} | ({"DPoP": proof} if proof else {})
        headers |= options.pop("headers", {})
        return self.web.open(path, method=method, headers=headers, **options)


@dataclass
class Walk:
    """One person's way through an app: pushed, opened, answered, redeemed."""

    desk: Desk
    browser: Any
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    def request(self, **over: Any) -> dict[str, Any]:
        whole = {
            "response_type": "code",
            "client_id": self.desk.client_id,
            "redirect_uri": BACK,
            "scope": "openid offline_access ledger.read",
            "state": self.state,
            "code_challenge": b64(hashlib.sha256(self.verifier.encode()).digest()),
            "code_challenge_method": "S256",
        } | over
        return {name: value for name, value in whole.items() if value is not None}

    def push(self, *, proof: str | None = None, **over: Any) -> TestResponse:
        return self.desk.ask("/oauth/par", self.request(**over), proof=proof)

    def open(self, uri: str, **over: Any) -> TestResponse:
        given = {"client_id": self.desk.client_id, "request_uri": uri} | over
        return self.browser.client.get(f"/oauth/authorize?{urlencode(given)}")

    def answer(self, uri: str, answer: str = "allow") -> TestResponse:
        form = {"client_id": self.desk.client_id, "request_uri": uri, "answer": answer}
        return self.browser.client.post("/oauth/authorize", data=form | {"csrf_token": self.browser.csrf})

    def code(self, **over: Any) -> str:
        """The code that the app gets when the person says yes."""
        pushed = self.push(**over)
        assert pushed.status_code == 201, pushed.text
        page = self.open(pushed.json["request_uri"])
        assert page.status_code == 200, page.text
        return self.come_back(self.answer(pushed.json["request_uri"]))["code"]

    def come_back(self, answer: TestResponse) -> dict[str, str]:
        """What an answer brings back to the app."""
        assert answer.status_code in (302, 303), answer.text
        target = urlsplit(answer.headers["Location"])
        assert f"{target.scheme}://{target.netloc}{target.path}" == BACK
        return {name: value for name, (value,) in parse_qs(target.query).items()}

    def redeem(self, code: str, **over: Any) -> TestResponse:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": self.verifier}
        return self.desk.ask("/oauth/token", form | over.pop("form", {}), **over)

    def tokens(self, **over: Any) -> dict[str, Any]:
        answer = self.redeem(self.code(**over))
        assert answer.status_code == 200, answer.text
        return answer.json  # type: ignore[return-value]

    def refresh(self, token: str, **over: Any) -> TestResponse:
        return self.desk.ask(
            "/oauth/token", {"grant_type": "refresh_token", "refresh_token": token} | over.pop("form", {}), **over
        )


def register(web: Any, tenant: UUID, method: str = "private_key_jwt", *, kind: str = "machine", **over: Any) -> Desk:
    """Register an API client as its client company's admin would."""
    key = over.pop("key", None) or (new_key() if method == "private_key_jwt" else None)
    app = {"redirect_uris": (BACK,), "logout_uris": (LEFT,), "scopes": APP_SCOPES} if kind == "app" else {}
    jwks = {"keys": [key.as_dict(private=False)]} if key is not None else None
    whole = {"name": "Alder's own", "scopes": MACHINE_SCOPES, "jwks": jwks} | app | over
    with unit_of_work(scope.tenant(tenant, actor="test")):
        own, secret = api_clients.register(Wanted(kind=kind, auth_method=method, **whole), now=NOW)
    proves = not whole.get("waiver")
    return Desk(web.test_client(), tenant, api_clients.show(tenant, own), own, method, key, secret, proves=proves)


def field_of(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return unescape(found[1])
