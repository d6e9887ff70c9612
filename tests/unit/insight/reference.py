"""A ledger in plain Python that says what aging must answer: slow, obvious, and written apart from the SQL."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime

Cells = dict[tuple[str, str], tuple[int, int]]


@dataclass
class Invoice:
    currency: str
    amount: int
    issued_on: date
    due_on: date
    known_at: datetime
    voided: tuple[date, datetime] | None = None


@dataclass
class Posting:
    invoice: int
    source: int | None
    minor: int
    effective_on: date
    known_at: datetime


@dataclass
class Source:
    currency: str
    amount: int
    since_on: date
    known_at: datetime


@dataclass
class Books:
    """Everything that happened."""

    invoices: list[Invoice] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    postings: list[Posting] = field(default_factory=list)

    def open_at(self, at: int, day: date, known_at: datetime | None) -> int:
        """What was open of one invoice on a day."""
        item = self.invoices[at]
        if item.issued_on > day or (known_at and item.known_at > known_at):
            return 0
        if item.voided and item.voided[0] <= day and (known_at is None or item.voided[1] <= known_at):
            return 0
        return item.amount - sum(
            p.minor
            for p in self.postings
            if p.invoice == at and p.effective_on <= day and (known_at is None or p.known_at <= known_at)
        )

    def aging(self, day: date, known_at: datetime | None, basis: str) -> Cells:
        """Amount and count by currency and bucket."""
        cells: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        for at, item in enumerate(self.invoices):
            left = self.open_at(at, day, known_at)
            if left:
                late = (day - (item.due_on if basis == "due" else item.issued_on)).days
                cell = cells[item.currency, bucket(late)]
                cell[0] += left
                cell[1] += 1
        return {key: (minor, count) for key, (minor, count) in cells.items()}

    def unapplied(self, day: date, known_at: datetime | None) -> dict[str, int]:
        """What had come in and was not applied, by currency."""
        left: dict[str, int] = defaultdict(int)
        for at, source in enumerate(self.sources):
            if source.since_on <= day and (known_at is None or source.known_at <= known_at):
                left[source.currency] += source.amount - sum(
                    p.minor
                    for p in self.postings
                    if p.source == at and p.effective_on <= day and (known_at is None or p.known_at <= known_at)
                )
        return {currency: minor for currency, minor in left.items() if minor}


def bucket(late: int) -> str:
    """The bucket of so many days."""
    if late <= 0:
        return "not_due"
    for first, last in ((1, 30), (31, 60), (61, 90), (91, 120)):
        if first <= late <= last:
            return f"{first}-{last}"
    return "121+"
