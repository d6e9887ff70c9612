"""Decides when a rule runs: on a schedule in the client's own time, and early when an event names subjects.

A schedule is mandatory: an event that was lost costs a day and never a reminder, because the daily sweep asks the same
question.
"""

import re
from datetime import date, time, timedelta
from typing import Any

from tenants.rules import readers
from tenants.rules.faults import Ledger
from tenants.rules.tree import When
from tenants.values.calendars import BusinessCalendar

EVERY = ("business_day", "day", "week", "month")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LAST_DAY_OF_ALL_MONTHS = 28
CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
EVENT_WORDS = {
    "delivery.bounced": "a delivery bounces",
    "invoice.issued": "an invoice is issued",
    "reply.received": "a reply comes in",
    "dispute.opened": "a dispute is opened",
    "promise.broken": "a promise is broken",
    "payment.applied": "a payment is applied",
    "portal.viewed": "an invoice is viewed in the portal",
}


def events() -> tuple[str, ...]:
    """The events that wake rules."""
    return tuple(EVENT_WORDS)


def read(raw: dict[str, Any], faults: Ledger) -> When:
    """Read the `when` of a document."""
    every = readers.chosen(raw.get("every"), "/when/every", faults, options=EVERY, what="a schedule")
    for key in raw:
        if key not in ("every", "at", "on", "on_day") or (key == "on_day" and every not in ("week", "month")):
            faults.add(
                f"/when/{key[:60]}",
                f"“{key[:40]}” does not fit here.",
                "Use every, at, on, and on_day with week or month.",
            )
    clock = raw.get("at")
    found = CLOCK.fullmatch(clock) if isinstance(clock, str) else None
    if found is None:
        faults.add("/when/at", "The time of day is missing or wrong.", 'Write it as "09:00".')
    at = time(int(found[1]), int(found[2])) if found else time(9)
    return When(every, at, _on_day(every, raw.get("on_day"), faults), _events(raw.get("on", []), faults))


def _on_day(every: str, raw: Any, faults: Ledger) -> str | int | None:
    if every == "week":
        return readers.chosen(raw, "/when/on_day", faults, options=WEEKDAYS, what="a day of the week")
    if every == "month" and (type(raw) is not int or not 1 <= raw <= LAST_DAY_OF_ALL_MONTHS):
        faults.add(
            "/when/on_day",
            f"The day must be a number from 1 to {LAST_DAY_OF_ALL_MONTHS}.",
            "Choose a day that every month has.",
        )
        return 1
    return int(raw) if every == "month" else None


def _events(raw: Any, faults: Ledger) -> tuple[str, ...]:
    if not isinstance(raw, list) or len(raw) > len(EVENT_WORDS):
        faults.add("/when/on", "This must be a list of events.", f"Use any of: {', '.join(events())}.")
        return ()
    return tuple(
        readers.chosen(each, f"/when/on/{n}", faults, options=events(), what="an event that wakes rules")
        for n, each in enumerate(raw)
    )


def falls_on(when: When, day: date, *, calendar: BusinessCalendar) -> bool:
    """Whether the schedule names that day."""
    if when.every == "business_day":
        return calendar.is_business_day(day)
    if when.every == "week":
        return WEEKDAYS[day.weekday()] == when.on_day
    return when.every == "day" or day.day == when.on_day


def newest(when: When, day: date, *, back: int, calendar: BusinessCalendar) -> date | None:
    """The newest day that the schedule names, up to the given day and at most so many days back."""
    return next(
        (
            past
            for past in (day - timedelta(days=n) for n in range(back + 1))
            if falls_on(when, past, calendar=calendar)
        ),
        None,
    )
