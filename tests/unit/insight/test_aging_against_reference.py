"""Whatever happens in the books, aging answers what the plain ledger of reference.py answers."""

import random
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenants.insight import aging, items
from tenants.isolation import scope
from tenants.ledger import allocation, balances, credit_notes, debtors, invoices, payments, selfcheck
from tenants.values.faults import Refusal
from tenants.work import unit_of_work
from tests.cast import open_client
from tests.unit.insight.reference import Books, Invoice, Posting, Source

LAST = date(2026, 11, 20)
FIRST = LAST - timedelta(days=260)
CURRENCIES = ("EUR", "JPY", "BHD")


def at_noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=ZoneInfo("Europe/Berlin"))


class Scribe:
    """Writes the same acts into the real ledger and into the reference."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.books = chance, Books()
        self.debtor = debtors.open("1", name="Dune Garden Centres", now=at_noon(FIRST))
        self.invoices: list[UUID] = []
        self.sources: list[UUID] = []
        self.allocations: list[tuple[UUID, int]] = []

    def issue(self, day: date) -> None:
        issued_on = day + timedelta(days=self.chance.choice((-20, -3, 0, 0, 5)))
        due_on = issued_on + timedelta(days=self.chance.choice((0, 14, 30, 60)))
        amount, currency = self.chance.randint(1, 9) * 10, self.chance.choice(CURRENCIES)
        known = at_noon(day)
        self.invoices.append(
            invoices.issue(
                f"N{len(self.invoices)}",
                debtor_id=self.debtor,
                currency=currency,
                amount_minor=amount,
                issued_on=issued_on,
                due_on=due_on,
                now=known,
            )
        )
        self.books.invoices.append(Invoice(currency, amount, issued_on, due_on, known))

    def receive(self, day: date) -> None:
        since = day - timedelta(days=self.chance.choice((0, 0, 4)))
        amount, currency, known = self.chance.randint(1, 15) * 10, self.chance.choice(CURRENCIES), at_noon(day)
        number = f"S{len(self.sources)}"
        common = {"currency": currency, "amount_minor": amount, "now": known}
        if self.chance.random() < 0.3:
            made = credit_notes.issue(number, debtor_id=self.debtor, issued_on=since, **common)
        else:
            made = payments.receive(self.debtor, reference=number, received_on=since, **common)
        self.sources.append(made)
        self.books.sources.append(Source(currency, amount, since, known))

    def apply(self, day: date) -> None:
        if not (self.invoices and self.sources):
            return
        source = self.chance.randrange(len(self.sources))
        currency = self.books.sources[source].currency
        fitting = [at for at, each in enumerate(self.books.invoices) if each.currency == currency]
        invoice = self.chance.choice(fitting or range(len(self.invoices)))
        minor = self.chance.randint(1, 9) * 10
        effective_on = day - timedelta(days=self.chance.choice((0, 0, 2, 9)))
        (made,) = allocation.apply(
            self.sources[source], parts=[(self.invoices[invoice], minor)], effective_on=effective_on, now=at_noon(day)
        )
        self._posted(made, Posting(invoice, source, minor, effective_on, at_noon(day)))

    def write_off(self, day: date) -> None:
        if not self.invoices:
            return
        invoice, minor = self.chance.randrange(len(self.invoices)), self.chance.randint(1, 4) * 10
        made = allocation.write_off(
            self.invoices[invoice], minor=minor, effective_on=day, now=at_noon(day), reason="gone"
        )
        self._posted(made, Posting(invoice, None, minor, day, at_noon(day)))

    def reverse(self, day: date) -> None:
        if not self.allocations:
            return
        made, at = self.chance.choice(self.allocations)
        was = self.books.postings[at]
        allocation.reverse(made, effective_on=day, now=at_noon(day), reason="bounced")
        self.books.postings.append(Posting(was.invoice, was.source, -was.minor, day, at_noon(day)))

    def void(self, day: date) -> None:
        if not self.invoices:
            return
        at = self.chance.randrange(len(self.invoices))
        invoices.void(self.invoices[at], on=day, now=at_noon(day), reason="wrong")
        self.books.invoices[at].voided = (day, at_noon(day))

    def _posted(self, made: UUID, posting: Posting) -> None:
        self.allocations.append((made, len(self.books.postings)))
        self.books.postings.append(posting)


ACTS = ("issue", "issue", "receive", "receive", "apply", "apply", "apply", "write_off", "reverse", "void")


def cells(found: aging.Aging) -> dict[tuple[str, str], tuple[int, int]]:
    return {
        (line.currency, each.key): (each.minor, each.count)
        for line in found.currencies
        for each in (line.not_due, *line.late)
        if each.count
    }


def loose(found: aging.Aging) -> dict[str, int]:
    return {line.currency: line.unapplied_minor for line in found.currencies if line.unapplied_minor}


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.sampled_from(ACTS), min_size=25, max_size=60), seed=st.integers(0, 2**32))
def test_aging_of_any_day_is_what_the_plain_ledger_says(shell, acts, seed):
    tenant = open_client("Reference Books", currency="EUR", zone="Europe/Berlin", country="DE")
    chance = random.Random(seed)
    with unit_of_work(scope.tenant(tenant, actor="test")):
        scribe = Scribe(chance)
        days = sorted(chance.choices(range((LAST - FIRST).days + 1), k=len(acts)))
        for act, day in zip(acts, days, strict=True):
            try:
                getattr(scribe, act)(FIRST + timedelta(days=day))
            except Refusal:
                continue
        books = scribe.books
        assert cells(aging.today(LAST)) == books.aging(LAST, None, "due")
        assert loose(aging.today(LAST)) == books.unapplied(LAST, None)
        for day in (LAST, *(FIRST + timedelta(days=chance.randrange(260)) for _ in range(4))):
            for known_at in (None, at_noon(day), at_noon(FIRST + timedelta(days=chance.randrange(260)))):
                for basis in ("due", "invoice"):
                    found = aging.as_of(day, known_at=known_at, basis=basis)
                    assert cells(found) == books.aging(day, known_at, basis)
                    assert loose(found) == books.unapplied(day, known_at)
            restated = aging.as_of(day)
            for line in restated.currencies:
                for each in (line.not_due, *line.late, line.overdue, line.gross):
                    page = items.behind(each.key, currency=line.currency, day=day)
                    assert page.total == each
                    assert sum(item.open_minor for item in page.items) == each.minor
        assert balances.drift() == []
        assert selfcheck.run(LAST) == []
        before = cells(aging.today(LAST)), loose(aging.today(LAST))
        balances.rebuild()
        assert (cells(aging.today(LAST)), loose(aging.today(LAST))) == before
