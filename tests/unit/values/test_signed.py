"""A signed text is read in one form only; the vectors are those of the standards."""

import base64
import json
import warnings
from datetime import UTC, datetime, timedelta

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tenants.values import signed
from tenants.values.signed import NotSigned

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
KEY = ECKey.generate_key("P-256")
RFC_7515_A3 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
RFC_8037 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def text(header: object = None, claims: object = None, signature: bytes = b"x") -> str:
    head = {"alg": "ES256", "typ": "t"} if header is None else header
    return ".".join((b64(json.dumps(head).encode()), b64(json.dumps(claims or {}).encode()), b64(signature)))


def test_the_signature_of_rfc_7515_fits_its_key() -> None:
    whole = (
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cn"
        "VlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    )
    given = signed.parts(whole, kinds=("",))
    given.check(signed.public_key(RFC_7515_A3), algorithm="ES256")
    assert given.text("iss") == "joe"
    with pytest.raises(NotSigned):
        given.check(signed.public_key(RFC_8037), algorithm="EdDSA")


def test_the_thumbprint_of_rfc_8037() -> None:
    assert signed.public_key(RFC_8037).thumbprint() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_what_we_sign_we_read() -> None:
    made = signed.sign({"typ": "t", "kid": "k"}, {"a": 1}, key=KEY)
    given = signed.parts(made, kinds=("t",))
    given.check(KEY, algorithm="ES256")
    assert given.claims == {"a": 1} and signed.algorithm_of(KEY) == "ES256"


def test_an_ed25519_key_signs_by_its_own_algorithm() -> None:
    key = OKPKey.generate_key("Ed25519")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = jws.serialize_compact({"alg": "EdDSA", "typ": "t"}, b"{}", key, algorithms=["EdDSA"])
    given = signed.parts(made, kinds=("t",))
    given.check(key, algorithm=signed.algorithm_of(key))
    with pytest.raises(NotSigned):
        given.check(KEY, algorithm="ES256")


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "a.b",
        "a.b.c.d",
        "é.é.é",
        "!.!.!",
        "A.e30.AA",
        text()[:-1] + "B",
        text() + "=",
        "x" * 9000,
        text([]),
        text({"alg": "ES256", "typ": "other"}),
        text({"alg": "ES256", "typ": 5}),
        text({"alg": "none", "typ": "t"}),
        text({"alg": "HS256", "typ": "t"}),
        text({"alg": "ES256", "typ": "t", "crit": []}),
        text({"typ": "t"}),
        text(claims=[1]),
        *(
            ".".join((b64(b'{"alg":"ES256","typ":"t"}'), b64(b'{"a":' * n + b"1" + b"}" * n), "AA"))
            for n in (9, 300, 700)
        ),
        text(claims={"sub": "a\x00b"}),
        text(claims={"sub": "\ud800"}),
        text({"alg": "ES256", "typ": "t", "kid": "\x00"}),
        text(claims={"a": [[[[[[[[[[1]]]]]]]]]]}),
        ".".join((b64(b'{"alg":"ES256","alg":"ES256","typ":"t"}'), "e30", "AA")),
        ".".join((b64(b'{"alg":"ES256","typ":"t"}'), b64(b'{"a":NaN}'), "AA")),
        ".".join((b64(b'{"alg":"ES256","typ":"t"}'), b64(b"\xff"), "AA")),
    ],
)
def test_another_form_is_not_read(wrong: str) -> None:
    with pytest.raises(NotSigned):
        signed.parts(wrong, kinds=("t",))


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "x",
        {},
        {"kty": "EC"},
        RFC_7515_A3 | {"d": "x"},
        RFC_7515_A3 | {"x": "AA"},
        RFC_7515_A3 | {"x": RFC_7515_A3["y"]},
        RFC_7515_A3 | {"crv": "P-384"},
        RFC_8037 | {"crv": "X25519"},
        RFC_8037 | {"x": 7},
        {"kty": ["EC"], "crv": {}},
        RSAKey.generate_key(2048).as_dict(private=False),
        OctKey.import_key("a secret that is shared").as_dict(),
    ],
)
def test_another_kind_of_key_is_not_taken(wrong: object) -> None:
    with pytest.raises(NotSigned):
        signed.public_key(wrong)


@pytest.mark.parametrize("value", [None, True, "1", -1, 2**40, [], {}])
def test_a_time_is_a_number_of_seconds_of_our_time(value: object) -> None:
    with pytest.raises(NotSigned):
        signed.parts(text(claims={"exp": value}), kinds=("t",)).instant("exp")


@pytest.mark.parametrize("value", [None, 1, "", "x" * 600, [], {}])
def test_a_text_is_a_text(value: object) -> None:
    with pytest.raises(NotSigned):
        signed.parts(text(claims={"sub": value}), kinds=("t",)).text("sub")


@pytest.mark.parametrize(
    ("claims", "fits"),
    [
        ({"exp": 1}, True),
        ({"exp": -9}, True),
        ({"exp": -10}, False),
        ({"exp": 310}, True),
        ({"exp": 311}, False),
        ({"exp": 9, "nbf": 10}, True),
        ({"exp": 9, "nbf": 11}, False),
        ({"exp": 9, "iat": 11}, False),
        ({"iat": 0}, False),
    ],
)
def test_a_text_is_good_from_its_beginning_to_its_end(claims: dict[str, int], fits: bool) -> None:
    moved = {name: int(NOW.timestamp()) + seconds for name, seconds in claims.items()}
    given = signed.parts(text(claims=moved), kinds=("t",))
    minutes, seconds = timedelta(minutes=5), timedelta(seconds=10)
    if fits:
        assert given.within(NOW, leeway=seconds, longest=minutes).timestamp() == moved["exp"]
        return
    with pytest.raises(NotSigned):
        given.within(NOW, leeway=seconds, longest=minutes)
