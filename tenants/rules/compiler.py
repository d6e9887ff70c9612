"""Decides what a rule means in SQL: one bounded question over one client's books, the same for running, trying and
explaining.

Two-valued logic holds everywhere: a field without a value makes its condition false, and "not" of it true. Plain SQL
would lose those rows in silence: a customer who never replied has no last reply, and `NOT (last_reply_at >= …)` is
neither true nor false. So `not` becomes IS NOT TRUE, `ne` becomes IS DISTINCT FROM, and conditions at the top stay
bare so that indexes serve them.

Every table carries its own tenant predicate beside the row policies. Durations became values before (bounds), so no
row computes one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, cast

from tenants.rules import bounds, counting, cutoffs, quiet, ranking
from tenants.rules.bounds import Moment
from tenants.rules.cutoffs import Cutoff
from tenants.rules.fields import HOLDS, LEVELS, Kind
from tenants.rules.sources import (
    JOINS,
    KEYS,
    MINE,
    NOBODY,
    OUTRANKED,
    POINT,
    QUIET,
    SUBJECTS,
    SUMMED,
    SUMS,
    SWEEP,
    YOUNG,
    Lookups,
    Subject,
    segment,
)
from tenants.rules.tree import Again, Duration, Group, Leaf, Other, Rule
from tenants.values import calendars
from tenants.values.money import Money


@dataclass(frozen=True, slots=True)
class Part:
    """One labelled condition; `value` is the SQL of what it looked at."""

    label: str
    sql: str
    value: str = "NULL"


YEAR = timedelta(days=365)
COMPARE = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}


@dataclass(slots=True)
class Question:
    """A compiled rule. `statements` turns it into the statement that a use needs."""

    rule: Rule
    subject: Subject
    moment: Moment
    lookups: Lookups
    conditions: list[Part] = field(default_factory=list)
    """The top of the tree: all must hold."""
    leaves: list[Part] = field(default_factory=list)
    holds: list[Part] = field(default_factory=list)
    """True means held."""
    gate: Part = field(default_factory=lambda: Part("again", "TRUE"))
    """True means that the rule may act on the subject (once more)."""
    gate_joined: str = "TRUE"
    """The same for a WHERE."""
    joins: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    bounds: dict[str, str] = field(default_factory=dict)
    currencies: dict[str, list[str]] = field(default_factory=dict)
    """For each join that sums amounts: the currencies that it needs."""
    counts: list[str] = field(default_factory=list)
    """Joins of counts, one for each condition that counts."""

    @property
    def ranked(self) -> bool:
        """Whether another rule's word may go before this one's: for whatever a customer would notice."""
        return ranking.rank(self.rule) < ranking.NOTHING

    @property
    def source(self) -> str:
        """FROM and the joins that the conditions need, each with its tenant."""
        debtor = self.subject.debtor
        joined = [JOINS[name].format(debtor=debtor, sums=self._sums(name), **self._narrowed()) for name in self.joins]
        return "\n".join((f"FROM {self.subject.table}", *joined, *self.counts))

    @property
    def there(self) -> str:
        """The client's own subjects that exist on the day of asking."""
        return f"{self.mine} AND {self.subject.present}"

    @property
    def mine(self) -> str:
        """The client's own subjects."""
        return f"{self.subject.alias}.tenant_id = :tenant"

    def limits(self, *, joined: bool, passing: bool = True, spared: bool = False) -> list[str]:
        """What must be true besides the conditions: no hold that the rule respects, and somebody to write to.

        `joined` for a WHERE, where the planner makes anti-joins of them after cheaper conditions; otherwise for judging
        row by row. `passing` adds what concerns this time only: long enough, and no rule that goes first. `spared` asks
        for those who would be acted on, were they not left alone.
        """
        look = POINT if joined else self.lookups
        limits = [f"NOT {look.held[self.rule.about].format(kind='= ANY(:holds)')}"] if self.rule.skip_while else []
        if self.rule.hold_for and passing:
            limits.append(look.ripe.format(subject=self.subject.id))
        if self.ranked and passing:
            limits.append(f"NOT {look.outranked.format(debtor=self.subject.debtor)}")
        if self.rule.writes_to_debtors:
            limits.append(look.reachable.format(debtor=self.subject.debtor))
        if self.rule.quiet_share:
            limits.append(quiet.limit(self.subject.debtor, chosen=spared))
        return limits

    def mine_of(self, alias: str) -> str:
        """What narrows a table to the customers of the few subjects that will be asked about."""
        return MINE.format(alias=alias) if self.lookups is POINT and self.rule.about != "segment" else ""

    def _narrowed(self) -> dict[str, str]:
        return {f"mine_{alias}": self.mine_of(alias) for alias in "hospc"}

    def _sums(self, join: str) -> str:
        return "".join(self._sum(join, each) for each in self.currencies.get(join, ()))

    def _sum(self, join: str, currency: str) -> str:
        """The sum of one currency; of the client's own, that of all with a rate."""
        among, known = SUMMED[join], self.moment.worth
        if currency == known.base and known.units:
            return SUMS[join].format(low=currency.lower(), only="", worth=f"{known.factor(among)} *")
        return SUMS[join].format(low=currency.lower(), only=f"{among} = '{currency}' AND", worth="")

    def join(self, name: str) -> None:
        """Ask for one of the joins; the customer is there already in a rule about customers."""
        if name not in self.joins and not (name == "debtor" and self.rule.about == "customer"):
            self.joins.append(name)

    def bind(self, value: Any) -> str:
        """Hand a value to the statement; answers its placeholder."""
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f":{name}"


def compile(rule: Rule, *, at: Moment, few: bool = False) -> Question:
    """Turn a checked rule into its question at a moment; `few` when it will be asked about some named subjects only."""
    subject = SUBJECTS[rule.about] if rule.about in SUBJECTS else segment(rule.group_by)
    asked = Question(rule, subject, at, POINT if few else SWEEP)
    asked.values = {"today": at.today, "now": at.now, "year_ago": at.now - YEAR, **quiet.values(rule)}
    asked.values["rank_limit"] = ranking.limit(rule)
    asked.values["holds"] = [HOLDS[name][0] for name in rule.skip_while]
    if rule.window:
        asked.values["since"] = bounds.instant_back(rule.window, at=at)
        asked.values["since_on"] = bounds.day_back(rule.window, at=at)
        asked.bounds["/window"] = asked.values["since"].isoformat()
    asked.leaves = [_leaf(leaf, asked) for leaf in rule.leaves()]
    by_label = {part.label: part.sql for part in asked.leaves}
    tops = rule.condition.parts if rule.condition.join == "all" else (rule.condition,)
    asked.conditions = [Part(top.pointer, _node(top, by_label)) for top in tops]
    held = asked.lookups.held.get(rule.about, "")
    asked.holds = [Part(name, held.format(kind=f"= '{HOLDS[name][0]}'")) for name in rule.skip_while]
    if rule.hold_for:
        asked.values["ripe"] = bounds.instant_back(rule.hold_for, at=at)
        asked.bounds["/hold_for"] = asked.values["ripe"].isoformat()
        asked.holds.append(Part(YOUNG, "NOT " + asked.lookups.ripe.format(subject=asked.subject.id)))
    if asked.ranked:
        asked.holds.append(Part(OUTRANKED, asked.lookups.outranked.format(debtor=asked.subject.debtor)))
    if rule.writes_to_debtors:
        asked.holds.append(Part(NOBODY, "NOT " + asked.lookups.reachable.format(debtor=asked.subject.debtor)))
    if rule.quiet_share:
        asked.holds.append(Part(QUIET, quiet.limit(asked.subject.debtor, chosen=True)))
    barred = _barred(rule.again, asked)
    asked.gate = Part("again", "NOT " + asked.lookups.acted.format(subject=asked.subject.id, barred=barred))
    asked.gate_joined = "NOT " + POINT.acted.format(subject=asked.subject.id, barred=barred)
    return asked


def _node(node: Leaf | Group, leaves: dict[str, str]) -> str:
    if isinstance(node, Leaf):
        return leaves[node.pointer]
    if node.join == "not":
        return f"(({_node(node.parts[0], leaves)}) IS NOT TRUE)"
    return "(" + (" AND " if node.join == "all" else " OR ").join(_node(part, leaves) for part in node.parts) + ")"


def _barred(again: Again, asked: Question) -> str:
    """What the ledger says of a subject that must not be acted on (again)."""
    if again.mode == "rematch":
        return "(st.backlog OR (st.matched_since IS NOT NULL AND st.last_fired_at >= st.matched_since))"
    if again.mode == "never" or again.after is None:
        return "(st.backlog OR st.fire_count > 0)"
    # By days, not to the second: a run at nine that started late must not push the next one a day further.
    day = bounds.day_back(again.after, at=asked.moment) + timedelta(days=1)
    since = calendars.start_of_day(day, zone=asked.moment.zone)
    asked.bounds["/again"] = f"last acted before {since.isoformat()}"
    return f"(st.backlog OR st.fire_count >= {asked.bind(again.most)} OR st.last_fired_at >= {asked.bind(since)})"


def _leaf(leaf: Leaf, asked: Question) -> Part:
    further = leaf.value.field.joins if isinstance(leaf.value, Other) else frozenset()
    for name in sorted(leaf.field.joins | further):
        asked.join(name)
    if leaf.window:
        return _count(leaf, asked)
    if leaf.field.kind is Kind.MONEY:
        return _money(leaf, asked)
    sql = WRITERS[leaf.field.kind](leaf, asked)
    keyed = KEYS.get(leaf.field.key)
    value = keyed.format(debtor=asked.subject.debtor) if keyed else leaf.field.sql
    return Part(leaf.pointer, sql, value)


def _present(leaf: Leaf) -> str | None:
    if leaf.op == "is_set":
        return f"({leaf.field.sql} IS NOT NULL)"
    return f"({leaf.field.sql} IS NULL)" if leaf.op == "is_not_set" else None


def _choice(leaf: Leaf, asked: Question) -> str:
    named = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    if leaf.field.tests:
        either = " OR ".join(leaf.field.tests[str(each)] for each in named)
        either = either if len(named) == 1 else f"({either})"
    else:
        either = f"({leaf.field.sql} = ANY({asked.bind([str(each) for each in named])}))"
        if leaf.op == "eq":
            either = f"({leaf.field.sql} = {asked.bind(leaf.value)})"
    return either if leaf.op in ("eq", "in") else f"({either} IS NOT TRUE)"


def _level(leaf: Leaf, asked: Question) -> str:
    sign = ">=" if leaf.op == "at_least" else "<"
    return f"({leaf.field.sql} {sign} {asked.bind(LEVELS[str(leaf.value)])})"


def _keys(leaf: Leaf, asked: Question) -> str:
    found = asked.lookups.keyed[leaf.field.key].format(
        debtor=asked.subject.debtor, keys=asked.bind(list(cast(tuple[str, ...], leaf.value)))
    )
    return found if leaf.op == "any_of" else f"NOT {found}"


def _number(leaf: Leaf, asked: Question) -> str:
    if isinstance(leaf.value, Other):
        return f"({leaf.field.sql} {COMPARE[leaf.op]} {leaf.value.field.sql} + {asked.bind(leaf.value.plus)})"
    return _compared(leaf, leaf.field.sql, asked)


def _compared(leaf: Leaf, sql: str, asked: Question) -> str:
    if isinstance(leaf.value, tuple):
        return f"({sql} BETWEEN {asked.bind(leaf.value[0])} AND {asked.bind(leaf.value[1])})"
    if leaf.op == "ne":
        return f"({sql} IS DISTINCT FROM {asked.bind(leaf.value)})"
    return f"({sql} {COMPARE.get(leaf.op, '=')} {asked.bind(leaf.value)})"


def _count(leaf: Leaf, asked: Question) -> Part:
    """A count has a table of its own, because its span is its own."""
    counted = counting.COUNTABLE[leaf.field.key.removeprefix("customer.")]
    span = cast(Duration, leaf.window)
    cutoff = _cutoff(leaf, lambda at: bounds.instant_back(span, at=at), asked, country="c.country")
    alias = f"count_{len(asked.counts)}"
    since = f"{counted.at} >= {cutoff.first}"
    if cutoff.each:
        since += f" AND {counted.at} >= {counting.OF_COUNTRY.format(each=cutoff.each)}"
    asked.counts.append(
        counting.JOIN.format(
            source=counted.source,
            at=counted.at,
            since=since,
            alias=alias,
            debtor=asked.subject.debtor,
            mine=asked.mine_of("n"),
        )
    )
    sql = counting.leaf_sql(alias)
    return Part(leaf.pointer, _compared(leaf, sql, asked), sql)


def _date(leaf: Leaf, asked: Question) -> str:
    known = _present(leaf)
    if known:
        return known
    today, sql, span = asked.moment.today, leaf.field.sql, leaf.value
    if not isinstance(span, Duration):
        return f"({sql} {'<' if leaf.op == 'before' else '>'} {_bound(leaf, span, asked)})"
    if leaf.op == "due_in":
        cutoff = _cutoff(leaf, lambda at: bounds.day_ahead(span, at=at), asked)
        return f"({sql} >= {asked.bind(today)} AND {cutoff.limits(sql, '<=')})"
    cutoff = _cutoff(leaf, lambda at: bounds.day_back(span, at=at), asked)
    if leaf.op == "past_by":
        return f"({cutoff.limits(sql, '<=')})"
    return f"({cutoff.limits(sql, '>=')} AND {sql} <= {asked.bind(today)})"


def _instant(leaf: Leaf, asked: Question) -> str:
    known = _present(leaf)
    if known:
        return known
    span, sql = cast(Duration, leaf.value), leaf.field.sql
    cutoff = _cutoff(leaf, lambda at: bounds.instant_back(span, at=at), asked)
    if leaf.op == "older_than":
        return f"({cutoff.limits(sql, '<')})"
    return f"({cutoff.limits(sql, '>=')} AND {sql} <= {asked.bind(asked.moment.now)})"


def _cutoff(leaf: Leaf, when: Callable[[Moment], date], asked: Question, *, country: str = "d.country") -> Cutoff:
    here = "" if asked.rule.about == "segment" else country
    cutoff = cutoffs.of(when, at=asked.moment, bind=asked.bind, country=here)
    asked.bounds[leaf.pointer] = cutoff.told
    if cutoff.each and here == "d.country":
        asked.join("debtor")
    return cutoff


def _bound(leaf: Leaf, value: Any, asked: Question) -> str:
    asked.bounds[leaf.pointer] = value.isoformat()
    return asked.bind(value)


def _text(leaf: Leaf, asked: Question) -> str:
    known = _present(leaf)
    if known:
        return known
    sought = f"lower(CAST({asked.bind(leaf.value)} AS text))"
    if leaf.op == "is":
        return f"(lower({leaf.field.sql}) = {sought})"
    if leaf.op == "starts_with":
        return f"starts_with(lower({leaf.field.sql}), {sought})"
    return f"(position({sought} IN lower({leaf.field.sql})) > 0)"


def _money(leaf: Leaf, asked: Question) -> Part:
    """Amounts compare with amounts of their own currency, the client's own with those of every currency that has a
    rate; of several, the one that fits decides."""
    amounts = cast(tuple[Money, ...], leaf.value)
    for each in amounts if leaf.field.sums else ():
        known = asked.currencies.setdefault(leaf.field.sums, [])
        known.extend([each.currency] if each.currency not in known else [])
    if leaf.op == "between":
        fits = [
            _one_amount(
                leaf, amounts[0], f"BETWEEN {asked.bind(amounts[0].minor)} AND {asked.bind(amounts[1].minor)}", asked
            )
        ]
    else:
        fits = [_one_amount(leaf, each, f"{COMPARE[leaf.op]} {asked.bind(each.minor)}", asked) for each in amounts]
    if not leaf.field.joins:
        fits += _converted(leaf, amounts, asked)
    shown = {each.currency: leaf.field.sql.format(currency=each.currency.lower()) for each in amounts}
    value = (
        ", ".join(f"'{currency}', {sql}" for currency, sql in shown.items())
        if leaf.field.joins
        else f"i.currency, {leaf.field.sql}"
    )
    return Part(leaf.pointer, fits[0] if len(fits) == 1 else f"({' OR '.join(fits)})", f"jsonb_build_object({value})")


def _one_amount(leaf: Leaf, amount: Money, comparison: str, asked: Question) -> str:
    compared = f"{leaf.field.sql.format(currency=amount.currency.lower())} {comparison}"
    return f"({compared})" if leaf.field.joins else f"(i.currency = {asked.bind(amount.currency)} AND {compared})"


def _converted(leaf: Leaf, amounts: tuple[Money, ...], asked: Question) -> list[str]:
    """The limits of an invoice in other currencies, by position beside their codes."""
    ops = ("gte", "lte") if leaf.op == "between" else (leaf.op,) * len(amounts)
    named = frozenset(each.currency for each in amounts)
    limits = [asked.moment.worth.limits(each, op, without=named) for each, op in zip(amounts, ops, strict=True)]
    known = [each for each in limits if each]
    if not known:
        return []
    codes = asked.bind(list(known[0]))
    among = f"array_position(CAST({codes} AS text[]), i.currency)"
    compared = [
        f"{leaf.field.sql} {COMPARE[op]} (CAST({asked.bind(list(each.values()))} AS bigint[]))[{among}]"
        for each, op in zip(limits, ops, strict=True)
        if each
    ]
    asked.bounds[leaf.pointer] = f"{asked.moment.worth.base} by the rates of {asked.moment.today}"
    return [f"(i.currency = ANY({codes}) AND {' AND '.join(compared)})"]


WRITERS: dict[Kind, Callable[[Leaf, Question], str]] = {
    Kind.CHOICE: _choice,
    Kind.CODE: _choice,
    Kind.LEVEL: _level,
    Kind.KEYS: _keys,
    Kind.NUMBER: _number,
    Kind.SHARE: _number,
    Kind.DATE: _date,
    Kind.INSTANT: _instant,
    Kind.TEXT: _text,
}
