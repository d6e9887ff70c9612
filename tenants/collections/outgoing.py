"""Decides what the conduct gate knows of a message that is about to leave: read anew, at that moment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from tenants import store
from tenants.collections import hours, policies
from tenants.collections.policies import CountryRule, Policy
from tenants.delivery import carrying_on
from tenants.values import calendars

MESSAGE = """
SELECT m.id, m.kind, m.channel, m.template, m.step_key, m.rule_key, m.debtor_id, m.recipient, m.queued_at, d.time_zone,
  d.country,
  d.consumer, m.overridden_by,
  t.time_zone AS client_zone, t.country AS client_country, p.sending, p.auto_messages_per_week,
  p.business_days_between_messages, p.quiet_until, p.quiet_from, p.bank_feed_at, p.bank_feed_hours,
  p.test_since_at, w.ways, COALESCE(w.wait_days, 0) AS wait_days, k.email, COALESCE(w.phone, '') AS phone,
  COALESCE(NULLIF(w.postal, ''), d.address) AS postal, k.reminders_stopped_at IS NOT NULL AS stopped,
  ARRAY(SELECT s.address FROM suppression s WHERE s.tenant_id = :tenant
          AND s.address IN (lower(trim(m.recipient)), lower(trim(k.email)), w.phone) AND s.lifted_at IS NULL) AS dead
FROM message m
JOIN debtor d ON d.tenant_id = :tenant AND d.id = m.debtor_id
JOIN contact k ON k.tenant_id = :tenant AND k.id = m.contact_id
LEFT JOIN debtor_channels w ON w.tenant_id = :tenant AND w.debtor_id = m.debtor_id
JOIN client_profile p ON p.tenant_id = m.tenant_id
JOIN tenant t ON t.id = m.tenant_id
WHERE m.tenant_id = :tenant AND m.id = :id
"""
REPLACED = """
SELECT max(sent_at) FROM message
WHERE tenant_id = :tenant AND debtor_id = :debtor AND starts_with(:step, step_key || :then)
"""
LOCK = """
SELECT d.id FROM debtor d WHERE d.tenant_id = :tenant
  AND d.id = (SELECT m.debtor_id FROM message m WHERE m.tenant_id = :tenant AND m.id = :id) FOR NO KEY UPDATE
"""
INVOICES = """
SELECT i.id, i.number, i.open_minor, i.voided_on, i.due_on, i.original_due_on, i.delivery,
  i.evidence_level, i.reminder_count, i.last_contact_at,
  i.last_reply_at
FROM message_item n JOIN invoice i ON i.tenant_id = :tenant AND i.id = n.invoice_id
WHERE n.tenant_id = :tenant AND n.message_id = :id ORDER BY i.due_on, i.id
"""


@dataclass(frozen=True, slots=True)
class Message:
    """What the gate knows of a message and of the client and customer between whom it stands."""

    id: UUID
    kind: str
    channel: str
    template: str
    step_key: str
    rule_key: str
    debtor_id: UUID
    recipient: str
    queued_at: datetime
    time_zone: str | None
    country: str
    consumer: bool
    overridden_by: str
    client_zone: str
    client_country: str
    sending: str
    auto_messages_per_week: int
    business_days_between_messages: int
    quiet_until: time
    quiet_from: time
    bank_feed_at: datetime | None
    bank_feed_hours: int
    test_since_at: datetime | None
    ways: Sequence[str] | None
    """The ways that were chosen for this customer, in their order; None where nobody chose."""
    wait_days: int
    email: str
    phone: str
    postal: str
    stopped: bool
    """Whether its reader wants no reminders by mail."""
    dead: Sequence[str]
    """Which of its addresses take nothing, or want nothing."""
    policy: Policy = policies.PLAIN
    came_back_at: datetime | None = None
    """When the message left of which this is the next way: it reached nobody, so it was no contact."""

    @property
    def goes_on(self) -> bool:
        """Whether it is the next way of a reminder that came back: it never goes back to an earlier one."""
        return carrying_on.THEN in self.step_key

    @property
    def suppressed(self) -> bool:
        """Whether nothing may go to the one whom the message names."""
        return self.recipient.strip().lower() in self.dead

    def client_day(self, now: datetime) -> date:
        """The day on the client's calendar, by which holds begin and end."""
        return calendars.local_day(now, zone=calendars.zone(self.client_zone))

    @property
    def country_rule(self) -> CountryRule | None:
        """What the client's policy says of the customer's country."""
        return (self.policy.countries or {}).get(self.country or self.client_country)

    @property
    def most_per_week(self) -> int:
        """The contact budget of a week: the country's own, where it is smaller."""
        own = self.country_rule
        return min(self.auto_messages_per_week, own.per_week) if own else self.auto_messages_per_week

    @property
    def hours(self) -> hours.Hours:
        """When this customer may be written to: a country's own hours only ever narrow the client's."""
        own = self.country_rule
        return hours.of(
            zone=self.time_zone,
            client_zone=self.client_zone,
            country=self.country,
            client_country=self.client_country,
            opens=max(self.quiet_until, own.opens) if own else self.quiet_until,
            closes=min(self.quiet_from, own.closes) if own else self.quiet_from,
            blackouts=self.policy.blackouts,
        )


def read(message_id: UUID) -> tuple[Message, Sequence[Any]] | None:
    """The message with its invoices, its customer's row locked first; None when it is not there."""
    store.run(LOCK, id=message_id)
    row = store.run(MESSAGE, id=message_id).one_or_none()
    if row is None:
        return None
    message = replace(Message(*row), policy=policies.current())
    if message.goes_on:
        asked = {"debtor": message.debtor_id, "step": message.step_key, "then": carrying_on.THEN}
        message = replace(message, came_back_at=store.run(REPLACED, **asked).scalar_one())
    return message, store.run(INVOICES, id=message_id).all()
