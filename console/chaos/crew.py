"""Processes that may be killed at any moment: forked from one that has read its libraries, so that a new one is there
at once, and each kill is a kill as the cluster does it."""

import os
import random
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from console.servers.children import dies_with_parent

Duty = Callable[[], object]


@dataclass
class Crew:
    """Who is at work; every member is known by its place, and a place that was emptied is filled again."""

    logs: Path
    duties: dict[str, Duty]
    pids: dict[str, int] = field(default_factory=dict)
    kills: int = 0

    def start(self) -> None:
        """Fill every place."""
        for place in self.duties:
            self.pids[place] = fork(self.duties[place], log=self.logs / f"{place}.log")

    def kill_one(self, dice: random.Random) -> str:
        """Kill whoever the dice say, and fill the place; returns which it was."""
        place = dice.choice(sorted(self.pids))
        os.kill(self.pids[place], signal.SIGKILL)
        os.waitpid(self.pids[place], 0)
        self.kills += 1
        self.pids[place] = fork(self.duties[place], log=self.logs / f"{place}.log")
        return place

    def stop(self) -> None:
        """End all of them."""
        for pid in self.pids.values():
            os.kill(pid, signal.SIGKILL)
        for pid in self.pids.values():
            os.waitpid(pid, 0)
        self.pids.clear()


def fork(duty: Duty, *, log: Path) -> int:
    """Start a process that does one thing and ends."""
    bound = dies_with_parent(signal.SIGKILL)
    pid = os.fork()
    if pid:
        return pid
    failed = True
    try:
        os.setsid()
        bound()
        words = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(words, 1)
        os.dup2(words, 2)
        failed = bool(duty())
    finally:
        if failed:
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(failed)


def run(duty: Duty, *, log: Path) -> None:
    """Let a process of its own do one thing; raises RuntimeError with its last words when it failed."""
    _, status = os.waitpid(fork(duty, log=log), 0)
    if status:
        raise RuntimeError(f"a helper failed: {log.read_text()[-800:]}")
