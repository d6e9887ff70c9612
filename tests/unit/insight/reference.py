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
    kind: str = ""
    reverses: int | None = None


@dataclass
class Source:
    currency: str
    amount: int
    since_on: date
    known_at: datetime
    kind: str = "payment"


@dataclass
class Schedule:
    """That an invoice is due in these parts from a day on; the newest in the list wins on the same day."""

    invoice: int
    parts: list[tuple[date, int]]
    effective_on: date
    known_at: datetime
    by_contract: bool = False


@dataclass
class Books:
    """Everything that happened."""

    invoices: list[Invoice] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    postings: list[Posting] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)

    def parts_at(self, at: int, day: date, known_at: datetime | None) -> list[tuple[date, int]]:
        """The due dates of one invoice and their amounts, as they held on a day."""
        held = [(self.invoices[at].due_on, self.invoices[at].amount)]
        since = date.min
        for each in self.schedules:
            known = known_at is None or each.known_at <= known_at
            if each.invoice == at and known and since <= each.effective_on <= day:
                held, since = each.parts, each.effective_on
        return held

    def open_parts(self, at: int, day: date, known_at: datetime | None) -> list[tuple[date, int]]:
        """What is open of one invoice on a day, part by part: the oldest is paid first."""
        item, found = self.invoices[at], []
        left = self.open_at(at, day, known_at)
        paid = item.amount - left
        if not left:
            return []
        for due_on, minor in self.parts_at(at, day, known_at):
            taken = min(paid, minor)
            paid -= taken
            if minor - taken:
                found.append((due_on, minor - taken))
        return found

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

    def control(self, day: date) -> dict[str, int]:
        """All that is open on a day, by currency, without looking at any due date."""
        found: dict[str, int] = defaultdict(int)
        for at, item in enumerate(self.invoices):
            found[item.currency] += self.open_at(at, day, None)
        return {currency: minor for currency, minor in found.items() if minor}

    def learned_later(self, day: date, known_at: datetime) -> bool:
        """Whether anything that counts on a day was learned after an instant."""
        return (
            any(each.issued_on <= day and each.known_at > known_at for each in self.invoices)
            or any(each.voided and each.voided[0] <= day and each.voided[1] > known_at for each in self.invoices)
            or any(each.since_on <= day and each.known_at > known_at for each in self.sources)
            or any(each.effective_on <= day and each.known_at > known_at for each in self.postings)
            or any(each.effective_on <= day and each.known_at > known_at for each in self.schedules)
        )

    def aging(self, day: date, known_at: datetime | None, basis: str) -> Cells:
        """Amount and count by currency and bucket."""
        cells: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        for at, item in enumerate(self.invoices):
            parts = self.open_parts(at, day, known_at)
            if basis == "invoice" and parts:
                parts = [(item.issued_on, sum(minor for _, minor in parts))]
            for from_on, left in parts:
                cell = cells[item.currency, bucket((day - from_on).days)]
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
