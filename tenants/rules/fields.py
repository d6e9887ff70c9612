"""Decides what rules may ask about: the one registry of fields, with type, SQL, joins, words and examples.

Everything that knows fields is made from here: checking, SQL, English, explanation, the builder's menus and the tests
that hold that every operator of every field works. A field that is wrong here chases the wrong people, so each has a
reference in the tests.

Expressions use `i` for the invoice, `d` for the customer, `{debtor}` for the customer's id of either subject, and the
derived tables of `joins`. None uses "updated at": a rule must not fire because another rule wrote something.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from tenants.rules.phrases import Phrase, amount, average, count, instant, of_customer, one_of

SUBJECTS = ("invoice", "customer")


class Kind(StrEnum):
    """The type of a field; it decides which operators exist and what their values look like."""

    CHOICE = "choice"
    CODE = "code"
    MONEY = "money"
    NUMBER = "number"
    LEVEL = "level"
    KEYS = "keys"
    DATE = "date"
    INSTANT = "instant"
    TEXT = "text"


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One thing that a rule may ask about."""

    key: str
    kind: Kind
    sql: str
    phrases: dict[str, Phrase] = field(default_factory=dict)
    words: dict[str, Phrase] = field(default_factory=dict)
    """For choices and levels: how each value is said."""
    tests: dict[str, str] = field(default_factory=dict)
    """For choices that are not a column: the condition of each value."""
    joins: frozenset[str] = frozenset()
    unit: tuple[str, str] = ("", "")
    than: dict[str, dict[str, Phrase]] = field(default_factory=dict)
    """Other fields that it may be compared with, and how that is said for each operator."""
    example: str = ""
    as_of: bool = False
    """Whether its value on a past day can be told; a backtest must say so where it cannot."""
    personal: bool = False
    """Whether it says something about a natural person."""

    @property
    def of_customer(self) -> bool:
        """A field of the customer, which a rule about invoices may ask about too."""
        return self.key.startswith("customer.")

    @property
    def subjects(self) -> tuple[str, ...]:
        """What a rule must be about to use it."""
        return SUBJECTS if self.of_customer else ("invoice",)

    @property
    def operators(self) -> tuple[str, ...]:
        """The operators, in the order of the menus."""
        if self.kind is Kind.LEVEL:
            return ("at_least", "below")
        return ("eq", "ne", "in", "not_in") if self.words else tuple(self.phrases)

    def phrase(self, op: str, *, about: str) -> Phrase:
        """How the operator is said in a rule about that subject."""
        return self._fit(self.phrases[op], about)

    def word(self, value: str, *, about: str) -> Phrase:
        """How one of the values is said in a rule about that subject."""
        return self._fit(self.words[value], about)

    def compared(self, other: str, op: str, *, about: str) -> Phrase:
        """How the operator is said of this field and another."""
        return self._fit(self.than[other][op], about)

    def _fit(self, phrase: Phrase, about: str) -> Phrase:
        return of_customer(phrase) if self.of_customer and about == "invoice" else phrase


STATUS = {
    "open": Phrase("is open", "is not open"),
    "settled": Phrase("is settled", "is not settled"),
    "voided": Phrase("is cancelled", "is not cancelled"),
}
# Word for word the predicate of the index of open invoices, so that the planner can use it.
STATUS_TESTS = {
    "open": "(i.open_minor > 0 AND i.voided_on IS NULL)",
    "settled": "(i.open_minor <= 0 AND i.voided_on IS NULL)",
    "voided": "(i.voided_on IS NOT NULL)",
}
DELIVERY = {
    "none": Phrase("has not been put on its way", "has been put on its way"),
    "queued": Phrase("is waiting to be sent", "is not waiting to be sent"),
    "sent": Phrase("is sent and not confirmed yet", "is not between sending and confirmation"),
    "delayed": Phrase("is delayed on its way", "is not delayed on its way"),
    "delivered": Phrase("has arrived", "has not arrived"),
    "bounced": Phrase("could not be delivered", "did not bounce"),
    "failed": Phrase("could not be sent", "did not fail to be sent"),
}
LEVELS = {"accepted": 1, "delivered": 2, "machine": 3, "open": 4, "click": 5, "portal": 6, "reply": 7}
"""Names of the grades of evidence from which a rule may choose; a machine's fetch counts as nothing by itself."""
EVIDENCE = {
    "accepted": Phrase("was at least accepted by our mail provider", "was not accepted by our mail provider"),
    "delivered": Phrase("at least reached the customer’s mail server", "did not reach the customer’s mail server"),
    "machine": Phrase("was at least fetched by a machine", "was not even fetched by a machine"),
    "open": Phrase("was at least opened by a person", "was not opened by a person"),
    "click": Phrase("was at least opened from its link", "was not opened from its link"),
    "portal": Phrase("was at least viewed in the portal", "was not viewed in the portal"),
    "reply": Phrase("was answered by the customer", "was not answered by the customer"),
}
CHANNEL = {
    "email": Phrase("gets invoices by e-mail", "does not get invoices by e-mail"),
    "portal": Phrase("gets invoices in the portal", "does not get invoices in the portal"),
    "paper": Phrase("gets invoices by paper", "does not get invoices by paper"),
}


def _date(**phrases: tuple[str, str]) -> dict[str, Phrase]:
    return {op: Phrase(*said) for op, said in phrases.items()}


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


def _set(has: str, never: str) -> dict[str, Phrase]:
    return {"is_set": Phrase(has, never), "is_not_set": Phrase(never, has)}


LATELY = "on average in the last 90 days than in the last 12 months"

_ALL = (
    Field(
        "invoice.status",
        Kind.CHOICE,
        "CASE WHEN i.voided_on IS NOT NULL THEN 'voided' WHEN i.open_minor > 0 THEN 'open' ELSE 'settled' END",
        words=STATUS,
        tests=STATUS_TESTS,
        example="open",
        as_of=True,
    ),
    Field(
        "invoice.open_amount",
        Kind.MONEY,
        "i.open_minor",
        amount("has", "does not have", after="left to pay"),
        as_of=True,
    ),
    Field("invoice.amount", Kind.MONEY, "i.amount_minor", amount("is for", "is not for"), as_of=True),
    Field(
        "invoice.due_date",
        Kind.DATE,
        "i.due_on",
        _date(
            due_in=("is due within the next {v}", "is not due within the next {v}"),
            past_by=("is at least {v} past due", "is not {v} past due"),
            within_last=("fell due in the last {v}", "did not fall due in the last {v}"),
            before=("is due before {v}", "is not due before {v}"),
            after=("is due after {v}", "is not due after {v}"),
        ),
        as_of=True,
    ),
    Field(
        "invoice.issued_on",
        Kind.DATE,
        "i.issued_on",
        _date(
            past_by=("was issued at least {v} ago", "was issued less than {v} ago"),
            within_last=("was issued in the last {v}", "was not issued in the last {v}"),
            before=("was issued before {v}", "was not issued before {v}"),
            after=("was issued after {v}", "was not issued after {v}"),
        ),
        as_of=True,
    ),
    Field("invoice.delivery", Kind.CHOICE, "i.delivery", words=DELIVERY, example="bounced"),
    Field(
        "invoice.delivered_at",
        Kind.INSTANT,
        "i.delivered_at",
        instant("was delivered", "was not delivered", has="has been delivered", never="has not been delivered yet"),
        as_of=True,
    ),
    Field(
        "invoice.bounced_at",
        Kind.INSTANT,
        "i.bounced_at",
        instant("bounced", "did not bounce", has="has bounced", never="has not bounced"),
        as_of=True,
    ),
    Field(
        "invoice.first_seen_at",
        Kind.INSTANT,
        "i.first_seen_at",
        instant("was first seen", "was not first seen", has="has been seen", never="has not been seen by anyone yet"),
        as_of=True,
    ),
    Field("invoice.evidence_level", Kind.LEVEL, "i.evidence_level", words=EVIDENCE, example="open"),
    Field(
        "invoice.reminder_count",
        Kind.NUMBER,
        "i.reminder_count",
        count("has had", "has not had"),
        unit=("reminder", "reminders"),
    ),
    Field(
        "invoice.last_reminder_at",
        Kind.INSTANT,
        "i.last_reminder_at",
        instant(
            "was last reminded",
            "was not last reminded",
            has="has had a reminder",
            never="has had no reminder",
            recent=Phrase("was last reminded in the last {v}", "had no reminder in the last {v}"),
        ),
    ),
    Field(
        "invoice.last_contact_at",
        Kind.INSTANT,
        "i.last_contact_at",
        instant(
            "was last written about",
            "was not last written about",
            has="has been written about",
            never="has never been written about",
            recent=Phrase("was written about in the last {v}", "was not written about in the last {v}"),
        ),
    ),
    Field(
        "invoice.last_reply_at",
        Kind.INSTANT,
        "i.last_reply_at",
        instant(
            "had its last reply",
            "did not have its last reply",
            has="has had a reply",
            never="has had no reply",
            recent=Phrase("had a reply in the last {v}", "had no reply in the last {v}"),
        ),
        personal=True,
    ),
    Field(
        "invoice.promised_date",
        Kind.DATE,
        "GREATEST(promise.promised_on, vow.promised_on)",
        _date(
            due_in=("was promised for a date in the next {v}", "was not promised for a date in the next {v}"),
            past_by=("was promised for a date at least {v} ago", "was not promised for a date at least {v} ago"),
            before=("was promised for a date before {v}", "was not promised for a date before {v}"),
            after=("was promised for a date after {v}", "was not promised for a date after {v}"),
        )
        | _set("has a promised date", "has no promised date"),
        joins=frozenset({"promise", "vow"}),
        as_of=True,
    ),
    Field(
        "invoice.disputed_at",
        Kind.INSTANT,
        "LEAST(dispute.disputed_at, quarrel.disputed_at)",
        instant("was disputed", "was not disputed", has="is disputed", never="is not disputed"),
        joins=frozenset({"dispute", "quarrel"}),
        as_of=True,
    ),
    Field(
        "invoice.purchase_order",
        Kind.TEXT,
        "nullif(i.purchase_order, '')",
        _date(
            **{"is": ("has the purchase order number {v}", "does not have the purchase order number {v}")},
            starts_with=(
                "has a purchase order number that starts with {v}",
                "has no purchase order number that starts with {v}",
            ),
            contains=(
                "has a purchase order number that contains {v}",
                "has no purchase order number that contains {v}",
            ),
        )
        | _set("has a purchase order number", "has no purchase order number"),
        as_of=True,
    ),
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
        as_of=True,
    ),
    Field(
        "customer.oldest_due_date",
        Kind.DATE,
        "owed.oldest_on",
        _date(
            past_by=("has an open invoice at least {v} past due", "has no open invoice {v} past due"),
            before=("has an open invoice that was due before {v}", "has no open invoice that was due before {v}"),
        )
        | _set("has an open invoice", "has no open invoice"),
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
)

REGISTRY: dict[str, Field] = {each.key: each for each in _ALL}

HOLDS: dict[str, tuple[str, str]] = {
    "dispute": ("dispute", "it is disputed"),
    "promise": ("promise", "a promised date is still ahead"),
    "plan": ("plan", "a payment plan is on track"),
    "paused": ("pause", "contact is paused"),
}
"""What may hold an action back: the name in a rule, the kind of hold, and how it is said."""
HOLDS_OF: dict[str, tuple[str, ...]] = {"invoice": tuple(HOLDS), "customer": ("paused",)}
"""Disputes, promises and plans concern single invoices; a rule about customers is held by a pause of the whole
customer."""
