"""Decides where a compiled rule looks: the tables and joins behind the fields, each named with its tenant.

A hold concerns one invoice or, without one, the whole customer, so what comes from holds is looked up both ways.
"""

from dataclasses import dataclass

from tenants.collections import holds


@dataclass(frozen=True, slots=True)
class Subject:
    """The table that a rule is about."""

    table: str
    id: str
    debtor: str
    order: str
    present: str
    """What makes it exist on the day of asking."""
    concerned: str
    """Which subjects an event about invoices concerns."""


SUBJECTS = {
    "invoice": Subject(
        table="invoice i",
        id="i.id",
        debtor="i.debtor_id",
        order="i.due_on, i.id",
        present="i.issued_on <= :today",
        concerned="i.id = ANY(:ids)",
    ),
    "customer": Subject(
        table="debtor d",
        id="d.id",
        debtor="d.id",
        order="d.id",
        present="TRUE",
        concerned="d.id IN (SELECT e.debtor_id FROM invoice e WHERE e.tenant_id = :tenant AND e.id = ANY(:ids))",
    ),
}

_OF_HOLDS = """LEFT JOIN (
  SELECT h.{owner}, {value} FROM hold h
  WHERE h.tenant_id = :tenant AND h.kind = '{kind}' AND h.ended_at IS NULL AND h.starts_on <= :today
    AND h.invoice_id IS {whose} GROUP BY h.{owner}) {name} ON {name}.{owner} = {on}"""
_INVOICE = {"owner": "invoice_id", "whose": "NOT NULL", "on": "i.id"}
_CUSTOMER = {"owner": "debtor_id", "whose": "NULL", "on": "i.debtor_id"}
_PROMISE = {"kind": "promise", "value": "max(h.ends_on) AS promised_on"}
_DISPUTE = {"kind": "dispute", "value": "min(h.opened_at) AS disputed_at"}

JOINS = {
    "debtor": "JOIN debtor d ON d.tenant_id = :tenant AND d.id = i.debtor_id",
    "owed": """LEFT JOIN (
  SELECT o.debtor_id, min(o.due_on) AS oldest_on{sums} FROM invoice o
  WHERE o.tenant_id = :tenant AND o.open_minor > 0 AND o.voided_on IS NULL AND o.issued_on <= :today
  GROUP BY o.debtor_id) owed ON owed.debtor_id = {debtor}""",
    "late": """LEFT JOIN (
  SELECT s.debtor_id, round(avg(s.settled_on - s.due_on), 1) AS days_365,
    round(avg(s.settled_on - s.due_on) FILTER (WHERE s.settled_on > CAST(:today AS date) - 90), 1) AS days_90
  FROM invoice s
  WHERE s.tenant_id = :tenant AND s.voided_on IS NULL AND s.settled_on > CAST(:today AS date) - 365
    AND s.settled_on <= :today
  GROUP BY s.debtor_id) late ON late.debtor_id = {debtor}""",
    "promise": _OF_HOLDS.format(name="promise", **_PROMISE, **_INVOICE),
    "vow": _OF_HOLDS.format(name="vow", **_PROMISE, **_CUSTOMER),
    "dispute": _OF_HOLDS.format(name="dispute", **_DISPUTE, **_INVOICE),
    "quarrel": _OF_HOLDS.format(name="quarrel", **_DISPUTE, **_CUSTOMER),
}
"""Added once each, and only when a condition needs them."""
OVERDUE = """,
    CAST(sum(o.open_minor) FILTER (WHERE o.currency = '{currency}' AND o.due_on < :today) AS bigint) AS {column}"""
"""One more column of `owed`, for each currency that the rule names."""


@dataclass(frozen=True, slots=True)
class Lookups:
    """How conditions about other tables are written; what stands in braces is filled in by the compiler."""

    grouped: str
    reachable: str
    acted: str
    held: dict[str, str]


_GROUP = "FROM debtor_group g WHERE g.tenant_id = :tenant"
_CONTACT = "FROM contact c WHERE c.tenant_id = :tenant AND c.active AND c.email <> ''"
_HOLD = f"FROM hold h WHERE h.tenant_id = :tenant AND h.kind {{kind}} AND {holds.LIVE}"
_STATE = "FROM rule_state st WHERE st.tenant_id = :tenant AND st.rule_id = :rule AND {barred}"
_WHOLE = f"(SELECT h.debtor_id {_HOLD} AND h.invoice_id IS NULL)"

SWEEP = Lookups(
    grouped=f"({{debtor}} IN (SELECT g.debtor_id {_GROUP} AND g.key = ANY({{keys}})))",
    reachable=f"({{debtor}} IN (SELECT c.debtor_id {_CONTACT}))",
    acted=f"({{subject}} IN (SELECT st.subject_id {_STATE}))",
    held={
        "invoice": f"(i.id IN (SELECT h.invoice_id {_HOLD} AND h.invoice_id IS NOT NULL) OR i.debtor_id IN {_WHOLE})",
        "customer": f"(d.id IN {_WHOLE})",
    },
)
"""Over all subjects: each table is read once and hashed, however wrong the planner's guess of the rows that remain."""
POINT = Lookups(
    grouped=f"EXISTS (SELECT {_GROUP} AND g.debtor_id = {{debtor}} AND g.key = ANY({{keys}}))",
    reachable=f"EXISTS (SELECT {_CONTACT} AND c.debtor_id = {{debtor}})",
    acted=f"EXISTS (SELECT {_STATE} AND st.subject_id = {{subject}})",
    held={
        "invoice": f"EXISTS (SELECT {_HOLD} AND h.debtor_id = i.debtor_id AND coalesce(h.invoice_id, i.id) = i.id)",
        "customer": f"EXISTS (SELECT {_HOLD} AND h.debtor_id = d.id AND h.invoice_id IS NULL)",
    },
)
"""For a few named subjects: by index."""
GROUPS = f"(SELECT jsonb_agg(g.key ORDER BY g.key) {_GROUP} AND g.debtor_id = {{debtor}})"
NOBODY = "nobody"
"""The label of what keeps a message back when the customer has no address; it goes when one is added."""
