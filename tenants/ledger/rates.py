"""Decides how one currency is told in another: by a rate with a source and a day, or not at all.

A rate is what one unit of its base costs in its quote. The newest one known on or before a day counts, if it is not too
old; a correction is a newer row. Currencies without a rate to each other meet through one that both have a rate to.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from fractions import Fraction

from sqlalchemy import Numeric
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.events import history
from tenants.store import Model, TenantOwned
from tenants.values import money
from tenants.values.faults import Kind, Refusal

OLDEST = timedelta(days=10)
"""A rate older than this is none: banks rest for a few days, not for weeks."""
EURO, ECB = "EUR", "ECB reference rates"
MOST = 200_000


class NoRate(Refusal):
    """Two currencies were to be added, and nobody said how."""

    kind = Kind.CONFLICT
    code = "no_rate"
    remedy = "Load a rate for this day, or keep the currencies apart."


class BadRates(Refusal):
    """The rates cannot be read."""

    code = "bad_rates"
    remedy = "Send the file of the European Central Bank as it is, or rates above nothing."


class ExchangeRate(TenantOwned, Model):
    """What one unit of `base` cost in `quote` on a day, as somebody said at an instant."""

    __tablename__ = "exchange_rate"

    base: Mapped[str] = mapped_column(primary_key=True)
    quote: Mapped[str] = mapped_column(primary_key=True)
    on_day: Mapped[date] = mapped_column(primary_key=True)
    known_at: Mapped[datetime] = mapped_column(primary_key=True)
    rate: Mapped[Decimal] = mapped_column(Numeric)
    source: Mapped[str]


@dataclass(frozen=True, slots=True)
class Rate:
    """One rate, with where it comes from and the day it is of."""

    base: str
    quote: str
    on_day: date
    rate: Decimal
    source: str


@dataclass(frozen=True, slots=True)
class Table:
    """The rates of one day, by which amounts become amounts in one currency."""

    into: str
    day: date
    rates: Mapping[tuple[str, str], Rate]

    def used(self, currency: str) -> tuple[Rate, ...]:
        """The rate, or the two rates by way of a third currency, that lead from a currency. Raises NoRate."""
        if currency == self.into:
            return ()
        if direct := self._between(currency, self.into):
            return (direct,)
        for via in sorted({code for pair in self.rates for code in pair}):
            first, second = self._between(currency, via), self._between(via, self.into)
            if first and second:
                return first, second
        raise NoRate(f"There is no rate between {currency} and {self.into} for {self.day}.")

    def convert(self, minor: int, *, currency: str) -> int:
        """An amount in the table's currency, rounded half to even. Raises NoRate."""
        value, at = Fraction(minor, 10 ** money.digits(currency)), currency
        for rate in self.used(currency):
            value, at = (
                (value * Fraction(rate.rate), rate.quote)
                if rate.base == at
                else (value / Fraction(rate.rate), rate.base)
            )
        rounded: int = round(value * 10 ** money.digits(self.into))
        return rounded

    def sum(self, amounts: Iterable[tuple[int, str]]) -> int:
        """Amounts of several currencies as one. Raises NoRate."""
        return sum(self.convert(minor, currency=currency) for minor, currency in amounts)

    def _between(self, one: str, other: str) -> Rate | None:
        return self.rates.get((one, other)) or self.rates.get((other, one))


KEEP = """
INSERT INTO exchange_rate (tenant_id, base, quote, on_day, known_at, rate, source)
SELECT :tenant, r.base, r.quote, r.on_day, :now, r.rate, :source
FROM unnest(CAST(:bases AS text[]), CAST(:quotes AS text[]), CAST(:days AS date[]), CAST(:rates AS numeric[]))
  AS r(base, quote, on_day, rate)
WHERE r.rate IS DISTINCT FROM (
  SELECT k.rate FROM exchange_rate k WHERE k.tenant_id = :tenant AND k.base = r.base AND k.quote = r.quote
    AND k.on_day = r.on_day ORDER BY k.known_at DESC LIMIT 1)
ON CONFLICT (tenant_id, base, quote, on_day, known_at) DO NOTHING
"""
OF_DAY = """
SELECT DISTINCT ON (base, quote) base, quote, on_day, rate, source FROM exchange_rate
WHERE tenant_id = :tenant AND on_day BETWEEN :since AND :day
  AND (CAST(:known_at AS timestamptz) IS NULL OR known_at <= :known_at)
ORDER BY base, quote, on_day DESC, known_at DESC
"""


def keep(rates: Sequence[Rate], *, source: str, now: datetime) -> int:
    """Keep rates that are new or differ from what was known; return how many. Raises BadRates, UnknownCurrency."""
    for rate in rates:
        money.digits(rate.base), money.digits(rate.quote)
        if rate.rate <= 0 or rate.base == rate.quote:
            raise BadRates(f"{rate.base}/{rate.quote} is no rate.", pointer="/rates")
    kept = store.run(
        KEEP,
        bases=[rate.base for rate in rates],
        quotes=[rate.quote for rate in rates],
        days=[rate.on_day for rate in rates],
        rates=[rate.rate for rate in rates],
        source=source,
        now=now,
    ).rowcount
    if kept:
        history.note("rates.kept", about=("rates", None), at=now, became={"count": kept, "source": source})
    return kept


def table(into: str, *, day: date, known_at: datetime | None = None) -> Table:
    """The rates of a day, with all that is known now or what was known at an instant."""
    money.digits(into)
    rows = store.run(OF_DAY, day=day, since=day - OLDEST, known_at=known_at)
    found = [Rate(*row) for row in rows]
    return Table(into, day, {(rate.base, rate.quote): rate for rate in found})


def of_day(day: date) -> Sequence[Rate]:
    """The rates that count on a day."""
    return [Rate(*row) for row in store.run(OF_DAY, day=day, since=day - OLDEST, known_at=None)]


def read_ecb(body: bytes) -> list[Rate]:
    """The rates of a file of the European Central Bank (`eurofxref.csv` or `eurofxref-hist.csv`). Raises BadRates.

    Its columns are currencies, its rows days; a cell says what one euro costs. Empty cells and N/A are no rate.
    """
    try:
        rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error) as fault:
        raise BadRates("This is no file of rates.") from fault
    if not rows or rows[0][0].strip().casefold() != "date" or len(rows) * len(rows[0]) > MOST * 4:
        raise BadRates("This is no file of the European Central Bank: its first column is not “Date”.")
    codes = [cell.strip() for cell in rows[0]]
    found = [
        rate
        for line, row in enumerate(rows[1:], 2)
        if any(row)
        for rate in _of_row(_day(row[0].strip(), line), dict(zip(codes[1:], row[1:], strict=False)), line)
    ]
    if not found or len(found) > MOST:
        raise BadRates(f"The file holds {len(found):,} rates; between 1 and {MOST:,} can be taken.")
    return found


def _of_row(day: date, cells: Mapping[str, str], line: int) -> Iterable[Rate]:
    for code, cell in cells.items():
        said = cell.strip()
        if code and said and said != "N/A" and _is_known(code):
            yield Rate(EURO, code, day, _number(said, line), ECB)


def _is_known(code: str) -> bool:
    """Currencies that are no more stand in the long file, and nobody owes in them."""
    try:
        return money.digits(code) >= 0
    except money.UnknownCurrency:
        return False


def _day(text: str, line: int) -> date:
    for form in ("%Y-%m-%d", "%d %B %Y"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    raise BadRates(f"In line {line}, “{text[:20]}” is no day.")


def _number(text: str, line: int) -> Decimal:
    try:
        rate = Decimal(text).quantize(Decimal("1e-10"), rounding=ROUND_HALF_EVEN)
    except InvalidOperation as fault:
        raise BadRates(f"In line {line}, “{text[:20]}” is no rate.") from fault
    if rate <= 0:
        raise BadRates(f"In line {line}, “{text[:20]}” is no rate.")
    return rate.normalize()
