"""Twelve published faults of the libraries beneath us, each tried against the whole server: none of them lives here."""

import base64
import hashlib
import hmac
import json
import zlib
from importlib.metadata import version

import pytest
from joserfc.jwk import ECKey, RSAKey

from tests.unit.service.oauth.desk import BACK, Walk, b64, opened, unsigned
from tests.unit.service.oauth.desk import signed as make


@pytest.fixture
def real(machine):
    """Header and claims of a good token of Alder's ERP."""
    return opened(machine.token().json["access_token"])


def is_refused(machine, token):
    answer = machine.call(token)
    assert (answer.status_code, answer.json["code"]) == (401, "invalid_token"), answer.text
    form = {"grant_type": "client_credentials", "client_assertion": token}
    answer = machine.ask("/oauth/token", form)
    assert (answer.status_code, answer.json["error"]) in ((401, "invalid_client"), (400, "invalid_request"))


def test_cve_2024_37568_our_public_key_is_no_shared_secret(machine, real, our_key):
    """Algorithm confusion: HS256 keyed with the bytes of the public key."""
    head, claims = real
    bare = unsigned({**head, "alg": "HS256"}, claims).rpartition(".")[0]
    spelled = json.dumps(our_key.as_dict(private=False)).encode()
    for material in (our_key.as_pem(private=False), our_key.as_der(private=False), spelled):
        is_refused(machine, f"{bare}.{b64(hmac.digest(material, bare.encode(), hashlib.sha256))}")


@pytest.mark.parametrize("crit", [["exp"], ["b64"], ["x"], [], "exp"])
def test_cve_2025_59420_a_header_that_demands_something_unknown_is_refused(machine, real, our_key, crit):
    head, claims = real
    words = {**head, "crit": crit, "x": 1}
    if crit == ["b64"]:
        words["b64"] = True
    text = b64(json.dumps(words).encode()) + "." + make(head, claims, our_key).split(".", 1)[1]
    is_refused(machine, text)


@pytest.mark.parametrize("size", [9_000, 180_000])
def test_jose_sizes_are_bounded_before_anything_is_decoded(machine, real, our_key, size):
    head, claims = real
    is_refused(machine, unsigned(head, {**claims, "pad": "x" * size}, b"y" * 64))


def test_jose_compressed_and_encrypted_tokens_are_not_unpacked(machine, real):
    head, claims = real
    packed = zlib.compress(json.dumps({**claims, "pad": "x" * 1_000_000}).encode())
    is_refused(
        machine, ".".join((b64(json.dumps({**head, "zip": "DEF"}).encode()), b64(packed)[:4000], b64(b"s" * 64)))
    )
    is_refused(machine, ".".join((b64(b'{"alg":"dir","enc":"A128GCM","zip":"DEF"}'), "", "AAAA", "AAAA", "AAAA")))


def test_ghsa_fg6f_75jq_6523_a_request_opened_elsewhere_cannot_be_answered(walk: Walk, as_, alder_viewer):
    """Login CSRF: what one browser opened, no other browser answers, signed in or not."""
    uri = walk.push().json["request_uri"]
    assert walk.open(uri).status_code == 200
    other = Walk(walk.desk, as_(alder_viewer))
    assert other.open(uri).status_code == 400
    assert other.answer(uri).status_code == 400
    assert walk.answer(uri).status_code == 303


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", ""])
def test_cve_2026_28802_no_signature_is_no_signature(machine, real, name):
    head, claims = real
    for signature in (b"", b"x" * 64):
        is_refused(machine, unsigned({**head, "alg": name}, claims, signature))


@pytest.mark.parametrize("place", ["jwk", "jku", "x5u", "x5c"])
def test_cve_2026_27962_a_key_that_comes_along_is_not_believed(machine, real, place):
    head, claims = real
    own = ECKey.generate_key("P-256")
    brought = {
        "jwk": own.as_dict(private=False),
        "jku": "https://evil.test/k",
        "x5u": "https://evil.test/x",
        "x5c": ["M"],
    }
    for words in ({**head, place: brought[place]}, {"alg": "ES256", "typ": head["typ"], place: brought[place]}):
        is_refused(machine, make(words, claims, own))


def test_cve_2026_28490_rsa_is_not_spoken_at_all(machine, real):
    head, claims = real
    key = RSAKey.generate_key(2048)
    for name in ("RS256", "PS256"):
        is_refused(machine, make({**head, "alg": name}, claims, key))
    is_refused(machine, ".".join((b64(b'{"alg":"RSA1_5","enc":"A128CBC-HS256"}'), "AAAA", "AAAA", "AAAA", "AAAA")))


def test_cve_2026_28498_the_hash_of_the_access_token_is_always_there_and_right(walk: Walk):
    tokens = walk.tokens()
    _, claims = opened(tokens["id_token"])
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()


@pytest.mark.parametrize("kind", ["token", "id_token", "code token", "evil", ""])
def test_cve_2026_41479_an_unknown_response_type_redirects_nobody(web, alder, walk: Walk, kind):
    pushed = walk.push(response_type=kind or None)
    assert pushed.status_code == 400 and "Location" not in pushed.headers
    answer = walk.browser.client.get(
        "/oauth/authorize",
        query_string={"response_type": kind, "client_id": walk.desk.client_id, "redirect_uri": "https://evil.test"},
    )
    assert answer.status_code == 400 and "Location" not in answer.headers


def test_starlette_cache_csrf_the_state_is_the_apps_and_nothing_of_it_is_kept_by_name(walk: Walk, as_, alder_viewer):
    """Two people with the same state do not meet each other's request."""
    other = Walk(walk.desk, as_(alder_viewer), state=walk.state)
    mine, theirs = walk.push().json["request_uri"], other.push().json["request_uri"]
    assert walk.open(mine).status_code == other.open(theirs).status_code == 200
    assert walk.answer(theirs).status_code == 400 and other.answer(mine).status_code == 400
    assert walk.come_back(walk.answer(mine))["code"] != other.come_back(other.answer(theirs))["code"]


@pytest.mark.parametrize("kind", ["token", "code id_token", "id_token token"])
def test_cve_2026_44681_faults_of_old_flows_lead_to_no_address(walk: Walk, kind):
    for address in ("https://evil.test", BACK + "#x", BACK):
        answer = walk.browser.client.get(
            "/oauth/authorize",
            query_string=walk.request(response_type=kind, redirect_uri=address, response_mode="fragment"),
        )
        assert answer.status_code == 400 and "Location" not in answer.headers


def test_the_libraries_are_at_least_the_mended_ones():
    authlib, joserfc = (tuple(map(int, version(name).split(".")[:3])) for name in ("authlib", "joserfc"))
    assert (1, 9, 9) <= authlib < (2,) and joserfc >= (1, 8, 0)
