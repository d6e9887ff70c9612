"""A client's ledger as its ERP would export it: customers with habits, invoices, part payments, credits, objections.

The same client and day always give the same file. It reaches into the days to come, as far as the demo will play:
payments that a file dates after the client's today are booked when their day has come.
"""

import csv
import io
import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from console.sample import names
from console.sample.clients import SampleClient

HEADER = (
    "Customer number",
    "Customer name",
    "Email",
    "Country",
    "Group",
    "Invoice number",
    "Invoice date",
    "Due date",
    "Amount",
    "Tax amount",
    "Currency",
    "PO number",
    "Paid on",
    "Paid amount",
    "Disputed",
    "Channel",
    "Discount amount",
    "Discount until",
)
PAID_ON = HEADER.index("Paid on")
DISCOUNT_DAYS = timedelta(days=14)
MONTHS_BACK = 200
"""Days of invoices before today."""
HABITS = (("prompt", 50), ("late", 33), ("slow", 17))
DAYS_LATE = {"prompt": (-8, 3), "late": (2, 24), "slow": (20, 75), "part": (0, 30)}
DEAD_ADDRESSES = 0.06
ON_PAPER = 0.05


@dataclass(frozen=True)
class Customer:
    """One customer with its habits."""

    number: str
    name: str
    email: str
    group: str
    habit: str
    size: float
    channel: str


@dataclass(frozen=True)
class Sent:
    """What a customer pays of an invoice, on which day."""

    number: str
    debtor: str
    name: str
    gross: Decimal
    on: date
    paid: Decimal

    @property
    def is_whole(self) -> bool:
        """Whether it pays the invoice to the end."""
        return self.paid == self.gross


def ledger(client: SampleClient, *, today: date, paid_before: date = date.max) -> bytes:
    """The file, UTF-8 with a header, dates as ISO and amounts with a point.

    What is paid from the day `paid_before` on is not in it: of that the bank tells.
    """
    paper = io.StringIO()
    sheet = csv.writer(paper)
    sheet.writerow(HEADER)
    for row in _rows(client, today=today):
        told = not row[PAID_ON] or row[PAID_ON] < paid_before
        sheet.writerow(row if told else [*row[:PAID_ON], "", "", *row[PAID_ON + 2 :]])
    return paper.getvalue().encode()


def payments(client: SampleClient, *, today: date, span: tuple[date, date] = (date.min, date.max)) -> list[Sent]:
    """What customers pay on these days, the last left out."""
    return [
        Sent(row[5], row[0], row[1], row[8], row[PAID_ON], row[PAID_ON + 1])
        for row in _rows(client, today=today)
        if row[PAID_ON] and span[0] <= row[PAID_ON] < span[1]
    ]


def _rows(client: SampleClient, *, today: date) -> list[list[Any]]:
    dice = random.Random(f"ledger {client.slug}")
    customers = _customers(client, dice)
    weights = [customer.size for customer in customers]
    rows = []
    first = today - timedelta(days=MONTHS_BACK)
    days = sorted(first + timedelta(days=dice.randrange(MONTHS_BACK + 1)) for _ in range(client.invoices))
    for number, issued_on in enumerate(days, 1):
        customer = dice.choices(customers, weights)[0]
        rows.append(_invoice(client, customer, dice, number=number, issued_on=_weekday(issued_on), today=today))
    return [*rows, *_credits(client, customers, dice, today=today)]


def _customers(client: SampleClient, dice: random.Random) -> list[Customer]:
    found = []
    habits, shares = [habit for habit, _ in HABITS], [share for _, share in HABITS]
    for at, name in enumerate(names.companies(client.style, client.customers, seed=client.slug)):
        host = names.domain(name)
        dead = dice.random() < DEAD_ADDRESSES or at == client.customers // 2
        behaviour = dice.choice(("bounce.", "bounce.", "late.")) if dead else ""
        found.append(
            Customer(
                number=f"{client.country}{1001 + 7 * at}",
                name=name,
                email=f"{dice.choice(('accounts', 'billing', 'invoices'))}@{behaviour}{host}",
                group="key" if at < client.customers // 5 else dice.choice(("trade", "trade", "retail")),
                habit="part" if at % 8 == 3 else dice.choices(habits, shares)[0],
                size=dice.lognormvariate(0, 0.8),
                channel="paper" if dice.random() < ON_PAPER else "email",
            )
        )
    return found


def _invoice(
    client: SampleClient, customer: Customer, dice: random.Random, *, number: int, issued_on: date, today: date
) -> list[object]:
    net = Decimal(round(client.typical * customer.size * dice.uniform(0.3, 2.2) * 100)) / 100
    tax = (net * client.tax / 100).quantize(Decimal("0.01"))
    gross = net + tax
    due_on = issued_on + timedelta(days=client.terms)
    disputed = dice.random() < 0.025
    paid_on, paid = _payment(client, customer, dice, gross=gross, due_on=due_on, disputed=disputed)
    return [
        customer.number,
        customer.name,
        customer.email,
        client.country,
        customer.group,
        f"{client.slug[:2].upper()}-{issued_on.year}-{number:05d}",
        issued_on,
        due_on,
        gross,
        tax,
        client.currency,
        f"PO-{dice.randrange(10_000, 99_999)}" if dice.random() < 0.7 else "",
        paid_on or "",
        paid if paid_on else "",
        "yes" if disputed and due_on > today - timedelta(days=60) else "no",
        customer.channel,
        (gross * client.discount / 100).quantize(Decimal("0.01")) if client.discount else "",
        issued_on + DISCOUNT_DAYS if client.discount else "",
    ]


def _payment(
    client: SampleClient, customer: Customer, dice: random.Random, *, gross: Decimal, due_on: date, disputed: bool
) -> tuple[date | None, Decimal]:
    least, most = DAYS_LATE[customer.habit]
    paid_on = _weekday(due_on + timedelta(days=round(dice.uniform(least, most) * client.lateness)))
    if disputed or dice.random() < 0.02:
        return None, Decimal(0)
    if customer.habit == "part" and dice.random() < 0.5:
        return paid_on, (gross * dice.randint(30, 80) / 100).quantize(Decimal("0.01"))
    return paid_on, gross


def _credits(
    client: SampleClient, customers: list[Customer], dice: random.Random, *, today: date
) -> list[list[object]]:
    """A few credit notes that nobody has applied yet."""
    found = []
    for number in range(1, 6):
        customer = dice.choice(customers)
        on = _weekday(today - timedelta(days=dice.randrange(15, 90)))
        amount = -Decimal(dice.randrange(20, 200))
        words: list[object] = [customer.number, customer.name, customer.email, client.country, customer.group]
        words += [
            f"CN-{on.year}-{number:04d}",
            on,
            on,
            amount,
            "",
            client.currency,
            "",
            "",
            "",
            "no",
            customer.channel,
            "",
            "",
        ]
        found.append(words)
    return found


def _weekday(day: date) -> date:
    """The day, or the Friday before a weekend."""
    return day - timedelta(days=max(day.weekday() - 4, 0))
