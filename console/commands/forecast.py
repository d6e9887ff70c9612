"""`forecast`: how well payment dates would have been foretold."""

import importlib
from datetime import datetime
from pathlib import Path

import click

from console.faults import USAGE, CannotRun
from console.talk import answer
from tenants.intake.targets import BY_KEY


@click.group("forecast")
def command() -> None:
    """Foretell when customers pay, and say how well."""


@command.command("score")
@click.option("--ledger", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--cut", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The first day of issue that is scored.")
@click.option("--column", "columns", multiple=True, help="FIELD=COLUMN where the header is not understood.")
@click.option("--with", "wanted", multiple=True, help="A column to look at; refused if it is known only afterwards.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def score(ledger: Path, cut: datetime, columns: tuple[str, ...], wanted: tuple[str, ...], as_json: bool) -> None:
    """Replay LEDGER and hold what would have been said at issue against what came.

    Every forecast uses only what was known on the day of issue; columns that are known later are refused by name. No
    database is needed.

    \b
    ./goodterms forecast score --ledger ../shared/data/ar/ibm/WA_Fn-UseC_-Accounts-Receivable.csv --cut 2013-07-01
    """
    stated = dict(_pair(each) for each in columns)
    found = importlib.import_module("console.forecasting").run(ledger, cut=cut.date(), stated=stated, wanted=wanted)
    if as_json:
        answer(found, as_json=True)
        return
    refused = found.pop("refused_columns")
    answer(found | {"inputs": ", ".join(found["inputs"])}, as_json=False)
    for each in refused:
        click.echo(f"refused  {each['column']}: {each['reason']}")


def _pair(text: str) -> tuple[str, str]:
    field, _, column = text.partition("=")
    if field not in BY_KEY or not column:
        raise CannotRun(f"“{text}” is not FIELD=COLUMN; fields are {', '.join(BY_KEY)}.", code=USAGE)
    return field, column
