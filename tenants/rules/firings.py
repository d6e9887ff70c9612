"""Decides what the actions of a rule know of each subject that it acts on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants import store

FIRED = {
    "invoice": """
SELECT f.subject_id, f.episode, {told} AS explanation, d.id AS debtor_id, i.id AS invoice_id,
  COALESCE(t.person_id, d.owner_id) AS owner_id
FROM rule_firing f
JOIN invoice i ON i.tenant_id = :tenant AND i.id = f.subject_id
JOIN debtor d ON d.tenant_id = :tenant AND d.id = i.debtor_id
LEFT JOIN subject_taker t ON t.tenant_id = :tenant AND t.subject_id = i.id
WHERE f.tenant_id = :tenant AND {which} ORDER BY i.due_on, i.id
""",
    "customer": """
SELECT f.subject_id, f.episode, {told} AS explanation, d.id AS debtor_id, CAST(NULL AS uuid) AS invoice_id,
  COALESCE(t.person_id, d.owner_id) AS owner_id
FROM rule_firing f
JOIN debtor d ON d.tenant_id = :tenant AND d.id = f.subject_id
LEFT JOIN subject_taker t ON t.tenant_id = :tenant AND t.subject_id = d.id
WHERE f.tenant_id = :tenant AND {which} ORDER BY d.id
""",
    "segment": """
SELECT f.subject_id, f.episode, {told} AS explanation, CAST(NULL AS uuid) AS debtor_id,
  CAST(NULL AS uuid) AS invoice_id, CAST(NULL AS uuid) AS owner_id
FROM rule_firing f WHERE f.tenant_id = :tenant AND {which} ORDER BY f.subject_id
""",
}
TOLD, UNTOLD = "f.explanation", "NULL"
OF_RUN = "f.run_id = :run"
OF_ONE = "f.rule_id = :rule AND f.subject_id = :subject AND f.episode = :episode"


@dataclass(frozen=True, slots=True)
class Firing:
    """One subject that a rule acts on, with what its actions need to know."""

    subject_id: UUID
    episode: int
    explanation: dict[str, Any]
    """Each condition with the value it saw; nothing where no action tells it."""
    debtor_id: UUID | None
    invoice_id: UUID | None
    owner_id: UUID | None


def of_run(run_id: UUID, *, about: str, told: bool = True) -> list[Firing]:
    """What a run acts on; without `told` no explanations, which cost more to read than all the rest."""
    sql = FIRED[about].format(which=OF_RUN, told=TOLD if told else UNTOLD)
    rows = store.run(sql, run=run_id).all()
    if told:
        return [Firing(*row) for row in rows]
    return [Firing(subject, episode, {}, *more) for subject, episode, _, *more in rows]


def bare(subject_ids: Sequence[UUID], *, about: str) -> list[Firing]:
    """What a run acts on, where nothing but the ids matters."""
    invoices, customers = about == "invoice", about == "customer"
    return [Firing(each, 0, {}, each if customers else None, each if invoices else None, None) for each in subject_ids]


def one(rule_id: UUID, *, about: str, subject_id: UUID, episode: int) -> Firing | None:
    """A firing by its key."""
    sql = FIRED[about].format(which=OF_ONE, told=TOLD)
    row = store.run(sql, rule=rule_id, subject=subject_id, episode=episode).one_or_none()
    return Firing(*row) if row else None


def debtors(firings: Sequence[Firing]) -> list[UUID]:
    """The customers of some firings, each once, in their order."""
    return list(dict.fromkeys(firing.debtor_id for firing in firings if firing.debtor_id))
