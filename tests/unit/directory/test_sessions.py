"""Signing in and out, and what an attacker learns from trying: nothing."""

import contextlib
import hashlib
from datetime import timedelta
from types import SimpleNamespace

import pytest
from argon2 import PasswordHasher
from sqlalchemy.exc import OperationalError

from tenants import store
from tenants.directory import access, passwords, people, session_ends, sessions, tries
from tenants.directory.session_spans import Span, Spans
from tenants.isolation import opening
from tenants.store import db
from tenants.values import ids
from tests.cast import NOW, PASSWORD, Door, Player
from tests.visitors import visitor_of

WRONG = "a wrong word for a test"


def enter(on_platform: Door, email: str, password: str = PASSWORD, **over) -> sessions.SignedIn | None:
    with on_platform:
        return sessions.sign_in(email, password=password, **{"now": NOW} | over)


def test_sofia_signs_in_and_is_known_until_she_signs_out(on_platform, specialist: Player):
    session = enter(on_platform, specialist.email.upper() + " ", agent="Firefox")
    with on_platform:
        found = visitor_of(session.token, now=NOW)
        assert (found.person_id, found.name, found.side) == (specialist.id, "Sofia Lindqvist", "provider")
        assert found.provider_roles == frozenset()
        assert sessions.is_from(found, csrf_token=session.csrf_token)
        assert not sessions.is_from(found, csrf_token="another")
        sessions.end(session.token, now=NOW)
        assert visitor_of(session.token, now=NOW) is None
        sessions.end(session.token, now=NOW)


def test_a_request_asks_who_calls_and_which_clients_there_are_at_once(on_platform, specialist: Player, alder, birch):
    session = enter(on_platform, specialist.email)
    visitor, clients = sessions.find_all(session.token, now=NOW)
    with on_platform:
        assert visitor == visitor_of(session.token, now=NOW)
        assert tuple(clients) == clients[:] == access.visible_clients(specialist.id, now=NOW)
    assert [each.tenant_id for each in clients] == [alder, birch] and len(clients) == 2
    assert clients.named(clients[1].slug) == clients.named(clients[1].public_id) == clients[1]
    assert clients.named("nobody") is None and clients.named(ids.show("ten", ids.new())) is None
    assert sessions.find_all("another", now=NOW) is None


def test_a_question_that_a_line_forgot_is_told_anew(on_platform, specialist: Player):
    session = enter(on_platform, specialist.email)
    for _ in range(2):
        assert sessions.find_all(session.token, now=NOW)
        line = db.engines[store.AUTH].raw_connection()
        line.driver_connection.pgconn.exec_(b"DEALLOCATE find_all")
        line.close()


def test_a_line_that_was_cut_is_reported_and_then_replaced(on_platform, specialist: Player, monkeypatch):
    session = enter(on_platform, specialist.email)
    monkeypatch.setattr(opening, "_next", lambda _wire: None)
    with pytest.raises(OperationalError) as cut:
        sessions.find_all(session.token, now=NOW)
    monkeypatch.undo()
    assert cut.value.connection_invalidated and sessions.find_all(session.token, now=NOW)


def test_paula_comes_with_her_role_at_the_provider(on_platform, provider_admin: Player):
    session = enter(on_platform, provider_admin.email)
    with on_platform:
        assert visitor_of(session.token, now=NOW).provider_roles == {"provider_admin"}


def test_only_the_hash_of_a_token_is_kept(on_platform, specialist: Player, statements):
    session = enter(on_platform, specialist.email)
    digest = hashlib.sha256(session.token.encode()).hexdigest()
    rows = statements(f"SELECT s::text FROM identity.browser_session s WHERE person_id = '{specialist.id}'")
    assert digest in rows[0][0] and session.token not in rows[0][0]


def test_two_sign_ins_are_two_sessions(on_platform, specialist: Player):
    first, second = enter(on_platform, specialist.email), enter(on_platform, specialist.email)
    assert first.token != second.token and first.csrf_token != second.csrf_token


@pytest.mark.parametrize("token", ["", "made-up", "x" * 5000])
def test_a_made_up_token_opens_nothing(on_platform, token):
    with on_platform:
        assert visitor_of(token, now=NOW) is None


@pytest.mark.parametrize(
    ("who", "keep", "idle", "longest"),
    [
        ("specialist", False, timedelta(minutes=30), timedelta(hours=12)),
        ("specialist", True, timedelta(minutes=30), timedelta(hours=12)),
        ("alder_viewer", False, timedelta(hours=8), timedelta(hours=24)),
        ("alder_viewer", True, timedelta(days=30), timedelta(days=30)),
    ],
)
def test_a_session_ends_after_its_longest_time_and_earlier_when_idle(request, on_platform, who, keep, idle, longest):
    """The provider's people see many clients' books: their sessions are short, whatever they wish."""
    player = request.getfixturevalue(who)
    busy, idling = (enter(on_platform, player.email, keep=keep) for _ in range(2))
    assert busy.expires_at == NOW + longest and busy.is_kept == (longest.days > 1)
    soon, steps = timedelta(seconds=1), int(longest / idle)
    with on_platform:
        for number in range(1, steps):
            assert visitor_of(busy.token, now=NOW + number * (idle - soon))
        assert visitor_of(idling.token, now=NOW + idle - soon) or idle == longest
        assert session_ends.why_out(busy.token, now=NOW + longest) == session_ends.Out(session_ends.OVER, longest)
        assert visitor_of(busy.token, now=NOW + longest) is None
        fresh = sessions.start(player.id, now=NOW, keep=keep)
        assert session_ends.why_out(fresh.token, now=NOW) is None and session_ends.why_out("made up", now=NOW) is None
        assert visitor_of(fresh.token, now=NOW + idle) is None
        if idle < longest:
            assert session_ends.why_out(fresh.token, now=NOW + idle) == session_ends.Out(session_ends.IDLE, idle)
        sessions.end(fresh.token, now=NOW)
        assert session_ends.why_out(fresh.token, now=NOW + idle) is None, "whoever signed out knows why"


def test_an_installation_says_how_long(on_platform, alder_viewer: Player):
    spans = Spans(client=Span(timedelta(minutes=5), timedelta(hours=1)), kept=timedelta(0))
    session = enter(on_platform, alder_viewer.email, keep=True, spans=spans)
    assert (session.expires_at, session.is_kept) == (NOW + timedelta(hours=1), False)
    with on_platform:
        assert sessions.opened_by(alder_viewer.id, now=NOW + timedelta(minutes=4))
        assert not sessions.opened_by(alder_viewer.id, now=NOW + timedelta(minutes=5))


def test_looking_within_a_minute_writes_nothing(on_platform, specialist: Player):
    session = enter(on_platform, specialist.email)
    with on_platform:
        visitor_of(session.token, now=NOW + timedelta(seconds=59))
        assert visitor_of(session.token, now=NOW).seen_at == NOW
        visitor_of(session.token, now=NOW + timedelta(seconds=61))
        assert visitor_of(session.token, now=NOW).seen_at == NOW + timedelta(seconds=61)


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(on_platform, specialist: Player):
    assert enter(on_platform, specialist.email, WRONG) is None
    assert enter(on_platform, "stranger@nowhere.test", WRONG) is None


def test_the_time_of_the_answer_tells_nothing_either(on_platform, specialist: Player, monkeypatch):
    """Counted in hashes, not in seconds: one for each, whoever asks."""
    hashes = []
    real = passwords.fits
    monkeypatch.setattr(passwords, "fits", lambda word, kept: hashes.append(kept) or real(word, kept))
    enter(on_platform, specialist.email, WRONG)
    enter(on_platform, "stranger@nowhere.test", WRONG)
    assert len(hashes) == 2 and hashes[1] is None
    checked, hasher = [], passwords._hasher
    monkeypatch.setattr(passwords, "_hasher", SimpleNamespace(verify=lambda kept, _word: checked.append(kept)))
    real(WRONG, None)
    assert [hasher.check_needs_rehash(kept) for kept in checked] == [False], "nobody's password costs a hash as well"


def test_a_person_without_a_password_and_a_person_who_is_out_cannot_sign_in(on_platform, specialist: Player):
    session = enter(on_platform, specialist.email)
    with on_platform:
        people.add(f"new.{specialist.email}", name="New", side="client", now=NOW)
        people.disable(specialist.id, now=NOW)
        assert visitor_of(session.token, now=NOW) is None
    assert enter(on_platform, f"new.{specialist.email}") is None
    assert enter(on_platform, specialist.email) is None


def test_after_five_failures_even_the_right_password_must_wait_a_minute(on_platform, specialist: Player):
    for _ in range(tries.PER_ADDRESS):
        assert enter(on_platform, specialist.email, WRONG) is None
    with pytest.raises(tries.TooManyTries):
        enter(on_platform, specialist.email)
    assert enter(on_platform, specialist.email, now=NOW + tries.WINDOW)


def test_who_guesses_from_a_thousand_networks_gets_sixty_guesses_an_hour(on_platform, specialist: Player, monkeypatch):
    tried = []
    monkeypatch.setattr(passwords, "fits", lambda word, kept: bool(tried.append(word)))
    for minute in range(59):
        for number in range(9):
            with contextlib.suppress(tries.TooManyTries):
                enter(
                    on_platform,
                    specialist.email,
                    f"guess {number}",
                    now=NOW + timedelta(minutes=minute),
                    network=f"{minute}.{number} of {specialist.id}",
                )
        if len(tried) == tries.PER_HOUR:
            break
    assert (len(tried), minute) == (tries.PER_HOUR, 11)
    with pytest.raises(tries.TooManyTries, match="too many") as refused:
        enter(on_platform, specialist.email, now=NOW + timedelta(minutes=59))
    assert "passkey" in refused.value.remedy
    monkeypatch.undo()
    assert enter(on_platform, specialist.email, now=NOW + tries.HOUR), "the owner is let in again"


def test_an_unknown_address_is_slowed_down_just_the_same(on_platform, shell):
    for _ in range(tries.PER_ADDRESS):
        assert enter(on_platform, "nobody.here@nowhere.test", WRONG) is None
    with pytest.raises(tries.TooManyTries):
        enter(on_platform, "nobody.here@nowhere.test", WRONG)


def test_one_network_cannot_try_many_addresses(on_platform, specialist: Player, monkeypatch):
    monkeypatch.setattr(tries, "PER_NETWORK", 3)
    network = f"net of {specialist.id}"
    for number in range(3):
        assert enter(on_platform, f"{number}.{specialist.email}", WRONG, network=network) is None
    with pytest.raises(tries.TooManyTries):
        enter(on_platform, specialist.email, network=network)
    assert enter(on_platform, specialist.email, network="another " + network)


def test_a_new_password_ends_every_session(on_platform, specialist: Player):
    session = enter(on_platform, specialist.email)
    with on_platform:
        people.set_password(specialist.id, password="another fair word", now=NOW)
        assert visitor_of(session.token, now=NOW) is None
    assert enter(on_platform, specialist.email) is None
    assert enter(on_platform, specialist.email, "another fair word")


def test_an_old_hash_is_made_anew_at_the_next_sign_in(on_platform, specialist: Player):
    weak = PasswordHasher(memory_cost=8, time_cost=1, parallelism=1).hash(PASSWORD)
    with on_platform:
        store.run_identity(people.SET_PASSWORD, person_id=specialist.id, kept=weak, now=NOW)
    assert enter(on_platform, specialist.email)
    with on_platform:
        kept = store.run_identity(sessions.WHO, email=specialist.email).one().password_hash
    assert not passwords.is_outdated(kept)


def test_sessions_that_are_long_over_are_forgotten(on_platform, specialist: Player, statements):
    old = enter(on_platform, specialist.email, agent="Firefox")
    with on_platform:  # a hundred go at a time, and other tests have left theirs
        store.run_identity("DELETE FROM identity.browser_session WHERE person_id <> :me", me=specialist.id)
    digest = f"decode('{hashlib.sha256(old.token.encode()).hexdigest()}', 'hex')"
    count = f"SELECT count(*) FROM identity.browser_session WHERE id_hash = {digest}"
    for later, left in ((sessions.KEPT_FOR, 1), (sessions.KEPT_FOR + timedelta(seconds=1), 0)):
        with on_platform:
            sessions.start(specialist.id, now=old.expires_at + later)
        assert statements(count)[0][0] == left


def test_tries_that_count_no_more_are_forgotten(on_platform, specialist: Player):
    enter(on_platform, specialist.email, WRONG)
    with on_platform:
        for _ in range(50):  # some at a time, and other tests have tried too
            tries.purge(before=NOW + timedelta(days=1))
        left = store.run_identity("SELECT count(*) FROM identity.sign_in_try WHERE since_at <= :now", now=NOW)
        assert left.scalar_one() == 0
