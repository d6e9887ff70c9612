"""Folders that the servers' user may enter, whoever runs the tests."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """pytest's own folders are closed to others, and servers started by root run as somebody else."""
    folder = Path(tempfile.mkdtemp(prefix="goodterms-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
