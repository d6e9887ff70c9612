"""Our own style and script, and htmx straight from the wheel that carries it. Addresses carry a hash, so they
may be kept for a year."""

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, make_response

from service import problems
from service.endpoint import PUBLIC, endpoint

face = Blueprint("static", __name__)
HERE = Path(__file__).parent / "static"
KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


@cache
def files() -> dict[str, Path]:
    """Every file that may be served, by name."""
    found = {path.name: path for path in HERE.iterdir() if path.suffix in KINDS}
    wheel = importlib.util.find_spec("django_htmx")
    if wheel is not None and wheel.submodule_search_locations:
        found["htmx.js"] = Path(wheel.submodule_search_locations[0]) / "static" / "django_htmx" / "htmx-4.min.js"
    return found


@cache
def version_of(name: str) -> str:
    """The short hash that goes into the address of a file."""
    path = files().get(name)
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path else "missing"


def address(name: str) -> str:
    """Where a page finds a static file."""
    return f"/static/{version_of(name)}/{name}"


@endpoint(face, "/static/<version>/<name>", needs=PUBLIC)
def static_file(version: str, name: str) -> Response:
    """One static file; the version is only there to outlive caches."""
    path = files().get(name)
    if path is None:
        raise problems.NotFound("There is no such file.")
    response = make_response(path.read_bytes())
    response.headers["Content-Type"] = KINDS[path.suffix]
    response.headers["Cache-Control"] = (
        "public, max-age=31536000, immutable" if version == version_of(name) else "no-cache"
    )
    return response
