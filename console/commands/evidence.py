"""`evidence`: what was judged of readers, judged again by the rules of today."""

from typing import Any

import click

from console import joining
from console.talk import answer
from tenants.delivery import rescoring, scoring


@click.group("evidence")
def command() -> None:
    """Signs of receipt and how they were judged."""


@command.command("rescore")
@click.option("--tenant", "slug", default="", help="Only this client, by its short name.")
@click.option("--all", "again_all", is_flag=True, help="Also what the newest ruleset judged already.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def rescore(slug: str, again_all: bool, as_json: bool) -> int:
    """Judge every hit that an older ruleset judged again; what was said before is kept beside it."""
    told: dict[str, dict[str, int]] = {}
    ruleset = scoring.RULESET
    for books in joining.each_client(slug, writes=True):
        after, looked_at, changed = None, 0, 0
        ruleset = scoring.ruleset(books.networks)
        how: dict[str, Any] = {"now": books.now, "networks": books.networks, "again_all": again_all}
        while (done := rescoring.history(after=after, **how)).last is not None:
            after, looked_at, changed = done.last, looked_at + done.looked_at, changed + done.changed
        told[books.slug] = {"looked_at": looked_at, "changed": changed}
    if as_json:
        answer({"ruleset": ruleset, "clients": told}, as_json=True)
    else:
        for name, each in told.items():
            click.echo(f"{name:<30}  {each['looked_at']:>8} hits looked at, {each['changed']} judged otherwise")
    return 0
