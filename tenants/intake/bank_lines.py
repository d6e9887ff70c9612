"""Decides what a bank line becomes: kept once however often it is reported, and a payment only when nobody need guess.

A credit whose own words name, exactly, invoices of one customer is that customer's money; it is booked as a payment
that is not applied yet. Every other credit stays a bank line without a payment, for a person or cash application.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from tenants import store
from tenants.directory import clients
from tenants.intake.formats import statement
from tenants.intake.formats.statement import Entry, Statement, StatementRefused
from tenants.values import ids, money

PREFIX = "bnk"
SOURCE = "bank"
_LONGEST = {"account": 80, "party": 200, "words": 1000, "reference": 140, "bank_ref": 140}
_BATCH = 2_000
_MOST_TOKENS = 60
_TOKEN = re.compile(r"[^\s,;:+?()\"']+")
_RF = re.compile(r"RF\d{2}([A-Z0-9]{1,21})")

KEPT = "line_key, account, currency, amount_minor, booked_on, valued_on, party, words, reference, bank_ref"
LANDED = """
  row_no integer, bank_line_id uuid, line_key text, account text, currency text, amount_minor bigint, booked_on date,
  valued_on date, party text, words text, reference text, bank_ref text
"""
COLUMNS = ("row_no", "bank_line_id", *KEPT.split(", "))
STAGE = f"""
INSERT INTO import_bank_line (tenant_id, import_id, row_no, bank_line_id, {KEPT})
SELECT :tenant, :import_id, row_no, bank_line_id, {KEPT} FROM %s
ON CONFLICT (tenant_id, import_id, row_no) DO NOTHING
"""
CLEAR = "DELETE FROM import_bank_line WHERE tenant_id = :tenant AND import_id = :import_id"
WAITING = "SELECT count(*) FROM import_bank_line WHERE tenant_id = :tenant AND import_id = :import_id"
LOAD = f"""
INSERT INTO bank_line (tenant_id, id, import_id, {KEPT}, known_at)
SELECT s.tenant_id, s.bank_line_id, s.import_id, {", ".join("s." + name for name in KEPT.split(", "))}, :now
FROM import_bank_line s WHERE s.tenant_id = :tenant AND s.import_id = :import_id
ON CONFLICT (tenant_id, line_key) DO NOTHING
"""
WAITING_CREDITS = """
SELECT id, words, reference FROM bank_line
WHERE tenant_id = :tenant AND import_id = :import_id AND amount_minor > 0 AND payment_id IS NULL AND booked_on <= :today
  AND id > :after ORDER BY id LIMIT :limit
"""
NAMED = """
SELECT b.id, min(CAST(i.debtor_id AS text))
FROM unnest(CAST(:lines AS uuid[]), CAST(:tokens AS text[])) AS t (line_id, token)
JOIN bank_line b ON b.tenant_id = :tenant AND b.id = t.line_id
JOIN invoice i ON i.tenant_id = :tenant AND i.number = t.token AND i.currency = b.currency AND i.voided_on IS NULL
GROUP BY b.id HAVING count(DISTINCT i.debtor_id) = 1
"""
BOOK = """
INSERT INTO payment (tenant_id, id, debtor_id, reference, currency, amount_minor, unapplied_minor, received_on, source,
  import_id, known_at)
SELECT b.tenant_id, b.id, t.debtor_id,
  left(coalesce(nullif(b.bank_ref, ''), nullif(b.reference, ''), nullif(b.words, ''), b.party), 60)
    || ' ' || left(b.line_key, 8),
  b.currency, b.amount_minor, b.amount_minor, b.booked_on, :source, b.import_id, :now
FROM unnest(CAST(:lines AS uuid[]), CAST(:debtors AS uuid[])) AS t (line_id, debtor_id)
JOIN bank_line b ON b.tenant_id = :tenant AND b.id = t.line_id
ON CONFLICT (tenant_id, source, reference) DO NOTHING
"""
LINK = """
UPDATE bank_line b SET payment_id = p.id FROM payment p
WHERE b.tenant_id = :tenant AND p.tenant_id = :tenant AND p.id = b.id AND b.id = ANY(:lines)
"""
NEWEST = """
SELECT max(booked_on) FROM import_bank_line WHERE tenant_id = :tenant AND import_id = :import_id
"""
PAGE = """
SELECT id, account, currency, amount_minor, booked_on, valued_on, party, words, reference, payment_id FROM bank_line
WHERE tenant_id = :tenant AND (booked_on, id) < (:before, :before_id)
  AND (NOT :unmatched OR (payment_id IS NULL AND amount_minor > 0))
ORDER BY booked_on DESC, id DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One bank line as lists show it."""

    id: UUID
    account: str
    currency: str
    amount_minor: int
    booked_on: date
    valued_on: date
    party: str
    words: str
    reference: str
    payment_id: UUID | None


def stage(import_id: UUID, *, said: Statement) -> dict[str, list[int]]:
    """Put the lines down to wait; count and sum of each currency. Raises StatementRefused."""
    totals: dict[str, list[int]] = {}
    rows = []
    for number, (entry, key) in enumerate(zip(said.entries, statement.keys(said.entries), strict=True), 1):
        minor = _minor(entry)
        total = totals.setdefault(entry.currency, [0, 0])
        total[0] += 1
        total[1] += minor
        said_by_it = (_cut(entry, name) for name in ("party", "words", "reference", "bank_ref"))
        days = (entry.booked_on, entry.valued_on)
        rows.append((number, ids.new(), key, _cut(entry, "account"), entry.currency, minor, *days, *said_by_it))
    table = f"landed_{ids.new().hex}"
    store.land(table, LANDED)
    store.copy_rows(table, COLUMNS, rows)
    store.run(STAGE % table, import_id=import_id)
    return totals


def clear(import_id: UUID) -> None:
    """Take away what an earlier check left."""
    store.run(CLEAR, import_id=import_id)


def waiting(import_id: UUID) -> int:
    """How many lines of the import wait."""
    return int(store.run(WAITING, import_id=import_id).scalar_one())


def load(import_id: UUID, *, now: datetime, today: date) -> tuple[int, int]:
    """Keep the new lines and book those that name their customer; how many lines, how many payments."""
    added = store.run(LOAD, import_id=import_id, now=now).rowcount
    booked, after = 0, UUID(int=0)
    while credits := store.run(WAITING_CREDITS, import_id=import_id, today=today, after=after, limit=_BATCH).all():
        booked += _book(credits, now=now)
        after = credits[-1][0]
    _note_feed(import_id, now=now)
    return added, booked


def page(*, before: date, before_id: UUID, unmatched: bool = False, limit: int = 50) -> Sequence[Line]:
    """Bank lines before a point, the newest first; only credits that wait for a customer, if asked."""
    found = store.run(PAGE, before=before, before_id=before_id, unmatched=unmatched, limit=limit)
    return [Line(*row) for row in found]


def tokens(words: str, *, reference: str) -> frozenset[str]:
    """What in a line may be an invoice number: its reference, and longer words that hold a digit."""
    found = {reference} if reference else set()
    structured = _RF.fullmatch(reference.replace(" ", "").upper())
    if structured:
        found.add(structured[1])
    for token in _pieces(f"{words} {reference}"):
        if len(token) >= 4 and any(sign.isdigit() for sign in token):
            found.add(token)
        if len(found) >= _MOST_TOKENS:
            break
    return frozenset(found)


def _pieces(words: str) -> Iterator[str]:
    for raw in _TOKEN.findall(words):
        token = raw.strip(".-/#")
        yield token
        if "/" in token:
            yield from token.split("/")


def _book(credits: Sequence[tuple[UUID, str, str]], *, now: datetime) -> int:
    pairs = [(line, token) for line, words, reference in credits for token in tokens(words, reference=reference)]
    if not pairs:
        return 0
    named = store.run(NAMED, lines=[line for line, _ in pairs], tokens=[token for _, token in pairs]).all()
    given = {"lines": [line for line, _ in named]}
    if not named:
        return 0
    booked = store.run(BOOK, **given, debtors=[UUID(debtor) for _, debtor in named], source=SOURCE, now=now).rowcount
    store.run(LINK, **given)
    return booked


def _note_feed(import_id: UUID, *, now: datetime) -> None:
    """The feed is as fresh as the newest day that it tells of; an old statement makes no feed young."""
    newest = store.run(NEWEST, import_id=import_id).scalar_one()
    if newest is None:
        return
    reached = min(now, datetime.combine(newest + timedelta(days=1), time(0), UTC))
    known = clients.profile().bank_feed_at
    if known is None or known < reached:
        clients.change(bank_feed_at=reached)


def _minor(entry: Entry) -> int:
    try:
        scaled = entry.amount.scaleb(money.digits(entry.currency))
    except money.UnknownCurrency as unknown:
        raise StatementRefused(f"Line {entry.at:,}: {unknown.detail}") from unknown
    if scaled != scaled.to_integral_value():
        raise StatementRefused(f"Line {entry.at:,}: {entry.amount} has more decimals than {entry.currency} knows.")
    if abs(scaled) >= 10**18:
        raise StatementRefused(f"Line {entry.at:,}: the amount has too many digits.")
    return int(scaled)


def _cut(entry: Entry, name: str) -> str:
    text = "".join(sign if sign.isprintable() else " " for sign in getattr(entry, name))
    return text[: _LONGEST[name]].strip()
