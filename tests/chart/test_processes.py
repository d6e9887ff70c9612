"""The pods as plain processes: the chart's own arguments, variables and probes, on real servers, till SIGTERM."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.chart import rendering
from tests.chart.rendering import CHART, LEAST, VALUE_SETS

ROOT = CHART.parents[1]
TRIAL = VALUE_SETS["trial with passwords in the release"]
ROLE_OF = {
    "database-url": "gt_app",
    "auth-database-url": "gt_auth",
    "worker-database-url": "gt_worker",
    "dispatch-database-url": "gt_dispatch",
    "owner-database-url": "gt_owner",
}
PROMPT_S = 29
"""A process without work in hand ends before anybody loses patience."""
BACKGROUND = [
    pytest.param(
        component,
        marks=pytest.mark.skipif(not (ROOT / "jobs" / f"{main}.py").exists(), reason=f"jobs/{main}.py does not exist"),
    )
    for component, main in (("worker-rules", "worker"), ("dispatcher", "dispatcher"), ("timetable", "timetable"))
]


class Pod:
    """One container of the chart, with real addresses in place of the trial's and its paths below one folder."""

    def __init__(self, component: str, *, urls: dict[str, str], redis_url: str, home: Path) -> None:
        self.spec = dict(rendering.pods(TRIAL))[component]
        self.only = rendering.container(self.spec)
        self.urls, self.redis_url, self.home = urls, redis_url, home
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def here(self, text: str) -> str:
        return text.replace("/tmp/", f"{self.home}/").replace("/var/lib/goodterms", str(self.home))

    def environment(self) -> dict[str, str]:
        kept = {
            key: text for secret in rendering.of_kind(TRIAL, "Secret") for key, text in secret["stringData"].items()
        }
        real = kept | {key: self.urls[role] for key, role in ROLE_OF.items()} | {"redis-url": self.redis_url}
        (plain,) = rendering.of_kind(TRIAL, "ConfigMap")
        given = dict(plain["data"]) if self.only.get("envFrom") else {}
        for entry in self.only["env"]:
            given[entry["name"]] = (
                entry["value"] if "value" in entry else real[entry["valueFrom"]["secretKeyRef"]["key"]]
            )
        found = {name: self.here(text) for name, text in given.items()}
        return found | {"PATH": f"{Path(sys.executable).parent}:{os.defpath}", "PYTHONPATH": str(ROOT)}

    def arguments(self) -> list[str]:
        return [f"127.0.0.1:{self.port}" if word == ":8000" else word for word in self.only["args"]]

    def answers(self, probe: str) -> bool:
        """Ask as the kubelet would."""
        asked = self.only[probe]
        if "exec" in asked:
            words = [self.here(word) for word in asked["exec"]["command"]]
            return subprocess.run(words, check=False, capture_output=True).returncode == 0
        line = HTTPConnection("127.0.0.1", self.port, timeout=asked["timeoutSeconds"])
        try:
            headers = {entry["name"]: entry["value"] for entry in asked["httpGet"]["httpHeaders"]}
            line.request("GET", asked["httpGet"]["path"], headers=headers)
            return 200 <= line.getresponse().status < 400
        except OSError:
            return False
        finally:
            line.close()

    def wait_until_started(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 90
        while not self.answers("startupProbe"):
            assert process.poll() is None, f"it ended by itself: {self.log.read_text()[-2000:]}"
            assert time.monotonic() < deadline, f"it never started: {self.log.read_text()[-2000:]}"
            time.sleep(0.1)

    @property
    def log(self) -> Path:
        return self.home / "log"

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        with self.log.open("wb") as words:
            process = subprocess.Popen(
                self.arguments(),
                cwd=self.home,
                env=self.environment(),
                stdout=words,
                stderr=words,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def pod(database_urls, redis_url, tmp_path):
    return lambda component: Pod(component, urls=database_urls, redis_url=redis_url, home=tmp_path)


@pytest.mark.parametrize("component", ["web", *BACKGROUND])
def test_a_pod_starts_answers_its_probes_and_ends_when_asked(pod, component):
    asked = pod(component)
    with asked.running() as process:
        asked.wait_until_started(process)
        assert asked.answers("livenessProbe") and asked.answers("readinessProbe")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PROMPT_S) == 0, asked.log.read_text()[-2000:]
        assert asked.spec["terminationGracePeriodSeconds"] > PROMPT_S


def test_the_migration_finds_its_way_with_the_owners_address_alone(pod):
    migration = pod("migrate")
    assert {name for name in migration.environment() if name.startswith("GOODTERMS_")} == {
        "GOODTERMS_OWNER_DATABASE_URL"
    }
    with migration.running() as process:
        assert process.wait(timeout=90) == 0, migration.log.read_text()[-2000:]


def test_web_refuses_to_start_as_a_role_that_could_look_behind_the_walls(pod, database_urls):
    asked = pod("web")
    asked.urls = database_urls | {"gt_app": database_urls["gt_owner"]}
    with asked.running() as process:
        assert process.wait(timeout=90) != 0
        assert "could bypass row security" in asked.log.read_text()


def test_the_trial_and_the_least_install_start_the_same_programs():
    started = [{name: rendering.container(pod)["args"] for name, pod in rendering.pods(v)} for v in (LEAST, TRIAL)]
    assert started[0] == started[1]
