"""Decides how figures are handed out: each with its parts, its reason when it has no value, and the rows behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from tenants import store
from tenants.directory import clients
from tenants.insight import facts, items
from tenants.insight.definitions import DEFINITIONS, OPEN, Definition, Rows
from tenants.insight.facts import Period
from tenants.insight.figures import Figure
from tenants.insight.narrowing import EVERYBODY, Narrow
from tenants.values.faults import Kind, Refusal


class UnknownFigure(Refusal, LookupError):
    """No figure has this name."""

    kind = Kind.UNKNOWN
    code = "unknown_figure"
    remedy = "Use a name of the catalogue of figures."


class NoRows(Refusal, LookupError):
    """This side of the figure is no sum over rows."""

    kind = Kind.UNKNOWN
    code = "no_rows"
    remedy = "Ask for the rows of the figures that it is counted from."


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that a figure counts."""

    kind: str
    id: UUID
    debtor_id: UUID
    debtor_name: str
    label: str
    on_day: date
    minor: int
    days: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows behind one side of a figure, what all of them add up to, and where the next page starts."""

    rows: Sequence[Row]
    count: int
    minor: int
    days: int
    next: tuple[date, UUID] | None


WANTED = "s.currency = :currency{part}{hits}"
TOTAL = """
SELECT count(*), coalesce(sum(s.{amount}), 0), coalesce(sum(s.days), 0) FROM ({rows}) s WHERE {wanted}
"""
PAGE = """
SELECT p.kind, p.id, p.debtor_id, d.name, p.label, p.on_day, p.amount, p.days
FROM (SELECT s.kind, s.id, s.debtor_id, s.label, s.on_day, CAST(s.{amount} AS bigint) AS amount, s.days
  FROM ({rows}) s WHERE {wanted}{after} ORDER BY s.on_day, s.id LIMIT :limit) p
JOIN debtor d ON d.tenant_id = :tenant AND d.id = p.debtor_id ORDER BY p.on_day, p.id
"""
AFTER = " AND (s.on_day, s.id) > (:after_on, CAST(:after_id AS uuid))"


def definition(name: str) -> Definition:
    """The definition of a figure. Raises UnknownFigure."""
    if name not in DEFINITIONS:
        raise UnknownFigure(f"There is no figure “{name[:40]}”.")
    return DEFINITIONS[name]


def of(
    period: Period, *, names: Sequence[str] = (), narrow: Narrow = EVERYBODY, currencies: Sequence[str] = ()
) -> list[Figure]:
    """The figures, all or the named ones, of every currency or of the named ones. Raises UnknownFigure.

    With named currencies only what the figures are counted from is read.
    """
    wanted = [definition(name) for name in names] or list(DEFINITIONS.values())
    books = facts.Books(period, narrow)
    known = [facts.Facts(each, books) for each in currencies] or facts.gather(period, narrow)
    return [_figure(each, found) for found in known for each in wanted]


def behind(
    name: str,
    *,
    side: str,
    currency: str,
    period: Period,
    narrow: Narrow = EVERYBODY,
    after: tuple[date, UUID] | None = None,
    limit: int = 50,
) -> Page:
    """The rows behind the `numerator` or the `denominator` of a figure. Raises UnknownFigure, NoRows."""
    known = definition(name)
    rows = known.top if side == "numerator" else known.bottom
    if rows is None:
        raise NoRows(f"The {side} of “{known.title}” is no sum over rows.")
    if rows.of == OPEN:
        return _open(rows, currency, period, narrow, after, limit)
    text = facts.ALL_SETS[rows.of]
    wanted = WANTED.format(part=" AND s.part = :part" if rows.part else "", hits=" AND s.hit <> 0" if rows.hits else "")
    wanted += narrow.further("s.debtor_id")
    values = period.values(str(clients.clock().zone)) | {"currency": currency} | narrow.values()
    if rows.part:
        values["part"] = rows.part
    said = {"rows": text, "wanted": wanted, "amount": "hit" if rows.hits else "minor"}
    count, minor, days = store.run(TOTAL.format(**said), **values).one()
    if after is not None:
        values |= {"after_on": after[0], "after_id": after[1]}
    statement = PAGE.format(after="" if after is None else AFTER, **said)
    found = [Row(*row) for row in store.run(statement, limit=limit + 1, **values)]
    page = found[:limit]
    more = (page[-1].on_day, page[-1].id) if len(found) > limit else None
    return Page(page, count, int(minor), int(days), more)


def _figure(known: Definition, found: facts.Facts) -> Figure:
    answer = known.count(found)
    return Figure(
        name=known.name,
        value=answer.value,
        unit=known.unit,
        as_of=found.period.day,
        basis=known.basis,
        known_at=found.period.known_at,
        numerator=answer.numerator,
        denominator=answer.denominator,
        reason=answer.reason,
        currency=found.currency,
    )


def _open(
    rows: Rows, currency: str, period: Period, narrow: Narrow, after: tuple[date, UUID] | None, limit: int
) -> Page:
    """What is open comes from the rows behind the aging, so that both say the same."""
    page = items.behind(
        rows.part,
        currency=currency,
        day=period.day,
        known_at=period.known_at,
        narrow=narrow,
        after=after,
        limit=limit,
    )
    shown = [
        Row("invoice", each.id, each.debtor_id, each.debtor_name, each.number, each.due_on, each.open_minor, each.late)
        for each in page.items
    ]
    return Page(shown, page.total.count, page.total.minor, 0, page.next)
