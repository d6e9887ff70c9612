"""Decides who takes an invoice or a customer over when a rule hands it on: the one in the pool with the least open work
who is not away, or the first of the people who hold the role."""

import heapq
import json
from collections.abc import Sequence
from uuid import UUID

from tenants import store
from tenants.rules import people, trouble
from tenants.rules.bounds import Moment
from tenants.rules.firings import Firing
from tenants.rules.people import Person

LOAD = """
SELECT t.assignee_id, count(*) FROM task t
WHERE t.tenant_id = :tenant AND t.assignee_id = ANY(:people) AND t.state IN ('open', 'snoozed') GROUP BY t.assignee_id
"""
TAKE = """
INSERT INTO subject_taker (tenant_id, subject_id, person_id, person_name, role, actor, since_at)
SELECT :tenant, r.subject_id, r.person_id, r.name, :role, :actor, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(subject_id uuid, person_id uuid, name text)
ON CONFLICT (tenant_id, subject_id) DO UPDATE SET person_id = excluded.person_id, person_name = excluded.person_name,
  role = excluded.role, actor = excluded.actor, since_at = excluded.since_at
"""
GIVE = """
UPDATE task t SET assignee_id = r.person_id
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(subject_id uuid, person_id uuid)
WHERE t.tenant_id = :tenant AND t.state IN ('open', 'snoozed')
  AND (t.invoice_id = r.subject_id OR (t.invoice_id IS NULL AND t.debtor_id = r.subject_id))
"""
BACK = "DELETE FROM subject_taker WHERE tenant_id = :tenant AND subject_id = ANY(:ids)"
TAKERS = "SELECT subject_id, person_id FROM subject_taker WHERE tenant_id = :tenant AND subject_id = ANY(:ids)"


def assign(role: str, firings: Sequence[Firing], *, rule_key: str, at: Moment) -> None:
    """Hand each subject and its open work over; back to the customer's own specialist for that role."""
    if role == "specialist":
        store.run(BACK, ids=[firing.subject_id for firing in firings])
        return
    if role in people.POOLS:
        able = people.of_pool(role, now=at.now, today=at.today)
    else:
        able = people.of_role(role, now=at.now)[:1]
    if not able:
        trouble.warn(rule_key, "found nobody to hand over to", f"Nobody is {role} at this client.", now=at.now)
        return
    rows = [
        {"subject_id": firing.subject_id, "person_id": person.id, "name": person.name}
        for firing, person in zip(firings, _in_turn(able, len(firings)), strict=True)
    ]
    told = json.dumps(rows, default=str)
    store.run(TAKE, rows=told, role=role, actor=f"rule:{rule_key}", now=at.now)
    store.run(GIVE, rows=told)


def takers(subject_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Who has taken over which of these subjects."""
    return {row.subject_id: row.person_id for row in store.run(TAKERS, ids=list(subject_ids))}


def _in_turn(able: Sequence[Person], count: int) -> list[Person]:
    """The least loaded first; whoever gets something is more loaded by it."""
    load: dict[UUID, int] = {row[0]: row[1] for row in store.run(LOAD, people=[person.id for person in able])}
    heap = [(load.get(person.id, 0), place) for place, person in enumerate(able)]
    heapq.heapify(heap)
    chosen = []
    for _ in range(count):
        work, place = heapq.heappop(heap)
        chosen.append(able[place])
        heapq.heappush(heap, (work + 1, place))
    return chosen
