"""`evidence`: what was judged of readers, judged again by the rules of today."""

import click

from console import joining
from console.talk import answer
from tenants.delivery import rescoring, scoring


@click.group("evidence")
def command() -> None:
    """Signs of receipt and how they were judged."""


@command.command("rescore")
@click.option("--tenant", "slug", default="", help="Only this client, by its short name.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def rescore(slug: str, as_json: bool) -> int:
    """Judge every hit that an older ruleset judged again; what was said before is kept beside it."""
    told: dict[str, dict[str, int]] = {}
    for books in joining.each_client(slug, writes=True):
        after, looked_at, changed = None, 0, 0
        while (done := rescoring.history(now=books.now, after=after)).last is not None:
            after, looked_at, changed = done.last, looked_at + done.looked_at, changed + done.changed
        told[books.slug] = {"looked_at": looked_at, "changed": changed}
    if as_json:
        answer({"ruleset": scoring.RULESET, "clients": told}, as_json=True)
    else:
        for name, each in told.items():
            click.echo(f"{name:<30}  {each['looked_at']:>8} hits looked at, {each['changed']} judged otherwise")
    return 0
