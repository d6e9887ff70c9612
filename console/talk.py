"""Data to standard output, talk to standard error, so that a script can read the one and a person the other."""

import json
from collections.abc import Mapping
from typing import Any

import click


def say(text: str) -> None:
    """Tell the person what happens."""
    click.echo(text, err=True)


def answer(data: Mapping[str, Any], *, as_json: bool) -> None:
    """Give the result: one JSON document, or a line per fact."""
    if as_json:
        click.echo(json.dumps(data, indent=2, default=str))
        return
    width = max((len(name) for name in data), default=0)
    for name, value in data.items():
        click.echo(f"{name:<{width}}  {value}")
