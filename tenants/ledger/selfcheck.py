"""Decides whether the books are right: questions that must all answer nothing, asked after each import and every hour.

Each question is an invariant of the ledger turned round: it asks for the rows that break it. An answer means that a
figure on somebody's screen is wrong, so it is kept in the client's history with the rows to look at.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from tenants import store
from tenants.events import history
from tenants.ledger import balances, periods

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One invariant that is broken: how often, and some of the rows that break it."""

    question: str
    count: int
    examples: tuple[str, ...]


APPLIED = """
SELECT a.invoice_id, sum(a.amount_minor) AS minor FROM allocation a WHERE a.tenant_id = :tenant GROUP BY a.invoice_id
"""
OPEN_IS_AMOUNT_LESS_APPLIED = f"""
SELECT i.number FROM invoice i LEFT JOIN ({APPLIED}) a ON a.invoice_id = i.id
WHERE i.tenant_id = :tenant AND i.open_minor <> i.amount_minor - coalesce(a.minor, 0)
"""
OPEN_WITHIN_AMOUNT = """
SELECT i.number FROM invoice i WHERE i.tenant_id = :tenant AND (i.open_minor < 0 OR i.open_minor > i.amount_minor)
"""
SETTLED_HAS_A_DAY = """
SELECT i.number FROM invoice i WHERE i.tenant_id = :tenant AND (i.open_minor = 0) <> (i.settled_on IS NOT NULL)
"""
NEVER_OVERPAID = """
SELECT DISTINCT invoice_id::text FROM (
  SELECT a.invoice_id, i.amount_minor, sum(a.minor) OVER (PARTITION BY a.invoice_id ORDER BY a.effective_on) AS applied
  FROM (SELECT invoice_id, effective_on, sum(amount_minor) AS minor FROM allocation
        WHERE tenant_id = :tenant GROUP BY invoice_id, effective_on) a
  JOIN invoice i ON i.tenant_id = :tenant AND i.id = a.invoice_id
) t WHERE applied < 0 OR applied > amount_minor
"""
SOURCE_ADDS_UP = """
SELECT s.id::text FROM {table} s LEFT JOIN (
  SELECT {table}_id AS id, sum(amount_minor) AS minor FROM allocation
  WHERE tenant_id = :tenant AND {table}_id IS NOT NULL GROUP BY {table}_id) a ON a.id = s.id
WHERE s.tenant_id = :tenant
  AND (s.unapplied_minor <> s.amount_minor - coalesce(a.minor, 0) OR s.unapplied_minor NOT BETWEEN 0 AND s.amount_minor)
"""
SOURCE_FITS = """
SELECT a.id::text FROM allocation a JOIN {table} s ON s.tenant_id = :tenant AND s.id = a.{table}_id
WHERE a.tenant_id = :tenant
  AND (s.currency <> a.currency OR s.debtor_id <> a.debtor_id OR a.effective_on < s.{since} OR a.known_at < s.known_at)
"""
INVOICE_FITS = """
SELECT a.id::text FROM allocation a JOIN invoice i ON i.tenant_id = :tenant AND i.id = a.invoice_id
WHERE a.tenant_id = :tenant
  AND (i.currency <> a.currency OR i.debtor_id <> a.debtor_id OR a.effective_on < i.issued_on)
"""
NOTHING_FROM_THE_FUTURE = """
SELECT a.id::text FROM allocation a WHERE a.tenant_id = :tenant AND a.effective_on > :today
"""
REVERSAL_MIRRORS = """
SELECT r.id::text FROM allocation r JOIN allocation a ON a.tenant_id = :tenant AND a.id = r.reverses_id
WHERE r.tenant_id = :tenant AND (r.amount_minor <> -a.amount_minor OR r.invoice_id <> a.invoice_id OR r.kind <> a.kind
  OR r.payment_id IS DISTINCT FROM a.payment_id OR r.credit_note_id IS DISTINCT FROM a.credit_note_id
  OR r.effective_on < a.effective_on)
"""
NEGATIVE_IS_A_REVERSAL = """
SELECT a.id::text FROM allocation a WHERE a.tenant_id = :tenant AND (a.amount_minor < 0) <> (a.reverses_id IS NOT NULL)
"""
VOID_HAS_NOTHING_APPLIED = """
SELECT i.number FROM invoice i WHERE i.tenant_id = :tenant AND i.voided_on IS NOT NULL
  AND (i.open_minor <> i.amount_minor OR i.voided_at IS NULL OR i.voided_on < i.issued_on)
"""
LINES_ADD_UP = """
SELECT i.number FROM invoice i JOIN (
  SELECT invoice_id, sum(net_minor + tax_minor) AS minor FROM invoice_line WHERE tenant_id = :tenant GROUP BY invoice_id
) l ON l.invoice_id = i.id
WHERE i.tenant_id = :tenant AND l.minor <> i.amount_minor
"""
BALANCE_IS_TRUE = f"""
SELECT coalesce(b.currency, t.currency) || ' ' || coalesce(b.due_on, t.due_on)::text
FROM (SELECT * FROM open_balance WHERE tenant_id = :tenant) b
FULL JOIN ({balances.TRUE.format(only="")}) t ON t.currency = b.currency AND t.due_on = b.due_on
WHERE (coalesce(b.open_minor, 0), coalesce(b.open_count, 0)) <> (coalesce(t.minor, 0), coalesce(t.items, 0))
"""
CLOSED_DAY = """SELECT p.through_on FROM period_close p WHERE p.tenant_id = :tenant
  ORDER BY p.known_at DESC, p.id DESC LIMIT 1"""
BACK_IS_ALL_OF_IT = """
SELECT a.id::text FROM allocation a JOIN payment p ON p.tenant_id = :tenant AND p.id = a.payment_id
WHERE a.tenant_id = :tenant AND a.kind IN ('returned', 'undone')
  AND (a.amount_minor <> p.amount_minor OR p.unapplied_minor <> 0)
UNION ALL
SELECT a.id::text FROM allocation a JOIN credit_note c ON c.tenant_id = :tenant AND c.id = a.credit_note_id
WHERE a.tenant_id = :tenant AND a.kind = 'undone' AND (a.amount_minor <> c.amount_minor OR c.unapplied_minor <> 0)
"""
UNDONE_IS_GONE = """
SELECT i.number FROM import_run u JOIN invoice i ON i.tenant_id = :tenant AND i.import_id = u.id
WHERE u.tenant_id = :tenant AND u.state = 'undone' AND (i.voided_on IS DISTINCT FROM i.issued_on OR i.bones <> '')
"""
SCHEDULE_ADDS_UP = """
SELECT DISTINCT s.id::text FROM due_schedule s JOIN invoice i ON i.tenant_id = :tenant AND i.id = s.invoice_id
LEFT JOIN (
  SELECT schedule_id, sum(amount_minor) AS minor, max(up_to_minor) AS up_to FROM instalment
  WHERE tenant_id = :tenant GROUP BY schedule_id) n ON n.schedule_id = s.id
WHERE s.tenant_id = :tenant AND (i.amount_minor IS DISTINCT FROM n.minor OR i.amount_minor IS DISTINCT FROM n.up_to
  OR i.debtor_id <> s.debtor_id OR s.effective_on < i.issued_on)
"""
SCHEDULE_COUNTS = f"""
SELECT i.number FROM invoice i LEFT JOIN ({balances.POINTED}) t ON t.id = i.id
WHERE i.tenant_id = :tenant AND (i.schedule_id IS DISTINCT FROM t.schedule_id
  OR (t.schedule_id IS NOT NULL AND (i.due_on <> t.due_on OR i.original_due_on IS NULL)))
"""
CLOSED_STANDS = f"""
SELECT coalesce(c.currency, s.currency) FROM (
  SELECT p.id, p.through_on FROM period_close p WHERE p.tenant_id = :tenant ORDER BY p.known_at DESC, p.id DESC LIMIT 1
) n
CROSS JOIN LATERAL (SELECT k.currency, k.open_minor, k.unapplied_minor FROM period_control k
  WHERE k.tenant_id = :tenant AND k.close_id = n.id) c
FULL JOIN ({periods.STAND.format(day="(" + CLOSED_DAY + ")")}) s ON s.currency = c.currency
WHERE (coalesce(c.open_minor, 0), coalesce(c.unapplied_minor, 0))
  <> (coalesce(s.open_minor, 0), coalesce(s.unapplied_minor, 0))
"""

QUESTIONS: dict[str, str] = {
    "open amounts that are not the amount less what was applied": OPEN_IS_AMOUNT_LESS_APPLIED,
    "open amounts below nothing or above the amount": OPEN_WITHIN_AMOUNT,
    "settled invoices without a day of settlement, or the reverse": SETTLED_HAS_A_DAY,
    "invoices that were overpaid on some day": NEVER_OVERPAID,
    "payments whose parts do not add up": SOURCE_ADDS_UP.format(table="payment"),
    "credit notes whose parts do not add up": SOURCE_ADDS_UP.format(table="credit_note"),
    "payments applied to what they do not fit": SOURCE_FITS.format(table="payment", since="received_on"),
    "credit notes applied to what they do not fit": SOURCE_FITS.format(table="credit_note", since="issued_on"),
    "invoices with postings that do not fit them": INVOICE_FITS,
    "postings that count before their day has come": NOTHING_FROM_THE_FUTURE,
    "reversals that do not mirror what they reverse": REVERSAL_MIRRORS,
    "negative postings that reverse nothing, or the reverse": NEGATIVE_IS_A_REVERSAL,
    "void invoices with something applied": VOID_HAS_NOTHING_APPLIED,
    "invoices whose lines do not add up": LINES_ADD_UP,
    "balances that are not what the invoices say": BALANCE_IS_TRUE,
    "returned or undone money of which something still counts": BACK_IS_ALL_OF_IT,
    "invoices of an undone import that still count": UNDONE_IS_GONE,
    "due dates in parts that do not add up": SCHEDULE_ADDS_UP,
    "due dates that are not those of the newest schedule": SCHEDULE_COUNTS,
    "closed periods that changed": CLOSED_STANDS,
}
ASK = "SELECT count(*) OVER (), q.what FROM ({question}) q(what) ORDER BY q.what LIMIT :shown"


def run(today: date) -> list[Discrepancy]:
    """Ask every question about the current client's books; right books give an empty list."""
    store.plan_for_sets()
    found = []
    for words, question in QUESTIONS.items():
        extra = {"today": today} if ":today" in question else {}
        rows = store.run(ASK.format(question=question), shown=SHOWN, **extra).all()
        if rows:
            found.append(Discrepancy(words, rows[0][0], tuple(row[1] for row in rows)))
    return found


def watch(today: date, *, now: datetime) -> Sequence[Discrepancy]:
    """Run the check, and keep what it found in the client's history."""
    found = run(today)
    for each in found:
        history.note("ledger.discrepant", about=("ledger", None), at=now, became=asdict(each))
    return found
