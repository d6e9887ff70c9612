"""Decides what a bank line is: kept once however often it is reported, however many statements tell of it.

Whose money a credit is, and what it pays, is decided by cash application; until then it is a line without a payment.
The account is readable by its last signs alone: the whole lies sealed, and a line is known again by a keyed hash. Of
the account that the money came from only such a hash is kept: enough to know a payer again, and nothing to read.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from tenants import store
from tenants.directory import clients, data_keys
from tenants.intake.formats import statement
from tenants.intake.formats.statement import Entry, Statement, StatementRefused
from tenants.values import ids, money

PREFIX = "bnk"
_LONGEST = {"party": 200, "words": 1000, "reference": 140, "bank_ref": 140}

PLACE = "bank_line.account"
SHOWN = 4
SHORTEST_ACCOUNT = 6
TWINS_KEPT = timedelta(days=7)
"""How long it is known that a statement repeated another's lines: longer than either can be undone."""
KEPT = (
    "line_key, account, account_sealed, currency, amount_minor, booked_on, valued_on, party, words, reference, bank_ref"
    ", party_mark"
)
LANDED = """
  row_no integer, bank_line_id uuid, line_key text, account text, account_sealed bytea, currency text,
  amount_minor bigint, booked_on date, valued_on date, party text, words text, reference text, bank_ref text,
  party_mark text
"""
COLUMNS = ("row_no", "bank_line_id", *KEPT.split(", "))
STAGE = f"""
INSERT INTO import_bank_line (tenant_id, import_id, row_no, bank_line_id, {KEPT})
SELECT :tenant, :import_id, row_no, bank_line_id, {KEPT} FROM %s
ON CONFLICT (tenant_id, import_id, row_no) DO NOTHING
"""
CLEAR = "DELETE FROM import_bank_line WHERE tenant_id = :tenant AND import_id = :import_id"
# What another statement told before stays here for a while: if that one is undone, the line is this one's.
CLEAR_KEPT = """
DELETE FROM import_bank_line s WHERE s.tenant_id = :tenant AND s.import_id = :import_id AND s.bank_line_id IN (
  SELECT b.id FROM bank_line b WHERE b.tenant_id = :tenant AND b.import_id = :import_id)
"""
SWEEP = """
DELETE FROM import_bank_line s USING import_run i WHERE s.tenant_id = :tenant AND i.tenant_id = :tenant
  AND i.id = s.import_id AND i.state IN ('loaded', 'undone') AND i.loaded_at < :before
"""
WAITING = "SELECT count(*) FROM import_bank_line WHERE tenant_id = :tenant AND import_id = :import_id"
LOAD = f"""
INSERT INTO bank_line (tenant_id, id, import_id, {KEPT}, known_at)
SELECT s.tenant_id, s.bank_line_id, s.import_id, {", ".join("s." + name for name in KEPT.split(", "))}, :now
FROM import_bank_line s WHERE s.tenant_id = :tenant AND s.import_id = :import_id
ON CONFLICT (tenant_id, line_key) DO NOTHING
"""
NEWEST = """
SELECT max(booked_on) FROM import_bank_line WHERE tenant_id = :tenant AND import_id = :import_id
"""
NEWEST_OF_ALL = "SELECT max(booked_on) FROM bank_line WHERE tenant_id = :tenant AND undone_at IS NULL"
PAGE = """
SELECT id, account, currency, amount_minor, booked_on, valued_on, party, words, reference, payment_id FROM bank_line
WHERE tenant_id = :tenant AND (booked_on, id) < (:before, :before_id) AND undone_at IS NULL
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
    sealed = {account: data_keys.seal(account, place=PLACE) for account in {each.account for each in said.entries}}
    keys = data_keys.marks(statement.keys(said.entries), place="bank_line.line_key") if said.entries else []
    marked = _marks({_plain(entry.party_account) for entry in said.entries})
    for number, (entry, key) in enumerate(zip(said.entries, keys, strict=True), 1):
        minor = _minor(entry)
        total = totals.setdefault(entry.currency, [0, 0])
        total[0] += 1
        total[1] += minor
        said_by_it = (_cut(entry, name) for name in ("party", "words", "reference", "bank_ref"))
        days = (entry.booked_on, entry.valued_on)
        account = (masked(entry.account), sealed[entry.account])
        mark = marked.get(_plain(entry.party_account), "")
        rows.append((number, ids.new(), key, *account, entry.currency, minor, *days, *said_by_it, mark))
    table = f"landed_{ids.new().hex}"
    store.land(table, LANDED)
    store.copy_rows(table, COLUMNS, rows)
    store.run(STAGE % table, import_id=import_id)
    return totals


def masked(account: str) -> str:
    """An account as lists show it: enough to tell one's own accounts apart, and no more."""
    plain = "".join(sign for sign in account if sign.isprintable() and not sign.isspace())
    return f"•••• {plain[-SHOWN:]}" if plain else ""


def clear(import_id: UUID) -> None:
    """Take away what an earlier check left."""
    store.run(CLEAR, import_id=import_id)


def waiting(import_id: UUID) -> int:
    """How many lines of the import wait."""
    return int(store.run(WAITING, import_id=import_id).scalar_one())


def load(import_id: UUID, *, now: datetime) -> int:
    """Keep the new lines; how many."""
    store.run(SWEEP, before=now - TWINS_KEPT)
    added = store.run(LOAD, import_id=import_id, now=now).rowcount
    _note_feed(import_id, now=now)
    store.run(CLEAR_KEPT, import_id=import_id)
    return added


def page(*, before: date, before_id: UUID, unmatched: bool = False, limit: int = 50) -> Sequence[Line]:
    """Bank lines before a point, the newest first; only credits that wait for a customer, if asked."""
    found = store.run(PAGE, before=before, before_id=before_id, unmatched=unmatched, limit=limit)
    return [Line(*row) for row in found]


def _note_feed(import_id: UUID, *, now: datetime) -> None:
    """The feed is as fresh as the newest day that it tells of; an old statement makes no feed young."""
    newest = store.run(NEWEST, import_id=import_id).scalar_one()
    if newest is None:
        return
    reached = min(now, _end_of(newest))
    known = clients.profile().bank_feed_at
    if known is None or known < reached:
        clients.change(bank_feed_at=reached)


def age_feed() -> None:
    """The feed is as old again as what is left tells, where a statement was undone."""
    known = clients.profile().bank_feed_at
    newest = store.run(NEWEST_OF_ALL).scalar_one()
    left = None if newest is None else _end_of(newest)
    if known is not None and (left is None or left < known):
        clients.change(bank_feed_at=left)


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(0), UTC)


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


def _plain(account: str) -> str:
    """An account as banks agree on it, however it was spaced."""
    return "".join(sign for sign in account if sign.isalnum()).upper()


def _marks(accounts: Collection[str]) -> dict[str, str]:
    """By account the hash under which a payer is known again; what is too short is no account."""
    whole = sorted(each for each in accounts if len(each) >= SHORTEST_ACCOUNT)
    return dict(zip(whole, data_keys.marks(whole, place="bank_line.party_mark"), strict=True)) if whole else {}


def _cut(entry: Entry, name: str) -> str:
    text = "".join(sign if sign.isprintable() else " " for sign in getattr(entry, name))
    return text[: _LONGEST[name]].strip()
