"""Decides how much a field says at a client: on how many of its open invoices, or of its customers, it has no value.

Whoever writes a condition about something that is empty nearly everywhere writes a rule that never fires, or one that
fires for nearly everybody: the share stands beside the field before that is noticed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tenants import store
from tenants.rules.bounds import Moment
from tenants.rules.compiler import YEAR
from tenants.rules.fields import REGISTRY, Field, Kind
from tenants.rules.sources import JOINS, SUBJECTS

AMONG = {
    "invoice": ("i.issued_on <= :today AND i.open_minor > 0 AND i.voided_on IS NULL", "open invoices"),
    "customer": ("TRUE", "customers"),
}
"""What is counted in a rule about each subject, and what people call it."""
KEYED = {
    "customer.groups": "(SELECT FROM debtor_group g WHERE g.tenant_id = :tenant AND g.debtor_id = {debtor})",
    "customer.tags": "(SELECT FROM subject_tag g WHERE g.tenant_id = :tenant AND g.subject_id = {debtor})",
    "invoice.tags": "(SELECT FROM subject_tag g WHERE g.tenant_id = :tenant AND g.subject_id = i.id)",
}
NOT_ASKED = dict.fromkeys((f"mine_{alias}" for alias in "hospc"), "") | {"sums": ""}


@dataclass(frozen=True, slots=True)
class Emptiness:
    """How many of how many have no value."""

    empty: int
    of: int
    among: str

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.empty / self.of

    @property
    def said(self) -> str:
        """“empty on 12 % of open invoices”; a few that are empty, or known, are never rounded away."""
        if self.empty in (0, self.of):
            return f"{'known' if self.empty == 0 else 'empty'} on all {self.among}"
        percent = min(99, max(1, round(100 * self.share)))
        return f"empty on {percent} % of {self.among}"


def of(keys: Iterable[str], *, about: str, at: Moment) -> dict[str, Emptiness]:
    """The emptiness of each of these fields that a rule about the subject may use; none where nothing is counted."""
    known = [REGISTRY[key] for key in dict.fromkeys(keys) if key in REGISTRY and about in REGISTRY[key].subjects]
    if about not in AMONG or not known:
        return {}
    condition, among = AMONG[about]
    subject = SUBJECTS[about]
    wanted = frozenset[str]().union(*(field.joins for field in known if not field.sums))
    joins = [
        sql.format(debtor=subject.debtor, **NOT_ASKED)
        for name, sql in JOINS.items()
        if name in wanted and not (name == "debtor" and about == "customer")
    ]
    counted = "".join(f", count(*) FILTER (WHERE {_empty(field, subject.debtor)})" for field in known)
    source = "\n".join((f"FROM {subject.table}", *joins))
    values: dict[str, Any] = {"today": at.today, "now": at.now, "year_ago": at.now - YEAR}
    sql = f"SELECT count(*){counted}\n{source}\nWHERE {subject.alias}.tenant_id = :tenant AND {condition}"
    total, *empty = store.run(sql, **{name: value for name, value in values.items() if f":{name}" in sql}).one()
    found = zip(known, empty, strict=True)
    return {field.key: Emptiness(count, total, among) for field, count in found} if total else {}


def _empty(field: Field, debtor: str) -> str:
    """Amounts that are summed by currency are nothing at least, so never empty."""
    if field.sums:
        return "FALSE"
    if field.kind is Kind.KEYS:
        return f"NOT EXISTS {KEYED[field.key].format(debtor=debtor)}"
    if field.kind is Kind.CODE:
        return f"COALESCE({field.sql}, '') = ''"
    return f"({field.sql}) IS NULL"
