"""What breaks a habit of the house, one finder a habit."""

import ast
import re
from collections.abc import Iterator

from tests.guard.tree import Source, functions, length

FILE_LIMIT, FUNCTION_LIMIT = 400, 50
BROAD = ("Exception", "BaseException")
POOR_NAMES = re.compile(r"(^_?(get|process)_)|(^|_)(utils?|helpers?|managers?)$|(Manager|Helper|Utils?)$")
NOT_OURS = {"get_bind", "get_wsgi_headers"}
"""Methods of a library's class that one of ours overrides: the name was not ours to choose."""
SESSION_SET = re.compile(
    r"(^|;)\s*SET\s+(?!LOCAL\b)(SESSION\b|ROLE\b|[a-z_.]+\s*(=|TO\b))|\bset_config\s*\(", re.IGNORECASE
)
LOCAL_ONLY = re.compile(r"\bset_config\s*\((?![^;]*?,\s*true\s*\))", re.IGNORECASE)


def long_files(source: Source) -> Iterator[str]:
    lines = source.text.count("\n")
    if lines > FILE_LIMIT:
        yield f"{source.path} ({lines} lines)"


def long_functions(source: Source) -> Iterator[str]:
    for node in functions(source):
        if length(node) > FUNCTION_LIMIT:
            yield source.at(node, f"{node.name} ({length(node)} lines)")


def silent_returns(source: Source) -> Iterator[str]:
    for node in functions(source):
        if node.returns is None and node.name != "__init__":
            yield source.at(node, node.name)


def broad_excepts(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(kind is None or getattr(kind, "id", getattr(kind, "attr", "")) in BROAD for kind in caught):
                yield source.at(node)


def commits(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr == "commit":
            yield source.at(node)


def untold_modules(source: Source) -> Iterator[str]:
    if source.text.strip() and not ast.get_docstring(source.tree):
        yield source.path


def hidden_imports(source: Source) -> Iterator[str]:
    for function in functions(source):
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield source.at(node, f"in {function.name}")


def poor_names(source: Source) -> Iterator[str]:
    module = source.path.rsplit("/", 1)[-1].removesuffix(".py")
    if POOR_NAMES.search(module):
        yield source.path
    for node in ast.walk(source.tree):
        named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if named and node.name not in NOT_OURS and POOR_NAMES.search(node.name):
            yield source.at(node, node.name)


def platform_scopes(source: Source) -> Iterator[str]:
    """Yield calls of scope.platform(...), also when it was imported by its own name."""
    bare = {
        alias.asname or alias.name
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("isolation.scope")
        for alias in node.names
        if alias.name == "platform"
    }
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            dotted = isinstance(node.func, ast.Attribute) and node.func.attr == "platform"
            if (dotted and getattr(node.func.value, "id", "scope") == "scope") or getattr(node.func, "id", "") in bare:
                yield source.at(node)


def scopes_by_hand(source: Source) -> Iterator[str]:
    """Yield calls of Scope(...): a scope without one of the names would be counted and reviewed by nobody."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Scope":
            yield source.at(node)


def texts(source: Source) -> Iterator[ast.Constant]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node


def session_settings(source: Source) -> Iterator[str]:
    """Yield SQL that would leave a setting on a pooled connection for the next tenant to inherit."""
    for node in texts(source):
        if SESSION_SET.search(node.value):
            yield source.at(node)


def lasting_scopes(source: Source) -> Iterator[str]:
    """Yield set_config calls of a migration that are not local to the transaction."""
    for node in texts(source):
        if LOCAL_ONLY.search(node.value):
            yield source.at(node)
