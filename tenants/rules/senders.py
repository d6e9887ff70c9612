"""Decides in whose name a message of a rule speaks: the customer's specialist, the team lead, or the client's finance
lead.

A step of a ladder may be sent in the name of somebody above the one before. Whoever holds the role when the message is
queued signs it, and the name stays with the message; where nobody holds it, whom the client's letterhead names signs.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.rules import people

SPECIALIST, TEAM_LEAD, FINANCE_LEAD = SENDERS = ("specialist", "team lead", "client finance lead")
"""From the nearest to the customer to the highest."""
OWNERS = """
SELECT d.id, m.person_name FROM debtor d
LEFT JOIN subject_taker t ON t.tenant_id = :tenant AND t.subject_id = d.id
JOIN (SELECT DISTINCT ON (person_id) person_id, person_name FROM membership
      WHERE tenant_id = :tenant AND starts_at <= :now AND (ends_at IS NULL OR ends_at > :now)
      ORDER BY person_id, starts_at DESC) m ON m.person_id = COALESCE(t.person_id, d.owner_id)
WHERE d.tenant_id = :tenant AND d.id = ANY(CAST(:debtors AS uuid[]))
"""


def names(sender: str, *, debtor_ids: Sequence[UUID], now: datetime) -> Mapping[UUID, str]:
    """Who signs to each of these customers; those to whom the letterhead's person signs are left out."""
    if sender == SPECIALIST:
        return {row[0]: row[1] for row in store.run(OWNERS, debtors=list(debtor_ids), now=now)}
    found = people.of_role(sender, now=now)
    return dict.fromkeys(debtor_ids, found[0].name) if found else {}


def missing(sender: str, *, now: datetime) -> bool:
    """Whether nobody here holds the role, so that the letterhead's person would sign instead."""
    return sender != SPECIALIST and not people.of_role(sender, now=now)
