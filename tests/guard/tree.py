"""The tree as it stands on disk, read once: what the shape tests look at.

Each finder takes one source and answers with the places that break a habit, so that it can be tried on a snippet too.
"""

import ast
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOUSE = ("service", "tenants", "jobs")
"""The product's own packages; `console`, `migrations` and `bench` stand around them."""


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root, its text and its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    def at(self, node: ast.AST, what: str = "") -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)} {what}".rstrip()


def snippet(text: str, path: str = "tenants/ledger/snippet.py") -> Source:
    return Source(path=path, text=text, tree=ast.parse(text))


@cache
def _read(path: Path) -> Source:
    return snippet(path.read_text(), str(path.relative_to(ROOT)))


def sources(*packages: str) -> list[Source]:
    """Return every Python file of these packages, committed or not."""
    found = (path for package in packages for path in sorted((ROOT / package).rglob("*.py")))
    return [_read(path) for path in found if "__pycache__" not in path.parts]


def functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def places(find: Callable[[Source], Iterator[str]], *packages: str) -> list[str]:
    """Return all that one finder finds in these packages."""
    return [place for source in sources(*packages) for place in find(source)]


@cache
def text_files() -> dict[str, str]:
    """Return every text file that is or would be committed, by path."""
    listed = subprocess.run(
        ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = {}
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            if b"\0" not in data[:8000]:
                found[name] = data.decode(errors="replace")
    return found
