"""Decides from which address a client's mail leaves, and that nobody sends in the name of a domain that was not proved.

Three things are proved of a sending domain: that it is the client's own (a TXT record with a word of ours, as for
signing in), that the provider may sign for it (DKIM), and that mail from it is judged by its owner's rule (DMARC; SPF
on the address to which bounces go). Without the first two nothing leaves from it; what else is missing is said, because
mailbox providers turn such mail away. Each missing record is named with its value: mending it is copying three fields.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, RowMapping, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.delivery import holding
from tenants.delivery.domain_ports import DomainFacts, Identity
from tenants.directory import connections
from tenants.events import history, recording
from tenants.isolation import scope
from tenants.store import Model, TenantOwned
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

DOMAIN = re.compile(r"(?=.{4,190}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.ASCII)
BOX = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
ASKED, PROVED, FAILING = "asked", "proved", "failing"
BOUNCE = "bounce"
"""The part before the domain from which SES sends, so that SPF speaks of the same domain as the sender."""

OPEN = """
INSERT INTO sending_domain (tenant_id, id, domain, box, state, told, asked_at)
VALUES (:tenant, :id, :domain, :box, 'asked', '{}', :now)
ON CONFLICT (tenant_id, domain) DO UPDATE SET box = excluded.box RETURNING id
"""
ALL = """
SELECT id, domain, box, state, told, fault, asked_at, checked_at, proved_at FROM sending_domain
WHERE tenant_id = :tenant ORDER BY domain
"""
ONE = """
SELECT id, domain, box, state, told, fault, asked_at, checked_at, proved_at FROM sending_domain
WHERE tenant_id = :tenant AND id = :id
"""
LEARN = """
UPDATE sending_domain SET state = :state, told = CAST(:told AS jsonb), fault = :fault, checked_at = :now,
  proved_at = CASE WHEN :state = 'proved' THEN coalesce(proved_at, CAST(:now AS timestamptz)) ELSE proved_at END
WHERE tenant_id = :tenant AND id = :id RETURNING id
"""
WAITING = """
SELECT id FROM message WHERE tenant_id = :tenant AND state = 'queued' AND held_reason = 'domain_unproved' LIMIT 10000
"""
DROP = "DELETE FROM sending_domain WHERE tenant_id = :tenant AND id = :id RETURNING domain"


class BadDomain(Refusal, ValueError):
    """No domain, or no name of a mailbox in it."""

    code = "bad_domain"
    remedy = "Write the domain as in billing.example.com, and the part before the @ in small letters."


class UnknownDomain(Refusal, LookupError):
    """No such sending domain, or not yours."""

    kind = Kind.UNKNOWN
    code = "unknown_domain"
    remedy = "Reload the page: it may have been taken away."


class SendingDomain(TenantOwned, Model):
    """One domain from which a client wants its mail to leave."""

    __tablename__ = "sending_domain"
    __table_args__ = (UniqueConstraint("tenant_id", "domain"),)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    domain: Mapped[str] = mapped_column(Text)
    box: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    told: Mapped[dict[str, Any]] = mapped_column(JSONB)
    fault: Mapped[str] = mapped_column(Text, server_default="")
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    checked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    proved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the name service that must be there: which, and whether it was seen."""

    what: str
    kind: str
    name: str
    value: str
    seen: bool
    needed: bool
    """Without it nothing leaves; the others only make the mail trusted more."""


@dataclass(frozen=True, slots=True)
class Tending:
    """One domain that is looked after now."""

    id: UUID
    domain: str
    account: str
    own: bool
    """Whether it was proved before that it is the client's."""
    proof: str = ""
    """What a TXT record of the domain must say to prove it."""

    def account_by(self, facts: DomainFacts) -> str:
        """The client's account at the provider, which is given only a domain that is the client's own."""
        proved = self.own or self.proof in (each.strip().strip('"') for each in facts.texts)
        return self.account if proved else ""

    @property
    def bounce_domain(self) -> str:
        """The domain of the return path that its mail gets from SES."""
        return f"{BOUNCE}.{self.domain}"


def open(domain: str, *, box: str, now: datetime, real: datetime) -> UUID:
    """Name a domain to send from; it is looked after at once, and counts when it is proved. Raises BadDomain."""
    name, place = domain.strip().lower().rstrip("."), box.strip().lower()
    if not DOMAIN.fullmatch(name):
        raise BadDomain("This is no domain.", pointer="/domain")
    if not BOX.fullmatch(place):
        raise BadDomain("This cannot stand before the @.", pointer="/box")
    if name not in {each.domain for each in connections.domains()}:
        connections.claim_domain(name, now=now)
    found: UUID = store.run(OPEN, id=ids.new(), domain=name, box=place, now=now).scalar_one()
    history.note("sending_domain.asked", about=("client", scope.current().one), at=now, became={"domain": name})
    ask(found, now=now, real=real)
    return found


def ask(domain_id: UUID, *, now: datetime, real: datetime) -> None:
    """Look after a domain now. Raises UnknownDomain."""
    one(domain_id)
    recording.record("domain.asked", key=f"{domain_id}:{now:%Y-%m-%dT%H:%M}", now=real, domain_id=str(domain_id))


def ask_all(*, now: datetime, real: datetime) -> None:
    """Look after every domain of the client, as on a new day: what was proved can be lost."""
    for row in listed():
        ask(row["id"], now=now, real=real)


def drop(domain_id: UUID, *, now: datetime) -> None:
    """Send from a domain no more. Raises UnknownDomain."""
    domain = store.run(DROP, id=domain_id).scalar_one_or_none()
    if domain is None:
        raise UnknownDomain("There is no such sending domain.")
    history.note("sending_domain.dropped", about=("client", scope.current().one), at=now, was={"domain": domain})


def listed() -> Sequence[RowMapping]:
    """All sending domains of the client."""
    return store.run(ALL).mappings().all()


def one(domain_id: UUID) -> RowMapping:
    """One sending domain. Raises UnknownDomain."""
    row = store.run(ONE, id=domain_id).mappings().one_or_none()
    if row is None:
        raise UnknownDomain("There is no such sending domain.")
    return row


def address(sends_from: Sequence[str] | None) -> str:
    """The client's own address to send from, of the address, state and domain that the sending asked for: of the newest
    proved domain, else of the one to be mended first. Empty where it has none, and then the provider's speaks."""
    return sends_from[0] if sends_from and sends_from[1] == PROVED else ""


def fault(sends_from: Sequence[str] | None, *, own_wanted: bool) -> str:
    """Why nothing leaves now, in words that say what mends it; `own_wanted`: nobody sends in the provider's name."""
    if sends_from is None:
        words = (
            "This client has no sending domain of its own yet: name one, and publish the records that it then shows."
        )
        return words if own_wanted else ""
    if sends_from[1] == PROVED:
        return ""
    return f"{sends_from[2]} is not proved: publish the records that its sending domain shows, then check it again."


def tending(domain_id: UUID) -> Tending | None:
    """What is needed to look after a domain without a database; None when it is gone."""
    row = store.run(ONE, id=domain_id).one_or_none()
    if row is None:
        return None
    mine = next((each for each in connections.domains() if each.domain == row.domain), None)
    own, proof = (bool(mine.verified_at), mine.record) if mine else (False, "")
    return Tending(row.id, row.domain, f"client-{scope.current().one}", own, proof)


def settle(
    tended: Tending, *, identity: Identity | None, facts: DomainFacts, now: datetime, real: datetime
) -> str | None:
    """Note what was found; returns the new state, None when the domain is gone or nothing could be asked.

    A domain that was proved and is not any more is news for people: until it is mended the client's mail waits.
    """
    if not tended.own and facts.texts:
        _prove_own(tended.domain, facts.texts, now=now)
    own = any(each.domain == tended.domain and each.verified_at for each in connections.domains())
    if identity is None:
        return None
    good = own and identity.verified
    before = one_state(tended.id)
    state = PROVED if good else FAILING if before in (PROVED, FAILING) else ASKED
    told = {"identity": asdict(identity), "facts": asdict(facts), "own": own}
    row = store.run(LEARN, id=tended.id, state=state, told=json.dumps(told), fault=identity.fault[:300], now=now)
    if row.one_or_none() is None:
        return None
    if before != state:
        history.note(
            "sending_domain.checked",
            about=("client", scope.current().one),
            at=now,
            was={"domain": tended.domain, "state": before},
            became={"domain": tended.domain, "state": state},
        )
    if state == PROVED and before != PROVED:
        waiting = store.run(WAITING).scalars().all()
        holding.hasten(waiting, real=real)
    if state == FAILING and before == PROVED:
        recording.record("domain.failing", key=f"{tended.id}:{now:%Y-%m-%d}", now=real, domain=tended.domain)
    return state


def one_state(domain_id: UUID) -> str:
    """How a domain stands; nothing for one that is gone."""
    row = store.run(ONE, id=domain_id).one_or_none()
    return row.state if row else ""


def records(row: RowMapping) -> tuple[Record, ...]:
    """What must stand in the name service for a domain, seen or missing, the needed ones first."""
    domain, told = row["domain"], row["told"]
    identity, facts = told.get("identity", {}), told.get("facts", {})
    proof = next((each.record for each in connections.domains() if each.domain == domain), "")
    found = [Record("own", "TXT", domain, proof, bool(told.get("own")), True)]
    for token in identity.get("tokens", ()):
        name = f"{token}._domainkey.{domain}"
        found.append(Record("dkim", "CNAME", name, f"{token}.dkim.amazonses.com", identity["dkim"] == "SUCCESS", True))
    bounce = f"{BOUNCE}.{domain}"
    if identity.get("mail_from"):
        seen = identity["mail_from"] == "SUCCESS"
        region = identity.get("region", "")
        found.append(Record("mail_from", "MX", bounce, f"10 feedback-smtp.{region}.amazonses.com", seen, False))
        found.append(Record("spf", "TXT", bounce, "v=spf1 include:amazonses.com ~all", bool(facts.get("spf")), False))
    policy = f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"
    return (*found, Record("dmarc", "TXT", f"_dmarc.{domain}", policy, bool(facts.get("dmarc")), False))


def _prove_own(domain: str, texts: Sequence[str], *, now: datetime) -> None:
    try:
        connections.prove_domain(domain, records=texts, now=now)
    except (connections.DomainNotProved, connections.UnknownConnection):
        return
