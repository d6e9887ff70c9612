"""A guard that finds nothing may be blind: each finder is shown a place that it must see and one that it must not."""

import pytest

from tests.guard import finders
from tests.guard.tree import snippet

LONG = "def settle() -> None:\n" + "    pay()\n" * finders.FUNCTION_LIMIT
SHORT = "def settle() -> None:\n" + "    pay()\n" * (finders.FUNCTION_LIMIT - 1)
CASES = [
    (finders.long_files, "x = 1\n" * 401, "x = 1\n" * 400),
    (finders.long_functions, LONG, SHORT),
    (finders.silent_returns, "def open(): ...", "def open() -> None: ...\nclass A:\n    def __init__(self): ..."),
    (finders.broad_excepts, "try: x()\nexcept Exception: y()", "try: x()\nexcept (ValueError, KeyError): y()"),
    (finders.broad_excepts, "try: x()\nexcept (ValueError, BaseException): y()", "raise Exception"),
    (finders.broad_excepts, "try: x()\nexcept: y()", "try: x()\nfinally: y()"),
    (finders.commits, "db.session.commit()", "db.session.flush()"),
    (finders.commits, "done = session.commit", "commit = 'ready'"),
    (finders.untold_modules, "x = 1", '"""Decides x."""\nx = 1'),
    (finders.hidden_imports, "def f():\n    import os", "import os\nif os: import sys"),
    (finders.poor_names, "def get_invoice(): ...", "def getaway(): ...\ndef target_on(): ..."),
    (finders.poor_names, "class LedgerManager: ...", "class Managed: ..."),
    (finders.poor_names, "def process_row(): ...", "def processed(): ..."),
    (finders.platform_scopes, "scope.platform(reason='r')", "sys.platform()"),
    (finders.platform_scopes, "from tenants.isolation.scope import platform as p\np()", "p()"),
    (finders.scopes_by_hand, "scope.Scope(read=(), write=None)", "scope.tenant(alder, actor='ana')"),
    (finders.session_settings, "run('SET ROLE gt_owner')", "run('UPDATE invoice SET state = 1')"),
    (finders.session_settings, "run('select set_config(1)')", "run('SET LOCAL lock_timeout = 1')"),
    (finders.session_settings, "run('BEGIN; set gt.read_tenants to 1')", "run('''UPDATE a\n  SET b = 1''')"),
    (finders.lasting_scopes, "'set_config(a, b, false)'", "'perform set_config(a, coalesce(b, c), true);'"),
]


@pytest.mark.parametrize(("find", "broken", "_sound"), CASES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_broken_habit_is_seen(find, broken, _sound):
    assert list(find(snippet(broken)))


@pytest.mark.parametrize(("find", "_broken", "sound"), CASES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_kept_habit_is_left_alone(find, _broken, sound):
    assert list(find(snippet(sound))) == []


def test_a_poor_name_of_a_file_is_seen():
    assert list(finders.poor_names(snippet('"""x"""', "tenants/ledger/utils.py")))
