"""Our own keys: the next one is published before it signs, the last one until nothing of it can be good (OA-30)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tenants import store
from tenants.directory import signing_keys
from tenants.isolation import scope
from tenants.values.sealing import CannotOpen, Keyring
from tenants.work import unit_of_work
from tests.cast import NOW
from tests.unit.service.oauth.desk import opened

EMPTY = "DELETE FROM identity.signing_key"


@pytest.fixture
def at_keys(shell):
    """Opens a unit of work at the keys, as often as wanted."""
    return lambda: unit_of_work(scope.platform(actor="test", reason="a test turns keys"))


@pytest.fixture
def no_keys(at_keys):
    """A server that has never signed."""
    with at_keys():
        store.run_identity(EMPTY)
    yield
    with at_keys():
        store.run_identity(EMPTY)


@pytest.fixture
def ring(settings):
    return settings.keyring


def states(at_keys):
    with at_keys():
        return sorted(row[0] for row in store.run_identity("SELECT state FROM identity.signing_key"))


def test_the_first_token_makes_a_key_and_the_one_after_it(no_keys, at_keys, ring):
    assert states(at_keys) == []
    with at_keys():
        first = signing_keys.signer(ring=ring, now=NOW)
    with at_keys():
        assert signing_keys.signer(ring=ring, now=NOW).kid == first.kid
    assert states(at_keys) == ["active", "next"]


def test_many_first_tokens_at_once_make_one_key(no_keys, at_keys, ring, shell):
    def ask(_):
        with shell.app_context(), at_keys():
            return signing_keys.signer(ring=ring, now=NOW).kid

    with ThreadPoolExecutor(8) as crowd:
        assert len(set(crowd.map(ask, range(8)))) == 1
    assert states(at_keys) == ["active", "next"]


def test_after_a_month_the_next_key_signs_and_the_old_one_stays_for_an_hour(no_keys, at_keys, ring):
    with at_keys():
        old = signing_keys.signer(ring=ring, now=NOW)
    later = NOW + signing_keys.SIGNS_FOR
    with at_keys():
        fresh = signing_keys.signer(ring=ring, now=later)
        assert fresh.kid != old.kid and signing_keys.public(old.kid) is not None
        assert len(signing_keys.published()) == 3
    with at_keys():
        assert not signing_keys.rotate(ring=ring, now=later + timedelta(hours=2))
        assert signing_keys.public(old.kid) is None
        assert signing_keys.public(fresh.kid) is not None


def test_a_key_that_was_not_published_for_a_day_does_not_sign_yet(no_keys, at_keys, ring):
    with at_keys():
        old = signing_keys.signer(ring=ring, now=NOW)
        store.run_identity("DELETE FROM identity.signing_key WHERE state = 'next'")
    later = NOW + signing_keys.SIGNS_FOR
    with at_keys():
        assert signing_keys.signer(ring=ring, now=later).kid == old.kid
    assert states(at_keys) == ["active", "next"]
    with at_keys():
        assert signing_keys.signer(ring=ring, now=later + timedelta(hours=25)).kid != old.kid


def test_a_key_that_may_be_stolen_goes_at_once_with_all_that_it_signed(no_keys, at_keys, ring, machine):
    token = machine.token().json["access_token"]
    assert machine.call(token).status_code == 200
    with at_keys():
        assert signing_keys.rotate(ring=ring, now=NOW, at_once=True)
    assert machine.call(token).status_code == 401
    assert machine.call(machine.token().json["access_token"]).status_code == 200
    assert states(at_keys) == ["active", "next"]


def test_a_stolen_key_goes_even_when_no_next_one_is_there(no_keys, at_keys, ring):
    with at_keys():
        old = signing_keys.signer(ring=ring, now=NOW)
        store.run_identity("DELETE FROM identity.signing_key WHERE state = 'next'")
        assert signing_keys.rotate(ring=ring, now=NOW, at_once=True)
        assert signing_keys.public(old.kid) is None
        assert signing_keys.signer(ring=ring, now=NOW).kid != old.kid


def test_oa30_tokens_of_all_keys_are_good_while_keys_change_under_load(no_keys, machine, web_clock):
    """A request every day over three months: none fails, whichever key signed its token."""
    seen = set()
    for days in range(0, 92, 1):
        machine.now = NOW + timedelta(days=days)
        web_clock.stand_at(machine.now)
        if days % 5 and days not in (29, 30, 31, 59, 60, 61):
            continue
        token = machine.token().json["access_token"]
        seen.add(opened(token)[0]["kid"])
        web_clock.stand_at(machine.now + timedelta(seconds=290))
        machine.now += timedelta(seconds=290)
        assert machine.call(token).status_code == 200, days
    assert len(seen) == 4


def test_private_keys_lie_sealed_and_open_under_our_ring_alone(no_keys, at_keys, ring, statements):
    with at_keys():
        signing_keys.signer(ring=ring, now=NOW)
    kept = str(statements("SELECT public_jwk::text, encode(sealed_private, 'escape') FROM identity.signing_key"))
    assert '"d"' not in kept
    with at_keys(), pytest.raises(CannotOpen):
        signing_keys.signer(ring=Keyring.of("another secret, just as long as ours"), now=NOW)
