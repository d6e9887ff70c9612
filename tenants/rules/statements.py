"""Decides which statement serves which use of a compiled rule; every use asks the same question, so they cannot
disagree."""

from tenants.rules.compiler import Part, Question
from tenants.rules.sources import NOBODY

PAIRS_A_CALL = 40
"""PostgreSQL passes at most a hundred arguments to one function."""

SEGMENT = "/group_by"
"""Where the explanation of a segment keeps its name."""

EPISODE = """COALESCE((SELECT st.fire_count FROM rule_state st
  WHERE st.tenant_id = :tenant AND st.rule_id = :rule AND st.subject_id = {subject}), 0) + 1"""


def _where(asked: Question, *more: str, some: bool = False) -> str:
    parts = [asked.there, *(part.sql for part in asked.conditions), *more]
    return "WHERE " + "\n  AND ".join(parts + ([asked.subject.concerned] if some else []))


def _limits(asked: Question, *, gate: bool) -> list[str]:
    limits = asked.limits(joined=True, passing=gate)
    return [*limits, asked.gate_joined] if gate else limits


def matching(asked: Question, *, some: bool = False, gate: bool = True) -> str:
    """The ids that the rule would act on now; with `some`, only among the given ones."""
    return f"SELECT {asked.subject.id}\n{asked.source}\n{_where(asked, *_limits(asked, gate=gate), some=some)}"


def found(asked: Question) -> str:
    """What matches and is not held, with its customer, in the order in which it would be acted on."""
    shown = f"{asked.subject.id}, CAST({asked.subject.debtor} AS uuid)"
    where = _where(asked, *_limits(asked, gate=False))
    return f"SELECT {shown}\n{asked.source}\n{where}\nORDER BY {asked.subject.order}"


def reaching(asked: Question) -> str:
    """What the rule would act on now, with its customer."""
    shown = f"{asked.subject.id}, CAST({asked.subject.debtor} AS uuid)"
    return f"SELECT {shown}\n{asked.source}\n{_where(asked, *_limits(asked, gate=True))}"


def unreached(asked: Question) -> str:
    """What matches and has nobody to write to, with its customer."""
    shown = f"{asked.subject.id}, CAST({asked.subject.debtor} AS uuid)"
    nobody = [part.sql for part in asked.holds if part.label == NOBODY]
    return f"SELECT {shown}\n{asked.source}\n{_where(asked, *nobody)}"


def sums(asked: Question) -> str:
    """What is left to pay on the invoices that the rule would act on, by currency."""
    found = f"{asked.source}\n{_where(asked, *_limits(asked, gate=True))}"
    return f"SELECT i.currency, CAST(sum(i.open_minor) AS bigint)\n{found}\nGROUP BY i.currency ORDER BY i.currency"


def largest(asked: Question) -> str:
    """The ids to show first: the largest invoices, or any customers."""
    order = "i.open_minor DESC, i.id" if asked.rule.about == "invoice" else asked.subject.order
    return f"{matching(asked)}\nORDER BY {order} LIMIT :top"


def segments(asked: Question) -> str:
    """The segments that the rule would act on, by name."""
    shown = "s.id, CAST(NULL AS uuid) AS invoice_id, CAST(NULL AS uuid) AS debtor_id, s.label AS number"
    more = "s.label AS customer, '' AS currency, CAST(0 AS bigint) AS open_minor, CAST(NULL AS date) AS due_on"
    where = _where(asked, *_limits(asked, gate=True))
    return f"SELECT {shown}, {more}\n{asked.source}\n{where}\nORDER BY s.label LIMIT :top"


def firing(asked: Question, *, some: bool = False, choose: bool = True) -> str:
    """Write down up to the cap of firings; what another run wrote at the same time is left alone.

    Where there is more than the cap allows, `choose` takes the oldest due first.
    """
    episode = "1" if asked.rule.again.mode == "never" else EPISODE.format(subject=asked.subject.id)
    return f"""
INSERT INTO rule_firing (tenant_id, rule_id, subject_id, episode, run_id, version, explanation, fired_at)
SELECT :tenant, :rule, {asked.subject.id}, {episode}, :run, :version, {explanation(asked)}, :now
{asked.source}
{_where(asked, *_limits(asked, gate=True), some=some)}
{f"ORDER BY {asked.subject.order} " if choose else ""}LIMIT :cap
ON CONFLICT (tenant_id, rule_id, subject_id, episode) DO NOTHING RETURNING subject_id"""


def sparing(asked: Question, *, some: bool = False) -> str:
    """Write down what would be acted on and is left alone, once each; so many as are told, the oldest due first."""
    known = f"""NOT EXISTS (SELECT FROM rule_spared q
  WHERE q.tenant_id = :tenant AND q.rule_id = :rule AND q.subject_id = {asked.subject.id})"""
    return f"""
INSERT INTO rule_spared (tenant_id, rule_id, subject_id, run_id, spared_at)
SELECT :tenant, :rule, {asked.subject.id}, :run, :now
{asked.source}
{_where(asked, *asked.limits(joined=True, spared=True), asked.gate_joined, known, some=some)}
ORDER BY {asked.subject.order} LIMIT CAST(:most AS bigint)
ON CONFLICT (tenant_id, rule_id, subject_id) DO NOTHING"""


def tally(asked: Question, *, some: bool = False) -> str:
    """How many match, how many of them may be acted on, and how many each hold keeps back."""
    counted = "".join(f", count(*) FILTER (WHERE {part.sql})" for part in asked.holds)
    free = " AND ".join(asked.limits(joined=False)) or "TRUE"
    matching = f"{asked.source}\n{_where(asked, asked.gate_joined, some=some)}"
    return f"SELECT count(*), count(*) FILTER (WHERE {free}){counted}\n{matching}"


def forgetting(asked: Question) -> str:
    """Start a new episode for subjects that match no longer."""
    return f"""
UPDATE rule_state SET matched_since = NULL, backlog = false
WHERE tenant_id = :tenant AND rule_id = :rule AND (matched_since IS NOT NULL OR backlog)
  AND subject_id NOT IN (SELECT {asked.subject.id} {asked.source} {_where(asked)})"""


def noticing(asked: Question, *, some: bool = False, backlog: bool = False) -> str:
    """Write down since when each subject matches; with `backlog`, that what matches today is not to be acted on."""
    skipped = "true" if backlog else "rule_state.backlog"
    return f"""
INSERT INTO rule_state (tenant_id, rule_id, subject_id, matched_since, fire_count, backlog)
SELECT :tenant, :rule, {asked.subject.id}, :now, 0, {"true" if backlog else "false"}
{asked.source}
{_where(asked, some=some)}
ON CONFLICT (tenant_id, rule_id, subject_id)
DO UPDATE SET matched_since = COALESCE(rule_state.matched_since, excluded.matched_since), backlog = {skipped}
WHERE rule_state.matched_since IS NULL{" OR NOT rule_state.backlog" if backlog else ""}
RETURNING subject_id"""


def resolving(asked: Question) -> str:
    """End the rule's own alerts about subjects that match no longer; a hold does not end an alert."""
    return f"""
UPDATE alert SET state = 'resolved', resolved_at = :now, resolution = 'no longer so'
WHERE tenant_id = :tenant AND cause = :cause AND state IN ('open', 'acknowledged')
  AND CAST(substr(dedupe_key, :skip, 36) AS uuid) NOT IN (SELECT {asked.subject.id} {asked.source} {_where(asked)})"""


def debtors(asked: Question) -> str:
    """The customers whom the rule matches."""
    return f"SELECT {asked.subject.debtor} {asked.source} {_where(asked)}"


def funnel(asked: Question) -> str:
    """In one pass: how many are left after each condition in turn, then after the gate and the limits."""
    steps = [part.sql for part in asked.conditions] + [asked.gate.sql] + asked.limits(joined=False)
    base, rest = steps[0], steps[1:]
    fails = " ".join(f"WHEN ({sql}) IS NOT TRUE THEN {passed}" for passed, sql in enumerate(rest))
    left = "".join(f", count(*) FILTER (WHERE s.passed >= {n + 1})" for n in range(len(rest)))
    judged = f"SELECT CASE {fails} ELSE {len(rest)} END AS passed\n{asked.source}\nWHERE {asked.there} AND {base}"
    return f"SELECT count(*){left} FROM ({judged}) s"


def labelled(asked: Question) -> str:
    """Everything about the given subjects without judging: existence, each leaf with its value, each hold, the gate."""
    shown = [
        f"{asked.subject.id} AS subject",
        f"({asked.subject.present}) AS present",
        f"({explanation(asked)}) AS leaves",
        f"({' AND '.join(part.sql for part in asked.conditions)}) IS TRUE AS matches",
        f"({_object([Part(part.label, part.sql) for part in asked.holds])}) AS holds",
        f"({asked.gate.sql}) AS free",
    ]
    return f"SELECT {', '.join(shown)}\n{asked.source}\nWHERE {asked.mine} AND {asked.subject.id} = ANY(:ids)"


def explanation(asked: Question) -> str:
    """Each leaf's outcome with the actual value, as one JSON object keyed by the leaf's place in the document."""
    told = _object(asked.leaves, with_value=True)
    return f"{told} || jsonb_build_object('{SEGMENT}', s.label)" if asked.rule.about == "segment" else told


def _object(parts: list[Part], *, with_value: bool = False) -> str:
    pairs = [
        f"'{part.label}', " + (f"jsonb_build_array(({part.sql}) IS TRUE, {part.value})" if with_value else part.sql)
        for part in parts
    ]
    calls = [
        f"jsonb_build_object({', '.join(pairs[n : n + PAIRS_A_CALL])})" for n in range(0, len(pairs), PAIRS_A_CALL)
    ]
    return " || ".join(calls) or "CAST('{}' AS jsonb)"
