"""`imports`: what intake makes of files."""

import importlib
from pathlib import Path

import click

from console.commands.demo import wearing
from console.surroundings import open_temporary
from console.talk import answer, say


@click.group("imports")
def command() -> None:
    """Look at files as intake does."""


@command.command("survey")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def survey(folder: Path, as_json: bool) -> None:
    """Take every file below FOLDER into an empty ledger of its own and tell what became of it.

    Nothing is kept. A refused file is an answer, not a failure.

    \b
    ./goodterms imports survey ../shared/data/einvoice --json
    """
    with open_temporary() as around, wearing(around.for_loading()):
        found = importlib.import_module("console.survey").run(folder)
    if as_json:
        answer(found, as_json=True)
    else:
        for name, one in found["files"].items():
            click.echo(f"{one['outcome']:<16}{one.get('format', ''):<16}{name}  {one.get('reason', '')}")
        say(", ".join(f"{count} {outcome}" for outcome, count in sorted(found["counts"].items())))
