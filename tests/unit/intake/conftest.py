"""The desk of Alder and that of Birch."""

import os
from pathlib import Path

import pytest

from tenants.adapters.documents import MemoryStore
from tests.unit.intake.desk import Desk

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def desk(in_alder, now, today):
    """Where Alder's files are worked."""
    return Desk(in_alder, MemoryStore(), now, today)


@pytest.fixture
def birchs_desk(in_birch, now, today):
    """Where Birch's files are worked."""
    return Desk(in_birch, MemoryStore(), now, today)


@pytest.fixture
def ibm_folder():
    """The published sample ledger and its twin, read where they are."""
    folder = Path(os.environ.get("GOODTERMS_SHARED") or PROJECT.parent / "shared") / "data" / "ar" / "ibm"
    if not folder.is_dir():
        pytest.skip("the sample ledgers are not here: set GOODTERMS_SHARED to the folder that holds data/ar/ibm")
    return folder
