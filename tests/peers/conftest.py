"""A running server on loopback by the wall's own time, and the Node programs that talk to it."""

import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from service.app import create_app
from tenants.settings import Settings
from tenants.store import db

HERE = Path(__file__).parent
SLOWEST = 120


@pytest.fixture(scope="session")
def node() -> str:
    """Node with the peers installed; the tests skip where either cannot be had."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        pytest.skip("needs Node 20 with npm: other people's clients are written for it")
    if not all((HERE / "node_modules" / name).exists() for name in ("openid-client", "oidc-provider")):
        done = subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, capture_output=True, timeout=SLOWEST
        )
        if done.returncode:
            pytest.skip("the peers of tests/peers/package-lock.json could not be installed")
    return program


@pytest.fixture(scope="session")
def running(settings: Settings) -> Iterator[tuple[str, Flask]]:
    """The whole web face behind a real socket."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        app = create_app(replace(settings, public_url=address))
        server = make_server("127.0.0.1", port, app, threaded=True, fd=holder.fileno())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield address, app
    server.shutdown()
    thread.join()
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def run_peer(node: str) -> Callable[[str, dict[str, Any]], list[str]]:
    """Run one program with a plan; return the steps that it took, or fail with what it said."""

    def run(program: str, plan: dict[str, Any]) -> list[str]:
        done = subprocess.run(
            [node, program], cwd=HERE, input=json.dumps(plan), capture_output=True, text=True, timeout=SLOWEST
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]

    return run
