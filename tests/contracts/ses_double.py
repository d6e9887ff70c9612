"""A server that takes mail as Amazon SES does, and can fail in the ways in which networks and servers fail."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG, DROP_AFTER, DROP_BEFORE, FAIL_AFTER, SLOW, NONSENSE = "hang", "drop", "drop before", "500", "slow", "nonsense"


@dataclass
class Double:
    """What it does next, and what it has taken; a fault is a word above or (status, name of the fault)."""

    fault: Any = None
    requests: int = 0
    taken: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    came: threading.Event = field(default_factory=threading.Event)
    """A request was read to its end."""
    over: threading.Event = field(default_factory=threading.Event)
    account: dict[str, Any] | None = None
    """What it says of the account; None is a fault."""


@contextmanager
def ses_double(fault: Any = None) -> Iterator[Double]:
    """Serve on loopback until the block ends."""
    double = Double(fault)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            double.requests += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not (isinstance(double.fault, tuple) or double.fault == DROP_BEFORE):
                double.taken.append(json.loads(body))
            double.came.set()
            _serve(self, double)

        def do_GET(self) -> None:
            known = double.account if self.path == "/v2/email/account" else None
            _answer(self, 500 if known is None else 200, known or {"message": "oops"}, "")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    double.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield double
    finally:
        double.over.set()
        server.shutdown()
        server.server_close()


def _serve(handler: BaseHTTPRequestHandler, double: Double) -> None:
    fault = double.fault
    if fault == DROP_BEFORE:
        handler.close_connection = True
        return
    if isinstance(fault, tuple):
        status, name = fault
        _answer(handler, status, {"message": name}, name)
        return
    if fault == HANG:
        double.over.wait()
    if fault in (HANG, DROP_AFTER):
        handler.close_connection = True
        return
    if fault == SLOW:
        threading.Event().wait(0.3)
    if fault == FAIL_AFTER:
        _answer(handler, 500, {"message": "oops"}, "InternalFailure")
    elif fault == NONSENSE:
        _answer(handler, 200, "[[[", "")
    else:
        _answer(handler, 200, {"MessageId": f"0100-{len(double.taken)}"}, "")


def _answer(handler: BaseHTTPRequestHandler, status: int, said: Any, name: str) -> None:
    body = said.encode() if isinstance(said, str) else json.dumps(said).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    if name:
        handler.send_header("x-amzn-ErrorType", name)
    handler.end_headers()
    handler.wfile.write(body)
