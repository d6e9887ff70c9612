"""`inbound`: what comes back, read from files, so that anybody can see how well we understand it."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path

import click

from console.talk import answer
from tenants.delivery import survey
from tenants.delivery.survey import Finding

SHOWN = 60


@click.group("inbound")
def command() -> None:
    """What comes back: bounces, complaints, replies and events of providers."""


@command.command("survey")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def look(folder: Path, as_json: bool) -> None:
    """Say of every mail and event under FOLDER what it is; nothing is kept or sent."""
    found = list(survey.of_folder(folder))
    counts = dict(sorted(Counter(each.is_a for each in found).items()))
    if as_json:
        rows = [{"class": row.pop("is_a"), **row} for row in map(asdict, found)]
        answer(
            {"files": len({row["file"].split("#")[0] for row in rows}), "classes": counts, "found": rows}, as_json=True
        )
        return
    for each in found:
        click.echo(_line(each))
    answer(counts, as_json=False)


def _line(found: Finding) -> str:
    words = (found.file[-SHOWN:], found.is_a, found.recipient or "-", found.status or "-", found.reason or "-")
    return "  ".join(f"{word:<{width}}" for word, width in zip(words, (SHOWN, 10, 40, 9, 0), strict=True)).rstrip()
