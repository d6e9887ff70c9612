"""Decides on whom words are tried before they speak: three customers of the group who owe, in that language if there
are any, with their real invoices. Nothing that is made here can be sent.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from tenants import store
from tenants.delivery import facts
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
    readers = store.run(READERS, group_key=place.group_key, language=place.language, most=MOST).all()
    return [_mail(place, row.id, row.number, row.name, row.country, now=now, today=today) for row in readers]


def _mail(
    place: Place, debtor_id: UUID, number: str, name: str, country: str, *, now: datetime, today: date
) -> Outgoing:
    return Outgoing(
        tenant_id=scope.current().one,
        message_id=ids.new(),
        attempt_id=ids.new(),
        attempt_no=1,
        kind="reminder",
        template=place.template,
        recipient="",
        creditor=clients.profile(),
        reader=Reader(debtor_id, number, name, country, None, "", place.language),
        items=_items(debtor_id),
        today=today,
        now=now,
        link_id=ids.new(),
        link_expires_at=now,
        pixel=False,
    )


def _items(debtor_id: UUID) -> tuple[facts.Item, ...]:
    owed: Sequence[UUID] = store.run(OWED, debtor_id=debtor_id, most=INVOICES_EACH).scalars().all()
    return facts.items(list(owed), debtor_id=debtor_id)
