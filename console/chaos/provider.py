"""A provider of mail on loopback, as a process of its own: takes letters as Amazon SES does, tells of them by a queue
as Amazon SQS does, and fails in the ways in which networks and servers fail.

It keeps the truth that nobody else has: how often it took a letter for each message. Use:
python -m console.chaos.provider --share 0.3 --seed 1; it prints its address.
"""

import argparse
import base64
import json
import random
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MESSAGE = re.compile(rb"(?im)^X-Goodterms-Message:\s*([0-9a-f-]{36})")
NOT_TAKEN = ("throttled", "dropped_before", "failed_before")
TAKEN = ("failed_after", "dropped_after", "hung_after", "slow")
FAULTS = NOT_TAKEN + TAKEN
HANG_S, SLOW_S = 0.8, 0.3
LOST, DOUBLED, LATE = 0.03, 0.10, 0.05
"""Of all events so many are never told, told twice, and told long after the others."""
SOON_S, LATE_S = 1.5, 8.0
BOUNCING = 0.02
HIDDEN_S = 5.0
"""A message of the queue that was fetched and not taken away comes again after so long."""


@dataclass
class Provider:
    """What it does, what it took and what it tells."""

    share: float
    dice: random.Random
    calls: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    waiting: dict[str, tuple[float, str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self) -> str:
        """What goes wrong with this call, if anything."""
        with self.lock:
            self.calls += 1
            chosen = self.dice.choice(FAULTS) if self.dice.random() < self.share else ""
            self.faults[chosen or "none"] += 1
        return chosen

    def take(self, asked: dict[str, Any]) -> str:
        """Take one letter, and plan what will be told of it; returns its number."""
        body = base64.b64decode(asked["Content"]["Raw"]["Data"])
        found = MESSAGE.search(body)
        with self.lock:
            self.taken[found[1].decode() if found else "?"] += 1
            number = f"0100-{sum(self.taken.values()):08}"
            mail = {
                "timestamp": _now(),
                "messageId": number,
                "destination": asked["Destination"]["ToAddresses"],
                "tags": {each["Name"]: [each["Value"]] for each in asked.get("EmailTags", ())},
            }
            self._tell({"eventType": "Send", "mail": mail, "send": {}})
            if self.dice.random() < BOUNCING:
                part = {"bounceType": "Permanent", "bounceSubType": "NoEmail", "timestamp": _now()}
                self._tell({"eventType": "Bounce", "mail": mail, "bounce": part})
            else:
                self._tell({"eventType": "Delivery", "mail": mail, "delivery": {"timestamp": _now()}})
        return number

    def receive(self, most: int) -> list[dict[str, str]]:
        """What is due in the queue; it is hidden for a while, not taken away."""
        now = time.monotonic()
        with self.lock:
            due = [handle for handle, (at, _) in self.waiting.items() if at <= now][:most]
            self.dice.shuffle(due)
            answer = []
            for handle in due:
                body = self.waiting[handle][1]
                self.waiting[handle] = (now + HIDDEN_S, body)
                digest = md5(body.encode(), usedforsecurity=False).hexdigest()
                answer.append({"MessageId": handle, "ReceiptHandle": handle, "Body": body, "MD5OfBody": digest})
        return answer

    def forget(self, handles: list[str]) -> None:
        """These were kept."""
        with self.lock:
            for handle in handles:
                self.waiting.pop(handle, None)

    def truth(self) -> dict[str, Any]:
        """What was called, what was taken, what is still to be told."""
        with self.lock:
            return {
                "calls": self.calls,
                "faults": dict(self.faults),
                "taken": dict(self.taken),
                "events": dict(self.events),
                "waiting": len(self.waiting),
            }

    def _tell(self, event: dict[str, Any]) -> None:
        self.events["made"] += 1
        if self.dice.random() < LOST:
            self.events["lost"] += 1
            return
        body = json.dumps({"Type": "Notification", "Message": json.dumps(event)})
        twice = self.dice.random() < DOUBLED
        self.events["doubled"] += twice
        for _ in range(1 + twice):
            late = self.dice.random() < LATE
            self.events["late"] += late
            at = time.monotonic() + self.dice.uniform(0, LATE_S if late else SOON_S)
            self.waiting[f"{len(self.waiting)}-{self.dice.getrandbits(64):016x}"] = (at, body)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Handler(BaseHTTPRequestHandler):
    """One request to either service."""

    protocol_version = "HTTP/1.1"
    provider: Provider

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = self.headers.get("X-Amz-Target", "")
        if target.startswith("AmazonSQS."):
            self._queue(target.partition(".")[2], json.loads(body))
        else:
            self._letter(json.loads(body))

    def do_GET(self) -> None:
        self._answer(200, self.provider.truth())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _queue(self, what: str, asked: dict[str, Any]) -> None:
        if what == "ReceiveMessage":
            found = self.provider.receive(asked.get("MaxNumberOfMessages", 1))
            if not found:
                time.sleep(0.1)
            self._answer(200, {"Messages": found})
        else:
            rows = asked["Entries"]
            self.provider.forget([row["ReceiptHandle"] for row in rows])
            self._answer(200, {"Successful": [{"Id": row["Id"]} for row in rows], "Failed": []})

    def _letter(self, asked: dict[str, Any]) -> None:
        fault = self.provider.fault()
        if fault in NOT_TAKEN:
            self._refuse(fault)
            return
        number = self.provider.take(asked)
        if fault in ("hung_after", "slow"):
            time.sleep(HANG_S if fault == "hung_after" else SLOW_S)
        if fault in ("dropped_after", "hung_after"):
            self.close_connection = True
        elif fault == "failed_after":
            self._answer(500, {"message": "oops"}, name="InternalFailure")
        else:
            self._answer(200, {"MessageId": number})

    def _refuse(self, fault: str) -> None:
        if fault == "dropped_before":
            self.close_connection = True
        elif fault == "throttled":
            self._answer(429, {"message": "Maximum sending rate exceeded"}, name="TooManyRequestsException")
        else:
            self._answer(500, {"message": "oops"}, name="InternalFailure")

    def _answer(self, status: int, said: Any, *, name: str = "") -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if name:
            self.send_header("x-amzn-ErrorType", name)
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Callers that die in the middle of a call are what this is for: they are no fault of the server's."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(provider: Provider) -> Iterator[str]:
    """Serve on loopback until the block ends; gives the address."""
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"provider": provider}))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def main(arguments: list[str]) -> int:
    """Serve until the process is ended."""
    words = argparse.ArgumentParser(prog="console.chaos.provider")
    words.add_argument("--share", type=float, default=0.3)
    words.add_argument("--seed", type=int, default=0)
    given = words.parse_args(arguments)
    with serving(Provider(given.share, random.Random(given.seed))) as address:
        sys.stdout.write(address + "\n")
        sys.stdout.flush()
        threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
