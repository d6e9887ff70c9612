"""Beyond the password: codes of the moment count once, recovery codes too, and what is kept tells nothing."""

from datetime import timedelta
from uuid import uuid4

import pyotp
import pytest

from tenants import store
from tenants.directory import factors, people, renewals, session_ends, sessions, steps, tries
from tenants.directory.sessions import SecondStep, SignedIn
from tenants.values.sealing import CannotOpen, Keyring
from tests.cast import NOW, PASSWORD, SECRET
from tests.visitors import visitor_of

KEYS = Keyring.of(SECRET)
LATER = timedelta(seconds=30)


def code(secret, at=NOW):
    return pyotp.TOTP(secret).at(at)


@pytest.fixture
def secret(on_platform, specialist):
    """Sofia's code app, which counts since a minute ago."""
    with on_platform:
        found = factors.begin_totp(specialist.id, now=NOW, keys=KEYS)
        before = NOW - timedelta(minutes=1)
        assert len(factors.confirm_totp(specialist.id, code=code(found, before), now=before, keys=KEYS)) == 10
    return found


def right(door, person, typed, now=NOW):
    with door:
        return factors.is_right(person.id, code=typed, now=now, keys=KEYS)


def test_a_code_counts_once_and_only_around_its_time(on_platform, specialist, secret):
    assert right(on_platform, specialist, code(secret))
    assert not right(on_platform, specialist, code(secret)), "seen over a shoulder"
    assert not right(on_platform, specialist, code(secret, NOW - LATER)), "an older one than the last"
    assert right(on_platform, specialist, f" {code(secret, NOW + LATER)[:3]} {code(secret, NOW + LATER)[3:]}")
    assert not right(on_platform, specialist, code(secret, NOW + 5 * LATER))


@pytest.mark.parametrize("typed", ["", "abcdef", "0", "１２３４５６", "x" * 1000])
def test_what_is_no_code_is_wrong(on_platform, specialist, secret, typed):
    assert not right(on_platform, specialist, typed)


def test_a_code_app_counts_only_after_one_of_its_codes_was_typed(on_platform, specialist):
    with on_platform:
        secret = factors.begin_totp(specialist.id, now=NOW, keys=KEYS)
        assert not factors.held(specialist.id).any
        assert not factors.is_right(specialist.id, code=code(secret), now=NOW, keys=KEYS)
    with on_platform, pytest.raises(factors.WrongCode):
        factors.confirm_totp(specialist.id, code="000000", now=NOW, keys=KEYS)
    with on_platform:
        again = factors.begin_totp(specialist.id, now=NOW, keys=KEYS)
        factors.confirm_totp(specialist.id, code=code(again), now=NOW, keys=KEYS)
        assert factors.held(specialist.id) == factors.Held(True, 0, 10)
    with on_platform, pytest.raises(factors.AlreadyThere):
        factors.begin_totp(specialist.id, now=NOW, keys=KEYS)


def test_the_secret_lies_sealed_and_bound_to_its_person(on_platform, specialist, manager, secret, statements):
    with on_platform:
        factors.begin_totp(manager.id, now=NOW, keys=KEYS)
        store.run_identity(
            "UPDATE identity.totp SET sealed_secret = (SELECT sealed_secret FROM identity.totp WHERE person_id = :of),"
            " confirmed_at = :now WHERE person_id = :to",
            of=specialist.id,
            to=manager.id,
            now=NOW,
        )
    ((kept,),) = statements(f"SELECT sealed_secret FROM identity.totp WHERE person_id = '{specialist.id}'")
    assert secret.encode() not in bytes(kept)
    with pytest.raises(CannotOpen):
        right(on_platform, manager, code(secret))


def test_a_recovery_code_opens_once(on_platform, specialist, secret, statements):
    with on_platform:
        codes = factors.renew_recovery_codes(specialist.id)
        assert len(set(codes)) == 10
        assert factors.recovers(specialist.id, code=f" {codes[0].upper()} ", now=NOW)
        assert not factors.recovers(specialist.id, code=codes[0], now=NOW)
        assert factors.recovers(specialist.id, code=codes[1].replace("-", " "), now=NOW)
        assert factors.held(specialist.id).recovery_codes == 8
        assert not factors.recovers(uuid4(), code=codes[2], now=NOW)
    rows = statements(f"SELECT r::text FROM identity.recovery_code r WHERE person_id = '{specialist.id}'")
    assert len(rows) == 10 and not any(codes[3] in row[0] for row in rows)


def test_without_the_app_the_recovery_codes_are_gone_too(on_platform, specialist, secret):
    with on_platform:
        factors.remove_totp(specialist.id)
        assert factors.held(specialist.id) == factors.Held(False, 0, 0)


def test_the_address_for_the_app_names_the_house_and_the_person():
    told = factors.address("JBSWY3DPEHPK3PXPJBSWY3DP", email="sofia@people.test", issuer="Fairwater")
    assert told.startswith("otpauth://totp/Fairwater:sofia%40people.test?secret=JBSWY3DPEHPK3PXPJBSWY3DP")


# --- sign-in in two steps --------------------------------------------------------------------------------------------


def begin(door, person):
    with door:
        found = sessions.sign_in(person.email, password=PASSWORD, now=NOW)
    assert isinstance(found, SecondStep)
    return found.token


def finish(door, token, typed, now=NOW):
    with door:
        return sessions.finish(token, code=typed, now=now, keys=KEYS, agent="Firefox", network="192.0.2")


def test_sofia_with_a_code_app_signs_in_in_two_steps(on_platform, specialist, secret):
    token = begin(on_platform, specialist)
    opened = finish(on_platform, token, code(secret))
    assert isinstance(opened, SignedIn)
    with on_platform:
        found = visitor_of(opened.token, now=NOW)
        assert (found.person_id, found.method, found.proved_at) == (specialist.id, "password and code", NOW)
    with pytest.raises(sessions.StepGone):
        finish(on_platform, token, code(secret, NOW + LATER))


def test_a_wrong_password_does_not_tell_that_there_is_a_code_app(on_platform, specialist, secret):
    with on_platform:
        assert sessions.sign_in(specialist.email, password="a wrong word of hers", now=NOW) is None


def test_a_second_step_waits_ten_minutes_and_knows_no_made_up_token(on_platform, specialist, secret):
    token = begin(on_platform, specialist)
    for given, at in (("made up", NOW), (token, NOW + steps.WAITS)):
        with pytest.raises(sessions.StepGone):
            finish(on_platform, given, code(secret, at), now=at)


def test_half_a_sign_in_by_an_old_password_is_over_with_a_new_one(on_platform, specialist, secret):
    token = begin(on_platform, specialist)
    with on_platform:
        people.set_password(specialist.id, password="another fair word", now=NOW)
    with pytest.raises(sessions.StepGone):
        finish(on_platform, token, code(secret))


def test_codes_cannot_be_guessed_in_a_row(on_platform, specialist, secret):
    token = begin(on_platform, specialist)
    for _ in range(tries.PER_ADDRESS):
        assert finish(on_platform, token, "000000") is None
    with pytest.raises(tries.TooManyTries):
        finish(on_platform, token, code(secret))
    after = NOW + tries.WINDOW
    assert finish(on_platform, token, code(secret, after), now=after)


def test_a_recovery_code_is_a_second_step_too(on_platform, specialist, secret):
    with on_platform:
        codes = factors.renew_recovery_codes(specialist.id)
    assert finish(on_platform, begin(on_platform, specialist), codes[0])
    assert finish(on_platform, begin(on_platform, specialist), codes[0]) is None


# --- sessions of one person ------------------------------------------------------------------------------------------


def test_sofia_sees_her_sessions_and_ends_them(on_platform, specialist, manager):
    with on_platform:
        mine = sessions.start(specialist.id, now=NOW, agent="Firefox", network="192.0.2")
        other = sessions.start(specialist.id, now=NOW - LATER, agent="Telephone")
        foreign = sessions.start(manager.id, now=NOW, agent="Firefox")
        seen = sessions.opened_by(specialist.id, now=NOW)
        assert [each.agent for each in seen] == ["Firefox", "Telephone"] and seen[0].network == "192.0.2"
        sessions.revoke(specialist.id, handle=seen[1].handle, now=NOW)
        assert visitor_of(other.token, now=NOW) is None and visitor_of(mine.token, now=NOW)
        (his,) = sessions.opened_by(manager.id, now=NOW)
    for handle in (his.handle, seen[1].handle, "no hex", ""):
        with pytest.raises(sessions.UnknownSession), on_platform:
            sessions.revoke(specialist.id, handle=handle, now=NOW)
    with on_platform:
        third = sessions.start(specialist.id, now=NOW)
        kept = visitor_of(mine.token, now=NOW)
        sessions.end_others(specialist.id, keep=kept.id_hash, now=NOW)
        assert visitor_of(third.token, now=NOW) is None and visitor_of(mine.token, now=NOW)
        assert visitor_of(foreign.token, now=NOW)


def test_a_proof_is_remembered_with_its_session_whose_token_is_another_from_then_on(on_platform, specialist):
    later = NOW + timedelta(minutes=20)
    with on_platform:
        opened = sessions.start(specialist.id, now=NOW, agent="Firefox", keep=True)
        visitor = visitor_of(opened.token, now=later)
        assert visitor.proved_at == NOW
        assert not sessions.proves_password(specialist.id, password="wrong", now=later)
        assert sessions.proves_password(specialist.id, password=PASSWORD, now=later)
        assert not sessions.proves_password(
            people.add(f"{uuid4()}@x.test", name="N", side="client", now=NOW), password="x", now=later
        )
        fresh = renewals.renew(visitor.id_hash, now=later)
        found = visitor_of(fresh.token, now=later)
        assert (found.proved_at, found.csrf_token) == (later, fresh.csrf_token)
        assert fresh.csrf_token != opened.csrf_token and fresh.expires_at == opened.expires_at
        assert visitor_of(opened.token, now=later) is None and session_ends.why_out(opened.token, now=later) is None
        (seen,) = sessions.opened_by(specialist.id, now=later)
        assert (seen.created_at, seen.agent) == (NOW, "Firefox"), "to its person it is the same session"
        assert renewals.renew(visitor.id_hash, now=later) is None, "of two proofs at once one changes the token"
        sessions.end(fresh.token, now=later)
        assert renewals.renew(found.id_hash, now=later) is None, "and an ended session stays ended"


def test_a_kept_session_stays_kept_and_its_apps_stay_its_own(on_platform, alder_viewer):
    with on_platform:
        kept = sessions.start(alder_viewer.id, now=NOW, keep=True)
        fresh = renewals.renew(sessions.hash_of(kept.token), now=NOW)
        assert fresh.is_kept and renewals.is_kept(sessions.hash_of(fresh.token))
        assert not renewals.is_kept(sessions.hash_of(kept.token))
        loose = sessions.start(alder_viewer.id, now=NOW)
        assert not renewals.renew(sessions.hash_of(loose.token), now=NOW).is_kept
