"""What both servers need from the machine: a user to run as, a place to stand, a port, and an end with their parent."""

import ctypes
import functools
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from console.faults import CannotRun

SET_PARENT_DEATH_SIGNAL = 1
UNPRIVILEGED = ("postgres", "nobody")
COMPLAINTS = ("FATAL", "PANIC", "Warning: Could not", "Failed", "Error")


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


@functools.cache
def _prctl() -> Callable[[int, int], int]:
    return ctypes.CDLL(None, use_errno=True).prctl


def dies_with_parent(signal_number: signal.Signals) -> Callable[[], None]:
    """Return what a child runs before its program, so that a killed parent leaves nothing behind.

    Linux sends the signal when the *thread* that started the child ends: start children from the main thread.
    """
    if sys.platform != "linux":
        return lambda: None
    call, parent = _prctl(), os.getpid()

    def ask() -> None:
        call(SET_PARENT_DEATH_SIGNAL, int(signal_number))
        if os.getppid() != parent:  # the parent died before we could ask
            os._exit(1)

    return ask


def launch(
    command: Sequence[str | Path],
    *,
    log: Path,
    end: signal.Signals = signal.SIGTERM,
    env: Mapping[str, str] | None = None,
    user: User | None = None,
    cwd: Path | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that Ctrl-C reaches it only through us, with its words in `log`."""
    with log.open("ab") as words:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=stdin,
            stdout=words,
            stderr=words,
            cwd=cwd,
            env=dict(env) if env is not None else None,
            start_new_session=True,
            preexec_fn=dies_with_parent(end),
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )


def stop(process: subprocess.Popen[bytes], *, how: signal.Signals, patience: float) -> None:
    """Ask a program to end, and end it when it does not listen."""
    if process.poll() is None:
        process.send_signal(how)
    wait_or_end(process, patience=patience)


def wait_or_end(process: subprocess.Popen[bytes], *, patience: float) -> None:
    """Wait for a program that was asked to end, and end it when it does not listen."""
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until(
    ready: Callable[[], bool], *, process: subprocess.Popen[bytes], name: str, log: Path, patience: float
) -> None:
    """Wait for a server to answer; a server that died says its last words instead."""
    deadline = time.monotonic() + patience
    while not ready():
        if process.poll() is not None:
            raise CannotRun(f"{name} did not start: {last_words(log)}")
        if time.monotonic() > deadline:
            stop(process, how=signal.SIGTERM, patience=2)
            raise CannotRun(f"{name} did not answer within {patience:.0f} s; its log is {log}.")
        time.sleep(0.02)


def last_words(log: Path) -> str:
    """Return the line of a log that tells best why a program ended: its last complaint, or else its last line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    complaints = [line for line in lines if any(sign in line for sign in COMPLAINTS)]
    return (complaints or lines or ["it said nothing."])[-1]
