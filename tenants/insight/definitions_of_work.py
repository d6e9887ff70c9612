"""Decides which figures there are about work: contact, disputes, deductions, matching, receipt, losses to come."""

from collections.abc import Callable, Iterator
from fractions import Fraction

from tenants.insight import counting, formulas
from tenants.insight.counting import BALANCE, KEYS, Definition, Rows, slug
from tenants.insight.facts import Facts
from tenants.insight.formulas import Answer
from tenants.insight.sets_of_work import CONTACT_DAYS, LOSS_DAYS, REPEAT_DAYS, SLA_DAYS

UNSEEN = 100_000
"""The days that stand for never when the middle is sought."""
NOW_ONLY = "what arrived is kept as it is now, not as it was known"
REACHED = "customers with something overdue on the day, by a message sent to them or a task done about them"
OBJECTED = "disputes on invoices that were opened in the period, each by itself; of one without an amount the invoice’s"
TAKEN = "payments that came short for a reason; those whose payment was undone left out"
CASH = "payments received in the period"
EARLY = "invoices whose last day for a discount passed in the period; of several offers the highest counts"
ISSUED = "invoices issued in the period, cancelled ones out; sent by mail or as a structured invoice and not come back"
LOOKED_AT = (
    "invoices issued in the period, cancelled ones out, by number; machines that fetch mail or follow links are never"
    " counted, and what cannot be tracked counts as not seen"
)
GIVEN_UP = f"items open {LOSS_DAYS} days before by their bucket then, and what of them was written off since"


def _shares(
    key: str, title: str, *, rows: str, formula: str, basis: str, nothing: str, only_now: bool = False
) -> Iterator[Definition]:
    """A share by number and by amount, each with its rows."""
    for amount, name, how in ((False, "count", "number"), (True, "amount", "amount")):
        count = counting.share(rows, nothing=nothing, amount=amount)
        yield Definition(
            f"{key}-{name}",
            f"{title}, by {how}",
            "ratio",
            formula,
            basis,
            _present(count) if only_now else count,
            Rows(rows, hits=True),
            Rows(rows),
        )


def _present(count: Callable[[Facts], Answer]) -> Callable[[Facts], Answer]:
    """What cannot be told as it was known says so."""
    return lambda f: count(f) if f.period.known_at is None else Answer(None, reason=NOW_ONLY)


def _of_contact() -> Iterator[Definition]:
    yield from _shares(
        "coverage",
        "Late customers reached",
        rows="covered",
        formula=f"overdue customers reached in the last {CONTACT_DAYS} days ÷ all overdue customers",
        basis=REACHED,
        nothing="nobody is overdue",
    )
    yield from _shares(
        "first-contact",
        f"First contact by day {SLA_DAYS}",
        rows="first_contact",
        formula=f"reached within {SLA_DAYS} days after the due day ÷ all still open then",
        basis=f"invoices that became {SLA_DAYS} days late in the period and were open on that day",
        nothing=f"no invoice became {SLA_DAYS} days late in the period",
    )


def _of_disputes() -> Iterator[Definition]:
    rates = (
        ("dispute-rate", "Disputed of what was billed", "billed", "disputed ÷ billed on the same invoices", OBJECTED),
        (
            "dispute-validity",
            "Disputes that were right",
            "valid",
            "credited after the objection ÷ disputed",
            "disputes on invoices that ended in the period",
        ),
    )
    for name, title, rows, formula, basis in rates:
        count = counting.share(rows, nothing="no such dispute was in the period", amount=True)
        yield Definition(name, title, "ratio", formula, basis, count, Rows(rows, hits=True), Rows(rows))
    yield Definition(
        "dispute-repeat",
        "Disputes that came again",
        "ratio",
        f"those with the same customer and reason within {REPEAT_DAYS} days before ÷ all",
        OBJECTED,
        counting.share("repeated", nothing="no dispute was opened in the period", amount=False),
        Rows("repeated", hits=True),
        Rows("repeated"),
    )


def _of_deductions() -> Iterator[Definition]:
    open_ones, taken = Rows("deductions", "open"), Rows("deductions", "taken")
    yield Definition(
        "deductions", "Open deductions", "minor", "Σ deductions not settled", TAKEN,
        counting.amount(lambda f: f.of("deductions", "open").minor), open_ones,
    )  # fmt: skip
    yield Definition(
        "deduction-days",
        "Deduction days outstanding",
        "days",
        "open deductions ÷ deductions taken in the period × days",
        TAKEN,
        lambda f: formulas.quotient(
            f.of("deductions", "open").minor,
            f.of("deductions", "taken").minor,
            nothing="nothing was deducted in the period",
            times=f.period.days,
        ),
        open_ones,
        taken,
    )


def _of_cash() -> Iterator[Definition]:
    yield from _shares(
        "auto-match",
        "Matched without a person",
        rows="matched",
        formula="applied by the machine and not taken back ÷ received",
        basis=CASH,
        nothing="nothing was received in the period",
    )
    yield Definition(
        "auto-match-reversed",
        "Machine matches taken back",
        "ratio",
        "applied by the machine and taken back since ÷ applied by the machine",
        CASH,
        counting.share("taken_back", nothing="the machine matched nothing in the period", amount=True),
        Rows("taken_back", hits=True),
        Rows("taken_back"),
    )
    yield Definition(
        "discounts-taken",
        "Discounts taken",
        "ratio",
        "discounts ÷ payments applied",
        "discounts granted in the period by their day",
        lambda f: formulas.quotient(
            f.of("discounts").minor, f.of("slices").minor, nothing="nothing was paid in the period"
        ),
        Rows("discounts"),
        Rows("slices"),
    )


def _of_discounts() -> Iterator[Definition]:
    amounts = (
        ("discounts-offered", "Early-payment discounts offered", "Σ discounts offered", "offered"),
        ("discounts-missed", "Early-payment discounts missed", "Σ (offered − let go)", "missed"),
    )
    for name, title, formula, rows in amounts:
        yield Definition(name, title, "minor", formula, EARLY, _whole_of(rows), Rows(rows))
    yield from _shares(
        "discounts-captured",
        "Early-payment discounts captured",
        rows="offered",
        formula="discounts let go ÷ offered",
        basis=EARLY,
        nothing="no offered discount ended in the period",
    )


def _whole_of(rows: str) -> Callable[[Facts], Answer]:
    return counting.amount(lambda f: f.of(rows).minor)


def _of_receipt() -> Iterator[Definition]:
    yield from _shares(
        "adoption",
        "E-invoice adoption",
        rows="adopted",
        formula="sent electronically and not come back ÷ issued",
        basis=ISSUED,
        nothing="no invoice was issued in the period",
        only_now=True,
    )
    yield Definition(
        "adoption-customers",
        "E-invoice adoption, by customer",
        "ratio",
        "customers whose newest invoice went electronically ÷ customers with an invoice",
        ISSUED,
        _present(counting.share("adopters", nothing="no invoice was issued in the period", amount=False)),
        Rows("adopters", hits=True),
        Rows("adopters"),
    )
    rates = (
        ("delivered-rate", "Delivered of what was sent", "sent_out", "arrived and not come back ÷ sent", "sent"),
        ("seen-rate", "Seen of what was delivered", "handed_over", "seen by a person ÷ delivered", "delivered"),
    )
    for name, title, rows, formula, done in rates:
        count = counting.share(rows, nothing=f"no invoice was {done} in the period", amount=False)
        yield Definition(name, title, "ratio", formula, LOOKED_AT, _present(count), Rows(rows, hits=True), Rows(rows))
    yield Definition(
        "first-seen-days",
        "Days until somebody looked, median",
        "days",
        "the middle of the days from arrival to the first look by a person; what nobody saw comes last",
        "invoices that arrived in the period",
        _present(_first_seen),
    )


def _first_seen(facts: Facts) -> Answer:
    middle = facts.of("first_seen").median
    if middle is None:
        return Answer(None, reason="no invoice arrived in the period")
    if middle >= UNSEEN:
        return Answer(None, reason="nobody has looked at more than half of them yet")
    return Answer(Fraction(middle), middle)


def _of_losses() -> Iterator[Definition]:
    for key in KEYS:
        yield Definition(
            slug("loss-rate", key),
            f"Loss rate, {key.replace('_', ' ')}",
            "ratio",
            f"written off since ÷ open in the bucket {LOSS_DAYS} days before",
            GIVEN_UP,
            _loss(key),
            Rows("lost", key, hits=True),
            Rows("lost", key),
        )
    yield Definition(
        "provision",
        "Provision by age",
        "minor",
        "Σ open in each bucket × its loss rate; a bucket without a year of history counts nothing",
        f"{BALANCE}; {GIVEN_UP}",
        _provision,
    )


def _loss(key: str) -> Callable[[Facts], Answer]:
    return lambda f: formulas.quotient(
        f.of("lost", key).hit_minor, f.of("lost", key).minor, nothing="nothing was in the bucket a year before"
    )


def _provision(facts: Facts) -> Answer:
    """What the open items would lose at the rates of the last year."""
    if not facts.parts("lost"):
        return Answer(None, reason="nothing was open a year before")
    buckets = (facts.closing.not_due, *facts.closing.late)
    rates = {each.key: _loss(each.key)(facts).value or Fraction(0) for each in buckets}
    return Answer(sum((each.minor * rates[each.key] for each in buckets), Fraction(0)))


PARTS: tuple[tuple[str, Callable[[], Iterator[Definition]]], ...] = (
    ("Contact", _of_contact),
    ("Disputes", _of_disputes),
    ("Deductions", _of_deductions),
    ("Cash", _of_cash),
    ("Early payment", _of_discounts),
    ("Receipt", _of_receipt),
    ("Losses to come", _of_losses),
)
"""All of them under their headings, in the order in which a catalogue shows them."""
