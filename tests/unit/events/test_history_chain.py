"""Each line of the history hangs on the one before it, and whoever touches one afterwards is found out."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from psycopg.rows import dict_row

from tenants import store
from tenants.events import history, history_chain, history_check
from tenants.events.history_chain import OF_A_LINE, OF_THE_HEAD, Link, Seal
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work
from tests.cast import NOW

MUTATIONS = 1000
LINES = history_check.LINES.replace(":tenant", "%(tenant)s").replace(":after", "%(after)s").replace(":limit", "10000")
HEAD = history_check.HEAD.replace(":tenant", "%(tenant)s")
COLUMNS = {
    "act": "'another'",
    "actor": "'somebody else'",
    "reason": "reason || '.'",
    "at": "at + interval '1 microsecond'",
    "became": """'{"amount": 1}'""",
    "was": "NULL",
    "object_id": "gen_random_uuid()",
    "object_kind": "'debtor'",
    "request_id": "'r'",
    "actor_name": "'X'",
    "hash": "sha256(hash)",
}


def note(n, **over):
    values = {"was": {"n": n, "rate": 0.5}, "became": {"n": n + 1, "said": "ä“"}, "reason": f"step {n}"}
    history.note("term.changed", about=("invoice", ids.new()), at=NOW + timedelta(seconds=n), **(values | over))


@pytest.fixture
def story(in_alder, alder):
    """Forty lines of Alder's history, in units of one to four lines."""
    n = 0
    while n < 40:
        with in_alder:
            for _ in range(1 + n % 4):
                note(n)
                n += 1
    return alder


@pytest.fixture
def as_superuser(database_urls):
    with psycopg.connect(database_urls["admin"], options="-c search_path=app,public", row_factory=dict_row) as line:
        yield line


def verdict(line, tenant, **more):
    lines = line.execute(LINES, {"tenant": tenant, "after": history_check.LOWEST}).fetchall()
    head = line.execute(HEAD, {"tenant": tenant}).fetchone()
    return history_check.judge(lines, head=head, tenant=tenant, **more)


def verified(door, **more):
    with door:
        return history_check.verify(**more)


def test_what_was_noted_is_whole_and_numbered_from_one(story, in_alder):
    assert verified(in_alder).whole and verified(in_alder).lines >= 40
    with in_alder:
        numbers = store.run("SELECT seq FROM history WHERE tenant_id = :tenant ORDER BY seq").scalars().all()
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_client_without_a_history_is_whole(in_alder):
    assert verified(in_alder) == history_check.Verdict(0, None, "")


@pytest.mark.parametrize(
    "value",
    [1e22, 1e-7, 10**30, 1.10, -0.0, True, None, "1.0", [1, {"b": 2, "a": [2.50]}], Decimal("1.10"), "\u2028“€😀"],
)
def test_every_value_comes_back_from_the_database_as_it_was_hashed(in_alder, value):
    with in_alder:
        note(1, was={"value": value, "": {}}, became=None)
    assert verified(in_alder).whole


def test_lines_that_wait_can_be_read_within_their_own_unit(in_alder):
    with in_alder:
        note(1)
        assert [line["reason"] for line in history.latest(since=NOW)] == ["step 1"]
        note(2)
    assert verified(in_alder) == history_check.Verdict(2, None, "")


def test_a_unit_that_fails_leaves_no_gap(in_alder):
    with pytest.raises(ZeroDivisionError), in_alder:
        note(1)
        raise ZeroDivisionError
    with in_alder:
        note(2)
    assert verified(in_alder) == history_check.Verdict(1, None, "")


def test_a_line_names_the_request_in_which_it_was_written(in_alder):
    import structlog

    with structlog.contextvars.bound_contextvars(request_id="req-12345678"), in_alder:
        note(1)
    with in_alder:
        (line,) = history.page()
    assert line["request_id"] == "req-12345678"


def test_many_lines_of_one_unit_are_one_statement_and_one_signature(in_alder, alder, statements, monkeypatch):
    told, run = [], store.run
    with in_alder, monkeypatch.context() as patch:
        for n in range(500):
            note(n)
        patch.setattr(store, "run", lambda sql, **values: (told.append(sql), run(sql, **values))[1])
        history.settle()
    assert len([sql for sql in told if "INSERT INTO history (" in sql]) == 1 and len(told) <= 4
    ((signed,),) = statements(f"SELECT count(signature) FROM app.history WHERE tenant_id = '{alder}'")
    assert signed == 1 and verified(in_alder).lines == 500


def test_eight_people_at_once_make_one_chain(bare_shell, in_alder, alder):
    def work(name):
        with bare_shell.app_context():
            for n in range(6):
                with unit_of_work(scope.tenant(alder, actor=f"person {name}")):
                    note(n)
                    note(n)

    with ThreadPoolExecutor(8) as crew:
        list(crew.map(work, range(8)))
    assert verified(in_alder) == history_check.Verdict(96, None, "")


def mutate(line, tenant, dice, last):
    """Do one bad thing, and answer the first number at which it must show."""
    run = lambda sql, **values: line.execute(sql, {"tenant": tenant, **values})  # noqa: E731
    deed, n = dice.choice(["edit", "delete", "swap", "truncate", "renumber"]), dice.randint(1, last)
    if deed == "edit":
        column = dice.choice(sorted(COLUMNS))
        run(f"UPDATE history SET {column} = {COLUMNS[column]} WHERE tenant_id = %(tenant)s AND seq = %(n)s", n=n)
        return n
    if deed == "delete":
        run("DELETE FROM history WHERE tenant_id = %(tenant)s AND seq = %(n)s", n=n)
        return n
    if deed == "truncate":
        run("DELETE FROM history WHERE tenant_id = %(tenant)s AND seq >= %(n)s", n=n)
        if n > 1 and dice.random() < 0.5:  # and the head with what can be read from the line that is now the last
            run(
                "UPDATE history_head SET seq = h.seq, hash = h.hash, signature = coalesce(h.signature, '\\x00')"
                " FROM history h WHERE h.tenant_id = %(tenant)s AND h.seq = %(n)s - 1"
                " AND history_head.tenant_id = %(tenant)s",
                n=n,
            )
            return {n, n - 1, n - 2, n - 3}
        return n
    other = n % last + 1
    low, high = min(n, other), max(n, other)
    if deed == "renumber":
        run("UPDATE history SET seq = 100000 WHERE tenant_id = %(tenant)s AND seq = %(n)s", n=n)
        return n
    for a, b in ((low, -1), (high, low), (-1, high)):
        run("UPDATE history SET seq = %(b)s WHERE tenant_id = %(tenant)s AND seq = %(a)s", a=a, b=b)
    return low


def test_every_edit_deletion_swap_and_truncation_is_found_at_its_number(story, as_superuser):
    seed = random.SystemRandom().randrange(2**32)
    dice, wrong = random.Random(seed), []
    last = verdict(as_superuser, story).lines
    for _ in range(MUTATIONS):
        with as_superuser.transaction(force_rollback=True):
            expected = mutate(as_superuser, story, dice, last)
            found = verdict(as_superuser, story).first_bad
            if found not in (expected if isinstance(expected, set) else {expected}):
                wrong.append((expected, found))
    assert wrong == [], f"seed {seed}"


def test_a_chain_that_was_written_anew_without_the_key_is_found(story, as_superuser, alder):
    """Somebody with every right in the database changes line 7 and computes all hashes behind it again."""
    rows = as_superuser.execute(LINES, {"tenant": story, "after": 0}).fetchall()
    with as_superuser.transaction(force_rollback=True):
        rows[6]["reason"] = "never mind"
        links = history_chain.follow(Link(6, rows[5]["hash"]), rows[6:], tenant=alder)
        for row, link in zip(rows[6:], links, strict=True):
            as_superuser.execute(
                "UPDATE history SET reason = %s, hash = %s WHERE tenant_id = %s AND seq = %s",
                (row["reason"], link.hash, alder, link.seq),
            )
        found = verdict(as_superuser, alder)
    assert 4 <= found.first_bad <= 7 and "not ours" in found.why


def test_an_older_head_put_back_is_found_by_the_one_that_was_put_by(in_alder, as_superuser, alder):
    with in_alder:
        note(1)
    old = as_superuser.execute(HEAD, {"tenant": alder}).fetchone()
    with in_alder:
        note(2)
    young = as_superuser.execute(HEAD, {"tenant": alder}).fetchone()
    as_superuser.execute("DELETE FROM history WHERE tenant_id = %s AND seq = 2", (alder,))
    as_superuser.execute(
        "UPDATE history_head SET seq = 1, hash = %s, signature = %s WHERE tenant_id = %s",
        (old["hash"], old["signature"], alder),
    )
    assert verdict(as_superuser, alder).whole, "by itself the database cannot know"
    assert verdict(as_superuser, alder, kept=Link(2, young["hash"])).first_bad == 2
    as_superuser.rollback()


def test_another_line_than_the_one_that_was_put_by_is_found(in_alder):
    with in_alder:
        note(1)
    found = verified(in_alder, kept=Link(1, bytes(32)))
    assert (found.first_bad, found.why) == (1, "not the line that was put by")


def test_a_line_of_one_client_does_not_fit_into_anothers_chain(in_alder, in_birch, alder, birch):
    with in_alder:
        note(1)
        history.settle()
        signature = store.run("SELECT signature FROM history_head WHERE tenant_id = :tenant").scalar_one()
        link = Link(*store.run("SELECT seq, hash FROM history_head WHERE tenant_id = :tenant").one())
    seal = history_chain.seal()
    assert seal.fits(signature, OF_THE_HEAD, tenant=alder, link=link)
    assert not seal.fits(signature, OF_THE_HEAD, tenant=birch, link=link)
    assert not seal.fits(signature, OF_A_LINE, tenant=alder, link=link)


def test_what_an_older_key_signed_is_still_believed():
    old, new = Seal.of("an old secret"), Seal.of("a new secret", "an old secret")
    link, tenant = Link(1, bytes(32)), ids.new()
    signature = old.sign(OF_A_LINE, tenant=tenant, link=link)
    assert new.fits(signature, OF_A_LINE, tenant=tenant, link=link) and new.public_key != old.public_key
    assert not Seal.of("a new secret").fits(signature, OF_A_LINE, tenant=tenant, link=link)


def test_without_a_key_nothing_is_signed(monkeypatch):
    monkeypatch.setattr(history_chain, "_seal", None)
    with pytest.raises(history_chain.NoKey):
        history_chain.seal()


def test_the_page_can_be_narrowed(in_alder):
    thing = ids.new()
    with in_alder:
        history.note("a", about=("invoice", thing), at=NOW)
        history.note("b", about=("debtor", thing), at=NOW + timedelta(hours=1))

        def acts(**asked):
            return [line["act"] for line in history.page(**asked)]

        assert acts() == ["b", "a"]
        assert acts(of=("invoice", thing)) == ["a"] and acts(act="b") == ["b"]
        assert acts(actor="test", since=NOW + timedelta(minutes=1)) == ["b"]
        assert acts(until=NOW + timedelta(minutes=1)) == ["a"] and acts(actor="nobody") == []
