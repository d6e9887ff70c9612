"""Una comes in through Entra ID and through Google, each saying what it really says, and a stranger does not."""

from dataclasses import replace

import pytest

from tenants.adapters.identity_providers import MemoryProviders
from tenants.directory import connections
from tenants.directory.connections import BadConnection
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work
from tests.cast import NOW
from tests.unit.service.company.desk import KEY, Idp, back, connect, go, is_in
from tests.unit.service.conftest import Browser

TID = "72f988bf-86f1-41af-91ab-2d7cd011db47"
MICROSOFT = "https://login.microsoftonline.com"
ENTRA, GOOGLE = f"{MICROSOFT}/{TID}/v2.0", "https://accounts.google.com"
OID = "00000000-0000-0000-66f3-3332eca7ea81"
"""The object in Entra; we know people by `sub`, which is as lasting and belongs to this application alone."""
OF_ENTRA = {
    "issuer": ENTRA,
    "authorization_endpoint": f"{MICROSOFT}/{TID}/oauth2/v2.0/authorize",
    "token_endpoint": f"{MICROSOFT}/{TID}/oauth2/v2.0/token",
    "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
    "jwks_uri": f"{MICROSOFT}/{TID}/discovery/v2.0/keys",
    "id_token_signing_alg_values_supported": ["RS256"],
    "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
    "tenant_region_scope": "EU",
    "cloud_instance_name": "microsoftonline.com",
}
OF_GOOGLE = {
    "issuer": GOOGLE,
    "authorization_endpoint": f"{GOOGLE}/o/oauth2/v2/auth",
    "token_endpoint": "https://oauth2.googleapis.com/token",
    "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
    "userinfo_endpoint": "https://openidconnect.googleapis.com/v1/userinfo",
    "id_token_signing_alg_values_supported": ["RS256"],
    "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    "code_challenge_methods_supported": ["plain", "S256"],
}


class Great(Idp):
    """One of the two, with its own document and its own way of showing keys."""

    def __init__(self, document) -> None:
        MemoryProviders.__init__(self, {f"{document['issuer']}/.well-known/openid-configuration": document})
        shown = KEY.as_dict(private=False) | {"x5t": "k1", "x5c": ["MIIC"], "issuer": f"{MICROSOFT}/{{tenantid}}/v2.0"}
        others = [{**shown, "kid": kid} for kid in ("k0", "k2")]
        self.documents[document["jwks_uri"]] = {"keys": [others[0], shown, others[1]]}


@pytest.fixture
def through(web, alder, settings, monkeypatch):
    """One whole sign-in at one of the two, as it says it, but for what a test bends."""
    domain = f"alder-{str(ids.new())[-12:]}.test"
    made = {}

    def run(document, *, browser=None, **bent):
        issuer = document["issuer"]
        if issuer not in made:
            idp = Great(document)
            monkeypatch.setitem(web.extensions, "goodterms", replace(web.extensions["goodterms"], providers=idp))
            made[issuer] = (idp, connect(alder, settings, issuer=issuer, domain=domain))
        idp, connection = made[issuer]
        browser = browser or Browser(web.test_client())
        asked = go(browser, alder, connection)
        usual = {"iss": issuer, "email": f"una@{domain}", "email_verified": ...}
        if issuer == ENTRA:
            usual |= {
                "tid": TID,
                "oid": OID,
                "ver": "2.0",
                "preferred_username": f"una@{domain}",
                "uti": "x",
                "rh": "x",
            }
        else:
            usual |= {"azp": "goodterms-at-alder", "hd": domain, "email_verified": True, "picture": "https://x.test/u"}
        idp.vouch(asked["nonce"], **{**usual, **bent})
        answer = back(browser, asked, iss=issuer if document is OF_GOOGLE else None, session_state="x")
        assert is_in(browser) == (answer.status_code == 303), answer.text
        return browser, asked, answer.status_code

    run.domain = domain
    return run


@pytest.mark.parametrize("edov", [..., True, 1, "1", "true"])
def test_una_comes_in_through_her_own_directory_of_entra(through, edov):
    _, _, status = through(OF_ENTRA, xms_edov=edov)
    assert status == 303


@pytest.mark.parametrize(
    "bent",
    [
        {"xms_edov": False},
        {"xms_edov": "0"},
        {"xms_edov": None},
        {"xms_edov": True, "email_verified": False},
        {"iss": f"{MICROSOFT}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"},
        {"iss": f"{MICROSOFT}/{{tenantid}}/v2.0"},
        {"email": "una@gmail.test"},
    ],
    ids=["not verified", "nought", "nothing", "both", "another directory", "a template", "a guest of another domain"],
)
def test_whom_entra_does_not_know_as_alders_own_does_not_come_in(through, bent):
    assert through(OF_ENTRA, **bent)[2] == 403


def test_who_has_no_address_in_the_token_of_entra_is_asked_for_at_graph(through, web):
    _, _, status = through(OF_ENTRA)
    web.extensions["goodterms"].providers.person_told = {"sub": "u-2", "email": f"uwe@{through.domain}"}
    assert status == 303 and through(OF_ENTRA, sub="u-2", email=...)[2] == 303
    web.extensions["goodterms"].providers.person_told = {"sub": "u-3", "email": f"mal@{through.domain}"}
    assert through(OF_ENTRA, sub="u-3", email=..., xms_edov=False)[2] == 403, "what the token says of it counts too"


@pytest.mark.parametrize("iss", [GOOGLE, "accounts.google.com"])
def test_una_comes_in_through_the_google_account_of_her_company(through, iss):
    browser, asked, status = through(OF_GOOGLE, iss=iss)
    assert status == 303 and "prompt" not in asked
    _, again, _ = through(OF_GOOGLE, browser=browser, auth_time=int(NOW.timestamp()))
    assert again["prompt"] == "select_account" and "max_age" not in again, "Google knows no prompt=login"


@pytest.mark.parametrize(
    "bent",
    [{"hd": ...}, {"hd": ""}, {"hd": 7}, {"hd": "elsewhere.test"}, {"email_verified": False}, {"iss": "google.com"}],
    ids=["private", "empty", "no text", "of others", "not verified", "another issuer"],
)
def test_a_private_account_under_an_address_of_alder_opens_nothing(through, bent):
    """Anybody may have one at Google, with the company's address and verified, and keep it after leaving."""
    assert through(OF_GOOGLE, **bent)[2] == 403


def test_who_left_the_company_at_google_is_out_although_we_know_the_account(through):
    assert through(OF_GOOGLE)[2] == 303
    assert through(OF_GOOGLE, hd=...)[2] == 403


@pytest.mark.parametrize(
    "issuer",
    [
        f"{MICROSOFT}/common/v2.0",
        f"{MICROSOFT}/organizations/v2.0",
        f"{MICROSOFT}/consumers/v2.0",
        f"{MICROSOFT}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
        f"{MICROSOFT}/alder.onmicrosoft.com/v2.0",
        f"{MICROSOFT}/{TID}",
        f"{GOOGLE}/",
    ],
)
def test_an_issuer_of_everybody_is_told_before_anybody_tries_it(alder, settings, issuer):
    with pytest.raises(BadConnection) as refused, unit_of_work(scope.tenant(alder, actor="test")):
        connections.add("X", issuer=issuer, client_id="x", secret="x", now=NOW, keys=settings.keyring)
    assert refused.value.pointer == "/issuer" and "issuer is" in refused.value.detail
