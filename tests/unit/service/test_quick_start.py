"""The first program of an integrator: the one on the page, and one that a generator made from the document."""

import importlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from service import openapi
from service.identity import COOKIE
from tests.guard.tree import ROOT

PAGE = Path(ROOT, "docs", "integrators", "quick-start.md").read_text(encoding="utf-8")
PROGRAM = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
WANTED = ("/api/v1/whoami", "/api/v1/tenants/{client}/debtors", "/api/v1/tenants/{client}/invoices")


@pytest.fixture
def server(web) -> Iterator[str]:
    """The web face on a port of its own."""
    serving = make_server("127.0.0.1", 0, web, threaded=True)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{serving.port}"
    serving.shutdown()
    thread.join()
    serving.server_close()


@pytest.fixture
def session(as_, manager) -> str:
    """What the sign-in page leaves in the browser."""
    return as_(manager).client.get_cookie(COOKIE).value


def test_the_program_on_the_page_is_short_and_runs(server, session, capsys):
    assert PROGRAM is not None
    program = PROGRAM[1].replace("https://receivables.example", server).replace("…the session…", session)
    assert len([line for line in program.splitlines() if line.strip()]) <= 15
    exec(compile(program, "quick-start.md", "exec"), {})
    said = capsys.readouterr().out
    assert "A-2026-1" in said and "119.00" in said


def part_of_the_document() -> dict[str, object]:
    """The operations that the program uses: the whole document would be generated for a minute."""
    whole = openapi.document()
    return {**whole, "paths": {path: told for path, told in whole["paths"].items() if path in WANTED}}


def test_a_generated_client_runs_the_same(server, session, tmp_path, monkeypatch):
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(part_of_the_document()))
    folder = tmp_path / "made"
    words = ["generate", "--path", str(document), "--output-path", str(folder), "--meta", "none", "--overwrite"]
    tool = Path(sys.executable).parent / "openapi-python-client"
    done = subprocess.run([tool, *words], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.syspath_prepend(tmp_path)
    made = importlib.import_module("made")
    client = made.Client(base_url=server, cookies={COOKIE: session}, raise_on_unexpected_status=True)
    ask = {
        name: importlib.import_module(f"made.api.{module}.{name}").sync
        for module, name in (
            ("whoami", "whoami"),
            ("debtors", "open_debtor"),
            ("invoices", "issue_invoice"),
            ("invoices", "list_invoices"),
        )
    }
    models = importlib.import_module("made.models")
    me = ask["whoami"](client=client)
    slug, token = me.clients[0].slug, me.csrf_token
    customer = models.NewDebtor.from_dict({"number": "C-200", "name": "Marigold Stores", "country": "DE"})
    opened = ask["open_debtor"](slug, client=client, body=customer, x_csrf_token=token)
    new = {
        "number": "A-2026-9",
        "debtor_id": opened.id,
        "amount": {"amount": "119.00", "currency": "EUR"},
        "issued_on": "2026-10-20",
        "due_on": "2026-11-03",
    }
    issued = ask["issue_invoice"](
        slug, client=client, body=models.NewInvoice.from_dict(new), x_csrf_token=token, idempotency_key="first"
    )
    assert issued.open_.amount == "119.00"
    listed = ask["list_invoices"](slug, client=client)
    assert "A-2026-9" in {each.number for each in listed.items}
