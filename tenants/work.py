"""The unit of work: one scope, one session, one transaction, one commit. The only commit of the domain is here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog

from tenants import store
from tenants.isolation import scope
from tenants.isolation.opening import Answer, First
from tenants.isolation.scope import Scope
from tenants.store import db

Bell = Callable[[set[UUID]], None]


class WorkAlreadyOpen(RuntimeError):
    """A scope was to be changed inside an open unit of work."""


_bell: Bell | None = None


def hang_bell(bell: Bell | None) -> None:
    """Say what to ring after a commit that recorded work; a lost ring costs one poll, never the work."""
    global _bell
    _bell = bell


@contextmanager
def unit_of_work(opening: Scope) -> Iterator[Scope]:
    """Open a fresh session in `opening`, commit when the block ends well, leave nothing when it does not.

    Raises WorkAlreadyOpen when a unit is open already: finish it before changing the client.
    """
    with _entered(opening):
        db.session.remove()
        session = db.session()
        try:
            yield opening
            session.commit()
            recorded: set[UUID] = session.info.pop("recorded_for", set())
        finally:
            db.session.remove()
    _ring(recorded)


@contextmanager
def unit_beginning_with(first: First, opening: Scope) -> Iterator[Answer | None]:
    """The same on a held line, for short units that are many: `first` travels with the opening, in one round trip.

    The block gets the row that `first` answered. Raises WorkAlreadyOpen as `unit_of_work` does.
    """
    recorded: set[UUID] = set()
    with _entered(opening):
        db.session.remove()
        with store.begun(first) as answer:
            yield answer
            if not db.session.registry.has():
                store.end_begun()
            else:
                session = db.session()
                recorded = session.info.pop("recorded_for", recorded)
                if session.in_transaction():
                    session.commit()
                else:
                    store.end_begun()
    _ring(recorded)


@contextmanager
def _entered(opening: Scope) -> Iterator[None]:
    if scope.is_open():
        raise WorkAlreadyOpen("finish the open work before entering another scope")
    fields = {
        "tenant": str(opening.read[0]) if len(opening.read) == 1 else f"{len(opening.read)} clients",
        "actor": opening.actor,
    }
    told = structlog.contextvars.bind_contextvars(**fields)
    try:
        with scope.entered(opening):
            yield
    finally:
        structlog.contextvars.reset_contextvars(**told)


def _ring(recorded: set[UUID]) -> None:
    if recorded and _bell is not None:
        _bell(recorded)


def remember_recorded(tenant_id: UUID) -> None:
    """Note that this unit recorded work for a tenant, so that the bell rings once after the commit."""
    db.session().info.setdefault("recorded_for", set()).add(tenant_id)
