"""Health for the machine that runs us: alive, ready, started, which version."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from flask import Blueprint, Response, jsonify, make_response
from sqlalchemy import text

from service.endpoint import PUBLIC, endpoint
from tenants.store import SCHEMA, db

face = Blueprint("health", __name__)


@endpoint(face, "/livez", needs=PUBLIC)
def livez() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@endpoint(face, "/readyz", needs=PUBLIC)
def readyz() -> Response:
    """The database answers and its shape is the one that this program needs."""
    with db.engine.connect() as connection:
        at = connection.execute(text("SELECT version_num FROM app.alembic_version")).scalar_one()
    if at != SCHEMA:
        response = jsonify(status="waiting", reason=f"the database is at migration {at}, this program needs {SCHEMA}")
        response.status_code = 503
        return response
    return jsonify(status="ok")


@endpoint(face, "/startupz", needs=PUBLIC)
def startupz() -> Response:
    """Settings were read and the application is built."""
    return jsonify(status="ok")


@endpoint(face, "/version", needs=PUBLIC)
def running_version() -> Any:
    """The version that runs."""
    try:
        found = version("goodterms")
    except PackageNotFoundError:
        found = "source"
    return make_response(jsonify(version=found))
