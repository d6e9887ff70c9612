"""Decides when a client is ready to go live: a list computed from what is there, never ticked by hand.

What must be so is refused while it is not; what should be so is said and left to the person. Nothing here is
remembered: whoever deletes the only rule finds its line open again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import RowMapping

from tenants import store
from tenants.collections import test_mode
from tenants.collections.test_mode import Waiting
from tenants.delivery import domains
from tenants.directory import clients, memberships
from tenants.directory.clients import Profile
from tenants.directory.permissions import OF_PROVIDER_IN_CLIENTS, allowed
from tenants.rules import rule_book
from tenants.rules.faults import RuleRefused
from tenants.values import dates
from tenants.values.counts import counted, noun
from tenants.values.faults import Kind, Refusal

ENOUGH_ADDRESSES = 90
"""Per cent of the customers who owe something to whom a mail can be written."""
BOOKS = """
SELECT (SELECT count(*) FROM invoice i WHERE i.tenant_id = :tenant AND i.open_minor > 0) AS open,
  (SELECT count(DISTINCT i.debtor_id) FROM invoice i WHERE i.tenant_id = :tenant AND i.open_minor > 0) AS owing,
  (SELECT count(DISTINCT i.debtor_id) FROM invoice i WHERE i.tenant_id = :tenant AND i.open_minor > 0
     AND EXISTS (SELECT FROM contact c WHERE c.tenant_id = :tenant AND c.debtor_id = i.debtor_id
                 AND c.active AND c.email <> '')) AS reached,
  (SELECT count(DISTINCT g.key) FROM debtor_group g WHERE g.tenant_id = :tenant) AS groups,
  (SELECT count(*) FROM payment p WHERE p.tenant_id = :tenant) AS payments
"""
TRIED = """
SELECT count(*) FROM rule r WHERE r.tenant_id = :tenant AND r.state IN ('live', 'shadow')
  AND EXISTS (SELECT FROM rule_run u WHERE u.tenant_id = :tenant AND u.rule_id = r.id AND u.mode = 'dry'
              AND u.version = r.version)
"""
WORDED = "SELECT max(version) FROM contact_policy WHERE tenant_id = :tenant"


class NotReady(Refusal):
    """Something that must be so is not."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "not_ready"
    remedy = "Finish what the list names, then go live."


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list."""

    key: str
    title: str
    done: bool
    must: bool
    found: str
    """What is there now, as a sentence."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """The list, and what would happen to what waits."""

    since: datetime | None
    """Since when the client is in test mode; None while it is live."""
    lines: tuple[Line, ...]
    waiting: Waiting

    @property
    def open_musts(self) -> tuple[Line, ...]:
        """What stands in the way."""
        return tuple(each for each in self.lines if each.must and not each.done)


def readiness(*, now: datetime) -> Readiness:
    """How far the client has come."""
    profile, books = clients.profile(), store.run(BOOKS).mappings().one()
    lines = (
        _data(books),
        _addresses(books),
        _groups(books),
        _payments(profile, books, now=now),
        _sender(profile),
        _domain(),
        _policy(),
        *_people(now=now),
        *_rules(),
    )
    return Readiness(profile.test_since_at, lines, test_mode.waiting())


def go_live(*, send: bool, customers: int, now: datetime, real: datetime, reason: str) -> Waiting:
    """End the test. Raises NotReady, and what `test_mode.leave` raises."""
    if missing := readiness(now=now).open_musts:
        raise NotReady(f"Not ready yet: {'; '.join(each.title.lower() for each in missing)}.")
    return test_mode.leave(send=send, customers=customers, now=now, real=real, reason=reason)


def _data(books: RowMapping) -> Line:
    found, owing = books["open"], counted(books["owing"], "customer")
    said = f"{counted(found, 'open invoice')} of {owing}." if found else "No open invoice."
    return Line("data", "The ledger is in", found > 0, True, said)


def _addresses(books: RowMapping) -> Line:
    owing, reached = books["owing"], books["reached"]
    share = reached * 100 // owing if owing else 0
    who = f"{counted(owing, 'customer')} who {noun(owing, 'owes', 'owe')} something"
    said = f"{reached:,} of {who} can be written to ({share}%)."
    return Line("addresses", "Customers can be written to", share >= ENOUGH_ADDRESSES, False, said)


def _groups(books: RowMapping) -> Line:
    count = books["groups"]
    said = f"{counted(count, 'group')}." if count else "None: then no small group of customers can begin."
    return Line("groups", "Customers are in groups", count > 0, False, said)


def _payments(profile: Profile, books: RowMapping, *, now: datetime) -> Line:
    came = books["payments"]
    fed = profile.bank_feed_at is not None
    if fed:
        said = f"The bank feed was last read on {dates.written(profile.bank_feed_at)}."
    else:
        said = f"{counted(came, 'payment')}, no bank feed." if came else "No payment has come in."
    return Line("payments", "Payments come in", fed or came > 0, False, said)


def _sender(profile: Profile) -> Line:
    missing = [
        said
        for value, said in (
            (profile.contact_name, "who signs"),
            (profile.contact_email, "where answers go"),
            (profile.iban, "where to pay"),
        )
        if not value
    ]
    said = f"Not said yet: {', '.join(missing)}." if missing else f"{profile.contact_name}, {profile.contact_email}."
    return Line("sender", "Letters say who writes and where to pay", not missing, True, said)


def _domain() -> Line:
    """Who names a domain of its own must have proved one; who names none is spoken for by the provider."""
    known = domains.listed()
    proved = [str(row["domain"]) for row in known if row["state"] == domains.PROVED]
    waiting = [str(row["domain"]) for row in known if row["state"] != domains.PROVED]
    said = f"Proved: {', '.join(proved)}." if proved else "None named: mail leaves in the provider’s name."
    if waiting and not proved:
        said = f"Not proved yet: {', '.join(waiting)}."
    return Line("domain", "Mail leaves from a proved domain", bool(proved), bool(known), said)


def _policy() -> Line:
    version = store.run(WORDED).scalar_one()
    said = f"Version {version} is in force." if version else "Ours is in force; nobody here has confirmed it."
    return Line("policy", "The contact policy was looked at and put in force", bool(version), True, said)


def _people(*, now: datetime) -> tuple[Line, Line]:
    held = memberships.live(now=now)
    publishers = {each.person_id for each in held if allowed([each.role], "rules.publish")}
    staff = {each.person_id for each in held if each.role in OF_PROVIDER_IN_CLIENTS}
    work = f"{len(staff)} of the provider work here." if staff else "Nobody of the provider works here yet."
    agree = {each.person_id for each in held if allowed([each.role], "rules.approve")} | publishers
    two = f"{len(publishers)} may publish, {len(agree - publishers)} more may agree to a rule."
    return (
        Line("people", "There is a second person for rules", len(agree) > 1 and bool(publishers), True, two),
        Line("specialist", "Somebody works the tasks", bool(staff), True, work),
    )


def _rules() -> tuple[Line, Line]:
    kept, writing = rule_book.watched(), 0
    for row in kept:
        try:
            writing += rule_book.read(row).writes_to_debtors
        except RuleRefused:
            continue
    seen = int(store.run(TRIED).scalar_one())
    said = f"{len(kept):,} published, {writing:,} of them write to customers." if kept else "None."
    looked = f"{seen:,} of {len(kept):,} published rules were tried in the words that are published."
    return (
        Line("rules", "A rule that writes to customers is published", writing > 0, True, said),
        Line("dry_run", "Somebody looked at what the rules would do", seen > 0, True, looked),
    )
