"""Decides what cannot wait for a cohort: too many mails come back, readers call them unwanted, or a provider that
always told of its mails has fallen silent, or said nothing of some for three days.

The bars are those at which a mail service puts an account under review: 5 % returned, 0.1 % complaints. Counted over
the last seven days of the client, by what was sent then. Silence is half an hour of mails handed over without a word
about any of them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tenants import store
from tenants.collections import alerts
from tenants.collections.alerts import NewAlert
from tenants.delivery import unheard

CAUSE = "sending:reputation"
WINDOW = timedelta(days=7)
LEAST_SENT = 50
"""Below that a single dead address would be a rate."""
BOUNCES, COMPLAINTS = 0.05, 0.001

SILENCE, UNHEARD = "silence", "unconfirmed"
TELLING = ("ses", "sms")
"""Providers that tell of each message; a mail server tells only of what comes back."""
QUIET = timedelta(minutes=30)
LEAST_QUIET = 10
"""Below that nobody can tell silence from chance."""

WORDS = ["delivered", "bounced", "delayed", "failed", "complained"]
HANDED_OVER = """
SELECT count(*), count(*) FILTER (WHERE EXISTS (
  SELECT FROM inbox_event k WHERE k.tenant_id = :tenant AND k.message_id = m.id AND k.kind = ANY(:words)))
FROM message m WHERE m.tenant_id = :tenant AND m.queued_at > :long_ago AND m.sent_at > :since AND m.sent_at <= :until
  AND EXISTS (SELECT FROM delivery_attempt a
    WHERE a.tenant_id = :tenant AND a.message_id = m.id AND a.state = 'accepted' AND a.provider = ANY(:telling))
"""
COUNTS = """
SELECT count(*), count(m.bounced_at),
  (SELECT count(*) FROM suppression s
   WHERE s.tenant_id = :tenant AND s.reason = 'complaint' AND s.since_at > :since AND s.since_at <= :now)
FROM message m WHERE m.tenant_id = :tenant AND m.channel = 'email' AND m.sent_at > :since AND m.sent_at <= :now
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


def silence(*, now: datetime) -> dict[str, tuple[str, str]]:
    """Whether a provider that tells of each message was given some and said nothing about any."""
    since, until = now - 4 * QUIET, now - QUIET
    given, heard = store.run(
        HANDED_OVER, long_ago=now - WINDOW, since=since, until=until, telling=list(TELLING), words=WORDS
    ).one()
    if given < LEAST_QUIET or heard:
        return {}
    reason = (
        f"{given} messages were handed over between half an hour and two hours ago, and the provider has not said what "
        "became of any. Check that its events still reach us (topic, queue, address of the hook); until then nobody "
        "knows what arrived."
    )
    return {SILENCE: ("The mail provider has fallen silent", reason)}


def unheard_of(*, now: datetime) -> dict[str, tuple[str, str]]:
    """Whether providers that tell of each message left some without a word for three days."""
    messages, customers = unheard.of_providers(TELLING, now=now)
    if not messages:
        return {}
    one = messages == 1
    reason = (
        f"{messages} {'message' if one else 'messages'} to {customers} {'customer' if customers == 1 else 'customers'} "
        f"left more than three days ago, and the provider has not said what became of {'it' if one else 'them'}. "
        f"{'It' if one else 'They'} may have arrived. Ask the customers, or send what matters by another way; the list "
        "of messages shows them."
    )
    return {UNHEARD: ("Nobody says what became of some mails", reason)}


def bad_now(*, now: datetime) -> dict[str, tuple[str, str]]:
    """Everything that passes a bar: key, title and reason."""
    return reputation(now=now).bad | silence(now=now) | unheard_of(now=now)


def check(*, now: datetime) -> list[str]:
    """Warn of what passes a bar, and end the warnings whose bar is no longer passed. Returns what is bad."""
    bad = bad_now(now=now)
    drafts = [
        NewAlert(f"reputation:{key}", title, reason, cause=CAUSE, severity="high", ends_when="done")
        for key, (title, reason) in bad.items()
    ]
    alerts.raise_many(drafts, now=now)
    over = [row.id for row in store.run(OPEN, cause=CAUSE) if row.dedupe_key.removeprefix("reputation:") not in bad]
    if over:
        alerts.resolve(over, now=now, resolution="the bar is not passed any more")
    return sorted(bad)
