"""The house: who may call whom, and that each lane has somebody to work it."""

import subprocess
import sys
from pathlib import Path

import pytest

from jobs.lanes import Lane
from tests.guard.tree import ROOT, sources


def modules():
    return {Path(source.path).stem for source in sources("jobs")}


def test_the_rooms_call_down_only():
    linter = Path(sys.executable).parent / "lint-imports"
    answer = subprocess.run((linter, "--no-cache"), cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.skipif("worker" not in modules(), reason="jobs/worker.py does not exist, so no lane is worked")
@pytest.mark.parametrize("lane", list(Lane))
def test_every_lane_has_its_handlers(lane):
    assert lane.value in modules()
