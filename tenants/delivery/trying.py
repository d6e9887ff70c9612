"""Decides on whom words are tried before they speak: three customers of the group who owe, in that language if there
are any, with their real invoices. Nothing that is made here can be sent.

Trying names nobody of the customer: who may word a message need not see its people.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.delivery import facts, wordings, words
from tenants.delivery.facts import Outgoing, Reader
from tenants.delivery.wordings import Place
from tenants.directory import clients
from tenants.isolation import scope
from tenants.values import ids

MOST = 3
INVOICES_EACH = 5
# The debtors who owe the oldest invoices; a language of theirs counts before any other.
READERS = """
SELECT d.id, d.number, d.name, d.country FROM debtor d
WHERE d.tenant_id = :tenant
  AND EXISTS (SELECT FROM invoice i WHERE i.tenant_id = :tenant AND i.debtor_id = d.id AND i.open_minor > 0
              AND i.voided_on IS NULL)
  AND (:group_key = '' OR EXISTS (SELECT FROM debtor_group g WHERE g.tenant_id = :tenant AND g.debtor_id = d.id
       AND g.key = :group_key))
ORDER BY d.language <> :language, d.number LIMIT :most
"""
OWED = """
SELECT i.id FROM invoice i WHERE i.tenant_id = :tenant AND i.debtor_id = :debtor_id AND i.open_minor > 0
  AND i.voided_on IS NULL ORDER BY i.due_on, i.id LIMIT :most
"""


def examples(place: Place, *, now: datetime, today: date) -> list[Outgoing]:
    """Up to three mails to try words on; empty where nobody owes anything."""
    rows = store.run(READERS, group_key=place.group_key, language=place.language, most=MOST).all()
    how: dict[str, Any] = {"template": place.template, "now": now, "today": today}
    return [
        mail(reader(row.id, row.number, row.name, row.country, place.language), about=_owed(row.id), **how)
        for row in rows
    ]


def reader(debtor_id: UUID, number: str, name: str, country: str, language: str) -> Reader:
    """A company as it is written to when nobody of it is named."""
    return Reader(debtor_id, number, name, country, None, "", language)


def mail(
    to: Reader, *, template: str, about: Sequence[UUID], now: datetime, today: date, signed_by: str = ""
) -> Outgoing:
    """One mail about these invoices of the reader's, in the client's own words where it has any; it has no address."""
    return Outgoing(
        tenant_id=scope.current().one,
        message_id=ids.new(),
        attempt_id=ids.new(),
        attempt_no=1,
        kind="reminder",
        template=template,
        recipient="",
        creditor=facts.signed(clients.profile(), name=signed_by),
        reader=to,
        items=facts.items(list(about), debtor_id=to.debtor_id),
        today=today,
        now=now,
        link_id=ids.new(),
        link_expires_at=now,
        pixel=False,
        wording=wordings.spoken(template, language=words.language(to.language), debtor_id=to.debtor_id),
    )


def _owed(debtor_id: UUID) -> Sequence[UUID]:
    owed: Sequence[UUID] = store.run(OWED, debtor_id=debtor_id, most=INVOICES_EACH).scalars().all()
    return owed
