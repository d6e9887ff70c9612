"""Decides who gets the Monday digest and what it says: what came in, what is late, what waits and what was done.

One page, on the first business day of a week, to the client's own people; each of them can silence it for themselves.
Each line says where its rows are. It leaves as any notice to our own people does: kept, sent once.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.collections import alerts, holds
from tenants.directory import clients
from tenants.directory.clients import Profile
from tenants.insight import activity, aging, customers, family, reporting, waiting
from tenants.insight.facts import Period
from tenants.insight.pack import DONE, shown
from tenants.ledger import debtors
from tenants.rules import notices
from tenants.rules.people import Person
from tenants.store import Model, TenantOwned
from tenants.values import counts, ids
from tenants.values.calendars import BusinessCalendar
from tenants.values.money import Money

ROLES = ("client_viewer", "client_approver", "tenant_admin")
MOST = 3
WEEK = timedelta(days=7)
WHERE = {"invoices_sent": "invoices?delivery=sent", "payments_applied": "payments"}
"""Where what was done is seen; everything else stands on the dashboard."""
KINDS = {"dispute": "dispute", "promise": "promise to pay", "plan": "payment plan", "pause": "pause"}


class DigestQuiet(TenantOwned, Model):
    """Somebody who does not want the digest of this client."""

    __tablename__ = "digest_quiet"

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    since_at: Mapped[datetime]


READERS = """
SELECT DISTINCT ON (m.person_id) m.person_id, m.person_name, m.person_email FROM membership m
WHERE m.tenant_id = :tenant AND m.role = ANY(:roles) AND m.starts_at <= :now AND (m.ends_at IS NULL OR m.ends_at > :now)
  AND NOT EXISTS (SELECT FROM digest_quiet q WHERE q.tenant_id = :tenant AND q.person_id = m.person_id)
ORDER BY m.person_id, m.starts_at DESC
"""
SILENCE = """
INSERT INTO digest_quiet (tenant_id, person_id, since_at) VALUES (:tenant, :person, :now)
ON CONFLICT (tenant_id, person_id) DO NOTHING
"""
HEAR = "DELETE FROM digest_quiet WHERE tenant_id = :tenant AND person_id = :person"
IS_QUIET = "SELECT EXISTS (SELECT FROM digest_quiet WHERE tenant_id = :tenant AND person_id = :person)"


def is_its_day(today: date, *, calendar: BusinessCalendar) -> bool:
    """Whether a day is the first business day of its week."""
    monday = today - timedelta(days=today.weekday())
    return calendar.is_business_day(today) and calendar.on_or_after(monday) == today


def readers(now: datetime) -> Sequence[Person]:
    """Who gets the digest: the client's own people, less those who silenced it; nobody if the client wants none."""
    if not reporting.choice().digest:
        return []
    return [Person(*row) for row in store.run(READERS, roles=list(ROLES), now=now)]


def tell(*, today: date, now: datetime, real: datetime, public_url: str) -> int:
    """Queue the digest of the week, one mail per reader; return how many. However often asked, it is told once."""
    creditor = clients.profile()
    if not is_its_day(today, calendar=BusinessCalendar.for_country(creditor.country)):
        return 0
    found = readers(now)
    if not found:
        return 0
    queued = notices.queue(
        found,
        key=f"monday:{today}",
        subject=f"{creditor.legal_name}: your receivables on {today.day} {today:%B %Y}",
        words=words(creditor, today=today, now=now, public_url=public_url),
        now=now,
        real=real,
    )
    return len(queued)


def words(creditor: Profile, *, today: date, now: datetime, public_url: str) -> str:
    """What the digest says, a line for each thing, with the address of its rows."""
    home = f"{public_url.rstrip('/')}/c/{creditor.slug}"
    parts = [
        ("What came in", list(_came(home, creditor, today))),
        ("What is owed", list(_owed(home, creditor, today))),
        ("Who owes most", list(_owing(home, creditor, today))),
        ("Waiting for you", list(_waiting(home, today))),
        ("Done in the last seven days", list(_done(home, now))),
    ]
    told = [f"{title}\n" + "\n".join(f"- {line}" for line in lines[: MOST * 2]) for title, lines in parts if lines]
    foot = f"Everything: {home}/\nNot for you? Silence this digest: {home}/reporting"
    return "\n\n".join([*told, foot])


def _came(home: str, creditor: Profile, today: date) -> Iterator[str]:
    """Payments applied in the seven days that ended yesterday, by the very figure that lists them."""
    week = Period(today - timedelta(days=1), WEEK.days)
    told = [each for each in family.of(week, names=["received"]) if each.value]
    for each in sorted(told, key=lambda one: (one.currency != creditor.base_currency, one.currency)):
        rows = f"{home}/figures/received/rows?currency={each.currency}&as_of={week.day}&period={week.days}"
        yield f"{shown(Money(int(each.value or 0), each.currency))} applied to invoices: {rows}"


def _owed(home: str, creditor: Profile, today: date) -> Iterator[str]:
    report = aging.on(today, edges=reporting.choice().edges)
    for line in sorted(report.currencies, key=lambda each: (each.currency != creditor.base_currency, each.currency)):
        rows = f"{home}/aging/overdue?currency={line.currency}&as_of={today}"
        whole, late = (shown(Money(each.minor, line.currency)) for each in (line.gross, line.overdue))
        many = "invoice" if line.gross.count == 1 else "invoices"
        yield f"{whole} open in {line.gross.count:,} {many}, {late} of it overdue in {line.overdue.count:,}: {rows}"


def _owing(home: str, creditor: Profile, today: date) -> Iterator[str]:
    for each in customers.owing(today, currency=creditor.base_currency, limit=MOST).customers:
        if each.overdue_minor > 0:
            late = (today - each.oldest_due_on).days
            owed = shown(Money(each.overdue_minor, each.currency))
            page = f"{home}/customers/{ids.show(debtors.PREFIX, each.debtor_id)}"
            yield f"{each.name}: {owed} overdue, the oldest {counts.counted(late, 'day')} late: {page}"


def _waiting(home: str, today: date) -> Iterator[str]:
    wanted = waiting.decisions()
    if wanted.approvals:
        yield f"{counts.counted(wanted.approvals, 'question')} for a yes or no: {home}/approvals"
    if wanted.requests:
        yield f"{counts.counted(wanted.requests, 'amount')} to be given up, for a second person: {home}/books"
    for cause in alerts.inbox(limit=MOST):
        yield f"{cause.title}, {cause.count:,} open: {home}/alerts?{urlencode({'cause': cause.cause})}"
    held = holds.live(today=today)
    for kind, name in KINDS.items():
        count = sum(1 for each in held if each["kind"] == kind)
        if count:
            yield f"{count:,} {name}{'' if count == 1 else 's'} in force: {home}/"


def _done(home: str, now: datetime) -> Iterator[str]:
    for each in activity.done(now - WEEK, until=now):
        if each.count:
            money = f", {shown(Money(each.minor, each.currency))}" if each.minor is not None else ""
            yield f"{DONE.get(each.key, each.key)}: {each.count:,}{money}: {home}/{WHERE.get(each.key, '')}"


def silence(person_id: UUID, *, quiet: bool, now: datetime) -> None:
    """Let a person not get the digest of this client any more, or again."""
    if quiet:
        store.run(SILENCE, person=person_id, now=now)
    else:
        store.run(HEAR, person=person_id)


def is_quiet(person_id: UUID) -> bool:
    """Whether a person silenced the digest of this client."""
    return bool(store.run(IS_QUIET, person=person_id).scalar_one())
