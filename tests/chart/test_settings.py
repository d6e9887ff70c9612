"""A pod of the chart starts: what it is given is what the program asks for."""

import os
import subprocess
import time

import pytest

from jobs import heartbeat
from tenants import settings
from tests.chart import rendering
from tests.chart.rendering import LEAST, PASSWORDS, VALUE_SETS
from tests.guard.tree import sources

TRIAL = VALUE_SETS["trial with passwords in the release"]
PLAIN = {"TZ", heartbeat.VARIABLE, "GOODTERMS_OWNER_DATABASE_URL", "GOODTERMS_WORKER_DATABASE_URL"}
"""Variables that are not settings of the program's table: read by one process itself, or by nobody but people."""
PROGRAMS = [name for name, _ in rendering.pods(LEAST) if name not in ("migrate", "check")]


def environment(component):
    """Return the variables that this pod would have, with the passwords of the trial."""
    (plain,) = rendering.of_kind(TRIAL, "ConfigMap")
    kept = {key: text for secret in rendering.of_kind(TRIAL, "Secret") for key, text in secret["stringData"].items()}
    only = rendering.container(dict(rendering.pods(TRIAL))[component])
    given = dict(plain["data"]) if only.get("envFrom") else {}
    for entry in only["env"]:
        given[entry["name"]] = entry["value"] if "value" in entry else kept[entry["valueFrom"]["secretKeyRef"]["key"]]
    return given


@pytest.mark.parametrize("component", PROGRAMS)
def test_every_process_finds_all_its_settings(component, monkeypatch):
    for name in [name for name in os.environ if name.startswith("GOODTERMS_")]:
        monkeypatch.delenv(name)
    for name, text in environment(component).items():
        monkeypatch.setenv(name, text)
    found = settings.read()
    assert found.public_url == "https://ar.example.org"
    assert found.secure_cookies and found.log_json


@pytest.mark.parametrize("component", [*PROGRAMS, "migrate"])
def test_no_variable_is_given_that_nobody_reads(component):
    known = {row.variable for row in settings.TABLE.values()} | PLAIN
    assert environment(component).keys() <= known


def test_a_worker_cannot_log_in_as_anybody_else():
    assert {text for name, text in environment("worker-rules").items() if "DATABASE_URL" in name} == {
        PASSWORDS["workerDatabaseUrl"]
    }


@pytest.fixture
def probe(tmp_path, monkeypatch):
    """The chart's own probe, looking at a file of ours."""
    monkeypatch.setenv(heartbeat.VARIABLE, str(tmp_path / "heartbeat"))
    pod = dict(rendering.pods(LEAST))["worker-rules"]
    command = rendering.container(pod)["livenessProbe"]["exec"]["command"]
    ours = [part.replace("/tmp/heartbeat", str(tmp_path / "heartbeat")) for part in command]
    return lambda: subprocess.run(ours, capture_output=True, check=False).returncode == 0


def test_a_process_that_never_beat_is_not_alive(probe):
    assert not probe()


def test_a_beating_process_is_alive(probe):
    heartbeat.beat()
    assert probe()


def test_a_process_that_stopped_beating_is_not_alive(probe, tmp_path):
    heartbeat.beat()
    long_ago = time.time() - 70
    os.utime(tmp_path / "heartbeat", (long_ago, long_ago))
    assert not probe()


def test_without_the_setting_no_file_is_written(tmp_path, monkeypatch):
    monkeypatch.delenv(heartbeat.VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    heartbeat.beat()
    assert list(tmp_path.iterdir()) == []


MAINS = [
    source
    for source in sources("jobs")
    if source.path.split("/")[-1] in ("worker.py", "dispatcher.py", "timetable.py", "mailroom.py")
]


@pytest.mark.parametrize("main", MAINS, ids=lambda source: source.path)
def test_every_process_without_a_port_beats(main):
    assert "heartbeat.beat" in main.text, "the chart's probe would have it killed"
