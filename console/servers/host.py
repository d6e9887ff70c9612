"""What both servers need from the machine: a user to run as, a place to stand, and a port."""

import os
import pwd
import shutil
import socket
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from console.faults import CannotRun

UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True)
class User:
    """Whom a server runs as when we are root: PostgreSQL refuses to be root, and Valkey has no need to be."""

    uid: int
    gid: int


def server_user() -> User | None:
    """Return the user for the servers, or None when we are an ordinary user and run them ourselves."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(entry.pw_uid, entry.pw_gid)
    return User(65534, 65534)


def others_can_reach(path: Path) -> bool:
    """Say whether every folder on the way lets a stranger pass, as a 0700 home does not."""
    place = path.resolve()
    return all(step.stat().st_mode & stat.S_IXOTH for step in (place, *place.parents))


def check_platform(setting: str) -> None:
    """Refuse where the wheels with the servers do not exist."""
    if sys.platform != "linux":
        raise CannotRun(f"The private servers exist for Linux only: set {setting} to a server of your own.")


def make_passable(folder: Path) -> None:
    """Make a folder and what is missing above it so that others may pass, whatever the umask says."""
    missing = [step for step in (folder, *folder.parents) if not step.exists()]
    for step in reversed(missing):
        step.mkdir(exist_ok=True)
        step.chmod(0o755)


def make_room(folder: Path, user: User | None) -> None:
    """Make the server's own folder, which nobody but the server may read."""
    make_passable(folder)
    if user is None:
        folder.chmod(0o700)
        return
    if not others_can_reach(folder.parent):
        raise CannotRun(
            f"The servers run as an ordinary user, who cannot enter {folder.parent}: "
            "set GOODTERMS_HOME to a folder that is not inside a private one."
        )
    os.chown(folder, user.uid, user.gid)
    folder.chmod(0o700)


def reachable(tree: Path, *, user: User | None, keep: Path) -> Path:
    """Return the program's folder, or a copy of it under `keep` when the server's user cannot enter the original.

    The copy is made once: it is built aside and then renamed, so that a copy cut short is never used.
    """
    if user is None or others_can_reach(tree):
        return tree
    copy = keep / f"{tree.name}-{_age(tree)}"
    if not copy.exists():
        aside = keep / f".{copy.name}.{os.getpid()}"
        make_passable(keep)
        shutil.copytree(tree, aside, symlinks=True)
        _open_to_all(aside)
        try:
            aside.rename(copy)
        except OSError:  # another start was faster with the same copy
            shutil.rmtree(aside)
    return copy


def _open_to_all(tree: Path) -> None:
    """Let others read a copy and run what its owner can run: a closed umask made the original."""
    for place in (tree, *tree.rglob("*")):
        if not place.is_symlink():
            runs = place.is_dir() or place.stat().st_mode & stat.S_IXUSR
            place.chmod(0o755 if runs else 0o644)


def _age(tree: Path) -> str:
    return f"{int(tree.stat().st_mtime):x}"


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_taken(port: int) -> bool:
    """Say whether somebody listens on this loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
