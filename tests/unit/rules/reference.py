"""The rules in plain Python, one subject at a time, written from rules.md and not from the compiler.

A field without a value makes its condition false. Business days are counted by walking the calendar, not by cutoffs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tenants.rules.tree import Duration, Group, Leaf, Other
from tenants.values.calendars import BusinessCalendar

DAY = timedelta(days=1)
GRADES = ("accepted", "delivered", "machine", "open", "click", "portal", "reply")


@dataclass(eq=False)
class Customer:
    country: str = ""
    language: str = "en"
    channel: str = "email"
    groups: frozenset[str] = frozenset()
    bills: list["Bill"] = field(default_factory=list)
    holds: list[dict[str, Any]] = field(default_factory=list)
    credit_limit: int | None = None
    owner: str | None = None
    stage: str | None = None
    tags: frozenset[str] = frozenset()
    loose: list[tuple[str, int]] = field(default_factory=list)
    """Money that no invoice took up, by currency."""
    messages: list[datetime] = field(default_factory=list)

    def every_hold(self) -> list[dict[str, Any]]:
        return [*self.holds, *(hold for bill in self.bills for hold in bill.holds)]


@dataclass(eq=False)
class Bill:
    customer: Customer
    row: dict[str, Any]
    holds: list[dict[str, Any]] = field(default_factory=list)
    stage: str | None = None
    tags: frozenset[str] = frozenset()

    @property
    def is_open(self) -> bool:
        return self.row["open_minor"] > 0 and self.row["voided_on"] is None

    def of_holds(self, kind: str, today: date) -> list[dict[str, Any]]:
        return [
            hold
            for hold in (*self.holds, *self.customer.holds)
            if hold["kind"] == kind and hold["ended_at"] is None and hold["starts_on"] <= today
        ]


@dataclass(frozen=True)
class World:
    now: datetime
    zone: ZoneInfo
    calendar: BusinessCalendar

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def of(self, subject: "Bill | Customer") -> "World":
        """The days that count at the customer: those of its country, or else the client's."""
        country = (subject.customer if isinstance(subject, Bill) else subject).country
        return replace(self, calendar=BusinessCalendar.for_country(country)) if country else self

    def day_passed(self, on: date, span: Duration) -> bool:
        """Whether at least so much time has passed since the day; a day off counts as the next business day."""
        if span.unit == "business_days":
            rolled = self.calendar.on_or_after(on)
            return rolled <= self.today and self.calendar.between(rolled, self.today) >= span.count
        return (self.today - on).days >= span.count * {"days": 1, "weeks": 7}[span.unit]

    def day_within(self, on: date, span: Duration) -> bool:
        """Whether the day lies in the span up to today."""
        if on > self.today:
            return False
        if span.unit == "business_days":
            here = self.calendar.on_or_before(self.today)
            return on >= here or self.calendar.between(on, here) <= span.count
        return (self.today - on).days <= span.count * {"days": 1, "weeks": 7}[span.unit]

    def day_ahead(self, on: date, span: Duration) -> bool:
        if on < self.today:
            return False
        if span.unit == "business_days":
            last, left = self.today, span.count
            while left:
                last += DAY
                left -= self.calendar.is_business_day(last)
            return on <= last
        return (on - self.today).days <= span.count * {"days": 1, "weeks": 7}[span.unit]

    def older(self, at: datetime, span: Duration) -> bool:
        if span.unit == "hours":
            return self.now - at > timedelta(hours=span.count)
        wall, now = (each.astimezone(self.zone).replace(tzinfo=None) for each in (at, self.now))
        if span.unit != "business_days":
            return wall + span.count * {"days": DAY, "weeks": 7 * DAY}[span.unit] < now
        if not self.calendar.is_business_day(now.date()):
            now = datetime.combine(self.calendar.on_or_after(now.date()), time.min)
        left = span.count
        if not self.calendar.is_business_day(wall.date()):
            wall = datetime.combine(self.calendar.on_or_after(wall.date()), time.min)
        while left:
            wall += DAY
            left -= self.calendar.is_business_day(wall.date())
        return wall < now


def value_of(key: str, subject: Bill | Customer, world: World, currency: str = "") -> Any:
    customer = subject.customer if isinstance(subject, Bill) else subject
    due = [bill for bill in customer.bills if bill.is_open and bill.row["issued_on"] <= world.today]
    if key == "customer.groups":
        return customer.groups
    if key == "customer.oldest_due_date":
        return min((bill.row["due_on"] for bill in due), default=None)
    if key == "customer.overdue_total":
        late = [bill for bill in due if bill.row["due_on"] < world.today and bill.row["currency"] == currency]
        return sum(bill.row["open_minor"] for bill in late)
    if key.startswith("customer.avg_days_late_"):
        return days_late(customer, int(key.rsplit("_", 1)[1]), world.today)
    if key in HABITS:
        return HABITS[key](customer, world, currency)
    if key.startswith("customer."):
        return {"country": customer.country, "language": customer.language, "delivery_channel": customer.channel}[
            key[9:]
        ]
    assert isinstance(subject, Bill)
    return of_bill(key.removeprefix("invoice."), subject, world, currency)


def days_late(customer: Customer, window: int, today: date) -> Decimal | None:
    """Days beyond terms, to a tenth, over the invoices settled in the window."""
    spans = [
        (bill.row["settled_on"] - bill.row["due_on"]).days
        for bill in customer.bills
        if bill.row["settled_on"] and not bill.row["voided_on"] and 0 <= (today - bill.row["settled_on"]).days < window
    ]
    if not spans:
        return None
    return (Decimal(sum(spans)) / len(spans)).quantize(Decimal("0.1"), ROUND_HALF_UP)


def settled(customer: Customer, today: date) -> list["Bill"]:
    return [
        bill
        for bill in customer.bills
        if bill.row["settled_on"] and not bill.row["voided_on"] and bill.row["settled_on"] <= today
    ]


def late_risk(customer: Customer, world: World, _currency: str) -> Decimal | None:
    """The rule of succession over a year: one more late and one more on time than there were."""
    lately = [bill for bill in settled(customer, world.today) if (world.today - bill.row["settled_on"]).days < 365]
    if not lately:
        return None
    late = sum(bill.row["settled_on"] > bill.row["due_on"] for bill in lately)
    return (Decimal(late + 1) / (len(lately) + 2)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def on_time_streak(customer: Customer, world: World, _currency: str) -> int:
    """Settled after the day on which one was settled late for the last time."""
    found = settled(customer, world.today)
    late = [bill.row["settled_on"] for bill in found if bill.row["settled_on"] > bill.row["due_on"]]
    return sum(not late or bill.row["settled_on"] > max(late) for bill in found)


def broken_promises(customer: Customer, world: World, _currency: str) -> int:
    return sum(
        hold["kind"] == "promise"
        and hold["outcome"] == "broken"
        and hold["ended_at"] is not None
        and world.now - timedelta(days=365) < hold["ended_at"] <= world.now
        for hold in customer.every_hold()
    )


def credit_use(customer: Customer, world: World, _currency: str) -> Decimal | None:
    if not customer.credit_limit:
        return None
    used = sum(
        bill.row["open_minor"]
        for bill in customer.bills
        if bill.is_open and bill.row["issued_on"] <= world.today and bill.row["currency"] == "EUR"
    )
    return (Decimal(used) / customer.credit_limit).quantize(Decimal("0.0001"), ROUND_HALF_UP)


HABITS: dict[str, Callable[[Customer, World, str], Any]] = {
    "customer.late_risk": late_risk,
    "customer.on_time_streak": on_time_streak,
    "customer.broken_promises": broken_promises,
    "customer.credit_use": credit_use,
    "customer.unapplied_cash": lambda customer, _world, currency: sum(
        minor for code, minor in customer.loose if code == currency
    ),
    "customer.owner": lambda customer, _world, _currency: customer.owner,
    "customer.stage": lambda customer, _world, _currency: customer.stage or "none",
    "customer.tags": lambda customer, _world, _currency: customer.tags,
}


def happened(name: str, customer: Customer, world: World, span: Duration) -> int:
    """How often something counted happened within the span."""
    instants = {
        "contact.sent": lambda: customer.messages,
        "dispute.opened": lambda: [hold["opened_at"] for hold in customer.every_hold() if hold["kind"] == "dispute"],
        "promise.made": lambda: [hold["opened_at"] for hold in customer.every_hold() if hold["kind"] == "promise"],
        "promise.broken": lambda: [
            hold["ended_at"]
            for hold in customer.every_hold()
            if hold["kind"] == "promise" and hold["outcome"] == "broken" and hold["ended_at"]
        ],
    }[name]()
    return sum(at <= world.now and not world.older(at, span) for at in instants)


def of_bill(name: str, bill: Bill, world: World, currency: str) -> Any:
    row = bill.row
    if name == "status":
        return "voided" if row["voided_on"] else "open" if row["open_minor"] > 0 else "settled"
    if name in ("open_amount", "amount"):
        minor = row["open_minor" if name == "open_amount" else "amount_minor"]
        return minor if row["currency"] == currency else None
    if name == "promised_date":
        return max((hold["ends_on"] for hold in bill.of_holds("promise", world.today)), default=None)
    if name == "disputed_at":
        return min((hold["opened_at"] for hold in bill.of_holds("dispute", world.today)), default=None)
    if name == "plan":
        running = (
            hold["ends_on"] is None or hold["ends_on"] >= world.today for hold in bill.of_holds("plan", world.today)
        )
        return "on_track" if any(running) else "none"
    if name in ("stage", "tags"):
        return bill.tags if name == "tags" else bill.stage or "none"
    if name == "purchase_order":
        return row["purchase_order"] or None
    return row[{"due_date": "due_on"}.get(name, name)]


def leaf_holds(leaf: Leaf, subject: Bill | Customer, world: World) -> bool:
    key, op, wanted, world = leaf.field.key, leaf.op, leaf.value, world.of(subject)
    if leaf.window:
        customer = subject.customer if isinstance(subject, Bill) else subject
        return holds_of_value(op, happened(key[9:], customer, world, leaf.window), wanted, world)
    if leaf.field.kind == "money":
        pairs = [(each.currency, each.minor) for each in wanted]
        if op == "between":
            value = value_of(key, subject, world, pairs[0][0])
            return value is not None and pairs[0][1] <= value <= pairs[1][1]
        return any(compares(op, value_of(key, subject, world, currency), minor) for currency, minor in pairs)
    value = value_of(key, subject, world)
    if isinstance(wanted, Other):
        base = value_of(wanted.field.key, subject, world)
        return base is not None and compares(op, value, base + wanted.plus)
    if op in ("is_set", "is_not_set"):
        return (value is not None) == (op == "is_set")
    if op in ("ne", "not_in", "none_of"):
        return not positive(op, value, wanted)
    return value is not None and holds_of_value(op, value, wanted, world)


def positive(op: str, value: Any, wanted: Any) -> bool:
    if op == "none_of":
        return bool(value & set(wanted))
    return value == wanted if op == "ne" else value in wanted


def holds_of_value(op: str, value: Any, wanted: Any, world: World) -> bool:
    tests = {
        "eq": lambda: value == wanted,
        "in": lambda: value in wanted,
        "any_of": lambda: bool(value & set(wanted)),
        "at_least": lambda: value >= GRADES.index(wanted) + 1,
        "below": lambda: value < GRADES.index(wanted) + 1,
        "before": lambda: value < wanted,
        "after": lambda: value > wanted,
        "past_by": lambda: world.day_passed(value, wanted),
        "due_in": lambda: world.day_ahead(value, wanted),
        "older_than": lambda: world.older(value, wanted),
        "within_last": lambda: recent(value, wanted, world),
        "is": lambda: value.lower() == wanted.lower(),
        "starts_with": lambda: value.lower().startswith(wanted.lower()),
        "contains": lambda: wanted.lower() in value.lower(),
        "between": lambda: wanted[0] <= value <= wanted[1],
    }
    return bool(tests[op]()) if op in tests else compares(op, value, wanted)


def recent(value: Any, span: Duration, world: World) -> bool:
    if isinstance(value, datetime):
        return value <= world.now and not world.older(value, span)
    return world.day_within(value, span)


def compares(op: str, value: Any, wanted: Any) -> bool:
    if value is None:
        return False
    return bool({"gte": value >= wanted, "gt": value > wanted, "lte": value <= wanted, "lt": value < wanted}[op])


def holds(node: Leaf | Group, subject: Bill | Customer, world: World) -> bool:
    if isinstance(node, Leaf):
        return leaf_holds(node, subject, world)
    each = [holds(part, subject, world) for part in node.parts]
    return not each[0] if node.join == "not" else all(each) if node.join == "all" else any(each)


def is_held(skip_while: tuple[str, ...], subject: Bill | Customer, today: date) -> bool:
    kinds = {"paused": "pause"}
    own = [*subject.holds, *subject.customer.holds] if isinstance(subject, Bill) else subject.holds
    live = [
        hold
        for hold in own
        if hold["ended_at"] is None
        and hold["starts_on"] <= today
        and (hold["ends_on"] is None or hold["ends_on"] >= today)
    ]
    return any(hold["kind"] == kinds.get(name, name) for hold in live for name in skip_while)
