"""An operator can follow the pages: the tables are current and no link leads nowhere."""

import re
from dataclasses import fields
from pathlib import Path

from tenants.settings import TABLE, Settings
from tests.guard import settings_table
from tests.guard.tree import ROOT, text_files

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def test_the_table_of_settings_is_current():
    text = settings_table.PAGE.read_text()
    assert settings_table.with_table(text) == text, "run: .venv/bin/python -m tests.guard.settings_table"


def test_every_setting_is_told_under_its_own_name():
    assert {field.name for field in fields(Settings)} == TABLE.keys()
    assert {f"GOODTERMS_{name.upper()}" for name in TABLE} == {row.variable for row in TABLE.values()}


def test_no_link_of_a_page_leads_nowhere():
    pages = {name: text for name, text in text_files().items() if name.endswith(".md")}
    broken = [
        f"{name}: {target}"
        for name, text in pages.items()
        for target in LINK.findall(text)
        if not (ROOT / Path(name).parent / target).exists()
    ]
    assert broken == []
