"""`history`: whether the history of each client is what was written, line by line."""

from dataclasses import asdict

import click

from console import joining
from console.faults import FAILED
from console.talk import answer
from tenants.events import history_chain, history_check, history_keeping
from tenants.events.history_check import Verdict


@click.group("history")
def command() -> None:
    """The history of changes and its chain."""


@command.command("verify")
@click.option("--tenant", "slug", default="", help="Only this client, by its short name.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def verify(slug: str, as_json: bool) -> int:
    """Walk the chain of every client and name the first number that is wrong.

    A head that was put by with the documents is compared too, so an older head that was put back is found.
    """
    found: dict[str, Verdict] = {}
    for books in joining.each_client(slug):
        kept = history_keeping.newest(shelf=books.documents)
        found[books.slug] = history_check.verify(kept=kept)
    if as_json:
        told = {name: {"whole": each.whole, **asdict(each)} for name, each in found.items()}
        answer({"public_key": history_chain.seal().public_key.hex(), "clients": told}, as_json=True)
    else:
        for name, each in found.items():
            click.echo(f"{name:<30}  {_said(each)}")
    return 0 if all(each.whole for each in found.values()) else FAILED


def _said(verdict: Verdict) -> str:
    if verdict.whole:
        return f"{verdict.lines} lines, whole"
    return f"broken at line {verdict.first_bad}: {verdict.why} ({verdict.lines} lines before it are whole)"
