"""`probe`: every route, by everybody, with every id of somebody else in every place; on servers of its own."""

import importlib
import os
import time
from typing import Any

import click

from console.faults import FAILED, CannotRun
from console.talk import answer, say

PACKAGE = "tests.security.probe"


@click.command("probe")
@click.option("--without", type=click.Choice(["rls", "guard"]), default=None, help="Take one of the two walls away.")
@click.option("--defects", is_flag=True, help="Sow mistakes one at a time and see whether each is found.")
@click.option("--objects", type=click.IntRange(1, 20), default=3, show_default=True, help="Foreign ids for each place.")
@click.option("--processes", type=click.IntRange(1, 16), default=None, help="How many share the work [default: cores].")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def command(without: str | None, defects: bool, objects: int, processes: int | None, as_json: bool) -> int:
    """Ask for everything with the ids of other clients; say what leaked, what answered otherwise and what is uncovered.

    \b
    ./goodterms probe --json
    ./goodterms probe --without rls --json
    ./goodterms probe --defects --json
    """
    try:
        cluster, run = (importlib.import_module(f"{PACKAGE}.{name}") for name in ("cluster", "run"))
    except ModuleNotFoundError as fault:
        raise CannotRun(f"The probes are part of the tests, which are not here ({fault.name} is missing).") from None
    many = processes or os.cpu_count() or 1
    say("starting PostgreSQL and Valkey ...")
    started = time.monotonic()
    with cluster.running() as servers:
        say("probing ...")
        if defects:
            told: dict[str, Any] = run.sow_all(servers, processes=many)
            told["pass"] = told["caught"] == told["sown"]
        else:
            told = run.everything(servers, without=without or "", objects=objects, processes=many).told()
    told = {"without": without or "nothing", **told, "seconds": round(time.monotonic() - started, 1)}
    answer(told, as_json=as_json)
    return 0 if told["pass"] else FAILED
