"""Keeps the processes of a demo running: starts them, notices when one dies, starts it again, stops them in order."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from console.home import PROJECT
from console.servers import children
from console.surroundings import Surroundings
from console.talk import say

LOOK_EVERY = 0.2
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
STEADY_AFTER = 60.0
"""A process that ran this long before it died starts again without a growing pause."""
PATIENCE = 15.0
LARGEST_LOG = 10_000_000


@dataclass(frozen=True)
class Program:
    """What to run, and with which settings: nothing of our own environment is inherited unseen."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    stage: int = 0
    """Higher stages lean on lower ones: they start later and stop earlier."""


@dataclass
class Child:
    """One program as it runs now."""

    program: Program
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause: float = FIRST_PAUSE
    again_at: float = 0.0
    deaths: int = 0

    def start(self) -> None:
        self.process = children.launch(self.program.command, log=self.log, env=self.program.env, cwd=PROJECT)
        self.started_at = time.monotonic()

    def died(self) -> int | None:
        """Return how it ended, once, if it has ended by itself."""
        if self.process is None or (code := self.process.poll()) is None:
            return None
        self.process = None
        self.deaths += 1
        now = time.monotonic()
        self.pause = FIRST_PAUSE if now - self.started_at > STEADY_AFTER else min(self.pause * 2, LONGEST_PAUSE)
        self.again_at = now + self.pause
        return code


@dataclass
class Supervisor:
    """The processes of one demo. All start from the main thread and end with it (see servers.children)."""

    logs: Path
    children: list[Child] = field(default_factory=list)
    stopping: bool = False

    def start(self, programs: Sequence[Program]) -> None:
        """Start each program, stage by stage."""
        for program in sorted(programs, key=lambda one: one.stage):
            log = self.logs / f"{program.name}.log"
            turn_over(log)
            child = Child(program, log)
            child.start()
            self.children.append(child)

    def look_after(self) -> None:
        """Stay until asked to stop, and start again what dies."""
        while not self.stopping:
            self.look()
            time.sleep(LOOK_EVERY)

    def look(self) -> None:
        """Note who died since the last look, and start again those whose pause is over."""
        for child in self.children:
            code = child.died()
            if code is not None:
                say(f"{child.program.name} ended ({how(code)}); starting it again. Its log: {child.log}")
            if child.process is None and time.monotonic() >= child.again_at:
                child.start()

    def deaths(self, name: str) -> int:
        """Say how often this program has ended by itself."""
        return sum(child.deaths for child in self.children if child.program.name == name)

    def stop(self) -> None:
        """Stop the highest stage first, all of a stage at once; who does not listen is ended.

        Each is asked once only: a worker takes a second SIGTERM as leave to drop its job.
        """
        self.stopping = True
        alive = [child for child in self.children if child.process is not None]
        for stage in sorted({child.program.stage for child in alive}, reverse=True):
            processes = [child.process for child in alive if child.process and child.program.stage == stage]
            for process in processes:
                process.terminate()
            deadline = time.monotonic() + PATIENCE
            for process in processes:
                children.wait_or_end(process, patience=max(0.1, deadline - time.monotonic()))
        self.children.clear()


def how(code: int) -> str:
    """Say how a process ended, as a person would."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit {code}"


def turn_over(log: Path) -> None:
    """Begin a new log when the old one has grown large; one old one is kept."""
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))


@contextmanager
def stopped_by_signals(supervisor: Supervisor) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the wait; a second Ctrl-C does not wait for anybody."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        if supervisor.stopping:
            raise KeyboardInterrupt
        supervisor.stopping = True

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def programs(around: Surroundings) -> list[Program]:
    """Return what works behind the web face: the mailbox for mail to arrive in, the workers, and who feeds them."""
    from jobs.lanes import WORKED

    lanes = [Program(f"worker-{lane}", module("jobs.worker", lane), around.for_worker(), stage=1) for lane in WORKED]
    return [
        Program("mailbox", module("console.mailbox"), around.for_mailbox()),
        *lanes,
        Program("dispatcher", module("jobs.dispatcher"), around.for_dispatcher(), stage=2),
        Program("timetable", module("jobs.timetable"), around.for_dispatcher(), stage=2),
    ]


def web(around: Surroundings, *, port: int) -> Program:
    """Return the web face: two processes of eight threads, enough for a demo and for the tests of a browser."""
    options = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--workers", "2", "--threads", "8"]
    options += ["--graceful-timeout", "5", "--no-control-socket", "--log-level", "warning"]
    return Program("web", [*module("gunicorn", *options), "service.app:create_app()"], around.for_web(), stage=3)


def module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]
