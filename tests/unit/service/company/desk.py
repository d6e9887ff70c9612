"""A client's identity provider that a test can bend, and what a browser does with it."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from tenants import store
from tenants.adapters.identity_providers import MemoryProviders
from tenants.directory import connections
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work
from tests.cast import NOW
from tests.unit.service.conftest import Browser

ISSUER = "https://login.alder.test/realm"
US = "goodterms-at-alder"
KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
OTHER = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
UNBOUND = RSAKey.import_key({name: value for name, value in KEY.as_dict(private=True).items() if name != "alg"})
CURVE = ECKey.generate_key("P-256", {"kid": "e1", "use": "sig", "alg": "ES256"})


def metadata(**over):
    return {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/auth",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/keys",
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
        "authorization_response_iss_parameter_supported": True,
        **over,
    }


class Idp(MemoryProviders):
    """Alder's identity provider, honest until a test makes it otherwise."""

    def __init__(self) -> None:
        super().__init__({f"{ISSUER}/.well-known/openid-configuration": metadata()})
        self.show(KEY, CURVE)

    def show(self, *keys) -> None:
        self.documents[f"{ISSUER}/keys"] = KeySet(keys).as_dict(private=False)

    def vouch(self, asked: str, /, *, key=KEY, header: dict[str, Any] | None = None, **claims: Any) -> None:
        at = int(NOW.timestamp())
        said = {
            "iss": ISSUER,
            "aud": US,
            "sub": "u-1",
            "email": "una@alder.test",
            "email_verified": True,
            "name": "Una Vogel",
            "nonce": asked,
            "iat": at,
            "exp": at + 300,
            **claims,
        }
        said = {name: value for name, value in said.items() if value is not ...}
        words = {"alg": "RS256", "kid": "k1", **(header or {})}
        words = {name: value for name, value in words.items() if value is not None}
        registry = jws.JWSRegistry(algorithms=[words["alg"]], strict_check_header=False)
        self.answer = {"id_token": jwt.encode(words, said, key, registry=registry), "access_token": "x"}


def connect(tenant, settings, *, jit=True, issuer=ISSUER, domain="alder.test", live=True):
    with unit_of_work(scope.tenant(tenant, actor="test")):
        store.run("DELETE FROM email_domain WHERE tenant_id = :tenant")
        added = connections.add(
            "Alder's login", issuer=issuer, client_id=US, secret="s3cret", now=NOW, keys=settings.keyring, jit=jit
        )
        if domain:
            connections.claim_domain(domain, now=NOW)
            (mine,) = connections.domains()
            connections.prove_domain(domain, records=["v=spf1 -all", f'"{mine.record}"'], now=NOW)
        if live:
            connections.mark_tested(added, now=NOW)
            connections.set_state(added, state="live", now=NOW)
    return added


def go(browser: Browser, tenant, connection, next_page="/my-day"):
    """Press the company's button; answers what the provider is asked."""
    sent = {"tenant": ids.show("ten", tenant), "connection": ids.show("idp", connection), "next": next_page}
    answer = browser.client.post("/sign-in/company", data=sent)
    if answer.status_code != 200:
        return answer
    address = answer.headers["Refresh"].partition("url=")[2]
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def back(browser: Browser, asked, **over):
    said = {"code": "c-1", "state": asked["state"], "iss": ISSUER, **over}
    return browser.client.get("/sign-in/company/return", query_string={k: v for k, v in said.items() if v is not None})


def is_in(browser: Browser) -> bool:
    return browser.get("~/whoami").status_code == 200
