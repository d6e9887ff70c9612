"""`demo` from the first word to Ctrl-C, on real servers, with small programs in place of the product's own."""

import json
import signal
import socket
import subprocess
import sys
import textwrap
import urllib.request

import pytest

from console.faults import CannotRun
from console.servers.host import free_port
from tests.console.test_command_line import leave
from tests.console.test_servers import PROJECT

CHILD = """
import os, sys, types
from console import processes
from console.commands import demo

LIVES = '''
import http.server
class Lives(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
http.server.HTTPServer(("127.0.0.1", {port}), Lives).serve_forever()
'''

def load(*, look):
    look()
    assert os.environ["GOODTERMS_DATABASE_URL"] and "GOODTERMS_OWNER_DATABASE_URL" not in os.environ
    return [{{"person": "Ines", "email": "ines@provider.test", "password": "secret"}}]

def run(*, ledger, as_of, look):
    look()
    return {{"ledger": ledger.name, "as_of": as_of}}, 3

sys.modules["console.sample"] = types.SimpleNamespace(load=load)
sys.modules["console.once"] = types.SimpleNamespace(run=run)
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
demo.programs = lambda around: [processes.Program("worker", sleep, around.for_worker(), 1)]
demo.web = lambda around, port: processes.Program("web", [sys.executable, "-c", {web}], around.for_web(), 3)
from console.cli import main
main()
"""


def demo(folder, *arguments, port, web="LIVES"):
    """Start `demo` as a person would, with its home in `folder`."""
    code = textwrap.dedent(CHILD).format(port=port, web=web)
    env = {"GOODTERMS_HOME": str(folder / "home"), "PATH": "/usr/bin:/bin"}
    line = [sys.executable, "-c", code, "demo", "--port", str(port), *arguments]
    return subprocess.Popen(line, cwd=PROJECT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def read_until(stream, word):
    lines = []
    for line in stream:
        lines.append(line)
        if word in line:
            return "".join(lines)
    pytest.fail(f"{word!r} was never said:\n{''.join(lines)}")


def test_a_demo_comes_up_introduces_itself_and_stops_in_order(open_folder):
    port = free_port()
    running = demo(open_folder, port=port)
    with running:
        shown = read_until(running.stdout, "Ctrl-C")
        assert f"Goodterms is running at http://127.0.0.1:{port}" in shown
        assert "Ines  ines@provider.test  secret" in shown
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}/livez").status == 200
        with demo(open_folder, port=free_port()) as second:
            assert "already running" in second.communicate(timeout=100)[1]
            assert second.returncode == 1
        running.send_signal(signal.SIGINT)
        _, talk = running.communicate(timeout=100)
    assert running.returncode == 0, talk
    stages = ("starting PostgreSQL", "starting Valkey", "migrating", "loading the sample", "starting 2", "stopping")
    assert [word for word in stages if word not in talk] == []
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/livez")


def test_a_web_face_that_cannot_start_ends_the_demo_with_its_reason(open_folder):
    broken = "'raise SystemExit(chr(70) + \"ATAL: no settings\")'"
    with demo(open_folder, port=free_port(), web=broken) as running:
        _, talk = running.communicate(timeout=100)
    assert running.returncode == 1
    assert talk.splitlines()[-1].endswith("ends with: FATAL: no settings")


def test_once_runs_the_job_prints_its_summary_and_leaves_with_its_code(open_folder):
    ledger = open_folder / "ledger.csv"
    ledger.write_text("number\n")
    asked = ("--once", "--ledger", str(ledger), "--as-of", "2013-06-30", "--json")
    with demo(open_folder, *asked, port=free_port()) as ran:
        out, talk = ran.communicate(timeout=100)
    assert ran.returncode == 3, talk
    assert json.loads(out) == {"ledger": "ledger.csv", "as_of": "2013-06-30"}


def test_a_taken_port_is_one_clear_sentence(capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert leave("demo", "--port", str(port)) == 2
    assert capsys.readouterr().err == f"goodterms: Port {port} is taken: choose another with --port.\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--once"], "--once needs --ledger FILE"),
        (["--ledger", __file__], "--ledger is for --once"),
        (["--as-of", "2026-01-31"], "--as-of is for --once"),
        (["--once", "--ledger", "/nonexistent"], "does not exist"),
        (["--once", "--ledger", __file__, "--as-of", "31.01.2026"], "does not match the format"),
        (["--port", "0"], "not in the range"),
    ],
)
def test_options_that_contradict_each_other_are_wrongly_asked(arguments, reason, capsys):
    assert leave("demo", *arguments) == 2
    assert reason in capsys.readouterr().err


def test_sentences_carry_the_code_of_their_kind():
    assert CannotRun("it failed").code == 1
