"""Decides how opens are counted where nobody may be told from anybody: so many loads a day of one kind of mail in one
country, machines apart as far as their names give them away. The image's address names no message and no reader.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.delivery import scoring, tokens
from tenants.delivery.scoring import Hit
from tenants.directory import clients

PURPOSE = "tally"
PATH = "/o/t/"
LONGEST = 60
# Counted only while the client still wants to count so; a withdrawal stops old mails too.
COUNT = """
INSERT INTO open_tally (tenant_id, day_on, template, country, loads, machines)
SELECT :tenant, :day, :template, :country, 1, :machines FROM client_profile p
LEFT JOIN tracking_rule x ON x.tenant_id = :tenant AND x.country = :country
WHERE p.tenant_id = :tenant AND coalesce(x.pixel, p.pixel) = 'aggregate'
ON CONFLICT (tenant_id, day_on, template, country) DO UPDATE
  SET loads = open_tally.loads + 1, machines = open_tally.machines + excluded.machines
"""
RATES = """
SELECT t.template, t.country, sum(t.loads) AS loads, sum(t.machines) AS machines,
  (SELECT count(*) FROM message m JOIN debtor d ON d.tenant_id = :tenant AND d.id = m.debtor_id
   WHERE m.tenant_id = :tenant AND m.template = t.template AND d.country = t.country AND m.channel = 'email'
     AND m.delivered_at >= :since) AS delivered
FROM open_tally t WHERE t.tenant_id = :tenant AND t.day_on >= :since_on
GROUP BY t.template, t.country ORDER BY t.template, t.country
"""


def token(tenant_id: UUID, *, template: str, country: str, secret: str) -> str:
    """The text of an image's address: which client, which kind of mail, which country."""
    body = tenant_id.bytes + country[:2].ljust(2).encode() + template.encode()[:LONGEST]
    return tokens.seal(PURPOSE, body, secret=secret)


def read(text: str, *, secret: str) -> tuple[UUID, str, str]:
    """Client, kind of mail and country of an image. Raises tokens.BadToken."""
    body = tokens.unseal(PURPOSE, text, secret=secret)
    return UUID(bytes=body[:16]), body[18:].decode("utf-8", "replace"), body[16:18].decode().strip()


def count(template: str, *, country: str, agent: str, method: str, real: datetime) -> None:
    """One load, on the client's own day."""
    clock = clients.clock()
    seen = scoring.score(Hit("pixel", real, agent, method), sent_at=real - timedelta(days=1), delivered_at=None)
    store.run(
        COUNT,
        day=clock.today(real),
        template=template,
        country=country,
        machines=int(seen.verdict == "machine"),
    )


def rates(*, since_on: date, since: datetime) -> Sequence[RowMapping]:
    """By kind of mail and country: loads, how many of them were machines, and how many mails were delivered."""
    return store.run(RATES, since_on=since_on, since=since).mappings().all()
