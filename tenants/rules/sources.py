"""Decides where a compiled rule looks: the tables and joins behind the fields, each named with its tenant.

A hold concerns one invoice or, without one, the whole customer, so what comes from holds is looked up both ways.
"""

from dataclasses import dataclass

from tenants.collections import holds


@dataclass(frozen=True, slots=True)
class Subject:
    """The table that a rule is about."""

    table: str
    alias: str
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
        alias="i",
        id="i.id",
        debtor="i.debtor_id",
        order="i.due_on, i.id",
        present="i.issued_on <= :today",
        concerned="i.id = ANY(:ids)",
    ),
    "customer": Subject(
        table="debtor d",
        alias="d",
        id="d.id",
        debtor="d.id",
        order="d.id",
        present="TRUE",
        concerned="d.id IN (SELECT e.debtor_id FROM invoice e WHERE e.tenant_id = :tenant AND e.id = ANY(:ids))",
    ),
}

_MEASURES = """
    count(*) FILTER (WHERE m.delivered_at BETWEEN :since AND :now) AS delivered,
    count(*) FILTER (WHERE m.delivered_at BETWEEN :since AND :now AND m.first_seen_at <= :now) AS seen,
    count(*) FILTER (WHERE m.delivered_at BETWEEN :since AND :now AND m.last_reply_at <= :now) AS replied,
    count(*) FILTER (WHERE m.bounced_at BETWEEN :since AND :now) AS bounced,
    count(*) FILTER (WHERE m.settled_on BETWEEN :since_on AND :today AND m.voided_on IS NULL) AS settled,
    count(*) FILTER (WHERE m.settled_on BETWEEN :since_on AND :today AND m.voided_on IS NULL
                       AND m.settled_on <= m.due_on) AS in_time"""
_IN_WINDOW = """(m.delivered_at BETWEEN :since AND :now OR m.bounced_at BETWEEN :since AND :now
    OR m.settled_on BETWEEN :since_on AND :today)"""
_SEGMENT = """(
  SELECT t.id AS tenant_id, CAST(md5(CAST(t.id AS text) || '/{by}/' || x.label) AS uuid) AS id, x.label, {measures}
  FROM tenant t JOIN ({inner}) x ON x.tenant_id = t.id WHERE t.id = :tenant OFFSET 0) s"""
# OFFSET 0 keeps the making of the id inside: behind the wall no index may be searched by an expression that could fail.
_MEASURED = "x.delivered, x.seen, x.replied, x.bounced, x.settled, x.in_time"
_EVERYTHING = f"""SELECT CAST(:tenant AS uuid) AS tenant_id, 'all' AS label, {_MEASURES} FROM invoice m
  WHERE m.tenant_id = :tenant AND {_IN_WINDOW}"""
_BY_COLUMN = f"""SELECT m.tenant_id, d.{{column}} AS label, {_MEASURES} FROM invoice m
  JOIN debtor d ON d.tenant_id = :tenant AND d.id = m.debtor_id
  WHERE m.tenant_id = :tenant AND {_IN_WINDOW} GROUP BY m.tenant_id, d.{{column}}"""
_BY_GROUP = f"""SELECT m.tenant_id, g.key AS label, {_MEASURES} FROM invoice m
  JOIN debtor_group g ON g.tenant_id = :tenant AND g.debtor_id = m.debtor_id
  WHERE m.tenant_id = :tenant AND {_IN_WINDOW} GROUP BY m.tenant_id, g.key"""
_GROUPED = {
    "": _EVERYTHING,
    "customer.country": _BY_COLUMN.format(column="country"),
    "customer.language": _BY_COLUMN.format(column="language"),
    "customer.delivery_channel": _BY_COLUMN.format(column="channel"),
    "customer.groups": _BY_GROUP,
}


def segment(group_by: str) -> Subject:
    """The segments of a client: one row each, with what happened within the window.

    A segment has no row of its own in any table, so its id is made of its name: the same one on each run.
    """
    return Subject(
        table=_SEGMENT.format(by=group_by, inner=_GROUPED[group_by], measures=_MEASURED),
        alias="s",
        id="s.id",
        debtor="NULL",
        order="s.label",
        present="TRUE",
        concerned="FALSE",
    )


_OF_HOLDS = """LEFT JOIN (
  SELECT h.{owner}, {value} FROM hold h
  WHERE h.tenant_id = :tenant AND h.kind = '{kind}' AND h.ended_at IS NULL AND h.starts_on <= :today
    AND h.invoice_id IS {whose}{{mine_h}} GROUP BY h.{owner}) {name} ON {name}.{owner} = {on}"""
_STAGE = "LEFT JOIN subject_stage {name} ON {name}.tenant_id = :tenant AND {name}.subject_id = {on}"
_INVOICE = {"owner": "invoice_id", "whose": "NOT NULL", "on": "i.id"}
_CUSTOMER = {"owner": "debtor_id", "whose": "NULL", "on": "i.debtor_id"}
_PROMISE = {"kind": "promise", "value": "max(h.ends_on) AS promised_on"}
_PLAN = {"kind": "plan", "value": "bool_or(h.ends_on IS NULL OR h.ends_on >= :today) AS on_plan"}
_DISPUTE = {"kind": "dispute", "value": "min(h.opened_at) AS disputed_at"}

JOINS = {
    "debtor": "JOIN debtor d ON d.tenant_id = :tenant AND d.id = i.debtor_id",
    "owed": """LEFT JOIN (
  SELECT o.debtor_id, min(o.due_on) AS oldest_on{sums} FROM invoice o
  WHERE o.tenant_id = :tenant AND o.open_minor > 0 AND o.voided_on IS NULL AND o.issued_on <= :today{mine_o}
  GROUP BY o.debtor_id) owed ON owed.debtor_id = {debtor}""",
    "late": """LEFT JOIN (
  SELECT s.debtor_id, round((count(*) FILTER (WHERE s.settled_on > s.due_on) + 1.0) / (count(*) + 2), 2) AS risk,
    round(avg(s.settled_on - s.due_on), 1) AS days_365,
    round(avg(s.settled_on - s.due_on) FILTER (WHERE s.settled_on > CAST(:today AS date) - 90), 1) AS days_90
  FROM invoice s
  WHERE s.tenant_id = :tenant AND s.voided_on IS NULL AND s.settled_on > CAST(:today AS date) - 365
    AND s.settled_on <= :today{mine_s}
  GROUP BY s.debtor_id) late ON late.debtor_id = {debtor}""",
    "streak": """LEFT JOIN (
  SELECT g.debtor_id, (SELECT count(*) FROM unnest(g.days) x WHERE g.late_on IS NULL OR x > g.late_on) AS on_time
  FROM (
    SELECT s.debtor_id, array_agg(s.settled_on) FILTER (WHERE s.settled_on <= s.due_on) AS days,
      max(s.settled_on) FILTER (WHERE s.settled_on > s.due_on) AS late_on
    FROM invoice s
    WHERE s.tenant_id = :tenant AND s.voided_on IS NULL AND s.settled_on <= :today{mine_s}
    GROUP BY s.debtor_id) g) streak ON streak.debtor_id = {debtor}""",
    "vows": """LEFT JOIN (
  SELECT h.debtor_id, count(*) AS broken FROM hold h
  WHERE h.tenant_id = :tenant AND h.kind = 'promise' AND h.outcome = 'broken' AND h.ended_at > :year_ago
    AND h.ended_at <= :now{mine_h}
  GROUP BY h.debtor_id) vows ON vows.debtor_id = {debtor}""",
    "cash": """LEFT JOIN (
  SELECT u.debtor_id{sums} FROM (
    SELECT p.debtor_id, p.currency, p.unapplied_minor FROM payment p
    WHERE p.tenant_id = :tenant AND p.unapplied_minor > 0{mine_p}
    UNION ALL
    SELECT c.debtor_id, c.currency, c.unapplied_minor FROM credit_note c
    WHERE c.tenant_id = :tenant AND c.unapplied_minor > 0{mine_c}) u
  GROUP BY u.debtor_id) cash ON cash.debtor_id = {debtor}""",
    "used": """LEFT JOIN (
  SELECT o.debtor_id, sum(o.open_minor) AS open_minor FROM invoice o JOIN tenant b ON b.id = o.tenant_id
  WHERE o.tenant_id = :tenant AND o.open_minor > 0 AND o.voided_on IS NULL AND o.issued_on <= :today
    AND o.currency = b.base_currency{mine_o}
  GROUP BY o.debtor_id) used ON used.debtor_id = {debtor}""",
    "feed": """LEFT JOIN (
  SELECT r.tenant_id, max(r.loaded_at) AS loaded_at FROM import_run r
  WHERE r.tenant_id = :tenant AND r.loaded_at <= :now GROUP BY r.tenant_id) feed ON feed.tenant_id = s.tenant_id""",
    "plan": _OF_HOLDS.format(name="plan", **_PLAN, **_INVOICE),
    "scheme": _OF_HOLDS.format(name="scheme", **_PLAN, **_CUSTOMER),
    "stage_i": _STAGE.format(name="stage_i", on="i.id"),
    "stage_d": _STAGE.format(name="stage_d", on="{debtor}"),
    "promise": _OF_HOLDS.format(name="promise", **_PROMISE, **_INVOICE),
    "vow": _OF_HOLDS.format(name="vow", **_PROMISE, **_CUSTOMER),
    "dispute": _OF_HOLDS.format(name="dispute", **_DISPUTE, **_INVOICE),
    "quarrel": _OF_HOLDS.format(name="quarrel", **_DISPUTE, **_CUSTOMER),
}
"""Added once each, and only when a condition needs them."""
MINE = """ AND {alias}.debtor_id = ANY(ARRAY(
    SELECT e.debtor_id FROM invoice e WHERE e.tenant_id = :tenant AND e.id = ANY(:ids)) || CAST(:ids AS uuid[]))"""
"""For a few named subjects: only their customers; `ids` are theirs or those of some of their invoices."""
SUMS = {
    "owed": """,
    CAST(sum({worth} o.open_minor) FILTER (WHERE {only} o.due_on < :today) AS bigint)
      AS overdue_{low}""",
    "cash": """,
    CAST(sum({worth} u.unapplied_minor) FILTER (WHERE {only} true) AS bigint) AS unapplied_{low}""",
}
"""One more column of these joins, for each currency that the rule names."""
SUMMED = {"owed": "o.currency", "cash": "u.currency"}
"""The currency of what each of them adds up."""


@dataclass(frozen=True, slots=True)
class Lookups:
    """How conditions about other tables are written; what stands in braces is filled in by the compiler."""

    keyed: dict[str, str]
    """Whether a group or tag is there, by field."""
    reachable: str
    acted: str
    ripe: str
    """Whether it has matched for as long as the rule asks."""
    outranked: str
    """Whether another rule that weighs more has claimed the customer today."""
    held: dict[str, str]


_GROUP = "FROM debtor_group g WHERE g.tenant_id = :tenant"
_TAG = "FROM subject_tag g WHERE g.tenant_id = :tenant"
_CONTACT = "FROM contact c WHERE c.tenant_id = :tenant AND c.active AND c.email <> ''"
_HOLD = f"FROM hold h WHERE h.tenant_id = :tenant AND h.kind {{kind}} AND {holds.LIVE}"
_STATE = "FROM rule_state st WHERE st.tenant_id = :tenant AND st.rule_id = :rule AND {barred}"
_RIPE = _STATE.format(barred="st.matched_since <= :ripe")
_CLAIM = """FROM rule_claim c
  WHERE c.tenant_id = :tenant AND c.claimed_on = :today AND c.rule_id <> :rule AND c.rank <= :rank_limit"""
_WHOLE = f"(SELECT h.debtor_id {_HOLD} AND h.invoice_id IS NULL)"

SWEEP = Lookups(
    keyed={
        "customer.groups": f"({{debtor}} IN (SELECT g.debtor_id {_GROUP} AND g.key = ANY({{keys}})))",
        "customer.tags": f"({{debtor}} IN (SELECT g.subject_id {_TAG} AND g.key = ANY({{keys}})))",
        "invoice.tags": f"(i.id IN (SELECT g.subject_id {_TAG} AND g.key = ANY({{keys}})))",
    },
    reachable=f"({{debtor}} IN (SELECT c.debtor_id {_CONTACT}))",
    acted=f"({{subject}} IN (SELECT st.subject_id {_STATE}))",
    ripe=f"({{subject}} IN (SELECT st.subject_id {_RIPE}))",
    outranked=f"({{debtor}} IN (SELECT c.debtor_id {_CLAIM}))",
    held={
        "invoice": f"(i.id IN (SELECT h.invoice_id {_HOLD} AND h.invoice_id IS NOT NULL) OR i.debtor_id IN {_WHOLE})",
        "customer": f"(d.id IN {_WHOLE})",
    },
)
"""Over all subjects: each table is read once and hashed, however wrong the planner's guess of the rows that remain."""
POINT = Lookups(
    keyed={
        "customer.groups": f"EXISTS (SELECT {_GROUP} AND g.debtor_id = {{debtor}} AND g.key = ANY({{keys}}))",
        "customer.tags": f"EXISTS (SELECT {_TAG} AND g.subject_id = {{debtor}} AND g.key = ANY({{keys}}))",
        "invoice.tags": f"EXISTS (SELECT {_TAG} AND g.subject_id = i.id AND g.key = ANY({{keys}}))",
    },
    reachable=f"EXISTS (SELECT {_CONTACT} AND c.debtor_id = {{debtor}})",
    acted=f"EXISTS (SELECT {_STATE} AND st.subject_id = {{subject}})",
    ripe=f"EXISTS (SELECT {_RIPE} AND st.subject_id = {{subject}})",
    outranked=f"EXISTS (SELECT {_CLAIM} AND c.debtor_id = {{debtor}})",
    held={
        "invoice": f"EXISTS (SELECT {_HOLD} AND h.debtor_id = i.debtor_id AND coalesce(h.invoice_id, i.id) = i.id)",
        "customer": f"EXISTS (SELECT {_HOLD} AND h.debtor_id = d.id AND h.invoice_id IS NULL)",
    },
)
"""For a few named subjects: by index."""
KEYS = {
    "customer.groups": f"(SELECT jsonb_agg(g.key ORDER BY g.key) {_GROUP} AND g.debtor_id = {{debtor}})",
    "customer.tags": f"(SELECT jsonb_agg(g.key ORDER BY g.key) {_TAG} AND g.subject_id = {{debtor}})",
    "invoice.tags": f"(SELECT jsonb_agg(g.key ORDER BY g.key) {_TAG} AND g.subject_id = i.id)",
}
"""The groups or tags themselves, for explanations."""
NOBODY = "nobody"
"""The label of what keeps a message back when the customer has no address; it goes when one is added."""
YOUNG = "young"
"""The label of what has not matched for long enough yet."""
OUTRANKED = "outranked"
"""The label of what another rule wants today, and more."""
QUIET = "quiet"
"""The label of what is left alone, to compare."""
SAID = {
    QUIET: "its customer is one of those whom this rule leaves alone, to compare",
    NOBODY: "there is nobody to write to",
    YOUNG: "it has not been so for long enough yet",
    OUTRANKED: "another rule comes first for this customer today",
}
"""What keeps back besides holds, in words."""
