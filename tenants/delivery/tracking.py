"""Decides where a tracking image may stand in a mail and count: by client, by the country of the customer, by contact.

Off is the rule. Whoever switches it on says on what basis in law, and that is kept. A contact can always say no, and
that stops old mails too. In aggregate nobody is told from anybody: only how many images of a kind of mail were loaded.
No step ever depends on an open.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import clients
from tenants.events import history
from tenants.isolation import scope
from tenants.store import Model, TenantOwned
from tenants.values.faults import Kind, Refusal

OFF, CONSENTED, ON, AGGREGATE = MODES = ("off", "consented", "on", "aggregate")
ALLOWED = """
CASE coalesce(x.pixel, t.pixel) WHEN 'consented' THEN c.pixel_consent = 'granted'
  WHEN 'on' THEN c.pixel_consent <> 'withdrawn' ELSE false END"""
SAID = ("unknown", "granted", "withdrawn")
CONSENT = """
UPDATE contact SET pixel_consent = :said WHERE tenant_id = :tenant AND id = :contact_id RETURNING debtor_id
"""
DECIDE = """
INSERT INTO tracking_rule (tenant_id, country, pixel, basis, decided_by, decided_at)
VALUES (:tenant, :country, :pixel, :basis, :actor, :now)
ON CONFLICT (tenant_id, country) DO UPDATE SET pixel = excluded.pixel, basis = excluded.basis,
  decided_by = excluded.decided_by, decided_at = excluded.decided_at
"""
FORGET = "DELETE FROM tracking_rule WHERE tenant_id = :tenant AND country = :country RETURNING pixel"
RULES = """
SELECT country, pixel, basis, decided_by, decided_at FROM tracking_rule WHERE tenant_id = :tenant ORDER BY country
"""
CONSENTS = """
SELECT d.country, c.pixel_consent AS consent, count(*) AS contacts FROM contact c
JOIN debtor d ON d.tenant_id = :tenant AND d.id = c.debtor_id
WHERE c.tenant_id = :tenant AND c.active GROUP BY d.country, c.pixel_consent ORDER BY d.country, c.pixel_consent
"""


class BadTracking(Refusal, ValueError):
    """No such mode, or no basis was given."""

    code = "bad_tracking"
    remedy = "Choose off, consented, on or aggregate, and say on what basis in law."


class UnknownReader(Refusal, LookupError):
    """No such contact, or not yours."""

    kind = Kind.UNKNOWN
    code = "unknown_contact"
    remedy = "Look at the customer's contacts again."


class TrackingRule(TenantOwned, Model):
    """What holds for the customers of one country."""

    __tablename__ = "tracking_rule"
    country: Mapped[str] = mapped_column(primary_key=True)
    pixel: Mapped[str]
    basis: Mapped[str]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime]


def may_track(mode: str, *, consent: str) -> bool:
    """Whether a tracking image may stand in a mail, and count: the client's choice, and the reader's, who can always
    say no."""
    if mode == CONSENTED:
        return consent == "granted"
    return mode == ON and consent != "withdrawn"


def decide(country: str, *, pixel: str, basis: str, now: datetime) -> None:
    """What holds for customers of one country from now on, also for old mails. Raises BadTracking."""
    if pixel not in MODES or len(country) != 2 or not country.isupper() or (pixel != OFF and not basis.strip()):
        raise BadTracking("This cannot be decided.")
    actor = scope.current().actor
    store.run(DECIDE, country=country, pixel=pixel, basis=basis.strip()[:500], actor=actor, now=now)
    new = {"country": country, "pixel": pixel, "basis": basis.strip()[:500]}
    history.note("tracking.decided", about=("client", scope.current().one), at=now, became=new)


def decide_for_all(*, pixel: str, basis: str, now: datetime) -> None:
    """What holds wherever no country has a decision of its own, also for old mails. Raises BadTracking."""
    if pixel not in MODES or (pixel != OFF and not basis.strip()):
        raise BadTracking("This cannot be decided.")
    was = clients.profile().pixel
    clients.change(pixel=pixel)
    became = {"pixel": pixel, "basis": basis.strip()[:500]}
    about = ("client", scope.current().one)
    history.note("tracking.decided", about=about, at=now, was={"pixel": was}, became=became)


def forget(country: str, *, now: datetime) -> bool:
    """No rule of its own for a country any more; False when there was none."""
    was = store.run(FORGET, country=country).scalar_one_or_none()
    if was is not None:
        old = {"country": country, "pixel": was}
        history.note("tracking.forgotten", about=("client", scope.current().one), at=now, was=old)
    return was is not None


def consent(contact_id: UUID, *, said: str, basis: str, now: datetime) -> None:
    """What a reader said, which also stops or counts images of old mails. Raises BadTracking."""
    if said not in SAID or not basis.strip():
        raise BadTracking("This is no consent and no refusal.")
    if store.run(CONSENT, contact_id=contact_id, said=said).one_or_none() is None:
        raise UnknownReader("There is no such contact.")
    became = {"pixel_consent": said}
    history.note("tracking.consent", about=("contact", contact_id), at=now, became=became, reason=basis.strip()[:300])


def rules() -> Sequence[RowMapping]:
    """What was decided for which country: country, pixel, basis, decided_by, decided_at."""
    return store.run(RULES).mappings().all()


def consents() -> Sequence[RowMapping]:
    """How many contacts of which country said what: country, consent, contacts."""
    return store.run(CONSENTS).mappings().all()
