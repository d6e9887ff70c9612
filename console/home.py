"""Where a demo keeps what it must find again: data, documents, mail, logs, and secrets made once."""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from console.faults import USAGE, CannotRun
from console.servers.host import make_passable

PROJECT = Path(__file__).resolve().parent.parent
SYSTEM = Path("/var/lib/goodterms")
SIGNATURE = ".goodterms"
"""Lies in every home, so that neither a start nor --reset ever touches a folder that something else filled."""


def default_home() -> Path:
    """Return the home of this checkout: GOODTERMS_HOME, or one place per checkout.

    As root the servers run as an ordinary user, who cannot pass through root's own folders.
    """
    if named := os.environ.get("GOODTERMS_HOME"):
        return Path(named).absolute()
    if os.geteuid() != 0:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        return Path(state) / "goodterms" / checkout_key()
    if os.access(SYSTEM.parent, os.W_OK):
        return SYSTEM / checkout_key()
    return Path(tempfile.gettempdir()) / f"goodterms-{checkout_key()}"


def checkout_key(project: Path = PROJECT) -> str:
    """Return a short name of the checkout that another checkout does not have."""
    return f"{project.name}-{hashlib.sha256(str(project).encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Home:
    """One demo's folder."""

    folder: Path

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def documents(self) -> Path:
        return self.folder / "documents"

    @property
    def mailbox(self) -> Path:
        return self.folder / "mailbox"

    @property
    def copies(self) -> Path:
        """Where copies of server programs are kept; a reset leaves them alone."""
        return self.folder / "programs"

    def make(self) -> None:
        """Make the folders that are missing. The home may be passed through; what is inside is closed."""
        try:
            make_passable(self.folder)
            self.refuse_foreign()
            (self.folder / SIGNATURE).touch()
            for inside in (self.logs, self.documents, self.mailbox):
                inside.mkdir(exist_ok=True, mode=0o700)
        except OSError as reason:
            sentence = f"The data cannot be kept in {self.folder} ({reason.strerror}): set GOODTERMS_HOME."
            raise CannotRun(sentence, code=USAGE) from None

    def refuse_foreign(self) -> None:
        """Refuse a folder that another person or another program filled."""
        owner = self.folder.stat().st_uid
        signed = (self.folder / SIGNATURE).exists()
        if owner != os.geteuid() or (not signed and any(self.folder.iterdir())):
            sentence = f"{self.folder} belongs to something else: set GOODTERMS_HOME to an empty folder."
            raise CannotRun(sentence, code=USAGE)

    def secrets(self, names: tuple[str, ...]) -> dict[str, str]:
        """Return the secrets of these names, made at first asking and the same ever after."""
        file = self.folder / "secrets.json"
        known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        missing = [name for name in names if name not in known]
        if missing:
            known |= {name: secrets.token_urlsafe(32) for name in missing}
            write_closed(file, json.dumps(known, indent=1))
        return {name: known[name] for name in names}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep a second demo out of the same data."""
        with (self.folder / "lock").open("a") as paper:
            try:
                fcntl.flock(paper, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                sentence = f"A demo is already running on {self.folder}: stop it first, or set GOODTERMS_HOME."
                raise CannotRun(sentence) from None
            yield

    def reset(self) -> None:
        """Remove everything that a demo kept here, but not the lock, which we hold; start with an empty home."""
        for item in self.folder.iterdir():
            if item.name in ("lock", SIGNATURE, self.copies.name):
                continue
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item)
            else:
                item.unlink()
        self.make()


def write_closed(file: Path, text: str) -> None:
    """Write a file that only we can read, whole or not at all."""
    aside = file.with_suffix(".new")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as paper:
        paper.write(text)
    aside.rename(file)
