"""An operator can trust the table of values in the chart's README."""

import json

from tests.chart import table
from tests.chart.rendering import CHART, yaml

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())


def objects(schema, path=""):
    """Yield every object of the schema that lists its properties."""
    for name, below in schema.get("properties", {}).items():
        if "properties" in below:
            yield f"{path}{name}", below
            yield from objects(below, f"{path}{name}.")


def paths(values, path=""):
    for name, below in values.items():
        yield f"{path}{name}"
        if isinstance(below, dict):
            yield from paths(below, f"{path}{name}.")


def test_the_table_in_the_readme_is_current():
    text = table.README.read_text()
    assert table.with_table(text) == text, "run: .venv/bin/python -m tests.chart.table"


def test_every_value_has_a_meaning():
    meanings = {path: meaning for path, _, meaning in table.rows(SCHEMA, VALUES)}
    assert [path for path, meaning in meanings.items() if not meaning.endswith(".")] == []


def test_every_default_is_a_value_that_the_schema_describes():
    described = {path for path, _, _ in table.rows(SCHEMA, VALUES)}
    undescribed = [
        path
        for path in paths(VALUES)
        if not any(path == known or path.startswith(known + ".") or known.startswith(path + ".") for known in described)
    ]
    assert undescribed == []


def test_a_misspelt_value_is_refused_at_every_depth():
    open_ended = [path for path, below in objects(SCHEMA) if below.get("additionalProperties") is not False]
    assert open_ended == [] and SCHEMA["additionalProperties"] is False
