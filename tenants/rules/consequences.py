"""Decides what is shown of a rule's consequences before it acts: its first messages as three customers would read them,
whose work it makes, and whom it would reach by nothing.

It asks the question of a run, so what is shown is what would happen; nothing that is made here can be sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.delivery import rendering, trying
from tenants.rules import acting, bounds, compiler, senders, statements
from tenants.rules.bounds import Moment
from tenants.rules.compiler import Question
from tenants.rules.dryrun import NO_RULE
from tenants.rules.tree import Action, Rule

MOST_MESSAGES, MOST_ITEMS, MOST_NAMED = 3, 20, 20
READERS = """
SELECT f.debtor, d.number, d.name, d.country, d.language, (array_agg(f.id ORDER BY f.id))[1:{most}] AS subjects
FROM ({reached}) AS f (id, debtor) JOIN debtor d ON d.tenant_id = :tenant AND d.id = f.debtor
GROUP BY f.debtor, d.number, d.name, d.country, d.language ORDER BY count(*) DESC, d.number LIMIT :most
"""
LOAD = """
SELECT COALESCE(m.person_name, '') AS name, count(*) AS subjects, count(DISTINCT f.debtor) AS customers
FROM ({reached}) AS f (id, debtor) JOIN debtor d ON d.tenant_id = :tenant AND d.id = f.debtor
LEFT JOIN subject_taker t ON t.tenant_id = :tenant AND t.subject_id = f.id
LEFT JOIN (SELECT DISTINCT ON (person_id) person_id, person_name FROM membership
           WHERE tenant_id = :tenant AND starts_at <= :now AND (ends_at IS NULL OR ends_at > :now)
           ORDER BY person_id, starts_at DESC) m ON m.person_id = COALESCE(t.person_id, d.owner_id)
GROUP BY m.person_name ORDER BY subjects DESC, name LIMIT :most
"""
UNREACHED = """
SELECT DISTINCT d.id, d.number, d.name FROM ({unreached}) AS f (id, debtor)
JOIN debtor d ON d.tenant_id = :tenant AND d.id = f.debtor ORDER BY d.number LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class Preview:
    """One message as its reader would see it; no address and no person of the customer is named."""

    debtor_id: UUID
    customer: str
    signed_by: str
    """Empty: whom the letterhead names."""
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Load:
    """Of one person's customers: how many subjects, and of how many customers. No name: nobody's."""

    name: str
    subjects: int
    customers: int


@dataclass(frozen=True, slots=True)
class Named:
    """A customer by number and name."""

    id: UUID
    number: str
    name: str


@dataclass(frozen=True, slots=True)
class Consequences:
    """What follows if the rule acts now."""

    messages: tuple[Preview, ...] = ()
    work: tuple[Load, ...] = ()
    unreached: tuple[Named, ...] = ()
    """The first of those who match and have no address."""
    unsigned: str = ""
    """The role that was to sign and that nobody holds."""


def of(rule: Rule, *, now: datetime, rule_id: UUID = NO_RULE) -> Consequences:
    """What would follow, read now; nothing for a rule about segments. Raises BadTemplate."""
    if rule.about == "segment":
        return Consequences()
    at = bounds.here(now)
    asked = compiler.compile(rule, at=at)
    values = {**asked.values, "rule": rule_id, "now": now}
    send = next((action for action in rule.every_action() if action.do == "send"), None)
    reached = statements.reaching(asked)
    load = store.run(LOAD.format(reached=reached), **values, most=MOST_NAMED)
    return Consequences(
        messages=tuple(_previews(asked, send, values, at)) if send else (),
        work=tuple(Load(*row) for row in load),
        unreached=_unreached(asked, values) if rule.writes_to_debtors else (),
        unsigned=send.sender if send and senders.missing(send.sender, now=now) else "",
    )


def _unreached(asked: Question, values: dict[str, Any]) -> tuple[Named, ...]:
    sql = UNREACHED.format(unreached=statements.unreached(asked))
    return tuple(Named(*row) for row in store.run(sql, **values, most=MOST_NAMED))


def _previews(asked: Question, send: Action, values: dict[str, Any], at: Moment) -> Sequence[Preview]:
    sql = READERS.format(reached=statements.reaching(asked), most=MOST_ITEMS)
    rows = store.run(sql, **values, most=MOST_MESSAGES).all()
    signers = senders.names(send.sender, debtor_ids=[row.debtor for row in rows], now=at.now)
    found = []
    for row in rows:
        signed_by = signers.get(row.debtor, "")
        reader = trying.reader(row.debtor, row.number, row.name, row.country, row.language)
        about = _about(asked.rule, send, row.debtor, row.subjects, at)
        mail = trying.mail(reader, template=send.template, about=about, signed_by=signed_by, now=at.now, today=at.today)
        said = rendering.render(mail, link="#")
        found.append(Preview(row.debtor, row.name, signed_by, said.subject, said.text))
    return found


def _about(rule: Rule, send: Action, debtor: UUID, subjects: Sequence[UUID], at: Moment) -> Sequence[UUID]:
    """The invoices that the message lists: what matches, or for a customer whatever is overdue there."""
    if rule.about == "invoice":
        return subjects
    if send.template in acting.THANKS:
        return []
    found: Sequence[UUID] = store.run(acting.OVERDUE, debtors=[debtor], today=at.today).scalars().all()
    return found[:MOST_ITEMS]
