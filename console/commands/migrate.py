"""`migrate`: bring the database to the newest shape, as its owner."""

import os
import time

import click

from console.faults import USAGE, CannotRun
from console.talk import answer, say

OWNER = "GOODTERMS_OWNER_DATABASE_URL"


@click.command("migrate")
@click.option("--to", default="head", show_default=True, help="Stop at this revision.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def command(to: str, as_json: bool) -> None:
    """Run the migrations that the database lacks, as its owner.

    Reads GOODTERMS_OWNER_DATABASE_URL, or the file that GOODTERMS_OWNER_DATABASE_URL_FILE names.
    """
    import migrations

    url, started = owner_url(), time.monotonic()
    say("migrating ...")
    migrations.upgrade(url, to)
    answer({"migrated": to, "seconds": round(time.monotonic() - started, 2)}, as_json=as_json)


def owner_url() -> str:
    """Return the owner's address; no other process is ever given it."""
    if named := os.environ.get(f"{OWNER}_FILE"):
        try:
            with open(named) as paper:
                return paper.read().strip()
        except OSError as reason:
            sentence = f"{OWNER}_FILE names {named}, which cannot be read: {reason.strerror}."
            raise CannotRun(sentence, code=USAGE) from None
    if url := os.environ.get(OWNER):
        return url
    raise CannotRun(f"{OWNER} is not set: migrations run as the role that owns the database.", code=USAGE)
