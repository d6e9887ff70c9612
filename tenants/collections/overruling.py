"""Decides when a person may send what the gate holds back: only what is merely too early, where the client's contact
policy allows it, and never without a reason.
"""

from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.collections import policies
from tenants.delivery import holding
from tenants.events import history
from tenants.isolation import scope
from tenants.values.faults import Kind, Refusal

TOO_EARLY = ("contact_budget", "contacted_lately", "talked_lately", "quiet_hours")
"""Refusals that only time stands behind."""
THERE = "SELECT id FROM message WHERE tenant_id = :tenant AND id = :id"
OVERRULE = """
UPDATE message SET overridden_by = :by, override_reason = :reason
WHERE tenant_id = :tenant AND id = :id AND state = 'queued' AND held_reason = ANY(:early) RETURNING id
"""


class NotOverruled(Refusal):
    """This refusal cannot be overruled."""

    kind = Kind.CONFLICT
    code = "not_overruled"
    remedy = "Only a message that waits for its time can be sent earlier, and only where the contact policy says so."


class UnknownMessage(Refusal, LookupError):
    """No such message, or none of this client."""

    kind = Kind.UNKNOWN
    code = "unknown_message"
    remedy = "Look at the list of messages again."


def overrule(message_id: UUID, *, reason: str, now: datetime, real: datetime) -> None:
    """Send a waiting message now, by a person's decision. Raises NotOverruled, UnknownMessage."""
    if store.run(THERE, id=message_id).first() is None:
        raise UnknownMessage("There is no such message.")
    if not policies.current().overrides:
        raise NotOverruled("The contact policy of this client does not let people overrule it.")
    if not reason.strip():
        raise NotOverruled("An overruling has a reason.", pointer="/reason", remedy="Say why in one sentence.")
    by = scope.current().actor
    if store.run(OVERRULE, id=message_id, by=by, reason=reason, early=list(TOO_EARLY)).one_or_none() is None:
        raise NotOverruled("This message is not waiting for its time.")
    holding.hasten([message_id], real=real)
    history.note("message.overruled", about=("message", message_id), at=now, reason=reason)
