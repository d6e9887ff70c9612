"""The 32 blocks of the conformance suite on proofs of possession (OA-15), at the token endpoint and at the API."""

import secrets
from datetime import timedelta

import pytest
from joserfc.jwk import RSAKey

from tenants.directory import proofs
from tenants.values.signed import NotSigned
from tests.cast import NOW
from tests.unit.service.oauth.desk import ISSUER, Desk, b64, new_key, opened, signed, unsigned

TOKEN = f"{ISSUER}/oauth/token"
ME = f"{ISSUER}/api/v1/whoami"
HOUR = 3600


def at_token(desk: Desk, proof: str | None, **headers) -> int:
    """Ask for a token with this proof; 200, or 400 with the code that is meant."""
    answer = desk.ask("/oauth/token", {"grant_type": "client_credentials"}, proof=proof, headers=headers)
    if answer.status_code != 200:
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_dpop_proof"), answer.text
    return answer.status_code


def at_api(desk: Desk, token: str, proof: str | None, scheme: str = "DPoP", path: str = "/api/v1/whoami") -> int:
    headers = {"Authorization": f"{scheme} {token}"} | ({"DPoP": proof} if proof is not None else {})
    answer = desk.web.get(path, headers=headers)
    if answer.status_code != 200:
        assert (answer.status_code, answer.json["code"]) == (401, "invalid_token"), answer.text
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    return answer.status_code


@pytest.fixture
def token(machine) -> str:
    """A token of Alder's ERP, bound to its key."""
    return machine.token().json["access_token"]


WRONG = {
    "01 not a JWT": lambda d, p: "nonsense",
    "02 two parts": lambda d, p: d.proof("POST", TOKEN).rsplit(".", 1)[0],
    "03 no htm": lambda d, p: p(htm=None),
    "04 no htu": lambda d, p: p(htu=None),
    "05 no iat": lambda d, p: p(iat=None),
    "06 no jti": lambda d, p: p(jti=None),
    "07 wrong typ": lambda d, p: p(header={"typ": "jwt"}),
    "08 no typ": lambda d, p: signed({"alg": "ES256", "jwk": d.proof_key.as_dict(private=False)}, {}, d.proof_key),
    "09 alg none": lambda d, p: unsigned(opened(d.proof("POST", TOKEN))[0] | {"alg": "none"}, opened(p())[1]),
    "10 wrong alg": lambda d, p: _by_rsa(p),
    "11 bad signature": lambda d, p: p()[:-8] + "AAAAAAAA",
    "12 private key inside": lambda d, p: p(header={"jwk": d.proof_key.as_dict(private=True)}),
    "13 no key": lambda d, p: p(header={"jwk": None}),
    "14 signed by another key": lambda d, p: p(header={"jwk": new_key().as_dict(private=False)}),
    "15 wrong htm": lambda d, p: p(htm="GET"),
    "16 htm in small letters": lambda d, p: p(htm="post"),
    "17 wrong htu": lambda d, p: p(htu=f"{ISSUER}/oauth/par"),
    "18 htu of another host": lambda d, p: p(htu="http://evil.test/oauth/token"),
    "19 iat an hour ago": lambda d, p: p(iat=int(NOW.timestamp()) - HOUR),
    "20 iat an hour ahead": lambda d, p: p(iat=int(NOW.timestamp()) + HOUR),
    "21 iat as a text": lambda d, p: p(iat=str(int(NOW.timestamp()))),
    "22 empty jti": lambda d, p: p(jti=""),
}


def _by_rsa(p) -> str:
    key = RSAKey.generate_key(2048)
    head, claims = opened(p())
    return signed(head | {"alg": "RS256", "jwk": key.as_dict(private=False)}, claims, key)


@pytest.mark.parametrize("case", WRONG)
def test_a_proof_that_does_not_fit_gives_no_token(machine, case):
    def own(**over):
        return machine.proof("POST", TOKEN, header=over.pop("header", None), **over)

    assert at_token(machine, WRONG[case](machine, own)) == 400


def test_23_a_proof_counts_once_at_the_token_endpoint(machine):
    proof = machine.proof("POST", TOKEN)
    assert [at_token(machine, proof), at_token(machine, proof)] == [200, 400]


def test_24_two_proofs_at_once_are_none(machine):
    form, headers = machine.identified({"grant_type": "client_credentials"})
    two = [("DPoP", machine.proof("POST", TOKEN)), ("DPoP", machine.proof("POST", TOKEN))]
    answer = machine.web.post("/oauth/token", data=form, headers=[*headers.items(), *two])
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_dpop_proof")


def test_25_no_proof_gives_no_token_without_a_waiver(machine):
    assert at_token(machine, None) == 400


def test_26_a_wrong_hash_of_the_token_opens_nothing(machine, token):
    for ath in (b64(b"x" * 32), "", None, b64(token.encode())):
        assert at_api(machine, token, machine.proof("GET", ME, token=token, ath=ath)) == 401


def test_27_another_key_opens_nothing(machine, token):
    assert at_api(machine, token, machine.proof("GET", ME, token=token, key=new_key())) == 401


def test_28_a_bound_token_without_a_proof_opens_nothing(machine, token):
    assert at_api(machine, token, None) == 401


def test_29_a_bound_token_is_no_bearer_token(machine, token):
    assert at_api(machine, token, None, scheme="Bearer") == 401
    assert at_api(machine, token, machine.proof("GET", ME, token=token), scheme="Bearer") == 401


def test_30_an_upper_case_host_the_default_port_and_a_query_pass(machine, token):
    for address in ("http://GOODTERMS.test/api/v1/whoami", "http://goodterms.test:80/api/v1/whoami", f"{ME}?a=1#b"):
        assert at_api(machine, token, machine.proof("GET", address, token=token)) == 200
    assert at_token(machine, machine.proof("POST", "http://Goodterms.Test:80/oauth/token?x=y")) == 200


def test_31_claims_that_we_do_not_know_pass(machine, token):
    assert at_api(machine, token, machine.proof("GET", ME, token=token, custom={"a": 1}, nonce="n")) == 200


def test_32_a_proof_counts_once_at_the_api_and_for_one_request_only(machine, token):
    proof = machine.proof("GET", ME, token=token)
    assert [at_api(machine, token, proof), at_api(machine, token, proof)] == [200, 401]
    assert at_api(machine, token, machine.proof("POST", ME, token=token)) == 401
    assert at_api(machine, token, machine.proof("GET", f"{ISSUER}/api/v1/portfolio", token=token)) == 401


def test_there_are_32_blocks():
    own = [name for name in globals() if name.startswith("test_") and name.split("_")[1].isdigit()]
    assert len(WRONG) + len(own) == 32


@pytest.mark.parametrize(("seconds", "status"), [(-61, 400), (-59, 200), (9, 200), (11, 400)])
def test_a_proof_is_good_for_a_minute_and_may_be_a_little_ahead(machine, seconds, status):
    iat = int((NOW + timedelta(seconds=seconds)).timestamp())
    assert at_token(machine, machine.proof("POST", TOKEN, iat=iat)) == status


def test_an_ed25519_key_proves_as_well(machine):
    machine.proof_key = new_key("OKP")
    token = machine.token().json["access_token"]
    assert at_api(machine, token, machine.proof("GET", ME, token=token)) == 200


def test_the_name_of_a_token_type_is_read_in_any_case_of_letters(machine, token):
    for scheme in ("dpop", "DPOP", "DPoP"):
        assert at_api(machine, token, machine.proof("GET", ME, token=token), scheme=scheme) == 200


def test_the_same_id_from_another_key_is_another_proof(machine):
    word = secrets.token_urlsafe(8)
    assert at_token(machine, machine.proof("POST", TOKEN, jti=word)) == 200
    assert at_token(machine, machine.proof("POST", TOKEN, jti=word, key=new_key())) == 200


@pytest.mark.parametrize("address", ["", "nonsense", "http://[::1", "http://u@goodterms.test/", "//goodterms.test/x"])
def test_what_is_no_address_is_no_address(address):
    if address.startswith("//"):
        assert proofs.normal(address) != proofs.normal(f"{ISSUER}/x")
        return
    with pytest.raises(NotSigned):
        proofs.normal(address)


def test_proofs_that_are_too_old_to_replay_are_forgotten_a_few_at_a_time(machine, web_clock, statements):
    for _ in range(6):
        assert at_token(machine, machine.proof("POST", TOKEN)) == 200
    machine.now = NOW + timedelta(hours=2)
    web_clock.stand_at(machine.now)
    count = "SELECT count(*) FROM identity.seen_once WHERE forget_at < '2026-11-20T11:00:00Z'"
    (before,), *_ = statements(count)
    for _ in range(3):
        machine.token()
    (after,), *_ = statements(count)
    assert after <= max(0, before - 12)
