"""What the figures are counted from, in plain Python: each set of rows as (part, amount, what counts of it, days)."""

from collections import defaultdict
from datetime import date, timedelta

from tests.unit.insight.reference import Books, bucket

Row = tuple[str, str, int, int, int]
"""Currency, part, amount, hit, days."""
Sums = dict[tuple[str, str], tuple[int, int, int, int, int]]
MONTH = timedelta(days=30)


def sums(rows: list[Row]) -> Sums:
    """How many rows, their amounts, how many count, with how much, and their days: by currency and part."""
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for currency, part, minor, hit, days in rows:
        for at, each in enumerate((1, minor, hit != 0, hit, days)):
            found[currency, part][at] += each
    return {key: tuple(each) for key, each in found.items()}  # type: ignore[misc]


class Sets:
    """The sets of a ledger over some days, with all that is known now."""

    def __init__(self, books: Books, first_on: date, day: date) -> None:
        self.books, self.first_on, self.day = books, first_on, day

    def stands(self, at: int, day: date) -> bool:
        item = self.books.invoices[at]
        return item.issued_on <= day and (item.voided is None or item.voided[0] > day)

    def applied(self, at: int, until: date, *kinds: str) -> int:
        return sum(
            p.minor
            for p in self.books.postings
            if p.invoice == at and p.effective_on <= until and (not kinds or p.kind in kinds)
        )

    def contract(self, at: int) -> list[tuple[date, int]]:
        item = self.books.invoices[at]
        mine = [s for s in self.books.schedules if s.invoice == at and s.by_contract]
        return mine[0].parts if mine else [(item.due_on, item.amount)]

    def here(self) -> list[int]:
        return [at for at in range(len(self.books.invoices)) if self.stands(at, self.day)]

    def sales(self) -> list[Row]:
        invoices = [self.books.invoices[at] for at in self.here()]
        sold = [(i.currency, i.amount) for i in invoices if self.first_on <= i.issued_on]
        notes = [s for s in self.books.sources if s.kind == "credit_note"]
        given = [(s.currency, -s.amount) for s in notes if self.first_on <= s.since_on <= self.day]
        return [(currency, "", minor, minor, 0) for currency, minor in sold + given]

    def settled(self, *, terms: bool = False) -> list[Row]:
        found = []
        for at in self.here():
            item, days = self.books.invoices[at], [p.effective_on for p in self.books.postings if p.invoice == at]
            days = [day for day in days if day <= self.day]
            paid = self.applied(at, self.day) == item.amount and self.applied(at, self.day, "payment") > 0
            if days and max(days) >= self.first_on and paid and not self.applied(at, self.day, "write_off"):
                since = item.due_on if terms else item.issued_on
                found.append((item.currency, "", item.amount, item.amount, (max(days) - since).days))
        return found

    def settled_terms(self) -> list[Row]:
        return self.settled(terms=True)

    def slices(self) -> list[Row]:
        gone = {p.reverses for p in self.books.postings if p.reverses is not None and p.effective_on <= self.day}
        return [
            (item.currency, "", p.minor, p.minor, (p.effective_on - item.issued_on).days)
            for at, p in enumerate(self.books.postings)
            if p.kind == "payment" and p.invoice is not None and p.minor > 0 and at not in gone
            and self.first_on <= p.effective_on <= self.day
            for item in [self.books.invoices[p.invoice]]
        ]  # fmt: skip

    def fell_due(self) -> list[Row]:
        found = []
        for at in self.here():
            up_to = 0
            for due_on, minor in self.contract(at):
                up_to += minor
                if self.first_on <= due_on < self.day:
                    hit = minor if self.applied(at, due_on) >= up_to else 0
                    found.append((self.books.invoices[at].currency, "", minor, hit, 0))
        return found

    def written_off(self) -> list[Row]:
        return [
            (self.books.invoices[p.invoice].currency, "", p.minor, max(p.minor, 0), 0)
            for p in self.books.postings
            if p.kind == "write_off" and p.invoice is not None and self.first_on <= p.effective_on <= self.day
        ]

    def unapplied(self) -> list[Row]:
        found = []
        for at, source in enumerate(self.books.sources):
            used = sum(p.minor for p in self.books.postings if p.source == at and p.effective_on <= self.day)
            left, days = source.amount - used, (self.day - source.since_on).days
            if source.since_on <= self.day and left:
                age = bucket(max(days, 1)) if days else "1-30"
                found.append(
                    (source.currency, age.replace("1-30", "0-30", 1) if age == "1-30" else age, left, left, days)
                )
        return found

    def rolled(self) -> list[Row]:
        found, then = [], self.day - MONTH
        for at, item in enumerate(self.books.invoices):
            if not self.stands(at, then):
                continue
            up_to, before, now = 0, self.applied(at, then), self.applied(at, self.day)
            for due_on, minor in self.books.parts_at(at, then, None):
                up_to += minor
                was, left = (min(minor, max(up_to - paid, 0)) for paid in (before, now))
                hit = 0 if not self.stands(at, self.day) or due_on >= self.day else left
                if was:
                    found.append((item.currency, bucket((then - due_on).days), was, hit, (self.day - due_on).days))
        return found

    def at_risk(self) -> list[Row]:
        months: dict[tuple[str, date], list[int]] = defaultdict(list)
        for at in self.here():
            item = self.books.invoices[at]
            months[item.currency, item.issued_on.replace(day=1)].append(at)
        due = {key: max(self.books.invoices[at].due_on for at in items) for key, items in months.items()}
        old = [key for key, last_on in due.items() if last_on + 3 * MONTH <= self.day]
        newest = {currency: max(month for other, month in old if other == currency) for currency, _ in old}
        found = []
        for currency, month in newest.items():
            for at in months[currency, month]:
                item = self.books.invoices[at]
                left = item.amount - self.applied(at, item.due_on + 3 * MONTH)
                found.append((currency, "", item.amount, left, (self.day - item.due_on).days))
        return found
