"""Programs as children: started so that they end with their parent, waited for, stopped, and quoted when they fail."""

import ctypes
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from console.faults import CannotRun
from console.servers.host import User

SET_PARENT_DEATH_SIGNAL = 1
COMPLAINTS = ("FATAL", "PANIC", "Warning: Could not", "Failed", "Error")


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
