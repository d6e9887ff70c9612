"""The chart's README table, made from values.schema.json (meaning) and values.yaml (default).

Rewrite it after a change with `.venv/bin/python -m tests.chart.table`.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

from tests.chart.rendering import CHART, yaml

README = CHART / "README.md"
BEGIN, END = "<!-- values: made by tests/chart/table.py -->\n", "<!-- end of values -->\n"


def rows(schema: dict[str, Any], values: Any, path: str = "") -> Iterator[tuple[str, Any, str]]:
    """Yield (path, default, meaning) of every value that an operator can set."""
    for name, below in schema["properties"].items():
        if path == "" and name == "global":
            continue
        here = f"{path}{name}"
        default = values.get(name) if isinstance(values, dict) else None
        if "properties" in below and here not in ("secrets.values", "autoscaling.lanes"):
            yield from rows(below, default, here + ".")
        else:
            yield here, default, below["description"]


def table() -> str:
    """Return the table as Markdown."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    lines = ["| value | default | meaning |", "| --- | --- | --- |"]
    for path, default, meaning in rows(schema, values):
        shown = "" if default in ("", None) else f"`{json.dumps(default)}`"
        lines.append(f"| `{path}` | {shown} | {meaning} |")
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """Return the README's text with the present table between its two marks."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


if __name__ == "__main__":
    README.write_text(with_table(README.read_text()))
    sys.stdout.write(f"{README.name} is current\n")
