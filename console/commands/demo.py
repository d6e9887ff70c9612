"""`demo`: a complete provider on this machine, or one run of the whole job over a ledger file."""

import datetime
import importlib
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from console.faults import USAGE, CannotRun
from console.home import Home, default_home
from console.processes import Supervisor, programs, stopped_by_signals, web
from console.servers.children import last_words
from console.servers.host import port_is_taken
from console.surroundings import Surroundings, open_surroundings
from console.talk import answer, say

PORT = 8080
SLOWEST_WEB = 60.0
HOPELESS = 3
"""Deaths of the web face at start after which it is not worth waiting."""


@click.command("demo")
@click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="Where the pages are.")
@click.option("--reset", is_flag=True, help="Forget everything that earlier demos kept, and start over.")
@click.option("--once", is_flag=True, help="Run the whole job over one ledger, print a summary and stop.")
@click.option("--ledger", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The ledger for --once.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day on which --once takes place.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def command(
    port: int, reset: bool, once: bool, ledger: Path | None, as_of: datetime.datetime | None, as_json: bool
) -> int:
    """Start a sample provider with its clients and people, and print the addresses and sign-ins.

    \b
    ./goodterms demo
    ./goodterms demo --port 9000 --reset
    ./goodterms demo --once --ledger invoices.csv --as-of 2026-06-30 --json

    Needs nothing but this checkout: a private PostgreSQL and Valkey are started on loopback. Set
    GOODTERMS_DATABASE_URL (with the other roles' addresses) or GOODTERMS_REDIS_URL to use your own.
    """
    if once != (ledger is not None):
        raise CannotRun("--once needs --ledger FILE, and --ledger is for --once.", code=USAGE)
    if as_of and not once:
        raise CannotRun("--as-of is for --once.", code=USAGE)
    if not once and port_is_taken(port):
        raise CannotRun(f"Port {port} is taken: choose another with --port.", code=USAGE)
    home = Home(default_home())
    home.make()
    with home.held():
        if reset:
            home.reset()
        with open_surroundings(home, port=port) as around:
            migrate(around)
            if ledger:
                return run_once(home, around, ledger=ledger, as_of=as_of.date() if as_of else None, as_json=as_json)
            return stay(home, around, port=port, as_json=as_json)


def migrate(around: Surroundings) -> None:
    import migrations

    say("migrating ...")
    migrations.upgrade(around.owner_url)


def stay(home: Home, around: Surroundings, *, port: int, as_json: bool) -> int:
    """Run everything, let the workers bring the sample to the present, and stay until asked to stop."""
    supervisor = Supervisor(home.logs)
    with stopped_by_signals(supervisor):
        try:
            behind = programs(around)
            say(f"starting {len(behind) + 1} processes ...")
            supervisor.start(behind)
            say("loading the sample ...")
            with wearing(around.for_loading()):
                sign_ins = importlib.import_module("console.sample").load(look=lambda: look(supervisor))
            supervisor.start([web(around, port=port)])
            wait_for_web(supervisor, port=port, log=home.logs / "web.log")
            if not supervisor.stopping:
                introduce(home, around, sign_ins=[dict(one) for one in sign_ins], as_json=as_json)
            supervisor.look_after()
        finally:
            say("\nstopping ...")
            supervisor.stop()
    return 0


def run_once(home: Home, around: Surroundings, *, ledger: Path, as_of: datetime.date | None, as_json: bool) -> int:
    """Run the job over one ledger with the real processes behind it; the web face is not needed."""
    supervisor = Supervisor(home.logs)
    with stopped_by_signals(supervisor):
        try:
            supervisor.start(programs(around))
            with wearing(around.for_loading()):
                summary, code = importlib.import_module("console.once").run(
                    ledger=ledger, as_of=as_of, look=lambda: look(supervisor)
                )
        finally:
            supervisor.stop()
    if as_json:
        answer(summary, as_json=True)
    else:
        click.echo(importlib.import_module("console.summary").as_text(summary))
    return int(code)


def look(supervisor: Supervisor) -> None:
    """Look after the processes while somebody else waits; Ctrl-C ends that wait too."""
    if supervisor.stopping:
        raise click.Abort
    supervisor.look()


@contextmanager
def wearing(settings: Mapping[str, str]) -> Iterator[None]:
    """Let code of this process read the settings where every process reads them."""
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def wait_for_web(supervisor: Supervisor, *, port: int, log: Path) -> None:
    """Wait until the web face says that it lives."""
    deadline = time.monotonic() + SLOWEST_WEB
    while not supervisor.stopping and not lives(port):
        if time.monotonic() > deadline or supervisor.deaths("web") >= HOPELESS:
            raise CannotRun(f"The web face did not answer; its log {log} ends with: {last_words(log)}")
        supervisor.look()
        time.sleep(0.1)


def lives(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=2) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def introduce(home: Home, around: Surroundings, *, sign_ins: list[dict[str, Any]], as_json: bool) -> None:
    """Print where to go and who to be."""
    address = around.settings["GOODTERMS_PUBLIC_URL"]
    if as_json:
        answer({"address": address, "sign_ins": sign_ins, "home": str(home.folder)}, as_json=True)
        return
    widths = {name: max(len(str(one[name])) for one in sign_ins) for name in (sign_ins[0] if sign_ins else ())}
    people = ["  " + "  ".join(f"{one[name]!s:<{widths[name]}}" for name in widths).rstrip() for one in sign_ins]
    lines = [
        "",
        f"Goodterms is running at {address}",
        "",
        "Sign in as:",
        *people,
        "",
        f"Data and logs: {home.folder}",
        "Ctrl-C stops everything and keeps the data; --reset starts over.",
        "",
    ]
    click.echo("\n".join(lines))
