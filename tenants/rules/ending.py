"""Decides what is told before a client is closed: how much stops, counted from what is there, and never what it is.

The provider decides without standing access, so it hears numbers: how many invoices stay unpaid, how many rules, tasks
and messages stop where they are, how many links, machines and people lose their way in.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from tenants import store

COUNTS = """
SELECT
  (SELECT count(*) FROM invoice WHERE tenant_id = :tenant AND open_minor > 0) AS open_invoices,
  (SELECT count(DISTINCT debtor_id) FROM invoice WHERE tenant_id = :tenant AND open_minor > 0) AS owing_customers,
  (SELECT count(*) FROM rule WHERE tenant_id = :tenant AND state IN ('live', 'shadow')) AS running_rules,
  (SELECT count(*) FROM message WHERE tenant_id = :tenant AND state IN ('queued', 'held')) AS waiting_messages,
  (SELECT count(*) FROM task WHERE tenant_id = :tenant AND state = 'open') AS open_tasks,
  (SELECT count(*) FROM hold WHERE tenant_id = :tenant AND ended_at IS NULL) AS running_agreements,
  (SELECT count(*) FROM work_item WHERE tenant_id = :tenant AND state IN ('ready', 'leased')) AS waiting_work,
  (SELECT count(*) FROM portal_link WHERE tenant_id = :tenant AND revoked_at IS NULL AND expires_at > :now)
    AS portal_links,
  (SELECT count(*) FROM api_client WHERE tenant_id = :tenant AND revoked_at IS NULL) AS api_clients,
  (SELECT count(DISTINCT person_id) FROM membership WHERE tenant_id = :tenant AND role NOT LIKE 'specialist%'
    AND role <> 'visitor' AND (ends_at IS NULL OR ends_at > :now)) AS people,
  (SELECT count(DISTINCT person_id) FROM membership WHERE tenant_id = :tenant AND role LIKE 'specialist%'
    AND (ends_at IS NULL OR ends_at > :now)) AS staff
"""


@dataclass(frozen=True, slots=True)
class Consequences:
    """What is there and stops."""

    open_invoices: int
    owing_customers: int
    running_rules: int
    waiting_messages: int
    open_tasks: int
    running_agreements: int
    """Promises, disputes, pauses and plans."""
    waiting_work: int
    portal_links: int
    api_clients: int
    people: int
    """Of the client, who can read and export from then on and nothing else."""
    staff: int
    """Of the provider, the same."""

    @property
    def counts(self) -> dict[str, int]:
        """By name."""
        return asdict(self)


def consequences(*, now: datetime) -> Consequences:
    """What closing the current client would stop."""
    return Consequences(**store.run(COUNTS, now=now).mappings().one())
