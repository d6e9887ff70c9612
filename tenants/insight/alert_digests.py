"""Decides what a client reads of alerts about its sending: one mail a day at most, and only on a day that has news.

Alerts about sending concern the mail of a whole client, not one customer, so nobody is written to for each of them;
what opened, what still holds and what is over since the last business day stands in one list. Whoever silenced the
digest of the week gets none of these either.
"""

from datetime import date, datetime, timedelta

from sqlalchemy import RowMapping

from tenants import store
from tenants.directory import clients
from tenants.insight import digests
from tenants.rules import notices
from tenants.values import calendars
from tenants.values.calendars import BusinessCalendar

NEWS = """
SELECT a.title, a.reason, a.state, a.severity, a.opened_at, a.resolved_at, a.resolution,
  a.opened_at >= :since AS is_new FROM alert a
WHERE a.tenant_id = :tenant AND a.cause LIKE 'sending:%'
  AND (a.state <> 'resolved' OR a.resolved_at >= :since) ORDER BY a.state = 'resolved', a.opened_at DESC LIMIT 20
"""


def tell(*, today: date, now: datetime, real: datetime, public_url: str) -> int:
    """Queue the list of the day, one mail per reader; return how many. However often asked, it is told once."""
    creditor = clients.profile()
    calendar = BusinessCalendar.for_country(creditor.country)
    before = calendar.on_or_before(today - timedelta(days=1))
    since, _ = calendars.day_bounds(before, zone=calendars.zone(creditor.time_zone))
    found = store.run(NEWS, since=since).mappings().all()
    if not any(each["is_new"] or each["state"] == "resolved" for each in found):
        return 0
    address = f"{public_url.rstrip('/')}/c/{creditor.slug}/delivery"
    queued = notices.queue(
        digests.readers(now),
        key=f"alerts:{today}",
        subject=f"{creditor.legal_name}: alerts about your mail, {today.day} {today:%B %Y}",
        words="\n\n".join([*map(_line, found), f"How your mail fares: {address}"]),
        now=now,
        real=real,
    )
    return len(queued)


def _line(each: RowMapping) -> str:
    state = "over" if each["state"] == "resolved" else "new" if each["is_new"] else "still open"
    why = each["resolution"] if each["state"] == "resolved" else each["reason"]
    return f"- {each['title']} ({state})\n  {why}"
