"""The pulse of a batch: while it lasts, the leases of what still waits in it are lengthened, and the process shows
that it lives."""

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from types import TracebackType
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from jobs import heartbeat
from jobs.turns import Place
from tenants.events import queue
from tenants.isolation import scope
from tenants.values.clock import Clock
from tenants.work import unit_of_work

EVERY_S = 5.0
LONGEST_S = 3600.0
"""After this time a single item is taken for hung: the process no longer shows that it lives, and the cluster ends
it."""
log = structlog.get_logger(__name__)


class Shell(Protocol):
    """What lends its context to a thread: the Flask shell."""

    def app_context(self) -> AbstractContextManager[object]:
        """Enter the shell's context in this thread."""
        ...


class Pulse:
    """Beats from a thread of its own, because the batch's thread may be inside a long call. Short batches never
    start it."""

    def __init__(self, shell: Shell, *, token: UUID, waiting: Sequence[Place], clock: Clock) -> None:
        self._shell, self._token, self._waiting, self._clock = shell, token, waiting, clock
        self._ended = threading.Event()
        self._timer: threading.Timer | None = None

    def __enter__(self) -> "Pulse":
        self._timer = threading.Timer(EVERY_S, self._beat_until_ended)
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._timer is not None:
            self._timer.cancel()

    def _beat_until_ended(self) -> None:
        left = LONGEST_S
        while left > 0 and not self._ended.is_set():
            heartbeat.beat()
            with self._shell.app_context():
                self._lengthen()
            left -= EVERY_S
            self._ended.wait(EVERY_S)

    def _lengthen(self) -> None:
        waiting = list(self._waiting)
        until = self._clock.now() + timedelta(seconds=queue.LEASE_S)
        for tenant_id in dict.fromkeys(place.tenant_id for place in waiting):
            own = [place.item_id for place in waiting if place.tenant_id == tenant_id]
            try:
                with unit_of_work(scope.tenant(tenant_id, actor="job:pulse")):
                    queue.heartbeat(own, token=self._token, until=until)
            except SQLAlchemyError as fault:
                log.warning("pulse.missed", reason=str(fault)[:200])
