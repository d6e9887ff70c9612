"""The scope of a unit of work: which tenants it may read and the one tenant it may write.

No scope is an error, never "everything". "platform" is a third, named value that reads no tenant row at all; each use
gives its reason and is counted.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID


class ScopeMissing(RuntimeError):
    """Tenant rows were touched outside a scope, or a question needs one tenant and the scope has none or several."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a unit of work may see and change, and in whose name it acts."""

    read: tuple[UUID, ...]
    write: UUID | None
    actor: str
    debtor: UUID | None = None
    reason: str = ""

    @property
    def one(self) -> UUID:
        """The single tenant of this scope. Raises ScopeMissing when there is not exactly one."""
        if len(self.read) != 1:
            raise ScopeMissing(f"this needs the scope of one tenant; the current scope reads {len(self.read)}")
        return self.read[0]


platform_entries: Counter[str] = Counter()
_current: ContextVar[Scope | None] = ContextVar("gt_scope", default=None)


def tenant(tenant_id: UUID, *, actor: str) -> Scope:
    """One client: read it and write it. What requests and jobs use."""
    return Scope(read=(tenant_id,), write=tenant_id, actor=actor)


def viewing(tenant_id: UUID, *, actor: str) -> Scope:
    """One client, to read only; a GET can change nothing."""
    return Scope(read=(tenant_id,), write=None, actor=actor)


def portfolio(tenant_ids: tuple[UUID, ...], *, actor: str) -> Scope:
    """Several clients, to read only: a specialist's list over all assigned clients."""
    return Scope(read=tenant_ids, write=None, actor=actor)


def debtor(tenant_id: UUID, debtor_id: UUID, *, actor: str) -> Scope:
    """One debtor of one client, from a signed link: only this debtor's rows exist."""
    return Scope(read=(tenant_id,), write=tenant_id, actor=actor, debtor=debtor_id)


def platform(*, actor: str, reason: str) -> Scope:
    """No client at all: sign-in and other work that must come before a client is known. Counted by reason."""
    platform_entries[reason] += 1
    return Scope(read=(), write=None, actor=actor, reason=reason)


def current() -> Scope:
    """The scope that is open. Raises ScopeMissing when none is."""
    found = _current.get()
    if found is None:
        raise ScopeMissing("tenant rows were touched outside a scope")
    return found


def is_open() -> bool:
    """Whether a scope is open in this context."""
    return _current.get() is not None


@contextmanager
def entered(opening: Scope) -> Iterator[Scope]:
    """Make `opening` the current scope until the block ends."""
    token = _current.set(opening)
    try:
        yield opening
    finally:
        _current.reset(token)
