"""`keys`: the keys that sign access tokens."""

import click

from console import joining
from console.talk import answer
from tenants.directory import signing_keys


@click.group("keys")
def command() -> None:
    """The keys that sign access tokens."""


@command.command("rotate")
@click.option("--at-once", is_flag=True, help="Drop the present key and all that it signed: somebody may have it.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def rotate(at_once: bool, as_json: bool) -> None:
    """Let the next key sign where the present one is due; it is done by itself too."""
    with joining.at_the_door() as door:
        changed = signing_keys.rotate(ring=door.ring, now=door.now, at_once=at_once)
        told = [str(key["kid"]) for key in signing_keys.published()]
    answer({"changed": changed, "published": told}, as_json=as_json)
