"""Decides what a figure is made of, and the ways in which figures are counted from the facts of a currency."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from tenants.insight import buckets, formulas
from tenants.insight.facts import Facts, Sums
from tenants.insight.formulas import Answer

OPEN = "open"
"""The set of what is open on the day; its parts are the buckets of the aging."""
BALANCE = "gross open amounts by due date; tax and disputed in, unapplied cash beside and not netted, written-off out"
SALES = f"{BALANCE}; sales are invoices less credit notes issued in the period, tax in, cancelled out"
PAID = "invoices settled in the period by payment; those written off, even in part, and cancelled ones out"
DUE = "invoices whose due day passed in the period, cancelled ones out; those still open count as not on time"
LOST = "write-offs dated in the period over its sales, tax in"
HOLDS = "promises whose day passed in the period; those taken back before it left out; payments applied by then count"
RECEIVED = "payments applied in the period by the day they count from, those reversed since left out"
LOOSE = "payments by their date of receipt, credit notes by their date of issue"
DISPUTED = "disputes on invoices; working days Monday to Friday, public holidays not taken out"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows behind one side of a figure: a set, a part of it (all parts if empty), and whether only its hits."""

    of: str
    part: str = ""
    hits: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """One figure: its name on screens, its unit, and how it is counted."""

    name: str
    title: str
    unit: str
    formula: str
    basis: str
    count: Callable[[Facts], Answer]
    top: Rows | None = None
    bottom: Rows | None = None


def sales_days(minor: Callable[[Facts], int]) -> Callable[[Facts], Answer]:
    """How many days of the period’s sales an amount stands for."""
    return lambda f: formulas.days_of_sales(minor(f), sales=f.of("sales").minor, days=f.period.days)


def share(rows: str, *, nothing: str, amount: bool) -> Callable[[Facts], Answer]:
    """The part of a set that counts above the line, by number or by amount."""

    def count(facts: Facts) -> Answer:
        found = whole(facts, rows)
        top, bottom = (found.hit_minor, found.minor) if amount else (found.hits, found.count)
        return formulas.quotient(top, bottom, nothing=nothing)

    return count


def mean_days(rows: str) -> Callable[[Facts], Answer]:
    """The mean of the days of a set’s rows."""
    return lambda f: formulas.quotient(f.of(rows).days, f.of(rows).count, nothing="nothing was settled in the period")


def whole(facts: Facts, rows: str) -> Sums:
    """The sums over all parts of a set."""
    parts = list(facts.parts(rows).values())
    return Sums(
        count=sum(each.count for each in parts),
        minor=sum(each.minor for each in parts),
        hits=sum(each.hits for each in parts),
        hit_minor=sum(each.hit_minor for each in parts),
    )


def lost(minor: Callable[[Sums], int]) -> Callable[[Facts], Answer]:
    """What was written off over the sales of the period."""
    return lambda f: formulas.quotient(minor(f.of("written_off")), f.of("sales").minor, nothing=formulas.NO_SALES)


def roll(part: str) -> Callable[[Facts], Answer]:
    """Of what was in a bucket, the part that moved on."""
    return lambda f: formulas.quotient(
        f.of("rolled", part).hit_minor, f.of("rolled", part).minor, nothing="nothing was in the bucket 30 days before"
    )


def late(key: str) -> Callable[[Facts], int]:
    """What is open in a bucket."""
    return lambda f: next(each.minor for each in f.closing.late if each.key == key)


def amount(minor: Callable[[Facts], int]) -> Callable[[Facts], Answer]:
    """An amount as a figure."""
    return lambda f: Answer(Fraction(minor(f)), minor(f))


def unapplied(part: str) -> Callable[[Facts], Answer]:
    """Unapplied cash of one age."""
    return lambda f: Answer(Fraction(f.of("unapplied", part).minor), f.of("unapplied", part).minor)


def dispute_days(part: str, *, median: bool, nothing: str) -> Callable[[Facts], Answer]:
    """The middle, or the ninetieth of a hundred, of the days of disputes."""

    def count(facts: Facts) -> Answer:
        found = facts.of("disputes", part)
        value = found.median if median else found.ninetieth
        return Answer(None, reason=nothing) if value is None else Answer(Fraction(value), value, None)

    return count


def turns(facts: Facts) -> Answer:
    """How often receivables turned over."""
    return formulas.turnover(facts.opening.gross.minor, facts.closing.gross.minor, sales=facts.of("sales").minor)


def cei(facts: Facts) -> Answer:
    """Of what could be collected, what was."""
    return formulas.effectiveness(
        facts.opening.gross.minor,
        sales=facts.of("sales").minor,
        closing=facts.closing.gross.minor,
        not_due=facts.closing.not_due.minor,
    )


def average(facts: Facts) -> Answer:
    """DSO from the mean of both balances."""
    return formulas.average_dso(
        facts.opening.gross.minor, facts.closing.gross.minor, sales=facts.of("sales").minor, days=facts.period.days
    )


def collection_period(facts: Facts) -> Answer:
    """The days that one turnover takes."""
    found = turns(facts)
    if found.value is None or found.denominator is None or found.numerator is None:
        return found
    return formulas.quotient(found.denominator, found.numerator, nothing=formulas.NO_SALES, times=facts.period.days)


def weighted(facts: Facts) -> Answer:
    """The mean of days, weighted by amount."""
    return formulas.quotient(facts.of("slices").weighted, facts.of("slices").minor, nothing="nothing was paid")


def current(facts: Facts) -> Answer:
    """The share of what is open that is not late."""
    return formulas.quotient(facts.closing.not_due.minor, facts.closing.gross.minor, nothing="nothing is open")


ALL, SOLD = Rows(OPEN, buckets.ALL), Rows("sales")
NOT_DUE, OVERDUE = Rows(OPEN, buckets.NOT_DUE), Rows(OPEN, buckets.OVERDUE)
KEYS = [span.key for span in buckets.spans()]
AGES = ("0-30", "31-60", "61-90", "91-120", "121+")


def slug(prefix: str, key: str) -> str:
    """The name of a figure about one bucket."""
    return f"{prefix}-{key.replace('-', '-to-').replace('_', '-').replace('+', '-up')}"
