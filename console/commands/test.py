"""`test`: everything that must hold before a change lands, or the tests under some paths."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from console.home import PROJECT
from console.talk import say

PYTHON = sys.executable
CHECKS = (
    ("style", [PYTHON, "-m", "ruff", "check", "."]),
    ("types", [PYTHON, "-m", "mypy"]),
    ("contracts", [PYTHON, "-c", "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"]),
)
SHARED = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]  # tests/conftest.py knows what is to begin first
WHOLE = [PYTHON, "-m", "pytest", *SHARED, "--cov", "--cov-report=term:skip-covered"]
LEAST_COVERED = 95
COVERED = [PYTHON, "-m", "coverage", "report", "--include=tenants/*", "--format=total", f"--fail-under={LEAST_COVERED}"]
PART = [PYTHON, "-m", "pytest"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WANTED = ("chromium", "fonts-dejavu-core")


@click.command("test", context_settings={"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]})
@click.option("--prepare", "only_prepare", is_flag=True, help="Only make the environment.")
@click.argument("paths", nargs=-1, type=click.UNPROCESSED)
def command(only_prepare: bool, paths: tuple[str, ...]) -> int:
    """Run style, types, contracts and the whole suite; with PATHS only the tests there.

    \b
    ./goodterms test
    ./goodterms test tests/unit/ledger -k allocation
    """
    prepare_browser()
    if only_prepare:
        return 0
    if paths:
        return run([*PART, *rooted(paths)])
    failed = check()
    with tempfile.TemporaryDirectory(prefix="goodterms-coverage-") as folder:
        coverage = Path(folder) / "coverage"
        if run(WHOLE, name="tests", coverage=coverage):
            failed.append("tests")
        if run(COVERED, coverage=coverage):
            failed.append(f"coverage of tenants/ (wanted: {LEAST_COVERED} %)")
    say(f"failed: {', '.join(failed)}" if failed else "everything holds")
    return 1 if failed else 0


def check() -> list[str]:
    """Run the checks beside each other, for each keeps one core busy; tell each in its turn, and return what failed."""
    with ThreadPoolExecutor(len(CHECKS)) as pool:
        done = list(pool.map(lambda each: seen(each[1]), CHECKS))
    for (name, _), found in zip(CHECKS, done, strict=True):
        say(f"--- {name}")
        sys.stdout.write(found.stdout)
        sys.stdout.flush()
    return [name for (name, _), found in zip(CHECKS, done, strict=True) if found.returncode]


def seen(line: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run one check and keep what it says."""
    return subprocess.run(
        line, cwd=PROJECT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    )


def run(line: Sequence[str], *, name: str = "", coverage: Path | None = None) -> int:
    """Run something long at the project's root, wherever the person stands."""
    if name:
        say(f"--- {name}")
    env = dict(os.environ) | ({"COVERAGE_FILE": str(coverage)} if coverage else {})
    return subprocess.run(line, cwd=PROJECT, env=env, check=False).returncode


def rooted(paths: Sequence[str]) -> list[str]:
    """Turn what exists where the person stands into absolute paths; leave pytest's own options alone."""
    return [str(Path(path).resolve()) if Path(path.split("::")[0]).exists() else path for path in paths]


def prepare_browser() -> None:
    """Install Debian's browser when we may, and say what is missing when we may not."""
    if any(shutil.which(name) for name in BROWSERS):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        say(f"No browser found, so the browser tests are skipped; they need: {' '.join(WANTED)}.")
        return
    say("Installing a browser for the browser tests ...")
    started = time.monotonic()
    for line in (["apt-get", "update", "-q"], ["apt-get", "install", "-q", "-y", "--no-install-recommends", *WANTED]):
        env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        done = subprocess.run(line, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            say(f"The browser could not be installed ({' '.join(line[:2])}: {reason}).")
            return
    say(f"The browser is there ({time.monotonic() - started:.0f} s).")
