"""Decides whether anything may leave a client at all: in test mode all is worked out, shown and kept, and nothing goes
outside.

The conduct gate asks just before each hand-over, so that no way around it exists. What was queued meanwhile waits, and
whoever ends the test says what becomes of it: it passes the gate like everything else, or it is thrown away. They name
how many customers that is, because a first morning with a thousand letters is the mistake that cannot be undone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tenants import store
from tenants.delivery import holding, standing
from tenants.directory import clients
from tenants.events import history
from tenants.isolation import scope
from tenants.values.counts import counted
from tenants.values.faults import Kind, Refusal

REASON = "test_mode"
AGAIN = timedelta(days=1)
"""How long a message waits before the gate is asked again; going live hastens it."""
SLICE = 2000

SINCE = "SELECT test_since_at FROM client_profile WHERE tenant_id = :tenant"
WAITING = """
SELECT count(*) AS messages, count(DISTINCT debtor_id) AS customers,
  count(*) FILTER (WHERE kind = 'invoice') AS invoices
FROM message WHERE tenant_id = :tenant AND state = 'queued'
"""
QUEUED = """
SELECT id FROM message WHERE tenant_id = :tenant AND state = 'queued' AND id > CAST(:after AS uuid) ORDER BY id
LIMIT :slice
"""
DROP = """
UPDATE message SET state = 'cancelled', held_reason = :reason
WHERE tenant_id = :tenant AND id = ANY(:ids) AND state = 'queued'
"""
ABOUT = "SELECT DISTINCT invoice_id FROM message_item WHERE tenant_id = :tenant AND message_id = ANY(:ids)"


class NotTesting(Refusal):
    """The client is live already, or is being tested already."""

    kind = Kind.CONFLICT
    code = "not_testing"
    remedy = "Reload the page: somebody else was first."


class OtherNumber(Refusal):
    """What waits is not what the person has seen."""

    kind = Kind.CONFLICT
    code = "other_number"
    remedy = "Look again at how many customers would be written to, and name that number."


class Reasonless(Refusal, ValueError):
    """Going live, or back into the test, has a reason."""

    code = "no_reason_given"
    remedy = "Say why in one sentence."


@dataclass(frozen=True, slots=True)
class Waiting:
    """What was queued during the test."""

    messages: int
    customers: int
    invoices: int
    """How many of the messages bring an invoice; the others remind or answer."""


def since() -> datetime | None:
    """Since when this client is in test mode; None while it is live."""
    found: datetime | None = store.run(SINCE).scalar_one_or_none()
    return found


def waiting() -> Waiting:
    """What would pass the gate next, were the client live."""
    return Waiting(*store.run(WAITING).one())


def enter(*, now: datetime, reason: str) -> None:
    """Stop everything that leaves, from the next hand-over on. Raises NotTesting, Reasonless."""
    clients.queue_up()
    if since() is not None:
        raise NotTesting("This client is in test mode already.")
    _refuse_silence(reason)
    clients.change(test_since_at=now)
    history.note("test_mode.entered", about=("client", scope.current().one), at=now, reason=reason)


def leave(*, send: bool, customers: int, now: datetime, real: datetime, reason: str) -> Waiting:
    """Go live: what waits is let to the gate, or thrown away. Raises NotTesting, OtherNumber, Reasonless."""
    clients.queue_up()
    began = since()
    if began is None:
        raise NotTesting("This client is live already.")
    _refuse_silence(reason)
    left = waiting()
    if send and customers != left.customers:
        words = f"Messages to {counted(left.customers, 'customer')} wait, not to {customers:,}."
        raise OtherNumber(words, pointer="/customers")
    clients.change(test_since_at=None)
    for some in _slices():
        if send:
            holding.hasten(some, real=real)
        else:
            store.run(DROP, ids=some, reason=REASON)
            standing.refresh_invoices(store.run(ABOUT, ids=some).scalars().all())
    became = {"sent": send, "messages": left.messages, "customers": left.customers}
    about = ("client", scope.current().one)
    history.note("test_mode.left", about=about, at=now, was={"since": began.isoformat()}, became=became, reason=reason)
    return left


def _slices() -> list[Sequence[UUID]]:
    found: list[Sequence[UUID]] = []
    after = UUID(int=0)
    while some := store.run(QUEUED, after=after, slice=SLICE).scalars().all():
        found.append(list(some))
        after = some[-1]
    return found


def _refuse_silence(reason: str) -> None:
    if not reason.strip():
        raise Reasonless("This is remembered with its reason.", pointer="/reason")
