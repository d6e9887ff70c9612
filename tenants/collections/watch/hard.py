"""Decides what cannot wait for a cohort: too many mails come back, or readers call them unwanted.

The bars are those at which a mail service puts an account under review: 5 % returned, 0.1 % complaints. Counted over
the last seven days of the client, by what was sent then.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tenants import store
from tenants.collections import alerts
from tenants.collections.alerts import NewAlert

CAUSE = "sending:reputation"
WINDOW = timedelta(days=7)
LEAST_SENT = 50
"""Below that a single dead address would be a rate."""
BOUNCES, COMPLAINTS = 0.05, 0.001

COUNTS = """
SELECT count(*), count(m.bounced_at),
  (SELECT count(*) FROM suppression s
   WHERE s.tenant_id = :tenant AND s.reason = 'complaint' AND s.since_at > :since AND s.since_at <= :now)
FROM message m WHERE m.tenant_id = :tenant AND m.sent_at > :since AND m.sent_at <= :now
"""
OPEN = "SELECT id, dedupe_key FROM alert WHERE tenant_id = :tenant AND cause = :cause AND state <> 'resolved'"


@dataclass(frozen=True, slots=True)
class Reputation:
    """What a mail service sees of a client's last seven days."""

    sent: int
    bounced: int
    complaints: int

    @property
    def bad(self) -> dict[str, tuple[str, str]]:
        """The bars that are passed: key, title and reason of the alert."""
        found: dict[str, tuple[str, str]] = {}
        if self.sent < LEAST_SENT:
            return found
        if self.bounced > BOUNCES * self.sent:
            found["bounces"] = (
                "Too many mails come back",
                f"{self.bounced} of {self.sent} messages of the last seven days came back "
                f"({self.bounced / self.sent:.1%}); mail services review senders above 5 %. Correct the addresses.",
            )
        if self.complaints > COMPLAINTS * self.sent:
            found["complaints"] = (
                "Readers call our mail unwanted",
                f"{self.complaints} complaints about {self.sent} messages of the last seven days "
                f"({self.complaints / self.sent:.2%}); mail services review senders above 0.1 %. "
                "Check who is written to.",
            )
        return found


def reputation(*, now: datetime) -> Reputation:
    """Count the last seven days."""
    return Reputation(*store.run(COUNTS, since=now - WINDOW, now=now).one())


def check(*, now: datetime) -> list[str]:
    """Warn of what passes a bar, and end the warnings whose bar is no longer passed. Returns what is bad."""
    bad = reputation(now=now).bad
    drafts = [
        NewAlert(f"reputation:{key}", title, reason, cause=CAUSE, severity="high", ends_when="done")
        for key, (title, reason) in bad.items()
    ]
    alerts.raise_many(drafts, now=now)
    over = [row.id for row in store.run(OPEN, cause=CAUSE) if row.dedupe_key.removeprefix("reputation:") not in bad]
    if over:
        alerts.resolve(over, now=now, resolution="the last seven days are below the bar again")
    return sorted(bad)
