"""What is sealed opens only whole, only with a held key, and only where it belongs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.values import sealing
from tenants.values.sealing import CannotOpen, Keyring

RING = Keyring.of("a secret of Northbridge, long enough to be one")
IBAN = b"DE89370400440532013000"


@given(st.binary(max_size=300))
@settings(max_examples=50)
def test_what_was_sealed_opens_again(plain: bytes) -> None:
    assert RING.open(RING.seal(plain, about="iban:1"), about="iban:1") == plain


def test_the_same_value_never_looks_the_same_twice() -> None:
    assert RING.seal(IBAN, about="iban:1") != RING.seal(IBAN, about="iban:1")


def test_a_sealed_value_does_not_open_in_another_row() -> None:
    with pytest.raises(CannotOpen):
        RING.open(RING.seal(IBAN, about="iban:1"), about="iban:2")


def test_every_changed_or_missing_byte_is_noticed() -> None:
    sealed = RING.seal(IBAN, about="iban:1")
    changed = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))]
    for broken in (*changed, *(sealed[:size] for size in range(len(sealed)))):
        with pytest.raises(CannotOpen):
            RING.open(broken, about="iban:1")


def test_a_new_secret_seals_and_the_old_one_still_opens() -> None:
    old = Keyring.of("the secret of last year, long enough")
    kept = old.seal(IBAN, about="iban:1")
    both = Keyring.of("the secret of this year, long enough", "the secret of last year, long enough")
    assert both.open(kept, about="iban:1") == IBAN
    assert both.is_old(kept)
    assert not both.is_old(both.seal(IBAN, about="iban:1"))
    with pytest.raises(CannotOpen):
        old.open(both.seal(IBAN, about="iban:1"), about="iban:1")


def test_purposes_have_unrelated_keys_and_the_ring_shows_none() -> None:
    assert sealing.derive("one secret", purpose="a") != sealing.derive("one secret", purpose="b")
    assert len(sealing.fresh_key()) == 32
    assert RING.keys[0].hex() not in repr(RING)
    assert str(RING.keys[0]) not in repr(RING)
