"""`fuzz`: what nobody would send, sent to everything that is declared; on servers of its own."""

import importlib
import logging
import time

import click
import structlog

from console.faults import FAILED, CannotRun
from console.talk import answer, say


@click.group("fuzz")
def command() -> None:
    """Try what is declared with what its schemas allow and forbid."""


@command.command("api")
@click.option("--cases", type=click.IntRange(100), default=5_000, show_default=True, help="About how many requests.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same number gives the same requests.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def api(cases: int, seed: int, as_json: bool) -> int:
    """Send requests made from the OpenAPI document as each role; no answer may be a server error or untold.

    \b
    ./goodterms fuzz api --cases 100000 --json
    """
    try:
        cluster, run, fuzz = (
            importlib.import_module(f"tests.security.{name}") for name in ("probe.cluster", "probe.run", "fuzz")
        )
    except ModuleNotFoundError as fault:
        raise CannotRun(f"This is part of the tests, which are not here ({fault.name} is missing).") from None
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    say("starting PostgreSQL and Valkey ...")
    started = time.monotonic()
    with cluster.running() as servers, run.standing(servers.fresh(), servers.redis_url) as stage:
        say("sending ...")
        told = fuzz.Fuzz(stage, number=seed).run(cases=cases).as_data()
    answer(told | {"seconds": round(time.monotonic() - started, 1)}, as_json=as_json)
    return 0 if told["pass"] else FAILED
