"""The habits of the house hold in every file, those of today and those to come."""

import sys
from statistics import median

from tests.guard import finders
from tests.guard.tree import HOUSE, ROOT, functions, length, places, sources

AROUND = ("console", "migrations", "bench")
EDGES = {"service/endpoint.py", "service/problems.py", "jobs/runtime.py", "jobs/dispatcher.py"}
COMMITTERS = {"tenants/work.py", "jobs/dispatcher.py"}
PLATFORM_CALLERS = {
    "service/identity.py",  # who is calling is asked before it is known for whom
    "service/auth/account.py",  # a person's own factors and sessions belong to no client
    "service/auth/welcome.py",  # a letter's link names a person and no client
    "service/post.py",  # letters to people are about no client's books
    "service/auth/second_factor.py",  # a code is checked before it is known for whom
    "service/auth/single_sign_on.py",  # a company's word is heard before it is known for whom
    "service/auth/step_up.py",  # a fresh proof is the person's own
    "service/directories.py",  # a directory's token says whose it is
    "service/auth/sign_in.py",  # a password is checked before it is known for whom
    "service/auth/oauth/house.py",  # grants, codes and keys belong to no client's books
    "service/token_callers.py",  # a token says who is calling before it is known for whom
    "service/endpoint.py",  # pages of the provider itself, after its own permission check
    "console/sample/__init__.py",  # the demo adds its people and finds its clients by their short names
    "console/once.py",  # a ledger file names its client before the client is known
    "console/joining.py",  # a command acts as a person, who is looked up before the client may be entered
}
"""Every file that leaves the scope of a client. A new one is a decision, not a detail."""


def elsewhere(found, allowed):
    return [place for place in found if place.split(":")[0] not in allowed]


def test_no_file_outgrows_one_noun():
    assert places(finders.long_files, *HOUSE, *AROUND, "tests") == []


def test_no_function_outgrows_one_screen():
    assert places(finders.long_functions, *HOUSE, *AROUND) == []


def test_sizes_stay_small(record_property, capsys):
    files = [source for source in sources(*HOUSE) if not source.path.endswith("__init__.py")]
    lines = median(source.text.count("\n") for source in files)
    bodies = median(length(node) for source in files for node in functions(source))
    record_property("median lines of a file", lines)
    record_property("median lines of a function", bodies)
    with capsys.disabled():
        sys.stdout.write(f"\nmedian of {len(files)} files: {lines:.0f} lines; median function: {bodies:.0f} lines\n")
    assert bodies <= 10


def test_every_function_says_what_it_returns():
    assert places(finders.silent_returns, *HOUSE, *AROUND) == []


def test_only_the_edges_catch_everything():
    assert elsewhere(places(finders.broad_excepts, *HOUSE, *AROUND), EDGES) == []


def test_one_place_commits():
    assert elsewhere(places(finders.commits, *HOUSE, "console"), COMMITTERS) == []


def test_every_module_of_the_domain_says_what_it_decides():
    assert places(finders.untold_modules, "tenants") == []


def test_the_domain_shows_all_its_imports_at_the_top():
    assert places(finders.hidden_imports, "tenants") == []


def test_names_are_those_of_the_trade():
    assert places(finders.poor_names, *HOUSE) == []


def test_the_ways_out_of_a_clients_scope_are_known():
    callers = {place.split(":")[0] for place in places(finders.platform_scopes, *HOUSE, "console")}
    assert callers == {path for path in PLATFORM_CALLERS if (ROOT / path).exists()}


def test_a_scope_is_opened_by_one_of_its_names_only():
    assert elsewhere(places(finders.scopes_by_hand, *HOUSE, "console"), {"tenants/isolation/scope.py"}) == []


def test_no_setting_outlives_its_transaction():
    assert places(finders.session_settings, *HOUSE, "console") == []


def test_the_scope_that_migrations_define_ends_with_the_transaction():
    assert places(finders.lasting_scopes, "migrations") == []
