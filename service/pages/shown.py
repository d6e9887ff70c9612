"""How values look on screens: money with its currency, days and instants without doubt about the zone."""

from datetime import UTC, date, datetime, timedelta
from difflib import SequenceMatcher
from typing import Any
from uuid import UUID

from flask import Flask, g
from markupsafe import Markup

from service import static
from service.pages import labels
from tenants.insight.figures import Figure
from tenants.rules import sentence, wording
from tenants.values import calendars, counts, ids
from tenants.values.money import Money

NONE = Markup('<span class="muted" aria-label="none">–</span>')


def dress(app: Flask) -> None:
    """Give the templates their filters."""
    app.jinja_env.filters.update(
        money=money, day=day, instant=instant, moment=moment, number=number, ref=ref, late=late
    )
    app.jinja_env.filters.update(percent=percent, size=size, iban=iban, bare=bare, changed=changed, span=span)
    app.jinja_env.filters.update(rule_title=wording.title, country=sentence.country, named=named)
    app.jinja_env.filters.update(counted=counts.counted, noun=counts.noun)
    app.jinja_env.globals.update(static=static.address, labels=labels, words=labels.words, toned=labels.toned)


def money(minor: int | None, currency: str) -> str:
    """`EUR 1,234.50`: the code first, because a sign alone may mean several currencies."""
    if minor is None or not currency:
        return NONE
    text = f"{Money(abs(minor), currency).as_decimal():,f}"
    return f"{currency}\u00a0{'−' if minor < 0 else ''}{text}"


def bare(minor: int, currency: str) -> str:
    """`1,234.50`, for a table whose head or first column names the currency."""
    return money(minor, currency).removeprefix(f"{currency}\u00a0")


def changed(said: str, before: str | None) -> str:
    """A sentence with the words marked that the one before did not have; without one before, just the sentence."""
    if before is None:
        return said
    new, old = said.split(" "), before.split(" ")
    parts = []
    for kind, _, _, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        words = " ".join(new[start:end])
        if words:
            parts.append(Markup("{}" if kind == "equal" else "<mark>{}</mark>").format(words))
    return Markup(" ").join(parts)


def day(value: date | None) -> str:
    """`20 Nov 2026`: the month in letters, so that nobody takes it for the day."""
    if value is None:
        return NONE
    return Markup('<time datetime="{}" class="nowrap">{} {:%b} {}</time>').format(
        value.isoformat(), value.day, value, value.year
    )


def instant(value: datetime | None, zone: str = "") -> str:
    """An instant in the client's zone, with UTC at hand."""
    if value is None:
        return NONE
    local = value.astimezone(calendars.zone(zone or _zone()))
    return Markup(
        '<time datetime="{}" title="{:%Y-%m-%d %H:%M} UTC" class="nowrap">{} {:%b} {}, {:%H:%M}</time>'
    ).format(
        value.astimezone(UTC).isoformat(timespec="seconds"), value.astimezone(UTC), local.day, local, local.year, local
    )


def moment(value: datetime | None, zone: str = "") -> str:
    """An instant to the second in the client's zone and in UTC: for evidence, where both matter."""
    if value is None:
        return NONE
    place, universal = calendars.zone(zone or _zone()), value.astimezone(UTC)
    local = value.astimezone(place)
    return Markup(
        '<time datetime="{}">{} {:%b} {}, {:%H:%M:%S} <span class="muted">{} · {:%H:%M:%S} UTC</span></time>'
    ).format(universal.isoformat(timespec="seconds"), local.day, local, local.year, local, str(place), universal)


def number(value: int) -> str:
    """`12,345`."""
    return f"{value:,}"


def span(value: timedelta) -> str:
    """`30 minutes`, `8 hours`, `30 days`: a length of time as people say it."""
    minutes = round(value.total_seconds() / 60)
    for unit, length in (("day", 1440), ("hour", 60)):
        if minutes % length == 0 and minutes > length:
            return counts.counted(minutes // length, unit)
    return counts.counted(minutes, "minute")


def percent(value: float | None) -> str:
    """One digit after the point; nothing is shown as nothing."""
    return NONE if value is None else f"{value:.1f} %"


def figure(value: Figure) -> str:
    """The value of a figure as a screen shows it; rounded here and nowhere else."""
    if value.value is None:
        return ""
    if value.unit == "minor":
        return money(round(value.value), value.currency)
    if value.unit == "ratio":
        return f"{float(value.value) * 100:.1f} %"
    return f"{int(value.value):,}" if value.unit == "count" else f"{float(value.value):,.1f} {value.unit}"


def size(value: int) -> str:
    """Bytes as a person reads them."""
    return f"{value / 1024:,.0f} kB" if value < 1_048_576 else f"{value / 1_048_576:,.1f} MB"


def iban(text: str) -> str:
    """In groups of four, as it is read aloud."""
    plain = text.replace(" ", "")
    return " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))


def ref(value: UUID, prefix: str) -> str:
    """The public form of an id."""
    return ids.show(prefix, value)


def named(reason: str, number: str | None = "") -> str:
    """The reason of a rule about an invoice or a customer as a sentence, the invoice by its number."""
    subject, found, said = reason.partition(": ")
    if not found or subject not in ("Invoice", "Customer"):
        return reason
    return (
        f"{f'Invoice {number}' if number else 'The invoice'} {said}" if subject == "Invoice" else f"The customer {said}"
    )


def late(due_on: date, today: date) -> str:
    """How a due date stands to a day, in words."""
    days = (today - due_on).days
    if days == 0:
        return "due today"
    return f"{counts.counted(days, 'day')} late" if days > 0 else f"due in {counts.counted(-days, 'day')}"


def _zone() -> str:
    client: Any = g.get("client")
    return client.time_zone if client else "UTC"
