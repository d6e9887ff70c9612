"""Where hits on links and images are taken: kept by PostgreSQL before they are answered, many in one transaction.

Whoever comes while another request of the same client is committing waits for it, and then commits for all who came
meanwhile; so the hits of a burst cost one commit together, and the first of a quiet hour waits for nobody.
"""

import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from uuid import UUID

from tenants import store
from tenants.delivery import hits
from tenants.delivery.hits import Hit
from tenants.isolation import scope
from tenants.work import unit_beginning_with


@dataclass(eq=False)
class _Ticket:
    """One hit on its way."""

    hit: Hit
    done: bool = False


class Reception:
    """The hits that this process takes."""

    def __init__(self, context: Callable[[], AbstractContextManager[object]]) -> None:
        """`context`: where the database is known; a hit may come from outside of any."""
        self._context = context
        self._turn = threading.Lock()
        self._waiting: dict[UUID, list[_Ticket]] = defaultdict(list)
        self._committing: dict[UUID, threading.Lock] = defaultdict(threading.Lock)

    def keep(self, tenant_id: UUID, hit: Hit) -> None:
        """Return when the hit is kept; raises what the database raised. Needs that no unit of work is open."""
        ticket = _Ticket(hit)
        with self._turn:
            self._waiting[tenant_id].append(ticket)
            mutex = self._committing[tenant_id]
        with mutex:
            while not ticket.done:
                self._commit(tenant_id, ticket)

    def _commit(self, tenant_id: UUID, own: _Ticket) -> None:
        """Commit for all who wait. When that fails only the caller's own hit is given up: the others try themselves."""
        with self._turn:
            batch = self._waiting.pop(tenant_id, [])
        others = [each for each in batch if each is not own]
        try:
            first = hits.keeping([each.hit for each in batch])
            opening = scope.tenant(tenant_id, actor="mail reader")
            with self._context(), store.held_line(), unit_beginning_with(first, opening):
                """The hits are the first statement, and there is no other."""
            own.done = True
        finally:
            if own.done:
                for each in others:
                    each.done = True
            else:
                with self._turn:
                    self._waiting[tenant_id] += others
