"""Whole stories in one process: the real handlers, leases and transactions, and a mail server that plays recipients."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from console.mailbox import behaviour
from console.sample.play import Stage
from jobs import dispatcher
from jobs.quiet import run_until_quiet
from tenants import assembly
from tenants.assembly import Toolbox
from tenants.delivery.ports import Answer, Handover, Letter
from tenants.settings import Settings

IBM = "WA_Fn-UseC_-Accounts-Receivable"


@dataclass
class Neighbourhood:
    """A mail server that is every recipient's own: it keeps what it takes and refuses what nobody receives."""

    name: str = "neighbourhood"
    letters: list[Letter] = field(default_factory=list)

    def send(self, letter: Letter) -> Answer:
        if behaviour(letter.recipient) == "bounce":
            return Answer(Handover.REFUSED, detail="550 5.1.1 No such user here", bounce=True)
        self.letters.append(letter)
        return Answer(Handover.ACCEPTED, reference=f"kept {len(self.letters)}")


@pytest.fixture
def post() -> Neighbourhood:
    """Who takes the mail."""
    return Neighbourhood()


@pytest.fixture
def tools(settings: Settings, post: Neighbourhood) -> Toolbox:
    """The toolbox of a worker whose mail server is the recipients' own."""
    return replace(assembly.make_tools(replace(settings, smtp_is_final=True)), mailer=post)


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """The dispatcher's own door to the database."""
    made = dispatcher.make_engine(settings)
    yield made
    made.dispose()


@pytest.fixture
def stage(shell, tools: Toolbox, engine: Engine) -> Stage:
    """Where days pass, with the work done in this process."""

    def wait(tenants):
        run_until_quiet(shell, tools, engine=engine, tenants=list(tenants))

    return Stage(tools, wait)


def shared(path: str) -> Path:
    """A file of the developers' shared data, or a skipped test that says what is missing."""
    root = Path(os.environ.get("GOODTERMS_SHARED", Path(__file__).parents[3] / "shared"))
    found = root / "data" / path
    if not found.exists():
        pytest.skip(f"needs the shared file {path}: set GOODTERMS_SHARED to the folder that holds data/")
    return found


@pytest.fixture
def ibm() -> Path:
    """The ledger of 2,466 invoices."""
    return shared(f"ar/ibm/{IBM}.csv")


@pytest.fixture
def ibm_twin() -> Path:
    """The same ledger, saved by somebody else."""
    return shared(f"ar/ibm/{IBM}.dmy.csv")
