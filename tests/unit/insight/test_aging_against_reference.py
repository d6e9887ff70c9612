"""Whatever happens in the books, aging and figures answer what the plain ledger of reference.py answers.

GOODTERMS_FULL=1 tries five hundred ledgers instead of a few, GOODTERMS_LEDGERS=100 a hundred (with a seed, a portion).
"""

import os
import random
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenants.insight import aging, items
from tenants.insight.facts import Books as Counted
from tenants.insight.facts import Period
from tenants.isolation import scope
from tenants.ledger import (
    allocation,
    balances,
    credit_notes,
    debtors,
    due_dates,
    invoices,
    payments,
    refunds,
    selfcheck,
)
from tenants.values.faults import Refusal
from tenants.work import unit_of_work
from tests.cast import open_client
from tests.unit.insight.reference import Books, Invoice, Posting, Schedule, Source
from tests.unit.insight.reference_sets import Sets, Sums, sums

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
        known, kind = at_noon(day), self.chance.choice(("invoice", "invoice", "debit_note"))
        parts = self._parts(issued_on, due_on, amount) if self.chance.random() < 0.4 else []
        self.invoices.append(
            invoices.issue(
                f"N{len(self.invoices)}",
                debtor_id=self.debtor,
                currency=currency,
                amount_minor=amount,
                issued_on=issued_on,
                due_on=due_on,
                now=known,
                kind=kind,
                parts=parts,
            )
        )
        if parts:
            self.books.schedules.append(Schedule(len(self.books.invoices), parts, issued_on, known, by_contract=True))
        self.books.invoices.append(Invoice(currency, amount, issued_on, due_on, known))

    def _parts(self, first_on: date, last_on: date, amount: int) -> list[tuple[date, int]]:
        """Some parts of an amount, the last of them on the last day."""
        days = sorted(self.chance.sample(range((last_on - first_on).days + 1), k=min(2, (last_on - first_on).days)))
        cut = [on for on in (first_on + timedelta(days=day) for day in days) if on < last_on]
        cuts = sorted(self.chance.sample(range(1, amount), k=len(cut)))
        sums = [b - a for a, b in pairwise([0, *cuts, amount])]
        return list(zip([*cut, last_on], sums, strict=True))

    def agree(self, day: date) -> None:
        if not self.invoices:
            return
        at = self.chance.randrange(len(self.invoices))
        effective_on = day - timedelta(days=self.chance.choice((0, 0, 6)))
        open_minor = invoices.card(self.invoices[at]).open_minor
        if open_minor < 3:
            return
        first_on = max(day, self.books.invoices[at].issued_on)
        parts = self._parts(first_on, first_on + timedelta(days=self.chance.choice((1, 20, 70))), open_minor)
        due_dates.agree(self.invoices[at], parts=parts, effective_on=effective_on, now=at_noon(day), reason="asked")
        paid = self.books.invoices[at].amount - open_minor
        original = self.books.invoices[at].due_on
        before = [(min(original, parts[0][0] - timedelta(days=1)), paid)] if paid else []
        self.books.schedules.append(Schedule(at, [*before, *parts], effective_on, at_noon(day)))

    def take_back(self, day: date) -> None:
        if not self.invoices:
            return
        at = self.chance.randrange(len(self.invoices))
        due_dates.take_back(self.invoices[at], effective_on=day, now=at_noon(day), reason="broken")
        mine = [each for each in self.books.schedules if each.invoice == at]
        item = self.books.invoices[at]
        by_contract = (
            mine[0].parts
            if mine[0].effective_on == item.issued_on and mine[0].known_at == item.known_at
            else [(item.due_on, item.amount)]
        )
        self.books.schedules.append(Schedule(at, by_contract, day, at_noon(day)))

    def refund(self, day: date) -> None:
        if not self.sources:
            return
        at, minor = self.chance.randrange(len(self.sources)), self.chance.randint(1, 6) * 10
        refunds.refund(self.sources[at], minor=minor, effective_on=day, now=at_noon(day), reason="twice")
        self.books.postings.append(Posting(None, at, minor, day, at_noon(day)))

    def bounce(self, day: date) -> None:
        """The bank takes a payment back: all that stands of it is reversed, and the whole goes back."""
        if not self.sources:
            return
        at = self.chance.randrange(len(self.sources))
        refunds.return_payment(self.sources[at], effective_on=day, now=at_noon(day), reason="no funds")
        postings = self.books.postings
        gone = {posting.reverses for posting in postings}
        standing = [
            n for n, p in enumerate(postings) if p.source == at and p.invoice is not None and p.reverses is None
        ]
        for n in standing:
            if n not in gone:
                was = postings[n]
                postings.append(Posting(was.invoice, at, -was.minor, day, at_noon(day), was.kind, n))
        self.books.postings.append(Posting(None, at, self.books.sources[at].amount, day, at_noon(day)))

    def receive(self, day: date) -> None:
        since = day - timedelta(days=self.chance.choice((0, 0, 4)))
        amount, currency, known = self.chance.randint(1, 15) * 10, self.chance.choice(CURRENCIES), at_noon(day)
        number = f"S{len(self.sources)}"
        common = {"currency": currency, "amount_minor": amount, "now": known}
        is_credit = self.chance.random() < 0.3
        if is_credit:
            made = credit_notes.issue(number, debtor_id=self.debtor, issued_on=since, **common)
        else:
            made = payments.receive(self.debtor, reference=number, received_on=since, **common)
        self.sources.append(made)
        kind = "credit_note" if is_credit else "payment"
        self.books.sources.append(Source(currency, amount, since, known, kind))

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
        kind = self.books.sources[source].kind
        self._posted(made, Posting(invoice, source, minor, effective_on, at_noon(day), kind))

    def write_off(self, day: date) -> None:
        if not self.invoices:
            return
        invoice, minor = self.chance.randrange(len(self.invoices)), self.chance.randint(1, 4) * 10
        made = allocation.write_off(
            self.invoices[invoice], minor=minor, effective_on=day, now=at_noon(day), reason="gone"
        )
        self._posted(made, Posting(invoice, None, minor, day, at_noon(day), "write_off"))

    def discount(self, day: date) -> None:
        if not self.invoices:
            return
        invoice, minor = self.chance.randrange(len(self.invoices)), self.chance.randint(1, 2) * 10
        made = allocation.discount(self.invoices[invoice], minor=minor, effective_on=day, now=at_noon(day))
        self._posted(made, Posting(invoice, None, minor, day, at_noon(day), "discount"))

    def reverse(self, day: date) -> None:
        if not self.allocations:
            return
        made, at = self.chance.choice(self.allocations)
        was = self.books.postings[at]
        if was.invoice is None:
            return
        allocation.reverse(made, effective_on=day, now=at_noon(day), reason="bounced")
        self.books.postings.append(Posting(was.invoice, was.source, -was.minor, day, at_noon(day), was.kind, at))

    def void(self, day: date) -> None:
        if not self.invoices:
            return
        at = self.chance.randrange(len(self.invoices))
        invoices.void(self.invoices[at], on=day, now=at_noon(day), reason="wrong")
        self.books.invoices[at].voided = (day, at_noon(day))

    def _posted(self, made: UUID, posting: Posting) -> None:
        self.allocations.append((made, len(self.books.postings)))
        self.books.postings.append(posting)


ACTS = (
    *("issue", "issue", "issue", "receive", "receive", "apply", "apply", "apply", "apply", "write_off", "discount"),
    *("reverse", "void", "agree", "agree", "take_back", "refund", "bounce"),
)
LEDGERS = int(os.environ.get("GOODTERMS_LEDGERS", "500" if os.environ.get("GOODTERMS_FULL") else "5"))


def cells(found: aging.Aging) -> dict[tuple[str, str], tuple[int, int]]:
    return {
        (line.currency, each.key): (each.minor, each.count)
        for line in found.currencies
        for each in (line.not_due, *line.late)
        if each.count
    }


PLAIN_SETS = (
    *("sales", "settled", "settled_terms", "slices", "fell_due", "written_off", "unapplied", "rolled", "at_risk"),
)


def said_of(counted: Counted, name: str) -> Sums:
    return {
        (currency, part): (each.count, each.minor, each.hits, each.hit_minor, each.days)
        for currency, parts in counted.sums(name).items()
        for part, each in parts.items()
    }


def loose(found: aging.Aging) -> dict[str, int]:
    return {line.currency: line.unapplied_minor for line in found.currencies if line.unapplied_minor}


@pytest.mark.timeout(120 + 15 * LEDGERS)
@settings(max_examples=LEDGERS, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(acts=st.lists(st.sampled_from(ACTS), min_size=25, max_size=60), seed=st.integers(0, 2**32))
def test_aging_of_any_day_is_what_the_plain_ledger_says(shell, acts, seed):
    tenant = open_client("Reference Books", currency="EUR", zone="Europe/Berlin", country="DE")
    chance = random.Random(seed)
    with unit_of_work(scope.tenant(tenant, actor="test")):
        scribe = Scribe(chance)
        days = sorted(chance.choices(range((LAST - FIRST).days + 1), k=len(acts)))
        saved = {}
        for act, day in zip(acts, (FIRST + timedelta(days=day) for day in days), strict=True):
            with suppress(Refusal):
                getattr(scribe, act)(day)
            if chance.random() < 0.2:
                saved[day] = None
            if day in saved:
                saved[day] = cells(aging.today(day)), loose(aging.today(day))
        books = scribe.books
        for day, said in saved.items():
            then = aging.as_of(day, known_at=at_noon(day))
            assert (cells(then), loose(then)) == said
            if not books.learned_later(day, at_noon(day)):
                assert (cells(aging.as_of(day)), loose(aging.as_of(day))) == said
        assert cells(aging.today(LAST)) == books.aging(LAST, None, "due")
        assert loose(aging.today(LAST)) == books.unapplied(LAST, None)
        for day in (LAST, *(FIRST + timedelta(days=chance.randrange(260)) for _ in range(4))):
            for known_at in (None, at_noon(day), at_noon(FIRST + timedelta(days=chance.randrange(260)))):
                for basis in ("due", "invoice"):
                    found = aging.as_of(day, known_at=known_at, basis=basis)
                    assert cells(found) == books.aging(day, known_at, basis)
                    assert loose(found) == books.unapplied(day, known_at)
            by_day = aging.as_of(day, edges=tuple(range(1, 300)))
            assert {line.currency: line.gross.minor for line in by_day.currencies if line.gross.minor} == books.control(
                day
            )
            restated = aging.as_of(day)
            for line in restated.currencies:
                for each in (line.not_due, *line.late, line.overdue, line.gross):
                    page = items.behind(each.key, currency=line.currency, day=day)
                    assert page.total == each
                    assert sum(item.open_minor for item in page.items) == each.minor
        for day in (LAST, FIRST + timedelta(days=chance.randrange(60, 260))):
            period = Period(day, chance.choice((30, 90, 200)))
            plain = Sets(books, period.first_on, day)
            counted = Counted(period)
            for name in PLAIN_SETS:
                assert said_of(counted, name) == sums(getattr(plain, name)()), (name, day)
        assert balances.drift() == []
        assert selfcheck.run(LAST) == []
        before = cells(aging.today(LAST)), loose(aging.today(LAST))
        balances.rebuild()
        assert (cells(aging.today(LAST)), loose(aging.today(LAST))) == before
