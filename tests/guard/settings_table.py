"""The operators' table of settings, made from tenants/settings.py.

Rewrite it after a change with `.venv/bin/python -m tests.guard.settings_table`.
"""

import sys

from tenants.settings import TABLE, Setting
from tests.guard.tree import ROOT

PAGE = ROOT / "docs" / "operators" / "settings.md"
BEGIN, END = "<!-- settings: made by tests/guard/settings_table.py -->\n", "<!-- end of settings -->\n"


def default(row: Setting) -> str:
    if row.default is ...:
        return "**required**"
    return "" if row.default == "" else f"`{str(row.default).lower() if row.kind == 'bool' else row.default}`"


def table() -> str:
    """Return the table as Markdown, in the order of the program's own."""
    lines = ["| variable | default | meaning |", "| --- | --- | --- |"]
    lines += [f"| `{row.variable}` | {default(row)} | {row.meaning} |" for row in TABLE.values()]
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """Return the page's text with the present table between its two marks."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
    sys.stdout.write(f"{PAGE.name} is current\n")
