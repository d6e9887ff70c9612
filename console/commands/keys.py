"""`keys`: the keys that sign access tokens, and those under which secrets lie."""

import click

from console import joining, sealed
from console.talk import answer
from tenants import store
from tenants.directory import signing_keys


@click.group("keys")
def command() -> None:
    """The keys that sign access tokens, and those under which secrets lie."""


@command.command("rotate")
@click.option("--at-once", is_flag=True, help="Drop the present key and all that it signed: somebody may have it.")
@click.option("--data-keys", is_flag=True, help="Give each client a new key, and seal its bank data under that.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def rotate(at_once: bool, data_keys: bool, as_json: bool) -> None:
    """Let the next key sign where the present one is due, and seal again what an older key of the program holds.

    \b
    Put a new key before the old one in GOODTERMS_SEALING_KEYS, restart every process, run this, and take the old one
    away. Signing keys change by themselves too.
    """
    with joining.at_the_door() as door:
        ring = door.ring
        changed = signing_keys.rotate(ring=ring, now=door.now, at_once=at_once)
        told = [str(key["kid"]) for key in signing_keys.published()]
        count = sealed.at_the_door(ring)
        any_client = store.run_identity(joining.EVERY_CLIENT).first() is not None
    if any_client:
        count += sum(sealed.of_client(ring, fresh_key=data_keys) for _ in joining.each_client(writes=True))
    answer({"changed": changed, "published": told, "sealed_again": count}, as_json=as_json)
