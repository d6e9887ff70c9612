"""Decides the order of the worklist: expected value times urgency, in numbers that a person can be shown.

The rank is kept on each task, because sorting the open invoices of sixty clients for every page costs a second.
Amounts of several currencies stand in one list, so each currency has a rough weight. The weights order rows and are
never shown as money.
"""

from dataclasses import dataclass

from tenants.values import money


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of work: whether somebody waits for an answer, how likely acting brings the money in, what to do."""

    answer_now: bool
    chance: int
    """Per cent, a starting point of our own; shown with the order, so that people can disagree."""
    next_step: str


KINDS: dict[str, Kind] = {
    "reply": Kind(True, 80, "Read the reply and answer it"),
    "dispute": Kind(True, 70, "Settle the objection"),
    "bounce": Kind(True, 90, "Find a working address"),
    "promise": Kind(True, 75, "Ask about the broken promise"),
    "call": Kind(False, 60, "Call the customer"),
    "decide": Kind(False, 40, "Decide what comes next"),
    "review": Kind(False, 50, "Look at it and decide"),
}
OTHER = KINDS["review"]

WEIGHTS = {
    "EUR": 1.0,
    "USD": 0.9,
    "GBP": 1.15,
    "CHF": 1.05,
    "JPY": 0.006,
    "SEK": 0.09,
    "NOK": 0.085,
    "DKK": 0.13,
    "PLN": 0.23,
    "CAD": 0.65,
}
"""Rough worth of one unit in euros. A currency that is not here counts as a euro."""

LEAST_VALUE = 5_000
"""In weighted cents: work without an amount (a wrong address, a question) is still worth something."""

DAYS_THAT_COUNT = 120
"""After four months a further day makes nothing more urgent."""


def _weight_sql() -> str:
    """Thousandths of a euro cent that one minor unit of the row's currency is worth."""
    known = " ".join(
        f"WHEN '{currency}' THEN {round(1000 * worth * 100 / 10 ** money.digits(currency))}"
        for currency, worth in WEIGHTS.items()
    )
    return f"CASE x.currency {known} ELSE 1000 END"


VALUE = f"GREATEST(LEAST(x.amount_minor, 100000000000) * {_weight_sql()} / 1000, {LEAST_VALUE})"
URGENCY = (
    "100 + CASE WHEN x.answer_now THEN 100 ELSE 0 END"
    f" + 2 * LEAST(GREATEST(CAST(:today AS date) - x.oldest_due_on, 0), {DAYS_THAT_COUNT})"
)
"""Of a relation `x` with amount_minor, currency, answer_now, chance and oldest_due_on; `:today` is the client's."""

OLDEST_DUE = """
COALESCE(i.due_on, (SELECT min(o.due_on) FROM invoice o WHERE o.tenant_id = :tenant AND o.debtor_id = {debtor}
                      AND o.open_minor > 0 AND o.voided_on IS NULL), CAST(:today AS date))
"""


def of(kind: str) -> Kind:
    """What is known of a kind of task; an unknown kind is something to look at."""
    return KINDS.get(kind, OTHER)


@dataclass(frozen=True, slots=True)
class Factors:
    """Why a row stands where it stands: three numbers whose product is its rank."""

    value_minor: int
    currency: str
    chance: int
    urgency: int

    def in_words(self) -> tuple[str, str, str]:
        """One sentence for each factor."""
        amount = money.Money(self.value_minor, self.currency).shown() if self.currency else "No amount"
        return (
            f"{amount} is at stake.",
            f"Acting now brings it in about {self.chance} times out of 100.",
            f"It counts {self.urgency / 100:.1f} times for its lateness and for who is waiting.",
        )
