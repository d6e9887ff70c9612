"""The envelope around every piece of work: scope, lease, transaction, retries and log fields."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError

from jobs import crash, heartbeat
from jobs.handlers import HANDLERS
from jobs.pulse import Pulse, Shell
from jobs.turns import Handler, Inside, Later, Outside, Place, Turn
from tenants import store
from tenants.assembly import Toolbox
from tenants.events import queue
from tenants.isolation import scope
from tenants.values.faults import Kind, Refusal
from tenants.work import unit_beginning_with, unit_of_work

log = structlog.get_logger(__name__)

BUDGET_S = 15.0
"""A batch begins no further item after this time: the rest goes back, so that nobody waits behind a slow batch."""
CLOSED, CLOSED_AGAIN = "the client was closed: nothing leaves", timedelta(days=1)
"""What was handed out just before the client was closed stops at the door; whatever leaves passes here."""
PASSING = frozenset({Kind.UNAVAILABLE, Kind.TOO_MUCH})
"""Refusals that may go away by themselves; every other one is final."""


class LeaseLost(Exception):
    """Another worker holds the item now, or a person discarded it: this one must leave no trace."""


class UnknownKind(LookupError):
    """No handler answers to this kind: an older process met newer work, and a newer process will do it."""


class Runtime:
    """One process's envelope; the caller has pushed the shell's app context."""

    def __init__(
        self,
        shell: Shell,
        tools: Toolbox,
        *,
        stopping: Callable[[], bool] = lambda: False,
        handlers: dict[str, Handler] = HANDLERS,
    ) -> None:
        self._shell, self._tools, self._stopping, self._handlers = shell, tools, stopping, handlers

    def run(self, token: UUID, places: Sequence[Place]) -> None:
        """Work through the items of one lease, in their order; each ends in a transaction of its own."""
        waiting = list(reversed(places))
        deadline = time.monotonic() + BUDGET_S
        with store.held_line(), Pulse(self._shell, token=token, waiting=waiting, clock=self._tools.clock):
            if not self._begin(waiting[-1], token):
                return
            crash.at("batch_started")
            while waiting and time.monotonic() < deadline and not self._stopping():
                heartbeat.beat()
                if not self._run_one(waiting[-1], token):
                    return
                waiting.pop()
        self._hand_back(waiting, token)

    def _begin(self, place: Place, token: UUID) -> bool:
        """Write down that this item is begun; False when its lease is lost."""
        first = queue.beginning(place.item_id, token=token, at=self._tools.clock.now())
        with unit_beginning_with(first, scope.tenant(place.tenant_id, actor="job:runtime")) as answer:
            return answer is not None

    def _run_one(self, place: Place, token: UUID) -> bool:
        """Try one item; False when not even its failure could be written down, so that trying the next is no use."""
        tenant_id, item_id, kind, retried = place
        crash.at("before_take")
        with structlog.contextvars.bound_contextvars(work_item=str(item_id), kind=kind):
            try:
                if retried:
                    self._begin(place, token)
                self._go(Turn(tenant_id, item_id, kind, {}, self._tools), token)
            except LeaseLost:
                log.info("work.lease_lost", tenant=str(tenant_id))
            except Exception as fault:
                return self._record_failure(place, token, fault)
        crash.at("after_commit")
        return True

    def _go(self, turn: Turn, token: UUID) -> None:
        handler = self._handlers.get(turn.kind)
        if handler is None:
            raise UnknownKind(f"no handler answers to {turn.kind!r}")
        if isinstance(handler, Outside):
            self._go_outside(handler, turn, token)
            return
        try:
            self._go_inside(handler, turn, token)
        except DBAPIError as fault:
            if not fault.connection_invalidated:
                raise
            # The line was cut, perhaps long ago. If its last commit came through, the token is gone and nothing is
            # done twice.
            self._go_inside(handler, replace(turn), token)

    def _go_inside(self, handler: Inside, turn: Turn, token: UUID) -> None:
        opening = self._own(turn)
        first = queue.taking(turn.item_id, token=token, at=turn.real_now)
        with unit_beginning_with(first, opening) as answer:
            taken = queue.taken(answer)
            if taken is None:
                raise LeaseLost
            turn.payload = taken.payload
            later = handler(turn)
            if later is not None:
                queue.postpone(turn.item_id, run_at=later.run_at, reason=later.reason)
            crash.at("before_commit")

    def _go_outside(self, handler: Outside, turn: Turn, token: UUID) -> None:
        claimed = self._claim(handler, turn, token)
        if claimed is None:
            return
        crash.at("after_intent")
        answer = handler.act(turn, claimed)
        crash.at("after_act")
        finishing = queue.finishing(turn.item_id, token=token, at=self._tools.clock.now())
        with unit_beginning_with(finishing, self._own(turn)) as finished:
            if finished is None:
                raise LeaseLost
            later = handler.settle(turn, claimed, answer)
            if later is not None:
                queue.postpone(turn.item_id, run_at=later.run_at, reason=later.reason)
            crash.at("before_settled")
        crash.at("after_settled")

    def _claim(self, handler: Outside, turn: Turn, token: UUID) -> object | None:
        with unit_beginning_with(queue.looking(turn.item_id, token=token), self._own(turn)) as answer:
            seen = queue.looked(answer)
            if seen is None:
                raise LeaseLost
            turn.payload = seen.payload
            turn.set_clock(seen.time_zone, seen.clock_shift_s)
            claimed = Later(turn.real_now + CLOSED_AGAIN, CLOSED) if seen.of_closed_client else handler.claim(turn)
            if claimed is None:
                queue.finish(turn.item_id, token=token, at=turn.real_now)
            elif isinstance(claimed, Later):
                queue.hold_until(turn.item_id, token=token, run_at=claimed.run_at, reason=claimed.reason)
        return None if isinstance(claimed, Later) else claimed

    def _own(self, turn: Turn) -> scope.Scope:
        return scope.tenant(turn.tenant_id, actor=f"job:{turn.kind}")

    def _record_failure(self, place: Place, token: UUID, fault: Exception) -> bool:
        """Count the attempt, or give up at once when no repetition can help; the reaper does it when we cannot."""
        tenant_id, item_id = place[:2]
        final = isinstance(fault, Refusal) and fault.kind not in PASSING
        log.warning("work.failed", tenant=str(tenant_id), final=final, exc_info=not final, reason=str(fault)[:300])
        end = queue.bury if final else queue.put_back
        try:
            with unit_of_work(scope.tenant(tenant_id, actor="job:runtime")):
                end(
                    item_id,
                    token=token,
                    error=str(fault),
                    error_class=type(fault).__name__,
                    now=self._tools.clock.now(),
                )
        except Exception as worse:
            log.error("work.failure_unrecorded", tenant=str(tenant_id), reason=str(worse)[:300])
            return False
        return True

    def _hand_back(self, waiting: Sequence[Place], token: UUID) -> None:
        for tenant_id in dict.fromkeys(place.tenant_id for place in waiting):
            with unit_of_work(scope.tenant(tenant_id, actor="job:runtime")):
                queue.go_back([place.item_id for place in waiting if place.tenant_id == tenant_id], token=token)


_here: Runtime | None = None


def settle_in(runtime: Runtime) -> None:
    """Make this the envelope of the process, for `run_batch` to find."""
    global _here
    _here = runtime


def run_batch(token: str, items: list[tuple[str, str, str, bool]]) -> None:
    """What RQ calls: work through the items of one lease, each given as a place."""
    if _here is None:
        raise RuntimeError("batches are run by a process that was started as jobs.worker")
    _here.run(UUID(token), [Place(UUID(tenant), UUID(item), kind, tried) for tenant, item, kind, tried in items])
