"""Decides whether mailbox providers know a sending domain yet: they trust one that has sent for some weeks, a little
more each week, and turn away much mail at once from one that they never saw.

It is told, and holds nothing back: how fast mail leaves is decided elsewhere, and a client's first invoices have to go.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tenants import store

LOOK_BACK = timedelta(days=60)
WARM_DAYS = 12
"""Days with mail on which a domain becomes known."""
SLOW_START = 50
"""So much on one day surprises nobody."""
DAYS = """
SELECT a.sender, CAST(m.sent_at AT TIME ZONE CAST(:zone AS text) AS date) AS day_on, count(*) AS mails
FROM message m JOIN LATERAL (
  SELECT t.sender FROM delivery_attempt t WHERE t.tenant_id = :tenant AND t.message_id = m.id
  ORDER BY t.attempt_no DESC LIMIT 1) a ON true
WHERE m.tenant_id = :tenant AND m.channel = 'email' AND m.queued_at >= :since AND m.sent_at IS NOT NULL
GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Warmth:
    """How a domain has sent in the last sixty days."""

    first_on: date
    days: int
    """On how many days it sent."""
    most: int
    newest_on: date
    newest: int
    jumped: bool
    """Whether the newest day had more than twice the mail of any day before."""

    @property
    def is_warm(self) -> bool:
        """Whether it has sent on enough days to be known."""
        return self.days >= WARM_DAYS


def of_senders(*, now: datetime, zone: str) -> dict[str, Warmth]:
    """Each domain from which mail left lately; the provider's own has no name here."""
    sent: dict[str, list[tuple[date, int]]] = defaultdict(list)
    for sender, day_on, mails in store.run(DAYS, since=now - LOOK_BACK, zone=zone):
        sent[sender].append((day_on, mails))
    return {sender: _warmth(days) for sender, days in sent.items()}


def _warmth(days: list[tuple[date, int]]) -> Warmth:
    (first_on, _), (newest_on, newest) = days[0], days[-1]
    before = max((mails for _, mails in days[:-1]), default=0)
    jumped = newest > max(2 * before, SLOW_START)
    return Warmth(first_on, len(days), max(before, newest), newest_on, newest, jumped)
