"""An operator can follow the pages: the tables are current, no link leads nowhere and every command is one."""

import re
import shlex
from dataclasses import fields
from pathlib import Path

import click

from console.cli import cli
from tenants.settings import TABLE, Settings
from tests.guard import settings_table
from tests.guard.tree import ROOT, text_files

ASKED = re.compile(r"(?:^|[`\s])(?:\./goodterms|python -m console) ([a-z][^`\n]*)")
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


def misread(line):
    """What a command of a page says that the program does not know; nothing when it can be typed."""
    words, at = shlex.split(line, comments=True), cli
    context = click.Context(cli)
    while isinstance(at, click.Group) and words:
        at = at.get_command(context, words.pop(0))
    if at is None or isinstance(at, click.Group):
        return "is no command"
    known = {name for each in at.params if isinstance(each, click.Option) for name in each.opts} | {"-h", "--help"}
    if at.context_settings.get("ignore_unknown_options"):  # what it hands on has options of its own
        return ""
    return " ".join(word for word in words if word.startswith("--") and word.split("=")[0] not in known)


def test_every_command_of_a_page_can_be_typed():
    pages = {name: text.replace("\\\n", " ") for name, text in text_files().items() if name.endswith(".md")}
    asked = [(name, line) for name, text in pages.items() for line in ASKED.findall(text)]
    wrong = {f"{name}: {line}": fault for name, line in asked if (fault := misread(line))}
    assert wrong == {} and len(asked) > 20
    assert misread("client close cedar --hurry") == "--hurry"
    assert misread("clients open") == misread("client") == "is no command"
