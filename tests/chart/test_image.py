"""The image holds what the chart starts, and nobody in it is root. (No builder was at hand: this reads the recipe.)"""

import fnmatch
import re

from tests.chart import rendering
from tests.chart.rendering import CHART, LEAST

ROOT = CHART.parents[1]
RECIPE = (ROOT / "Dockerfile").read_text()
COPIED = set(re.findall(r"^COPY (\w+)/ \1/$", RECIPE, re.MULTILINE))


def modules_started():
    """Yield the top package of every program that the chart starts."""
    for component, pod in rendering.pods(LEAST):
        if component != "check":
            words = rendering.container(pod)["args"]
            program = words[words.index("-m") + 1] if "-m" in words else words[1]
            yield re.split(r"[.:]", program)[0]


def test_everything_that_the_chart_starts_is_in_the_image():
    assert set(modules_started()) <= COPIED
    assert {"tenants", "migrations"} <= COPIED
    assert all((ROOT / folder).is_dir() for folder in COPIED)


def test_the_image_runs_as_the_user_that_the_chart_names():
    (user,) = re.findall(r"^USER (\d+):(\d+)$", RECIPE, re.MULTILINE)
    for _, pod in rendering.pods(LEAST):
        assert (str(pod["securityContext"]["runAsUser"]), str(pod["securityContext"]["runAsGroup"])) == user


def test_only_hashed_packages_are_installed():
    installs = re.findall(r"pip install ([^\n]+)", RECIPE)
    assert installs and all("--require-hashes" in line for line in installs)
    locks = re.findall(r"requirements/(\w+)\.lock", RECIPE)
    assert locks == ["runtime", "web"] and all((ROOT / "requirements" / f"{lock}.lock").exists() for lock in locks)


def test_the_base_does_not_move_to_another_python_by_itself():
    (base,) = re.findall(r"^ARG BASE=(\S+)$", RECIPE, re.MULTILINE)
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", base)
    assert re.findall(r"^FROM (\S+)", RECIPE, re.MULTILINE) == ["${BASE}", "${BASE}"]


def test_signals_pass_through_tini():
    assert 'ENTRYPOINT ["/usr/bin/tini", "--"]' in RECIPE


def test_the_builder_is_sent_what_is_copied_and_nothing_else():
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert rules[0] == "*"
    let_in = [rule[1:] for rule in rules if rule.startswith("!")]
    for wanted in (*COPIED, "requirements/runtime.lock", "requirements/web.lock"):
        assert any(fnmatch.fnmatch(wanted, rule) for rule in let_in), wanted
    assert not any(fnmatch.fnmatch(".git", rule) or fnmatch.fnmatch(".venv", rule) for rule in let_in)
