"""Decides who has the first word when several rules want one customer on one day: to pause goes before to ask, to ask
before a person's task, a task before a message; among messages the highest stage, then the priority.

Rules of one time run in this order, one after the other, and each leaves a claim on its customers. A rule that comes
later and weighs less finds the claim, leaves that customer alone for the day, and says so; what it did not do it does
on another day, because nothing was written into its ledger.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from tenants import store
from tenants.collections import refusals
from tenants.collections.refusals import Refused
from tenants.rules.bounds import Moment
from tenants.rules.compiler import Question
from tenants.rules.ranking import NOTHING, limit, rank
from tenants.rules.tree import Rule
from tenants.values import ids

KEPT = timedelta(days=30)
MOST_TOLD = 200
# One run of a client's rules at a time: two that want one customer must see each other's claims.
TAKE_TURNS = "SELECT tenant_id FROM client_profile WHERE tenant_id = :tenant FOR NO KEY UPDATE"
CLAIM = """
INSERT INTO rule_claim (tenant_id, debtor_id, claimed_on, rule_id, rank)
SELECT DISTINCT CAST(:tenant AS uuid), {debtor}, CAST(:today AS date), CAST(:rule AS uuid), CAST(:rank AS integer)
{subjects} ON CONFLICT DO NOTHING
"""
CLAIMS = {
    "invoice": CLAIM.format(
        debtor="i.debtor_id",
        subjects="FROM invoice i WHERE i.tenant_id = :tenant AND i.id = ANY(CAST(:ids AS uuid[]))",
    ),
    "customer": CLAIM.format(debtor="s.id", subjects="FROM unnest(CAST(:ids AS uuid[])) AS s(id)"),
}
FORGET = "DELETE FROM rule_claim WHERE tenant_id = :tenant AND claimed_on < :before"
LOSERS = """
SELECT DISTINCT ON (c.debtor_id) c.debtor_id, r.key FROM rule_claim c
JOIN rule r ON r.tenant_id = :tenant AND r.id = c.rule_id
WHERE c.tenant_id = :tenant AND c.claimed_on = :today AND c.rule_id <> :rule AND c.rank <= :rank_limit
  AND c.debtor_id IN ({losing}) ORDER BY c.debtor_id, c.rank LIMIT :most
"""


def take_turns() -> None:
    """Wait until no other rule of this client is running."""
    store.run(TAKE_TURNS)


def claim(rule: Rule, rule_id: UUID, *, subject_ids: Sequence[UUID], at: Moment) -> None:
    """Leave a run's claims on the customers whom it acts on, each once."""
    if rank(rule) < NOTHING:
        named = ids.listed(subject_ids)
        store.run(CLAIMS[rule.about], ids=named, rule=rule_id, rank=rank(rule), today=at.today)


def tell_losers(asked: Question, rule_id: UUID, *, losing: str, occurrence: str) -> Sequence[UUID]:
    """Keep for each customer who was left alone which rule went first."""
    rule, at = asked.rule, asked.moment
    sql = LOSERS.format(losing=losing)
    found = store.run(sql, **{**asked.values, "rule": rule_id, "rank_limit": limit(rule), "most": MOST_TOLD}).all()
    kept = [
        Refused(
            f"rule:{rule.key}:{row.debtor_id}:{occurrence}",
            row.debtor_id,
            None,
            rule.key,
            "outranked",
            f"Another rule comes first for this customer today: {row.key}.",
        )
        for row in found
    ]
    refusals.keep(kept, now=at.now)
    return [row.debtor_id for row in found]


def forget(today: date) -> None:
    """Claims are of one day; old ones go."""
    store.run(FORGET, before=today - KEPT)
