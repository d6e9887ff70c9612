"""Decides which figures there are: what each means, in which unit, from which rows it is counted, and how."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

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


def _sales_days(minor: Callable[[Facts], int]) -> Callable[[Facts], Answer]:
    return lambda f: formulas.days_of_sales(minor(f), sales=f.of("sales").minor, days=f.period.days)


def _share(rows: str, nothing: str, *, amount: bool) -> Callable[[Facts], Answer]:
    def count(facts: Facts) -> Answer:
        found = _whole(facts, rows)
        top, bottom = (found.hit_minor, found.minor) if amount else (found.hits, found.count)
        return formulas.quotient(top, bottom, nothing=nothing)

    return count


def _mean_days(rows: str) -> Callable[[Facts], Answer]:
    return lambda f: formulas.quotient(f.of(rows).days, f.of(rows).count, nothing="nothing was settled in the period")


def _whole(facts: Facts, rows: str) -> Sums:
    """The sums over all parts of a set."""
    parts = list(facts.parts(rows).values())
    return Sums(
        count=sum(each.count for each in parts),
        minor=sum(each.minor for each in parts),
        hits=sum(each.hits for each in parts),
        hit_minor=sum(each.hit_minor for each in parts),
    )


def _lost(minor: Callable[[Sums], int]) -> Callable[[Facts], Answer]:
    return lambda f: formulas.quotient(minor(f.of("written_off")), f.of("sales").minor, nothing=formulas.NO_SALES)


def _roll(part: str) -> Callable[[Facts], Answer]:
    return lambda f: formulas.quotient(
        f.of("rolled", part).hit_minor, f.of("rolled", part).minor, nothing="nothing was in the bucket 30 days before"
    )


def _late(key: str) -> Callable[[Facts], int]:
    return lambda f: next(each.minor for each in f.closing.late if each.key == key)


def _amount(minor: Callable[[Facts], int]) -> Callable[[Facts], Answer]:
    return lambda f: Answer(Fraction(minor(f)), minor(f))


def _unapplied(part: str) -> Callable[[Facts], Answer]:
    return lambda f: Answer(Fraction(f.of("unapplied", part).minor), f.of("unapplied", part).minor)


def _dispute_days(part: str, *, median: bool, nothing: str) -> Callable[[Facts], Answer]:
    def count(facts: Facts) -> Answer:
        found = facts.of("disputes", part)
        value = found.median if median else found.ninetieth
        return Answer(None, reason=nothing) if value is None else Answer(Fraction(value), value, None)

    return count


def _turns(facts: Facts) -> Answer:
    return formulas.turnover(facts.opening.gross.minor, facts.closing.gross.minor, sales=facts.of("sales").minor)


def _cei(facts: Facts) -> Answer:
    return formulas.effectiveness(
        facts.opening.gross.minor,
        sales=facts.of("sales").minor,
        closing=facts.closing.gross.minor,
        not_due=facts.closing.not_due.minor,
    )


def _average(facts: Facts) -> Answer:
    return formulas.average_dso(
        facts.opening.gross.minor, facts.closing.gross.minor, sales=facts.of("sales").minor, days=facts.period.days
    )


def _collection_period(facts: Facts) -> Answer:
    turns = _turns(facts)
    if turns.value is None or turns.denominator is None or turns.numerator is None:
        return turns
    return formulas.quotient(turns.denominator, turns.numerator, nothing=formulas.NO_SALES, times=facts.period.days)


def _weighted(facts: Facts) -> Answer:
    return formulas.quotient(facts.of("slices").weighted, facts.of("slices").minor, nothing="nothing was paid")


def _current(facts: Facts) -> Answer:
    return formulas.quotient(facts.closing.not_due.minor, facts.closing.gross.minor, nothing="nothing is open")


ALL, SOLD = Rows(OPEN, buckets.ALL), Rows("sales")
NOT_DUE, OVERDUE = Rows(OPEN, buckets.NOT_DUE), Rows(OPEN, buckets.OVERDUE)
KEYS = [span.key for span in buckets.spans()]
AGES = ("0-30", "31-60", "61-90", "91-120", "121+")


def slug(prefix: str, key: str) -> str:
    """The name of a figure about one bucket."""
    return f"{prefix}-{key.replace('-', '-to-').replace('_', '-').replace('+', '-up')}"


def _of_balances() -> Iterator[Definition]:
    """What is owed, what came in and what was sold: amounts."""
    whole: tuple[tuple[str, str, Callable[[Facts], int], Rows], ...] = (
        ("open", "Open", lambda f: f.closing.gross.minor, ALL),
        ("not-due", "Not due yet, amount", lambda f: f.closing.not_due.minor, NOT_DUE),
        ("overdue", "Overdue", lambda f: f.closing.overdue.minor, OVERDUE),
    )
    for name, title, minor, rows in whole:
        yield Definition(name, title, "minor", "Σ open amounts", BALANCE, _amount(minor), rows)
    for key in KEYS[1:]:
        yield Definition(
            slug("overdue", key),
            f"Overdue, {key} days",
            "minor",
            "Σ open amounts in the bucket",
            BALANCE,
            _amount(_late(key)),
            Rows(OPEN, key),
        )
    yield Definition("sales", "Sales", "minor", "invoices − credit notes issued in the period", SALES,
        _amount(lambda f: f.of("sales").minor), SOLD)  # fmt: skip
    yield Definition("received", "Payments applied", "minor", "Σ payments applied in the period", RECEIVED,
        _amount(lambda f: f.of("slices").minor), Rows("slices"))  # fmt: skip
    yield Definition("unapplied", "Unapplied cash", "minor", "received or credited − applied", LOOSE,
        _amount(lambda f: _whole(f, "unapplied").minor), Rows("unapplied"))  # fmt: skip


def _of_sales() -> Iterator[Definition]:
    """Days of sales."""
    gross, early, late = (
        _sales_days(lambda f: f.closing.gross.minor),
        _sales_days(lambda f: f.closing.not_due.minor),
        _sales_days(lambda f: f.closing.overdue.minor),
    )
    yield Definition("dso", "DSO", "days", "open ÷ sales × days", SALES, gross, ALL, SOLD)
    yield Definition(
        "dso-average", "DSO, average balance", "days", "(opening + closing) ÷ (2 × sales) × days", SALES, _average
    )
    yield Definition(
        "dso-countback",
        "DSO, counted back",
        "days",
        "whole months’ sales taken from what is open, newest first, and a part of the last",
        f"{SALES}; months end on the day, a month without sales stops the count",
        lambda f: formulas.countback(f.closing.gross.minor, f.months),
        ALL,
    )
    yield Definition("dso-best", "Best possible DSO", "days", "not due ÷ sales × days", SALES, early, NOT_DUE, SOLD)
    yield Definition("add", "Average days delinquent", "days", "DSO − best possible DSO", SALES, late, OVERDUE, SOLD)
    for key in KEYS[1:]:
        yield Definition(
            slug("past-due-dso", key),
            f"Past-due DSO, {key} days late",
            "days",
            "open in the bucket ÷ sales × days; the buckets add up to the average days delinquent",
            SALES,
            _sales_days(_late(key)),
            Rows(OPEN, key),
            SOLD,
        )


def _of_collecting() -> Iterator[Definition]:
    """How well money comes in."""
    yield Definition(
        "cei",
        "Collection effectiveness",
        "ratio",
        "(opening + sales − closing) ÷ (opening + sales − not due)",
        SALES,
        _cei,
    )
    yield Definition(
        "turnover", "Turnover of receivables", "times", "sales ÷ mean of opening and closing", SALES, _turns
    )
    yield Definition(
        "collection-period", "Average collection period", "days", "days ÷ turnover", SALES, _collection_period
    )
    yield Definition("percent-current", "Not due yet", "ratio", "not due ÷ open", BALANCE, _current, NOT_DUE, ALL)
    for early, late in pairwise(KEYS):
        yield Definition(
            slug("roll", early),
            f"Roll rate, {early.replace('_', ' ')} to {late}",
            "ratio",
            f"of what was in {early.replace('_', ' ')} 30 days before, what is still open and now later",
            f"{BALANCE}; the same items on both days",
            _roll(early),
            Rows("rolled", early, hits=True),
            Rows("rolled", early),
        )


def _of_losing() -> Iterator[Definition]:
    """What may not come in, and what did not."""
    yield Definition(
        "at-risk",
        "At-risk rate",
        "ratio",
        "still open 90 days past due ÷ invoiced",
        "the newest billing month of which every invoice is 90 days past due",
        _share("at_risk", "no billing month is 90 days past due yet", amount=True),
        Rows("at_risk", hits=True),
        Rows("at_risk"),
    )
    yield Definition(
        "bad-debt-gross",
        "Bad debt, gross",
        "ratio",
        "written off ÷ sales",
        LOST,
        _lost(lambda sums: sums.hit_minor),
        Rows("written_off", hits=True),
        SOLD,
    )
    yield Definition(
        "bad-debt-net",
        "Bad debt, net",
        "ratio",
        "(written off − taken back) ÷ sales",
        LOST,
        _lost(lambda sums: sums.minor),
        Rows("written_off"),
        SOLD,
    )


def _of_paying() -> Iterator[Definition]:
    """How customers pay."""
    yield Definition(
        "days-to-pay",
        "Average days to pay",
        "days",
        "mean of days from invoice date to full settlement",
        PAID,
        _mean_days("settled"),
        Rows("settled"),
        Rows("settled"),
    )
    yield Definition(
        "days-beyond-terms",
        "Days beyond terms",
        "days",
        "mean of days from due date to full settlement",
        PAID,
        _mean_days("settled_terms"),
        Rows("settled_terms"),
        Rows("settled_terms"),
    )
    yield Definition(
        "days-to-pay-weighted",
        "Weighted average days to pay",
        "days",
        "Σ (amount × days from invoice date) ÷ Σ amount, for each part payment",
        "payments applied in the period, those reversed since left out",
        _weighted,
        Rows("slices"),
        Rows("slices"),
    )
    for amount, name, how in ((False, "on-time-count", "number"), (True, "on-time-amount", "amount")):
        yield Definition(
            name,
            f"Paid on time, by {how}",
            "ratio",
            "settled by the due day ÷ all that fell due",
            DUE,
            _share("fell_due", "nothing fell due in the period", amount=amount),
            Rows("fell_due", hits=True),
            Rows("fell_due"),
        )


def _of_promising() -> Iterator[Definition]:
    """Whether customers keep their word."""
    for amount, name, how in ((False, "kept-count", "number"), (True, "kept-amount", "amount")):
        yield Definition(
            f"promises-{name}",
            f"Promises kept, by {how}",
            "ratio",
            "kept ÷ (kept + kept in part + broken)",
            HOLDS,
            _share("promises", "no promise came due in the period", amount=amount),
            Rows("promises", hits=True),
            Rows("promises"),
        )


def _of_waiting() -> Iterator[Definition]:
    """What lies about: disputes and cash that nobody has applied."""
    yield Definition(
        "disputed",
        "In dispute",
        "minor",
        "Σ disputed amounts; of a dispute without an amount the invoice’s",
        DISPUTED,
        _amount(lambda f: f.of("disputes", "open").minor),
        Rows("disputes", "open"),
    )
    for name, title, part, median in (
        ("dispute-days", "Dispute cycle time, median", "closed", True),
        ("dispute-days-p90", "Dispute cycle time, 90th percentile", "closed", False),
        ("dispute-age", "Age of open disputes, median", "open", True),
    ):
        nothing = "no dispute was closed in the period" if part == "closed" else "no dispute is open"
        yield Definition(
            name,
            title,
            "days",
            "working days from opening to " + ("the end" if part == "closed" else "the day"),
            DISPUTED,
            _dispute_days(part, median=median, nothing=nothing),
        )
    for key in AGES:
        yield Definition(
            slug("unapplied", key),
            f"Unapplied cash, {key} days old",
            "minor",
            "received or credited − applied, by age from receipt",
            LOOSE,
            _unapplied(key),
            Rows("unapplied", key),
        )


DEFINITIONS = {
    each.name: each
    for part in (_of_balances, _of_sales, _of_collecting, _of_losing, _of_paying, _of_promising, _of_waiting)
    for each in part()
}
