"""`./goodterms` on a machine that has only Python: a small checkout, with tiny packages instead of the real ones."""

import base64
import hashlib
import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LOCKS = ("runtime", "local", "web")


@pytest.fixture(scope="module")
def entry():
    """The entry point as a module, for what needs no environment."""
    loader = importlib.machinery.SourceFileLoader("entry_point", str(PROJECT / "goodterms"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("entry_point", loader))
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


def wheel(folder, name):
    """Write the smallest package that pip installs, and return its line in a lock."""
    info, files = f"{name}-1.dist-info", {f"{name}.py": f"WORD = {name!r}\n"}
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    sums = {path: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()) for path, text in files.items()}
    record = "".join(f"{path},sha256={sums[path].decode().rstrip('=')},{len(files[path])}\n" for path in files)
    path = folder / f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as box:
        for inside, text in (files | {f"{info}/RECORD": record + f"{info}/RECORD,,\n"}).items():
            box.writestr(inside, text)
    return f"{name}==1 \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


class Checkout:
    """A clone on somebody's machine, without a network: packages come from a folder."""

    def __init__(self, folder):
        self.folder, self.wheels = folder / "checkout", folder / "wheels"
        for made in (self.folder / "requirements", self.folder / "console", self.wheels):
            made.mkdir(parents=True)
        shutil.copy(PROJECT / "goodterms", self.folder)
        for name in LOCKS:
            self.lock(name).write_text(wheel(self.wheels, f"tiny_{name}"))
        said = (
            "import sys, tiny_runtime, tiny_local, tiny_web; print(sys.prefix, sys.argv[1:], sys.dont_write_bytecode)"
        )
        (self.folder / "console" / "__main__.py").write_text(said)

    def lock(self, name):
        return self.folder / "requirements" / f"{name}.lock"

    def command(self, *arguments):
        return [sys.executable, str(self.folder / "goodterms"), *arguments]

    def env(self):
        own = {
            "PYTHONDONTWRITEBYTECODE": "1",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_CONFIG_FILE": os.devnull,
        }
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder)} | own

    def run(self, *arguments, cwd=None):
        return subprocess.run(
            self.command(*arguments), cwd=cwd, env=self.env(), capture_output=True, text=True, timeout=100, check=False
        )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return Checkout(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="module")
def first_start(checkout):
    return checkout.run("demo", "--port", "9000")


def test_the_first_start_makes_the_environment_and_hands_over(checkout, first_start):
    assert first_start.returncode == 0, first_start.stderr
    assert first_start.stdout == f"{checkout.folder}/.venv ['demo', '--port', '9000'] False\n", "bytecode is kept"
    assert "installing runtime: 1 packages" in first_start.stderr


def test_the_second_start_is_silent_and_works_from_anywhere(checkout, first_start, tmp_path):
    (tmp_path / "console.py").write_text("raise SystemExit('the folder where one stands was imported from')")
    again = checkout.run("demo", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (0, "")


def test_a_changed_lock_is_installed(checkout, first_start):
    checkout.lock("local").write_text(checkout.lock("local").read_text() + wheel(checkout.wheels, "tiny_more"))
    again = checkout.run("demo")
    assert again.returncode == 0
    assert "installing local: 2 packages" in again.stderr
    assert "runtime" not in again.stderr


def test_an_install_cut_short_is_repeated(checkout, first_start):
    (checkout.folder / ".venv" / "locks" / "unfinished").touch()
    (checkout.folder / ".venv" / "half-written").touch()
    again = checkout.run("demo")
    assert again.returncode == 0, again.stderr
    assert "installing runtime" in again.stderr
    assert not (checkout.folder / ".venv" / "half-written").exists()


def test_two_starts_at_once_wait_for_each_other(checkout, first_start):
    checkout.lock("web").write_text("# changed\n" + checkout.lock("web").read_text())
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    both = [subprocess.Popen(checkout.command("demo"), env=checkout.env(), **pipes) for _ in range(2)]
    words = [one.communicate(timeout=100) for one in both]
    assert [one.returncode for one in both] == [0, 0], words
    assert sum("installing web" in talk for _, talk in words) == 1


def test_a_package_that_does_not_match_its_hash_is_refused(checkout, first_start):
    before = checkout.lock("runtime").read_text()
    checkout.lock("runtime").write_text(re.sub(r"sha256:\w{8}", "sha256:00000000", before))
    (checkout.folder / ".venv" / "locks" / "unfinished").touch()  # so that it is installed anew
    refused = checkout.run("demo")
    checkout.lock("runtime").write_text(before)
    assert refused.returncode == 2
    assert "does not match its hash in requirements/runtime.lock" in refused.stderr.splitlines()[-1]
    assert "Traceback" not in refused.stderr


def test_help_needs_no_environment(tmp_path):
    shutil.copy(PROJECT / "goodterms", tmp_path)
    told = subprocess.run([sys.executable, tmp_path / "goodterms"], capture_output=True, text=True, check=False)
    assert told.returncode == 0
    assert "./goodterms demo" in told.stdout
    assert not (tmp_path / ".venv").exists()


def test_an_old_python_is_named(entry, monkeypatch, capsys):
    monkeypatch.setattr(entry, "VENV", "/nonexistent/venv")
    monkeypatch.setattr(entry.sys, "version_info", (3, 9, 2))
    assert entry.main(["demo"]) == 2
    assert "needs Python 3.11 or newer, and this is 3.9.2" in capsys.readouterr().err


def test_a_missing_venv_module_is_named_with_its_remedy(entry, monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(entry.CannotStart, match="apt-get install python3-venv"):
        entry.check_python()


def test_a_checkout_that_cannot_be_written_is_one_sentence(entry, monkeypatch, capsys):
    monkeypatch.setattr(entry, "VENV", "/proc/goodterms/.venv")
    assert entry.main(["demo"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()[-1]) > 40


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("NewConnectionError: Failed to establish a new connection", "registry cannot be reached"),
        ("Temporary failure in name resolution", "registry cannot be reached"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: No matching distribution found for typst==0.15.2", "No matching distribution found for typst"),
        ("", "pip gave no reason"),
    ],
)
def test_what_stops_pip_is_told_in_one_sentence(entry, said, sentence):
    told = entry.why_pip_failed("runtime", said.splitlines())
    assert sentence in told
    assert "\n" not in told


def test_a_missing_lock_is_told(entry, monkeypatch, tmp_path):
    monkeypatch.setattr(entry, "HERE", str(tmp_path))
    with pytest.raises(entry.CannotStart, match=r"requirements/runtime\.lock is missing"):
        entry.install("runtime")


def test_tests_need_more_locks_than_the_demo(entry):
    assert set(entry.BASE) < set(entry.TESTING)
    assert all((PROJECT / "requirements" / f"{name}.lock").exists() for name in entry.TESTING)
