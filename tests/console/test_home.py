"""A demo's folder: found again, shared with nobody, never somebody else's."""

import os
from pathlib import Path

import pytest

from console import home
from console.faults import CannotRun
from console.home import Home


@pytest.fixture
def folder(tmp_path):
    made = Home(tmp_path / "home")
    made.make()
    return made


def test_secrets_are_made_once_and_closed(folder):
    first = folder.secrets(("gt_app", "gt_worker"))
    more = folder.secrets(("gt_app", "secret_key"))
    assert more["gt_app"] == first["gt_app"]
    assert len({*first.values(), *more.values()}) == 3
    assert all(len(word) >= 32 for word in more.values())
    assert (folder.folder / "secrets.json").stat().st_mode & 0o077 == 0


def test_a_second_demo_on_the_same_data_is_refused(folder):
    with folder.held(), pytest.raises(CannotRun, match="already running"), Home(folder.folder).held():
        pytest.fail("two demos hold one home")


def test_a_reset_forgets_everything_but_the_programs(folder):
    (folder.documents / "invoice.pdf").touch()
    folder.copies.mkdir()
    before = folder.secrets(("secret_key",))
    with folder.held():
        folder.reset()
        with pytest.raises(CannotRun, match="already running"), Home(folder.folder).held():
            pytest.fail("the reset let go of the lock")
    assert not any(folder.documents.iterdir())
    assert folder.copies.exists()
    assert folder.secrets(("secret_key",)) != before


def test_somebody_elses_folder_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("my work")
    with pytest.raises(CannotRun, match="belongs to something else"):
        Home(tmp_path).make()
    assert [item.name for item in tmp_path.iterdir()] == ["thesis.txt"]


def test_another_persons_folder_is_not_trusted(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    with pytest.raises(CannotRun, match="belongs to something else"):
        Home(tmp_path).make()


def test_a_home_that_cannot_be_made_is_one_sentence():
    with pytest.raises(CannotRun, match="cannot be kept in /proc/goodterms .*: set GOODTERMS_HOME"):
        Home(Path("/proc/goodterms")).make()


def test_the_home_that_is_named_is_taken(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOODTERMS_HOME", "there")
    assert home.default_home() == tmp_path / "there"


def test_an_ordinary_users_demo_lives_with_his_other_state(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", "/srv/ruth")
    monkeypatch.delenv("GOODTERMS_HOME", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert home.default_home() == Path("/srv/ruth/.local/state/goodterms") / home.checkout_key()
    monkeypatch.setenv("XDG_STATE_HOME", "/srv/state")
    assert home.default_home().parent == Path("/srv/state/goodterms")


@pytest.mark.parametrize(("writable", "parent"), [(True, "/var/lib/goodterms"), (False, "/scratch")])
def test_roots_demo_lives_where_an_ordinary_user_can_pass(monkeypatch, writable, parent):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "access", lambda *_: writable)
    monkeypatch.setattr(home.tempfile, "gettempdir", lambda: "/scratch")
    monkeypatch.delenv("GOODTERMS_HOME", raising=False)
    assert home.default_home().parent == Path(parent)


def test_two_checkouts_have_two_homes():
    assert home.checkout_key(Path("/a/goodterms")) != home.checkout_key(Path("/b/goodterms"))
    assert home.checkout_key(Path("/a/goodterms")).startswith("goodterms-")
