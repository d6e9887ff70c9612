"""`goodterms history verify`: an operator sees whether every client's history is what was written."""

import json
from types import SimpleNamespace

import psycopg
import pytest
from click.testing import CliRunner

from console import cli
from console.faults import FAILED, USAGE, CannotRun
from jobs import insight
from jobs.turns import Turn
from tenants.adapters.documents import FolderStore, MemoryStore
from tenants.directory import clients
from tenants.events import history, history_keeping
from tenants.isolation import scope
from tenants.values import ids
from tenants.values.clock import FixedClock
from tenants.work import unit_of_work
from tests.cast import NOW


@pytest.fixture
def outside(database_urls, redis_url, settings, monkeypatch):
    """The environment of a process that serves the same database."""
    monkeypatch.setenv("GOODTERMS_DATABASE_URL", database_urls["gt_app"])
    monkeypatch.setenv("GOODTERMS_AUTH_DATABASE_URL", database_urls["gt_auth"])
    monkeypatch.setenv("GOODTERMS_REDIS_URL", redis_url)
    monkeypatch.setenv("GOODTERMS_SECRET_KEY", settings.secret_key)
    monkeypatch.setenv("GOODTERMS_DOCUMENTS", settings.documents)


@pytest.fixture
def slug(in_alder):
    with in_alder:
        for n in range(5):
            history.note("term.changed", about=("invoice", None), at=NOW, reason=f"step {n}")
        return clients.profile().slug


def play(*arguments):
    return CliRunner().invoke(cli.cli, ["history", "verify", *arguments], standalone_mode=False)


def spoil(database_urls, alder, sql):
    with psycopg.connect(database_urls["admin"], options="-c search_path=app,public") as line:
        line.execute(sql, {"tenant": alder})


def test_a_history_that_nobody_touched_is_whole(outside, slug):
    done = play("--tenant", slug)
    assert done.return_value == 0 and "5 lines, whole" in done.output
    told = json.loads(play("--tenant", slug, "--json").output)
    assert told["clients"][slug] == {"whole": True, "lines": 5, "first_bad": None, "why": ""}
    assert len(bytes.fromhex(told["public_key"])) == 32


def test_the_first_bad_line_is_named_and_scripts_notice(outside, slug, database_urls, alder):
    spoil(database_urls, alder, "UPDATE history SET reason = 'x' WHERE tenant_id = %(tenant)s AND seq = 3")
    done = play("--tenant", slug)
    assert done.return_value == FAILED
    assert "broken at line 3: the line is not what was written (2 lines before it are whole)" in done.output
    assert play().return_value == FAILED, "among all clients it is found too"
    spoil(database_urls, alder, "UPDATE history SET reason = 'step 2' WHERE tenant_id = %(tenant)s AND seq = 3")
    assert play("--tenant", slug).return_value == 0


def test_a_head_that_was_put_by_tells_of_what_is_gone(outside, slug, in_alder, settings, database_urls, alder):
    shelf = FolderStore(settings.documents)
    with in_alder:
        history_keeping.put_by(history_keeping.head(now=NOW), shelf=shelf)
    spoil(database_urls, alder, "DELETE FROM history WHERE tenant_id = %(tenant)s")
    spoil(database_urls, alder, "DELETE FROM history_head WHERE tenant_id = %(tenant)s")
    done = play("--tenant", slug)
    assert done.return_value == FAILED and "broken at line 1: lines were cut off" in done.output


def test_a_client_that_is_not_there_is_a_wrong_question(outside):
    stopped = play("--tenant", "nobody").exception
    assert isinstance(stopped, CannotRun) and stopped.code == USAGE


def test_a_head_that_is_not_ours_is_not_believed(in_alder, alder):
    shelf = MemoryStore()
    with in_alder:
        assert history_keeping.head(now=NOW) is None and history_keeping.newest(shelf=shelf) is None
        history.note("a", about=("invoice", None), at=NOW)
    with in_alder:
        paper = history_keeping.head(now=NOW)
        history_keeping.put_by(paper, shelf=shelf)
        assert history_keeping.newest(shelf=shelf) == paper.link and paper.link.seq == 1
        said = json.loads(shelf.get(f"{alder}/history/000000000001.json"))
        for wrong in (b"{}", b"no json", json.dumps(said | {"seq": 2}).encode()):
            shelf.put(f"{alder}/history/head.json", wrong, media_type="application/json")
            assert history_keeping.newest(shelf=shelf) is None


def test_the_hour_puts_the_head_by(slug, shell, alder):
    shelf = MemoryStore()
    tools = SimpleNamespace(clock=FixedClock(NOW), documents=shelf)
    turn, step = Turn(alder, ids.new(), "put_history_by", {}, tools), insight.HANDLERS["put_history_by"]
    with unit_of_work(scope.tenant(alder, actor="job")):
        paper = step.claim(turn)
    step.settle(turn, paper, step.act(turn, paper))
    with unit_of_work(scope.viewing(alder, actor="test")):
        assert history_keeping.newest(shelf=shelf).seq == 5
