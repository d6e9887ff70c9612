"""Decides whether a bank statement or an advice can be undone, and takes back what the machine booked for its lines.

What was certain was booked by itself and is nobody's work: it goes with the statement, as if it had never come. Where a
person has booked a line, or a payment came back or was posted on, nobody is overruled. What the undone lines taught is
forgotten, and counts neither for nor against a kind of evidence.
"""

from datetime import datetime
from typing import Any

from tenants import store
from tenants.cash import payers
from tenants.cash import sql_of_withdrawing as sql
from tenants.intake import bank_lines, taking_back
from tenants.intake.runs import Import
from tenants.ledger import balances, instalments, periods
from tenants.values import dates


class BankStatement:
    """Takes back a bank statement."""

    def hindrance(self, run: Import) -> str:
        """Who has built on it, in a sentence; an empty text when nobody has."""
        given = {"import_id": run.id}
        for question, said in (
            (sql.DECIDED, "was booked by a person: undo that under Cash first."),
            (sql.CAME_BACK, "was booked, and the payment came back since."),
            (sql.TOOK_BACK, "took a payment back, whose invoices are open again since."),
        ):
            if found := store.run(question, **given).first():
                return f"The line of {_named(found)} {said}"
        if reference := store.run(sql.POSTED_SINCE, **given).scalar():
            return f"Something was posted on the payment “{reference}” since."
        closed = periods.closed_through()
        day = None if closed is None else store.run(sql.CLOSED, **given, closed_through=closed).scalar()
        if closed is None or day is None:
            return ""
        through, on = dates.written(closed), dates.written(day)
        return f"The books are closed through {through}, and a payment of it counts on {on}."

    def take_back(self, run: Import, *, now: datetime, reason: str) -> dict[str, int]:
        """Take back its lines and what was booked for them; lines that another statement tells of too are left."""
        given = {"import_id": run.id}
        left = store.run(sql.HAND_OVER, **given).rowcount
        store.run(sql.LOCK_PAYMENTS, **given)
        locked = store.run(sql.LOCK_INVOICES, **given).all()
        balances.take_out([row.id for row in locked])
        done = {"lines_left": left, **_postings(run, now=now, reason=reason)}
        instalments.point([row.id for row in locked if row.schedule_id])
        balances.put_back([row.id for row in locked])
        done["deductions"] = store.run(sql.KEPT_BACK, **given).rowcount
        learned = store.run(sql.LEARNED, **given).all()
        payers.forget_many((payers.keys(row.party, mark=row.party_mark), row.debtor_id) for row in learned)
        store.run(sql.ANSWERED, **given)
        store.run(sql.WITHDRAW_MATCHES, **given, now=now)
        done["lines"] = store.run(sql.WITHDRAW_LINES, **given, now=now, mark=taking_back.mark(run.id)).rowcount
        bank_lines.age_feed()
        return done


class Advice:
    """Takes back a remittance advice."""

    def hindrance(self, run: Import) -> str:
        """Whether a payment was booked by it, in a sentence; an empty text when none was."""
        number = store.run(sql.ADVICE_USED, import_id=run.id).scalar()
        return f"A payment was booked by the advice {number}: undo that under Cash first." if number else ""

    def take_back(self, run: Import, *, now: datetime, reason: str) -> dict[str, int]:
        """Take it back: no payment is read by it any more."""
        mark = taking_back.mark(run.id)
        return {"advices": store.run(sql.WITHDRAW_ADVICE, import_id=run.id, now=now, mark=mark).rowcount}


def _postings(run: Import, *, now: datetime, reason: str) -> dict[str, int]:
    """Reverse what the lines paid, and take their payments whole."""
    posting: dict[str, Any] = {"import_id": run.id, "now": now, "reason": reason}
    reversed_ = taking_back.reverse(sql.TO_REVERSE, **posting)
    payments = taking_back.take(sql.TO_TAKE, "payment", **posting)
    store.run(sql.EMPTY, import_id=run.id, mark=taking_back.mark(run.id))
    return {"allocations": reversed_, "payments": payments}


def _named(found: Any) -> str:
    return f"{dates.written(found.booked_on)}{f' from {found.party}' if found.party else ''}"
