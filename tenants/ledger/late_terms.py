"""Decides whether late interest may be shown for an invoice: only where the client entered a term for the country.

A term names a regime, a base rate and a margin, from a day on; base rates are entered with their source. What comes of
them is a computation that a person may look at and quote. Nothing is posted, and no invoice is ever changed by it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from sqlalchemy import Numeric
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.events import history
from tenants.ledger import instalments, late_interest
from tenants.ledger.debtors import Card as Debtor
from tenants.ledger.instalments import Share
from tenants.ledger.invoices import Card as Invoice
from tenants.ledger.late_interest import CONTRACT, EU, REGIMES, UK, Charge, RateOn
from tenants.store import Model, TenantOwned
from tenants.values import dates, ids
from tenants.values.faults import Kind, Refusal

LONGEST = 60


class BadTerm(Refusal):
    """The term cannot be counted."""

    code = "bad_term"
    remedy = "Correct the named part."


class NoBaseRate(Refusal):
    """The base rate that the term names is not known for the day that it wants."""

    kind = Kind.CONFLICT
    code = "no_base_rate"
    remedy = "Enter the rate that was in force on that day."


class LateTerm(TenantOwned, Model):
    """How late interest is counted for customers of a country from a day on."""

    __tablename__ = "late_term"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    country: Mapped[str]
    regime: Mapped[str]
    base: Mapped[str]
    percent: Mapped[Decimal] = mapped_column(Numeric)
    from_on: Mapped[date]
    known_at: Mapped[datetime]
    source: Mapped[str]


class BaseRate(TenantOwned, Model):
    """What a central bank or treasury charged from a day on."""

    __tablename__ = "base_rate"

    base: Mapped[str] = mapped_column(primary_key=True)
    from_on: Mapped[date] = mapped_column(primary_key=True)
    known_at: Mapped[datetime] = mapped_column(primary_key=True)
    percent: Mapped[Decimal] = mapped_column(Numeric)
    source: Mapped[str]


@dataclass(frozen=True, slots=True)
class Term:
    """One term as pages show it; `percent` is the margin, or the whole rate of a contract."""

    id: UUID
    country: str
    regime: str
    base: str
    percent: Decimal
    from_on: date
    source: str


@dataclass(frozen=True, slots=True)
class Base:
    """One base rate as pages show it."""

    base: str
    from_on: date
    percent: Decimal
    source: str


ADD_TERM = """
INSERT INTO late_term (tenant_id, id, country, regime, base, percent, from_on, known_at, source)
VALUES (:tenant, :id, :country, :regime, :base, :percent, :from_on, :now, :source)
"""
ADD_RATE = """
INSERT INTO base_rate (tenant_id, base, from_on, known_at, percent, source)
VALUES (:tenant, :base, :from_on, :now, :percent, :source)
ON CONFLICT (tenant_id, base, from_on, known_at) DO NOTHING
"""
TERMS = """
SELECT id, country, regime, base, percent, from_on, source FROM late_term
WHERE tenant_id = :tenant ORDER BY country, from_on DESC, known_at DESC, id DESC LIMIT :limit
"""
COUNTS = """
SELECT id, country, regime, base, percent, from_on, source FROM late_term
WHERE tenant_id = :tenant AND country IN (:country, '') AND from_on <= :day
ORDER BY country DESC, from_on DESC, known_at DESC, id DESC LIMIT 1
"""
BASES = """
SELECT DISTINCT ON (base, from_on) base, from_on, percent, source FROM base_rate WHERE tenant_id = :tenant
ORDER BY base, from_on DESC, known_at DESC LIMIT :limit
"""
RATES = """
SELECT DISTINCT ON (from_on) from_on, percent FROM base_rate WHERE tenant_id = :tenant AND base = :base
ORDER BY from_on, known_at DESC
"""


def set_term(
    country: str, *, regime: str, base: str, percent: Decimal, from_on: date, source: str, now: datetime
) -> UUID:
    """Enter a term for a country, or for every country that has none of its own. Raises BadTerm."""
    if regime not in REGIMES or (regime == CONTRACT) != (base == ""):
        raise BadTerm("A contract has a rate of its own, every other regime a base rate.", pointer="/regime")
    if not 0 <= percent <= LONGEST or not source:
        raise BadTerm(f"A margin lies between 0 and {LONGEST} percent and has a source.", pointer="/percent")
    made = ids.new()
    told = {"country": country, "regime": regime, "base": base, "percent": percent, "from_on": from_on}
    store.run(ADD_TERM, id=made, now=now, source=source, **told)
    history.note("late_term.set", about=("late_term", made), at=now, became={**told, "percent": str(percent)})
    return made


def set_base_rate(base: str, *, from_on: date, percent: Decimal, source: str, now: datetime) -> None:
    """Enter what a base rate is from a day on; a newer entry for the same day corrects it. Raises BadTerm."""
    if not base or not -5 <= percent <= LONGEST or not source:
        raise BadTerm("A base rate has a name, a source, and a rate within reason.", pointer="/percent")
    store.run(ADD_RATE, base=base, from_on=from_on, percent=percent, source=source, now=now)


def terms(*, limit: int = 100) -> Sequence[Term]:
    """The terms that were entered, by country."""
    return [Term(*row) for row in store.run(TERMS, limit=limit)]


def base_rates(*, limit: int = 100) -> Sequence[Base]:
    """The base rates that were entered, by name, the newest first."""
    return [Base(*row) for row in store.run(BASES, limit=limit)]


def of_invoice(invoice: Invoice, *, debtor: Debtor, until_on: date) -> tuple[Term, Sequence[Charge]] | None:
    """What could be charged for what is open and late of an invoice; nothing where no term was entered.

    Lateness is counted from the due dates that count now. Raises NoBaseRate.
    """
    found = store.run(COUNTS, country=debtor.country, day=invoice.issued_on).one_or_none()
    if found is None or debtor.consumer or invoice.voided_on is not None:
        return None
    term = Term(*found)
    applied = invoice.amount_minor - invoice.open_minor
    parts = instalments.shares(invoice.schedule_id, applied=applied) or [
        Share(invoice.due_on, invoice.amount_minor, invoice.open_minor)
    ]
    base = _base(term)
    late = [part for part in parts if part.open_minor and part.due_on < until_on]
    return term, [_charge(term, part, until_on, base) for part in late]


def _charge(term: Term, part: Share, until_on: date, base: RateOn) -> Charge:
    if term.regime == CONTRACT:
        return late_interest.simple(
            part.open_minor, due_on=part.due_on, until_on=until_on, percent=Fraction(term.percent)
        )
    if term.regime == late_interest.US:
        return late_interest.us_prompt_pay(part.open_minor, due_on=part.due_on, until_on=until_on, base=base)
    count = {UK: late_interest.uk, EU: late_interest.eu}[term.regime]
    return count(part.open_minor, due_on=part.due_on, until_on=until_on, base=base, margin=Fraction(term.percent))


def _base(term: Term) -> RateOn:
    """The base rate of a term by day: the newest that was in force."""
    known: Mapping[date, Decimal] = {row[0]: row[1] for row in store.run(RATES, base=term.base)} if term.base else {}

    def rate(day: date) -> Fraction:
        held = [from_on for from_on in known if from_on <= day]
        if not held:
            raise NoBaseRate(f"The rate “{term.base}” is not known for {dates.written(day)}.")
        return Fraction(known[max(held)])

    return rate
