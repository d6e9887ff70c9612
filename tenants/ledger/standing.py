"""Decides how an invoice stands on a day: cancelled, paid, not issued yet, partly paid or open; and which are overdue.

Every list, page and filter takes its meaning from here, so that a list adds up to the tile that opened it: what is
issued tomorrow is not owed today, as aging counts it. The texts are conditions on an invoice called `i`; the day is
`:today`, and without a day nothing is taken for not issued.
"""

OWED = "i.open_minor > 0 AND i.voided_on IS NULL"
CONDITIONS = {
    "all": "true",
    "open": f"{OWED} AND i.issued_on <= :today",
    "overdue": f"{OWED} AND i.issued_on <= :today AND i.due_on < :today",
    "not-issued": f"{OWED} AND i.issued_on > :today",
    "settled": "i.open_minor = 0 AND i.voided_on IS NULL",
    "void": "i.voided_on IS NOT NULL",
}
"""What a list may be narrowed to."""

WORDS = ("open", "part-paid", "not-issued", "settled", "void")
"""What one invoice may be called."""

WORD = """
CASE WHEN i.voided_on IS NOT NULL THEN 'void' WHEN i.open_minor = 0 THEN 'settled'
  WHEN i.issued_on > CAST(:today AS date) THEN 'not-issued'
  WHEN i.open_minor < i.amount_minor THEN 'part-paid' ELSE 'open' END
"""
