"""`openapi`: write the document that describes the API, from the routes as they are declared."""

import json
from pathlib import Path

import click

from console.home import PROJECT
from console.talk import answer, say

PAGE = PROJECT / "docs" / "api" / "openapi.json"


@click.command("openapi")
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), default=PAGE, help="Write here.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def command(to: Path, as_json: bool) -> None:
    """Write the OpenAPI document that the repository keeps."""
    text = written()
    changed = not to.exists() or to.read_text(encoding="utf-8") != text
    if changed:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, encoding="utf-8")
        say("The API has changed since this document was written.")
    answer({"document": str(to), "changed": changed}, as_json=as_json)


def written() -> str:
    """Return the document as it is kept: stable, so that a difference is a change of the API."""
    from service import api, openapi

    assert api.BLUEPRINTS
    return json.dumps(openapi.document(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
