"""The log of API requests that a client sees: kept behind the answers, in batches, by a thread of each process.

A request never waits for its line, and a line is lost only with its process. Lines of a client go into its own books,
in a unit of work of that client.
"""

import atexit
import threading
import time
from collections import deque
from uuid import UUID

import structlog
from flask import Flask, Response, g
from flask.globals import request_ctx
from sqlalchemy.exc import SQLAlchemyError

from service import identity
from tenants.assembly import Toolbox
from tenants.events import api_calls
from tenants.events.api_calls import Call
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work

MOST_WAITING = 20_000
LONGEST_PATH = 300
log = structlog.get_logger(__name__)


class ApiLog:
    """What waits to be written, and the thread that writes it when `every_s` is more than nothing."""

    def __init__(self, app: Flask, *, every_s: int) -> None:
        self._app, self._every_s = app, every_s
        self._waiting: deque[tuple[UUID, Call]] = deque(maxlen=MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def note(self, response: Response, *, toolbox: Toolbox) -> None:
        """Remember the request at hand, if it was about one client."""
        held, asked = g._get_current_object(), request_ctx.request
        client = held.get("client")
        if client is None or self._every_s == 0:
            return
        now = toolbox.clock.now()
        caller = identity.caller(now)
        call = Call(
            id=ids.new(),
            at=now,
            caller=caller.actor if caller else "",
            method=asked.method,
            route=str(asked.url_rule or ""),
            path=asked.path[:LONGEST_PATH],
            status=response.status_code,
            code=str(held.get("problem_code", "")),
            ms=round((time.perf_counter() - held.started) * 1000),
            request_id=held.request_id,
        )
        self._waiting.append((client.tenant_id, call))
        if self._thread is None and self._every_s > 0:
            self._begin()

    def write(self) -> int:
        """Write what waits, client by client; return how many lines."""
        by_client: dict[UUID, list[Call]] = {}
        while self._waiting:
            tenant, call = self._waiting.popleft()
            by_client.setdefault(tenant, []).append(call)
        with self._app.app_context():
            for tenant, calls in by_client.items():
                with unit_of_work(scope.tenant(tenant, actor="api log")):
                    api_calls.keep(calls)
        return sum(map(len, by_client.values()))

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep_writing, name="api-log", daemon=True)
                self._thread.start()
                atexit.register(self._try)

    def _keep_writing(self) -> None:
        while True:
            time.sleep(self._every_s)
            self._try()

    def _try(self) -> None:
        try:
            self.write()
        except SQLAlchemyError as fault:
            log.warning("api_log.unwritten", reason=type(fault).__name__)
