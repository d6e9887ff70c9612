"""The processes of a demo: looked after while it runs, stopped in order, gone with a killed parent."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from console import processes
from console.processes import Program, Supervisor, stopped_by_signals
from console.surroundings import ROLE_OF, Surroundings
from jobs.lanes import WORKED
from tests.console.test_servers import PROJECT, ended, eventually

FOREVER = "import time; print('up', flush=True); time.sleep(60)"
TELLS_ITS_END = """
import os, signal, sys, time
def end(*_):
    with open(os.environ["ORDER"], "a") as order:
        order.write(os.environ["NAME"] + " ")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
time.sleep(60)
"""
COUNTS_ITS_SIGNALS = """
import signal, time
seen = []
signal.signal(signal.SIGTERM, lambda *_: (seen.append(1), print(len(seen), flush=True)))
print("up", flush=True)
while not seen:
    time.sleep(0.01)
time.sleep(0.3)
"""


def python(name, code, *, stage=0, **env):
    return Program(name, [sys.executable, "-c", code], {"PATH": os.environ["PATH"], **env}, stage)


@pytest.fixture
def supervisor(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(processes, "PATIENCE", 20.0)
    supervisor = Supervisor(tmp_path)
    yield supervisor
    supervisor.stop()


def pids(supervisor):
    return {child.program.name: child.process.pid for child in supervisor.children if child.process}


def test_a_child_that_dies_is_started_again_with_a_note(supervisor, tmp_path, capsys):
    supervisor.start([python("web", FOREVER), python("worker", FOREVER)])
    first = pids(supervisor)
    os.kill(first["worker"], signal.SIGKILL)

    def again():
        supervisor.look()
        return pids(supervisor).get("worker", first["worker"]) != first["worker"]

    eventually(again)
    assert pids(supervisor)["web"] == first["web"]
    note = f"worker ended (killed by SIGKILL); starting it again. Its log: {tmp_path / 'worker.log'}"
    assert note in capsys.readouterr().err
    assert supervisor.deaths("worker") == 1
    assert supervisor.deaths("web") == 0


def test_a_child_that_cannot_stay_is_started_less_and_less_often(supervisor, capsys):
    supervisor.start([python("broken", "raise SystemExit(3)")])

    def died_three_times():
        supervisor.look()
        return supervisor.deaths("broken") == 3

    eventually(died_three_times)
    assert supervisor.children[0].pause == pytest.approx(min(processes.LONGEST_PAUSE, 0.5 * 8))
    assert "broken ended (exit 3)" in capsys.readouterr().err


def test_higher_stages_stop_before_the_lower_ones_they_lean_on(supervisor, tmp_path):
    shared = tmp_path / "order"
    stages = {"web": 3, "mailbox": 0, "dispatcher": 2, "worker": 1}
    env = {"ORDER": str(shared)}
    supervisor.start([python(name, TELLS_ITS_END, stage=at, NAME=name, **env) for name, at in stages.items()])
    assert [child.program.name for child in supervisor.children] == ["mailbox", "worker", "dispatcher", "web"]
    eventually(lambda: all("up" in (tmp_path / f"{name}.log").read_text() for name in stages))
    supervisor.stop()
    assert shared.read_text().split() == ["web", "dispatcher", "worker", "mailbox"]


def test_a_child_is_asked_to_stop_only_once(supervisor, tmp_path):
    supervisor.start([python("worker", COUNTS_ITS_SIGNALS)])
    eventually(lambda: "up" in (tmp_path / "worker.log").read_text())
    supervisor.stop()
    assert (tmp_path / "worker.log").read_text().split() == ["up", "1"]


def test_a_child_inherits_nothing_that_it_was_not_given(supervisor, tmp_path, monkeypatch):
    monkeypatch.setenv("GOODTERMS_OWNER_DATABASE_URL", "postgresql://secret")
    supervisor.start([python("web", "import os; print(sorted(os.environ), flush=True)")])
    eventually(lambda: "]" in (tmp_path / "web.log").read_text())
    assert "GOODTERMS" not in (tmp_path / "web.log").read_text()


def test_ctrl_c_ends_the_watch_and_then_the_children(tmp_path):
    line = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as parent:
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGINT)
        assert parent.stdout.read().strip() == "stopped in order"
        assert parent.wait(60) == 0
        assert ended(child)


def test_a_killed_parent_leaves_no_child_behind(tmp_path):
    line = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as parent:
        child = int(parent.stdout.readline())
        parent.kill()
        eventually(lambda: ended(child))


PARENT = """
import os, sys
from pathlib import Path
from console.processes import Program, Supervisor, stopped_by_signals
watch = Supervisor(Path(sys.argv[1]))
with stopped_by_signals(watch):
    watch.start([Program("child", [sys.executable, "-c", "import time; time.sleep(60)"], os.environ)])
    print(watch.children[0].process.pid, flush=True)
    watch.look_after()
    watch.stop()
print("stopped in order", flush=True)
"""


def test_a_second_ctrl_c_does_not_wait(tmp_path):
    watch = Supervisor(tmp_path)
    before = signal.getsignal(signal.SIGINT)
    with stopped_by_signals(watch):
        signal.raise_signal(signal.SIGTERM)
        assert watch.stopping
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_large_log_is_turned_over(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "LARGEST_LOG", 10)
    small, large = tmp_path / "small.log", tmp_path / "large.log"
    small.write_text("short")
    large.write_text("much too long")
    for log in (small, large, tmp_path / "missing.log"):
        processes.turn_over(log)
    assert small.exists()
    assert not large.exists()
    assert (tmp_path / "large.log.1").read_text() == "much too long"


@pytest.fixture
def around(monkeypatch):
    monkeypatch.setenv("GOODTERMS_OWNER_DATABASE_URL", "postgresql://from-outside")
    urls = {name: f"postgresql://{role}@127.0.0.1/goodterms" for name, role in ROLE_OF.items()}
    return Surroundings(urls | {"GOODTERMS_SECRET_KEY": "x" * 32})


def addresses(program):
    return {name for name in program.env if name in ROLE_OF}


def test_a_demo_runs_one_worker_for_each_lane(around):
    lanes = {one.name.removeprefix("worker-") for one in processes.programs(around) if one.name.startswith("worker-")}
    assert lanes == {str(lane) for lane in WORKED}


def test_no_process_of_a_demo_is_given_the_owners_address(around):
    everything = [*processes.programs(around), processes.web(around, port=8080)]
    assert all("GOODTERMS_OWNER_DATABASE_URL" not in one.env for one in everything)


def test_each_process_is_given_its_own_role(around):
    named = {one.name: one for one in [*processes.programs(around), processes.web(around, port=8080)]}
    assert "gt_app@" in named["web"].env["GOODTERMS_DATABASE_URL"]
    assert "gt_worker@" in named["worker-rules"].env["GOODTERMS_DATABASE_URL"]
    assert "gt_dispatch@" in named["dispatcher"].env["GOODTERMS_DATABASE_URL"]
    assert "gt_worker@" in named["mailbox"].env["GOODTERMS_DATABASE_URL"]
    assert addresses(named["mailbox"]) == addresses(named["worker-delivery"])
    assert addresses(named["web"]) == {"GOODTERMS_DATABASE_URL", "GOODTERMS_AUTH_DATABASE_URL"}
    assert Path(named["web"].command[0]) == Path(sys.executable)
