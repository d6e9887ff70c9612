"""Decides what somebody is told whose session opens nothing any more: that nobody clicked for so long, or that its
longest time is over. Whoever signed out, or was signed out, knows why.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tenants import store
from tenants.directory.sessions import hash_of

IDLE, OVER = "idle", "over"


@dataclass(frozen=True, slots=True)
class Out:
    """Why a session that was open opens nothing any more: nobody clicked for so long, or its longest time is over."""

    reason: str
    after: timedelta


LEFT = """
SELECT s.created_at, s.expires_at, s.seen_at, s.idle_s FROM identity.browser_session s
JOIN identity.person p ON p.id = s.person_id
WHERE s.id_hash = :id_hash AND s.ended_at IS NULL AND p.disabled_at IS NULL
"""


def why_out(token: str, *, now: datetime) -> Out | None:
    """Why this browser's session opens nothing any more; None for one that is open, was ended, or never was."""
    row = store.run_identity(LEFT, id_hash=hash_of(token), now=now).one_or_none()
    if row is None:
        return None
    if row.expires_at <= now:
        return Out(OVER, row.expires_at - row.created_at)
    idle = timedelta(seconds=row.idle_s)
    return Out(IDLE, idle) if row.seen_at + idle <= now else None
