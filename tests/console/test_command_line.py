"""The command line: answers to standard output, talk to standard error, an exit code that means something."""

import json
import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

import bench
import migrations
from console import cli
from console.commands import migrate
from console.commands import test as test_command
from console.faults import PARTLY, CannotRun
from console.talk import answer


def leave(*arguments):
    """Run a command as a person would and return its exit code."""
    with pytest.raises(SystemExit) as end:
        cli.main(list(arguments))
    return end.value.code or 0


def test_help_names_every_command(capsys):
    assert leave("--help") == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("bench", "demo", "migrate", "test"))


@pytest.mark.parametrize("name", cli.cli.list_commands(click.Context(cli.cli)))
def test_every_command_explains_itself(name, capsys):
    assert leave(name, "--help") == 0
    assert len(capsys.readouterr().out) > 100


def test_an_unknown_command_is_wrongly_asked(capsys):
    assert leave("dance") == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "No such command 'dance'" in told.err


def test_what_stops_a_command_is_one_sentence_and_its_code(capsys, monkeypatch):
    def partly(*_args, **_kwargs):
        raise CannotRun("three rows were refused", code=PARTLY)

    monkeypatch.setattr(cli.cli, "main", partly)
    assert leave("demo") == 3
    assert capsys.readouterr().err == "goodterms: three rows were refused\n"


def test_an_interrupted_command_says_so(capsys, monkeypatch):
    def interrupted(*_args, **_kwargs):
        raise click.Abort

    monkeypatch.setattr(cli.cli, "main", interrupted)
    assert leave("demo") == 130


def test_an_answer_is_lines_for_people_and_json_for_programs(capsys):
    answer({"rows": 3, "refused": 0}, as_json=False)
    assert capsys.readouterr().out == "rows     3\nrefused  0\n"
    answer({"rows": 3}, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"rows": 3}


@pytest.fixture
def benchmark(tmp_path, monkeypatch):
    (tmp_path / "nothing.py").write_text("def main(argv):\n    print(argv)\n    return 1\n")
    (tmp_path / "floor.py").write_text('"""Serves the others."""\n')
    monkeypatch.setattr(bench, "__path__", [str(tmp_path)])
    yield
    for name in ("bench.nothing", "bench.floor"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("benchmark")
def test_a_benchmark_is_found_by_its_file_and_given_the_rest(capsys):
    assert leave("bench", "nothing", "--n", "5") == 1
    assert capsys.readouterr().out == "['--n', '5']\n"
    assert leave("bench") == 0
    assert capsys.readouterr().out.split() == ["floor", "nothing"]


@pytest.mark.usefixtures("benchmark")
@pytest.mark.parametrize(("name", "reason"), [("sums", "no benchmark 'sums'"), ("floor", "measures nothing itself")])
def test_what_is_no_benchmark_is_wrongly_asked(name, reason, capsys):
    assert leave("bench", name) == 2
    assert reason in capsys.readouterr().err


def test_migrations_run_as_the_owner_and_answer(capsys, monkeypatch):
    ran = []
    monkeypatch.setattr(migrations, "upgrade", lambda url, to: ran.append((url, to)))
    monkeypatch.setenv(migrate.OWNER, "postgresql://gt_owner@127.0.0.1/goodterms")
    assert leave("migrate", "--json") == 0
    assert ran == [("postgresql://gt_owner@127.0.0.1/goodterms", "head")]
    assert json.loads(capsys.readouterr().out)["migrated"] == "head"


def test_the_owners_address_may_stand_in_a_file(tmp_path, monkeypatch):
    (tmp_path / "owner").write_text("postgresql://gt_owner@127.0.0.1/goodterms\n")
    monkeypatch.setenv(f"{migrate.OWNER}_FILE", str(tmp_path / "owner"))
    assert migrate.owner_url() == "postgresql://gt_owner@127.0.0.1/goodterms"
    monkeypatch.setenv(f"{migrate.OWNER}_FILE", str(tmp_path / "missing"))
    with pytest.raises(CannotRun, match="cannot be read: No such file"):
        migrate.owner_url()


def test_without_an_owner_nothing_is_migrated(monkeypatch, capsys):
    monkeypatch.delenv(migrate.OWNER, raising=False)
    assert leave("migrate") == 2
    assert f"{migrate.OWNER} is not set" in capsys.readouterr().err


class Runs:
    """Stands for the processes that `test` would start, each with an exit code."""

    def __init__(self, **codes):
        self.codes, self.lines = codes, []

    def __call__(self, line, **_kwargs):
        self.lines.append([str(part) for part in line])
        code = next((code for word, code in self.codes.items() if word in self.lines[-1]), 0)
        return subprocess.CompletedProcess(line, code, "", "E: no network\n")


@pytest.fixture
def browser(monkeypatch):
    monkeypatch.setattr(test_command.shutil, "which", lambda name: f"/usr/bin/{name}")


@pytest.mark.usefixtures("browser")
def test_a_failing_check_fails_the_whole_and_stops_none_of_the_others(monkeypatch, capsys):
    runs = Runs(mypy=1)
    monkeypatch.setattr(test_command.subprocess, "run", runs)
    assert leave("test") == 1
    called = [line[2] for line in runs.lines if line[1] == "-m"]
    assert (sorted(called[:2]), called[2:]) == (["mypy", "ruff"], ["pytest", "coverage"])
    assert capsys.readouterr().err.splitlines()[-1] == "failed: types"


@pytest.mark.usefixtures("browser")
def test_too_little_coverage_fails_the_whole(monkeypatch, capsys):
    monkeypatch.setattr(test_command.subprocess, "run", Runs(coverage=2))
    assert leave("test") == 1
    assert capsys.readouterr().err.splitlines()[-1] == "failed: coverage of tenants/ (wanted: 95 %)"


@pytest.mark.usefixtures("browser")
def test_all_good_is_said(monkeypatch, capsys):
    monkeypatch.setattr(test_command.subprocess, "run", Runs())
    assert leave("test") == 0
    assert capsys.readouterr().err.splitlines()[-1] == "everything holds"


@pytest.mark.usefixtures("browser")
def test_a_path_runs_only_the_tests_there_from_where_one_stands(monkeypatch, tmp_path):
    runs = Runs(pytest=5)
    monkeypatch.setattr(test_command.subprocess, "run", runs)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "test_it.py").touch()
    assert leave("test", "test_it.py::test_one", "-k", "late") == 5
    assert runs.lines[0][3:] == [f"{tmp_path}/test_it.py::test_one", "-k", "late"]


def test_preparing_runs_no_test(monkeypatch, browser):
    runs = Runs()
    monkeypatch.setattr(test_command.subprocess, "run", runs)
    assert leave("test", "--prepare") == 0
    assert runs.lines == []


@pytest.fixture
def no_browser(monkeypatch):
    monkeypatch.setattr(test_command.shutil, "which", lambda name: name if name == "apt-get" else None)


@pytest.mark.usefixtures("no_browser")
def test_root_gets_the_browser_installed(monkeypatch, capsys):
    runs = Runs()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(test_command.subprocess, "run", runs)
    test_command.prepare_browser()
    assert [line[1] for line in runs.lines] == ["update", "install"]
    assert "chromium" in runs.lines[1]
    assert "The browser is there" in capsys.readouterr().err


@pytest.mark.usefixtures("no_browser")
def test_others_are_told_what_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    test_command.prepare_browser()
    assert "they need: chromium fonts-dejavu-core" in capsys.readouterr().err


@pytest.mark.usefixtures("no_browser")
def test_an_install_that_fails_is_told_with_its_reason(monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(test_command.subprocess, "run", Runs(update=100))
    test_command.prepare_browser()
    assert "could not be installed (apt-get update: E: no network)" in capsys.readouterr().err


def test_the_module_is_the_command():
    line = [sys.executable, "-m", "console", "bench", "nothing-like-it"]
    told = subprocess.run(line, capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert told.stderr.startswith("goodterms: there is no benchmark")


def test_the_runner_of_click_finds_commands_too():
    assert CliRunner().invoke(cli.cli, ["--version"]).output.startswith("goodterms")
