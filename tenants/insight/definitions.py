"""Decides which figures there are: what each means, in which unit, from which rows it is counted, and how."""

from collections.abc import Callable, Iterator
from itertools import pairwise

from tenants.insight import counting, definitions_of_work, formulas
from tenants.insight.counting import (
    AGES,
    ALL,
    BALANCE,
    DISPUTED,
    DUE,
    HOLDS,
    KEYS,
    LOOSE,
    LOST,
    NOT_DUE,
    OPEN,
    OVERDUE,
    PAID,
    RECEIVED,
    SALES,
    SOLD,
    Definition,
    Rows,
    slug,
)
from tenants.insight.facts import Facts

__all__ = ["DEFINITIONS", "GROUPS", "OPEN", "Definition", "Rows"]


def _of_balances() -> Iterator[Definition]:
    """What is owed, what came in and what was sold: amounts."""
    whole: tuple[tuple[str, str, Callable[[Facts], int], Rows], ...] = (
        ("open", "Open", lambda f: f.closing.gross.minor, ALL),
        ("not-due", "Not due yet, amount", lambda f: f.closing.not_due.minor, NOT_DUE),
        ("overdue", "Overdue", lambda f: f.closing.overdue.minor, OVERDUE),
    )
    for name, title, minor, rows in whole:
        yield Definition(name, title, "minor", "Σ open amounts", BALANCE, counting.amount(minor), rows)
    for key in KEYS[1:]:
        yield Definition(
            slug("overdue", key),
            f"Overdue, {key} days",
            "minor",
            "Σ open amounts in the bucket",
            BALANCE,
            counting.amount(counting.late(key)),
            Rows(OPEN, key),
        )
    yield Definition("sales", "Sales", "minor", "invoices − credit notes issued in the period", SALES,
        counting.amount(lambda f: f.of("sales").minor), SOLD)  # fmt: skip
    yield Definition("received", "Payments applied", "minor", "Σ payments applied in the period", RECEIVED,
        counting.amount(lambda f: f.of("slices").minor), Rows("slices"))  # fmt: skip
    yield Definition("unapplied", "Unapplied cash", "minor", "received or credited − applied", LOOSE,
        counting.amount(lambda f: counting.whole(f, "unapplied").minor), Rows("unapplied"))  # fmt: skip


def _of_sales() -> Iterator[Definition]:
    """Days of sales."""
    gross, early, late = (
        counting.sales_days(lambda f: f.closing.gross.minor),
        counting.sales_days(lambda f: f.closing.not_due.minor),
        counting.sales_days(lambda f: f.closing.overdue.minor),
    )
    yield Definition("dso", "DSO", "days", "open ÷ sales × days", SALES, gross, ALL, SOLD)
    yield Definition(
        "dso-average",
        "DSO, average balance",
        "days",
        "(opening + closing) ÷ (2 × sales) × days",
        SALES,
        counting.average,
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
            counting.sales_days(counting.late(key)),
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
        counting.cei,
    )
    yield Definition(
        "turnover", "Turnover of receivables", "times", "sales ÷ mean of opening and closing", SALES, counting.turns
    )
    yield Definition(
        "collection-period", "Average collection period", "days", "days ÷ turnover", SALES, counting.collection_period
    )
    yield Definition(
        "percent-current", "Not due yet", "ratio", "not due ÷ open", BALANCE, counting.current, NOT_DUE, ALL
    )
    for early, late in pairwise(KEYS):
        yield Definition(
            slug("roll", early),
            f"Roll rate, {early.replace('_', ' ')} to {late}",
            "ratio",
            f"of what was in {early.replace('_', ' ')} 30 days before, what is still open and now later",
            f"{BALANCE}; the same items on both days",
            counting.roll(early),
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
        counting.share("at_risk", nothing="no billing month is 90 days past due yet", amount=True),
        Rows("at_risk", hits=True),
        Rows("at_risk"),
    )
    yield Definition(
        "bad-debt-gross",
        "Bad debt, gross",
        "ratio",
        "written off ÷ sales",
        LOST,
        counting.lost(lambda sums: sums.hit_minor),
        Rows("written_off", hits=True),
        SOLD,
    )
    yield Definition(
        "bad-debt-net",
        "Bad debt, net",
        "ratio",
        "(written off − taken back) ÷ sales",
        LOST,
        counting.lost(lambda sums: sums.minor),
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
        counting.mean_days("settled"),
        Rows("settled"),
        Rows("settled"),
    )
    yield Definition(
        "days-beyond-terms",
        "Days beyond terms",
        "days",
        "mean of days from due date to full settlement",
        PAID,
        counting.mean_days("settled_terms"),
        Rows("settled_terms"),
        Rows("settled_terms"),
    )
    yield Definition(
        "days-to-pay-weighted",
        "Weighted average days to pay",
        "days",
        "Σ (amount × days from invoice date) ÷ Σ amount, for each part payment",
        "payments applied in the period, those reversed since left out",
        counting.weighted,
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
            counting.share("fell_due", nothing="nothing fell due in the period", amount=amount),
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
            counting.share("promises", nothing="no promise came due in the period", amount=amount),
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
        counting.amount(lambda f: f.of("disputes", "open").minor),
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
            counting.dispute_days(part, median=median, nothing=nothing),
        )
    for key in AGES:
        yield Definition(
            slug("unapplied", key),
            f"Unapplied cash, {key} days old",
            "minor",
            "received or credited − applied, by age from receipt",
            LOOSE,
            counting.unapplied(key),
            Rows("unapplied", key),
        )


PARTS: tuple[tuple[str, Callable[[], Iterator[Definition]]], ...] = (
    ("What is owed", _of_balances),
    ("Days of sales", _of_sales),
    ("How well it is collected", _of_collecting),
    ("What is lost", _of_losing),
    ("How customers pay", _of_paying),
    ("Promises", _of_promising),
    ("What lies about", _of_waiting),
    *definitions_of_work.PARTS,
)
DEFINITIONS = {each.name: each for _, part in PARTS for each in part()}
GROUPS = {title: tuple(each.name for each in part()) for title, part in PARTS}
"""The names of the figures under the headings of the catalogue."""
