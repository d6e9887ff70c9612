"""Decides by which ways a customer's invoices may travel, and in which order they are tried.

Mail is the rule. A customer may want another way first, or others after it: the next way is tried when the one before
came back, or when after some days nothing shows that anybody saw the invoice. A text needs a telephone number, a
letter needs an address of the post.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import phonenumbers
from sqlalchemy import RowMapping

from tenants import store
from tenants.events import history
from tenants.isolation import scope
from tenants.values.faults import Refusal

EMAIL, PORTAL, TEXT, PRINT = WAYS = ("email", "portal", "sms", "print")
WAY_EVENTS = {EMAIL: "message.queued", PORTAL: "notice.posted", TEXT: "text.queued"}
"""What takes a message further by each way; a letter waits for a person who prints."""
WAIT_DAYS = 3
FIRST_BY_LEDGER = {"email": EMAIL, "portal": PORTAL, "paper": PRINT}
"""What a ledger calls the way of a customer's bills, and the way that is. Until somebody chooses here, bills beside
mail are sent by the client itself."""
# Where nobody wrote an envelope, a letter goes to the address that the client's own books give.
ONE = """
SELECT d.channel, d.country, d.address, c.ways, c.wait_days, c.phone,
  coalesce(NULLIF(c.postal, ''), d.address) AS postal
FROM debtor d
LEFT JOIN debtor_channels c ON c.tenant_id = :tenant AND c.debtor_id = d.id
WHERE d.tenant_id = :tenant AND d.id = :debtor_id
"""
CHANGE = """
INSERT INTO debtor_channels (tenant_id, debtor_id, ways, wait_days, phone, postal, changed_by, changed_at)
VALUES (:tenant, :debtor_id, CAST(:ways AS text[]), :wait_days, :phone, :postal, :actor, :now)
ON CONFLICT (tenant_id, debtor_id) DO UPDATE SET ways = excluded.ways, wait_days = excluded.wait_days,
  phone = excluded.phone, postal = excluded.postal, changed_by = excluded.changed_by, changed_at = excluded.changed_at
"""
USE = """
SELECT m.channel, count(*) AS messages,
  count(*) FILTER (WHERE m.state IN ('sent', 'delivered', 'delayed', 'unconfirmed')) AS left_us,
  count(*) FILTER (WHERE m.state = 'delivered') AS arrived, count(*) FILTER (WHERE m.evidence_level >= 4) AS seen
FROM message m WHERE m.tenant_id = :tenant AND m.queued_at >= :since GROUP BY m.channel ORDER BY m.channel
"""


class BadChannels(Refusal, ValueError):
    """A way that is none, one twice, or one that lacks what it needs."""

    code = "bad_channels"
    remedy = "Name email, portal, sms or print, each once; a text needs a number, a letter an address of the post."


@dataclass(frozen=True, slots=True)
class Channels:
    """How one customer is reached."""

    ways: tuple[str, ...]
    wait_days: int = WAIT_DAYS
    phone: str = ""
    postal: str = ""


def of(debtor_id: UUID) -> Channels | None:
    """How a customer is reached; None when there is no such customer."""
    row = store.run(ONE, debtor_id=debtor_id).one_or_none()
    if row is None:
        return None
    if row.ways is None:
        return Channels((FIRST_BY_LEDGER[row.channel],), postal=row.postal)
    return Channels(tuple(row.ways), row.wait_days, row.phone, row.postal)


def change(debtor_id: UUID, *, to: Channels, now: datetime) -> Channels:
    """Reach a customer so from now on; returns it as it is kept. Raises BadChannels."""
    row = store.run(ONE, debtor_id=debtor_id).one_or_none()
    if row is None:
        raise BadChannels("There is no such customer.")
    kept = _checked(to, country=row.country, known=row.address)
    actor = scope.current().actor
    ways = f"{{{','.join(kept.ways)}}}"
    store.run(
        CHANGE,
        debtor_id=debtor_id,
        ways=ways,
        wait_days=kept.wait_days,
        phone=kept.phone,
        postal=kept.postal,
        actor=actor,
        now=now,
    )
    became = {"ways": ", ".join(kept.ways), "wait_days": kept.wait_days}
    history.note("channels.changed", about=("debtor", debtor_id), at=now, became=became)
    return kept


def use(*, since: datetime) -> Sequence[RowMapping]:
    """What each way did since then: messages, how many left, arrived and were seen."""
    return store.run(USE, since=since).mappings().all()


def _checked(to: Channels, *, country: str, known: str) -> Channels:
    if not to.ways or len(set(to.ways)) != len(to.ways) or not set(to.ways) <= set(WAYS):
        raise BadChannels("These are no ways to reach a customer.", pointer="/ways")
    if not 1 <= to.wait_days <= 60:
        raise BadChannels("Between two ways there are 1 to 60 days.", pointer="/wait_days")
    phone = _number(to.phone, country=country) if to.phone.strip() else ""
    if TEXT in to.ways and not phone:
        raise BadChannels("A text needs a telephone number.", pointer="/phone")
    postal = "\n".join(line.strip() for line in to.postal.splitlines() if line.strip())
    if PRINT in to.ways and (postal or known).count("\n") < 1:
        raise BadChannels("A letter needs an address of the post, in two lines at least.", pointer="/postal")
    return Channels(to.ways, to.wait_days, phone, postal[:500])


def _number(text: str, *, country: str) -> str:
    """A telephone number as the whole world dials it; without its country's number it is of the customer's country."""
    try:
        found = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        raise BadChannels("This is no telephone number.", pointer="/phone") from None
    if not phonenumbers.is_valid_number(found):
        raise BadChannels("Nobody can have this telephone number.", pointer="/phone")
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
