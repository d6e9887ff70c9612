"""Decides what is counted: the messages of one template that one group of mailbox providers took on one local day, 72
hours after the day, when late openers have had their time.

Judgeable are those of which a machine's fetch is not all that is known to have looked like a person; seen are those
with a sign of a person: an image, a link, the portal, a reply. Mails with and without a tracking image are different
units, so a change of consent never looks like a fall.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Boolean, Date, DateTime, Double, ForeignKey, Index, Integer, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.collections.watch.chances import Tally
from tenants.collections.watch.judging import Verdict
from tenants.delivery import scoring
from tenants.directory import clients
from tenants.store import Model, TenantOwned
from tenants.values import calendars

MATURE = timedelta(hours=72)
WEEKS = 8
SEEN = 4


class DeliveryCohort(TenantOwned, Model):
    """One matured cohort and what was said of it."""

    __tablename__ = "delivery_cohort"
    __table_args__ = (Index("ix_delivery_cohort_unit", "tenant_id", "template", "mailbox", "tracked", "day_on"),)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    day_on: Mapped[date] = mapped_column(Date, primary_key=True)
    template: Mapped[str] = mapped_column(Text, primary_key=True)
    mailbox: Mapped[str] = mapped_column(Text, primary_key=True)
    tracked: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    ruleset: Mapped[int] = mapped_column(SmallInteger)
    delivered: Mapped[int] = mapped_column(Integer)
    judgeable: Mapped[int] = mapped_column(Integer)
    seen: Mapped[int] = mapped_column(Integer)
    machine: Mapped[int] = mapped_column(Integer)
    answer: Mapped[str] = mapped_column(Text, default="")
    baseline: Mapped[float] = mapped_column(Double, default=0)
    chance: Mapped[float] = mapped_column(Double, default=1)
    matured_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True, slots=True, order=True)
class Unit:
    """What is watched by itself: one template at one group of mailbox providers, with or without a tracking image."""

    template: str
    mailbox: str
    tracked: bool

    @property
    def key(self) -> str:
        """The unit in one word, for keys of alerts."""
        return f"{self.template}/{self.mailbox}/{'image' if self.tracked else 'plain'}"


@dataclass(frozen=True, slots=True)
class Cohort:
    """One matured day of one unit."""

    unit: Unit
    day_on: date
    ruleset: int
    delivered: int
    judgeable: int
    seen: int
    machine: int
    answer: str
    baseline: float
    chance: float

    @property
    def tally(self) -> Tally:
        """What is judged."""
        return Tally(self.judgeable, self.seen)

    def said(self, verdict: Verdict) -> "Cohort":
        """The same cohort with what was said of it."""
        return replace(self, answer=verdict.answer, baseline=verdict.baseline, chance=verdict.chance)


# The groups that hide or fetch alike; everybody else's server is their own.
MAILBOX = """CASE
  WHEN split_part(lower(m.recipient), '@', 2) IN ('gmail.com', 'googlemail.com') THEN 'google'
  WHEN split_part(lower(m.recipient), '@', 2) ~ '^(outlook|hotmail|live|msn)[.]' THEN 'microsoft'
  WHEN split_part(lower(m.recipient), '@', 2) ~ '^(yahoo|ymail|aol)[.]' THEN 'yahoo'
  WHEN split_part(lower(m.recipient), '@', 2) IN ('icloud.com', 'me.com', 'mac.com') THEN 'apple'
  ELSE 'company' END"""
MESSAGES = f"""
SELECT m.id, m.delivered_at, (m.delivered_at AT TIME ZONE :zone)::date AS day_on, m.template, {MAILBOX} AS mailbox,
  CASE coalesce(x.pixel, CAST(:pixel AS text)) WHEN 'on' THEN c.pixel_consent <> 'withdrawn'
    WHEN 'consented' THEN c.pixel_consent = 'granted' ELSE false END AS tracked,
  COALESCE(bool_or(e.level >= {SEEN} AND e.verdict = 'human'), false) AS seen,
  COALESCE(bool_or(e.verdict = 'unknown'), false) AS doubtful,
  COALESCE(bool_or(e.verdict = 'machine'), false) AS machine
FROM message m
JOIN contact c ON c.tenant_id = :tenant AND c.id = m.contact_id
JOIN debtor d ON d.tenant_id = :tenant AND d.id = m.debtor_id
LEFT JOIN tracking_rule x ON x.tenant_id = :tenant AND x.country = d.country
LEFT JOIN evidence e ON e.tenant_id = :tenant AND e.message_id = m.id
  AND e.occurred_at < m.delivered_at + interval '72 hours'
WHERE m.tenant_id = :tenant AND m.channel = 'email'
  AND m.delivered_at >= :since AND m.delivered_at < :until AND m.bounced_at IS NULL
GROUP BY m.id, m.delivered_at, m.template, m.recipient, c.pixel_consent, x.pixel
"""
RIPEN = f"""
INSERT INTO delivery_cohort (tenant_id, day_on, template, mailbox, tracked, ruleset, delivered, judgeable, seen,
  machine, answer, baseline, chance, matured_at)
SELECT :tenant, d.day_on, d.template, d.mailbox, d.tracked, :ruleset, count(*),
  count(*) FILTER (WHERE d.seen OR NOT d.doubtful), count(*) FILTER (WHERE d.seen), count(*) FILTER (WHERE d.machine),
  '', 0, 1, :now
FROM ({MESSAGES}) d GROUP BY d.day_on, d.template, d.mailbox, d.tracked
ON CONFLICT (tenant_id, day_on, template, mailbox, tracked) DO NOTHING
RETURNING day_on
"""
LAST = "SELECT max(day_on) FROM delivery_cohort WHERE tenant_id = :tenant"
KEPT = """
SELECT template, mailbox, tracked, day_on, ruleset, delivered, judgeable, seen, machine, answer, baseline, chance
FROM delivery_cohort WHERE tenant_id = :tenant AND day_on >= :since ORDER BY day_on, template, mailbox, tracked
"""
SAY = """
UPDATE delivery_cohort SET answer = :answer, baseline = :baseline, chance = :chance
WHERE tenant_id = :tenant AND day_on = :day_on AND template = :template AND mailbox = :mailbox AND tracked = :tracked
"""
FRESH = f"""
SELECT d.template, d.mailbox, d.tracked, array_agg(d.seen ORDER BY d.delivered_at, d.id)
FROM ({MESSAGES}) d WHERE d.seen OR NOT d.doubtful GROUP BY d.template, d.mailbox, d.tracked
"""


def ripen(*, now: datetime, ruleset: int = scoring.RULESET) -> list[date]:
    """Count the days that have matured since the last time, eight weeks back at most; return those days."""
    zone = calendars.zone(clients.profile().time_zone)
    ripe_on = calendars.local_day(now - MATURE, zone=zone) - timedelta(days=1)
    last = store.run(LAST).scalar_one()
    first_on = ripe_on - timedelta(weeks=WEEKS) if last is None else last + timedelta(days=1)
    if first_on > ripe_on:
        return []
    since, _ = calendars.day_bounds(first_on, zone=zone)
    _, until = calendars.day_bounds(ripe_on, zone=zone)
    return sorted(set(store.run(RIPEN, **_window(since, until), ruleset=ruleset, now=now).scalars()))


def kept(*, since: date) -> dict[Unit, list[Cohort]]:
    """The cohorts of each unit from a day on, oldest first."""
    found: dict[Unit, list[Cohort]] = defaultdict(list)
    for template, mailbox, tracked, *rest in store.run(KEPT, since=since):
        unit = Unit(template, mailbox, tracked)
        found[unit].append(Cohort(unit, *rest))
    return dict(found)


def say(verdicts: Sequence[tuple[Cohort, Verdict]]) -> None:
    """Keep what was said of the cohorts, in one statement."""
    store.run_many(
        SAY,
        [
            {
                "day_on": cohort.day_on,
                "template": cohort.unit.template,
                "mailbox": cohort.unit.mailbox,
                "tracked": cohort.unit.tracked,
                "answer": verdict.answer,
                "baseline": verdict.baseline,
                "chance": verdict.chance,
            }
            for cohort, verdict in verdicts
        ],
    )


def fresh(*, after: date, now: datetime) -> dict[Unit, list[bool]]:
    """Who looked, message by message in the order of arrival: the matured messages of days that are not counted yet."""
    zone = calendars.zone(clients.profile().time_zone)
    _, since = calendars.day_bounds(after, zone=zone)
    rows = store.run(FRESH, **_window(since, now - MATURE))
    return {Unit(template, mailbox, tracked): seen for template, mailbox, tracked, seen in rows}


def _window(since: datetime, until: datetime) -> dict[str, object]:
    profile = clients.profile()
    return {"since": since, "until": until, "zone": profile.time_zone, "pixel": profile.pixel}
