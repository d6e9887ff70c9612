"""Decides what a rule may ask about a customer, in a rule about customers or about one of their invoices."""

from tenants.rules import stages
from tenants.rules.field import Field, Kind
from tenants.rules.phrases import Phrase, amount, average, count, one_of, presence, said, share

CHANNEL = {
    "email": Phrase("gets invoices by e-mail", "does not get invoices by e-mail"),
    "portal": Phrase("gets invoices in the portal", "does not get invoices in the portal"),
    "paper": Phrase("gets invoices by paper", "does not get invoices by paper"),
}


def _days_late(window: int, words: str, than: dict[str, dict[str, Phrase]] | None = None) -> Field:
    """Days beyond terms: how late invoices were settled on average, early ones counting against late ones."""
    return Field(
        f"customer.avg_days_late_{window}",
        Kind.NUMBER,
        f"late.days_{window}",
        average("paid on average", "did not pay on average", after=f"late in the last {words}"),
        joins=frozenset({"late"}),
        unit=("day", "days"),
        as_of=True,
        than=than or {},
    )


LATELY = "on average in the last 90 days than in the last 12 months"

CUSTOMER_FIELDS = (
    Field(
        "customer.groups",
        Kind.KEYS,
        "g.key",
        {"any_of": Phrase("is in {v}", "is not in {v}"), "none_of": Phrase("is not in {v}", "is in {v}")},
    ),
    Field(
        "customer.country",
        Kind.CODE,
        "d.country",
        one_of("is in {v}", "is not in {v}"),
        joins=frozenset({"debtor"}),
        example="DE",
    ),
    Field(
        "customer.language",
        Kind.CODE,
        "d.language",
        one_of("is written to in {v}", "is not written to in {v}"),
        joins=frozenset({"debtor"}),
        example="en",
        personal=True,
    ),
    Field(
        "customer.delivery_channel",
        Kind.CHOICE,
        "d.channel",
        words=CHANNEL,
        joins=frozenset({"debtor"}),
        example="paper",
    ),
    Field(
        "customer.overdue_total",
        Kind.MONEY,
        "COALESCE(owed.overdue_{currency}, 0)",
        amount("owes", "does not owe", after="overdue"),
        joins=frozenset({"owed"}),
        sums="owed",
        as_of=True,
    ),
    Field(
        "customer.oldest_due_date",
        Kind.DATE,
        "owed.oldest_on",
        said(
            past_by=("has an open invoice at least {v} past due", "has no open invoice {v} past due"),
            before=("has an open invoice that was due before {v}", "has no open invoice that was due before {v}"),
        )
        | presence("has an open invoice", "has no open invoice"),
        joins=frozenset({"owed"}),
        as_of=True,
    ),
    _days_late(365, "12 months"),
    _days_late(
        90,
        "90 days",
        than={
            "customer.avg_days_late_365": {
                op: Phrase(*(f"{has} {shape} later {LATELY}" for has in ("has paid", "has not paid")))
                for op, shape in (("gte", "at least {v}"), ("gt", "more than {v}"))
            }
        },
    ),
    Field(
        "customer.late_risk",
        Kind.SHARE,
        "late.risk",
        share("has a predicted late-payment risk of {v}", "has no predicted late-payment risk of {v}"),
        joins=frozenset({"late"}),
        as_of=True,
    ),
    Field(
        "customer.on_time_streak",
        Kind.NUMBER,
        "COALESCE(streak.on_time, 0)",
        {
            "gte": Phrase(
                "has paid {v} or more invoices in a row on time", "has not paid {v} invoices in a row on time"
            ),
            "lt": Phrase(
                "has not paid {v} invoices in a row on time", "has paid {v} or more invoices in a row on time"
            ),
        },
        joins=frozenset({"streak"}),
        as_of=True,
    ),
    Field(
        "customer.broken_promises",
        Kind.NUMBER,
        "COALESCE(vows.broken, 0)",
        {
            op: Phrase(*(f"{text} in the last 12 months" for text in phrase))
            for op, phrase in count("broke", "did not break").items()
        },
        joins=frozenset({"vows"}),
        unit=("promise", "promises"),
        as_of=True,
    ),
    Field(
        "customer.unapplied_cash",
        Kind.MONEY,
        "COALESCE(cash.unapplied_{currency}, 0)",
        amount("has", "does not have", after="paid or credited that no invoice took up"),
        joins=frozenset({"cash"}),
        sums="cash",
    ),
    Field(
        "customer.credit_use",
        Kind.SHARE,
        "round(CAST(COALESCE(used.open_minor, 0) AS numeric) / NULLIF(d.credit_limit_minor, 0), 4)",
        share("uses {v} of its credit limit", "does not use {v} of its credit limit"),
        joins=frozenset({"debtor", "used"}),
    ),
    Field(
        "customer.owner",
        Kind.TEXT,
        "CAST(d.owner_id AS text)",
        presence("has a specialist of its own", "has no specialist of its own"),
        joins=frozenset({"debtor"}),
    ),
    Field(
        "customer.stage",
        Kind.CHOICE,
        "COALESCE(stage_d.stage, 'none')",
        words=stages.WORDS,
        joins=frozenset({"stage_d"}),
        example="Formal",
    ),
    Field(
        "customer.tags",
        Kind.KEYS,
        "g.key",
        {
            "any_of": Phrase("is tagged {v}", "is not tagged {v}"),
            "none_of": Phrase("is not tagged {v}", "is tagged {v}"),
        },
    ),
)
