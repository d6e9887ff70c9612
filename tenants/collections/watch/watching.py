"""Decides what becomes of a fall: suspected once, confirmed by the next cohort or by the running test, resolved when
two cohorts are back; one open alert per unit, one for the client when several units fall together, and no storm after.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise

from tenants import store
from tenants.collections import alerts
from tenants.collections.alerts import NewAlert
from tenants.collections.watch import chances, cohorts, judging
from tenants.collections.watch.chances import Spread, Tally
from tenants.collections.watch.cohorts import Cohort, Unit
from tenants.collections.watch.judging import Verdict
from tenants.delivery import scoring
from tenants.directory import clients
from tenants.events import history
from tenants.values import dates
from tenants.values.calendars import BusinessCalendar

CAUSE = "sending:seen-rate"
PARENT = "seen-rate:client"
TOGETHER = 3
"""So many units of one client at once are one fault of sending, not three faults of templates."""
COOL_DOWN = timedelta(hours=24)
MANY_UNITS = 100
LEAST_LIVE = 20
SHY = 1.5
"""The running test starts from so many spreads below the mean: otherwise a merely weak campaign crosses it."""
WORSE = 0.6

OPEN = """
SELECT id, dedupe_key, severity FROM alert
WHERE tenant_id = :tenant AND cause = :cause AND state <> 'resolved'
"""
COOLING = """
SELECT dedupe_key FROM alert WHERE tenant_id = :tenant AND cause = :cause AND resolved_at > :since
"""
CONFIRM = """
UPDATE alert SET severity = 'high', title = :title, reason = :reason
WHERE tenant_id = :tenant AND dedupe_key = :key AND state <> 'resolved' AND severity <> 'high' RETURNING id
"""


def count_days(*, now: datetime, ruleset: int = scoring.RULESET) -> int:
    """Count and judge the days that have matured, and act on the newest; return how many days there were."""
    days = cohorts.ripen(now=now, ruleset=ruleset)
    if not days:
        return 0
    known = cohorts.kept(since=days[0] - timedelta(weeks=cohorts.WEEKS))
    calendar = BusinessCalendar.for_country(clients.profile().country)
    said: dict[Unit, list[Verdict]] = {}
    for day in days:
        judged = _judge_day(day, known, calendar=calendar, ruleset=ruleset)
        cohorts.say(judged)
        _remember(known, judged)
    for unit, series in known.items():
        said[unit] = [_verdict(each) for each in series if each.answer in ("fallen", "healthy", "level")]
    _act(said, newest={unit for unit, series in known.items() if series[-1].day_on == days[-1]}, known=known, now=now)
    return len(days)


def watch_live(*, now: datetime, today: date, ruleset: int = scoring.RULESET) -> list[str]:
    """The running test over what has matured today: a steep fall needs no whole day. Return the units it found."""
    known = cohorts.kept(since=today - timedelta(weeks=cohorts.WEEKS))
    counted = max((series[-1].day_on for series in known.values()), default=None)
    if counted is None:
        return []
    spread = _spread(known.values())
    found = []
    for unit, seen in cohorts.fresh(after=counted, now=now).items():
        past = [each.tally for each in known.get(unit, []) if each.answer != "fallen" and each.judgeable]
        if len(past) < judging.LEAST_COHORTS or len(seen) < LEAST_LIVE:
            continue
        expected = chances.past(past, spread=spread)
        good = expected.mean - SHY * expected.spread
        if good > 0 and chances.falls(seen, good=good, bad=good * WORSE):
            tally = Tally(len(seen), sum(seen))
            verdict = Verdict("fallen", tally, expected.mean, 0.0, chances.wilson(tally), len(past))
            _raise({unit: (verdict, ruleset, None)}, confirmed={unit}, now=now)
            found.append(unit.key)
    return found


def _judge_day(
    day: date, known: Mapping[Unit, list[Cohort]], *, calendar: BusinessCalendar, ruleset: int
) -> list[tuple[Cohort, Verdict]]:
    """Judge each unit's cohort of one day by its eight weeks before."""
    working = calendar.is_business_day(day)
    before = {
        unit: _comparable(series, day, working=working, calendar=calendar, ruleset=ruleset)
        for unit, series in known.items()
    }
    spread = _spread(before.values())
    judged = [
        (cohort, judging.judge(cohort.tally, earlier=[each.tally for each in before[unit]], spread=spread))
        for unit, series in known.items()
        for cohort in series
        if cohort.day_on == day
    ]
    return _without_luck(judged)


def _comparable(
    series: Sequence[Cohort], day: date, *, working: bool, calendar: BusinessCalendar, ruleset: int
) -> list[Cohort]:
    """Same ruleset, same class of day, not itself a fall, within eight weeks."""
    return [
        each
        for each in series
        if day - timedelta(weeks=cohorts.WEEKS) <= each.day_on < day
        and each.ruleset == ruleset
        and each.answer != "fallen"
        and each.judgeable
        and calendar.is_business_day(each.day_on) == working
    ]


def _spread(units: Iterable[Sequence[Cohort]]) -> Spread:
    tallies = [[each.tally for each in series if each.judgeable] for series in units]
    everything = [each for series in tallies for each in series]
    return chances.pooled([each for each in tallies if len(each) > 1], mean=chances.mean_of(everything))


def _without_luck(judged: list[tuple[Cohort, Verdict]]) -> list[tuple[Cohort, Verdict]]:
    """Among hundreds of units some fall by luck: then only as many count as the day's false discoveries allow."""
    if len(judged) < MANY_UNITS:
        return judged
    bar = chances.discoveries([verdict.chance for _, verdict in judged], level=judging.ALPHA * 10)
    return [
        (cohort, verdict if not verdict.fallen or verdict.chance <= bar else judging.spared(verdict))
        for cohort, verdict in judged
    ]


def _remember(known: dict[Unit, list[Cohort]], judged: Sequence[tuple[Cohort, Verdict]]) -> None:
    for cohort, verdict in judged:
        series = known[cohort.unit]
        series[series.index(cohort)] = cohort.said(verdict)


def _verdict(cohort: Cohort) -> Verdict:
    return Verdict(
        cohort.answer,  # type: ignore[arg-type]
        cohort.tally,
        cohort.baseline,
        cohort.chance,
        chances.wilson(cohort.tally),
    )


def _act(
    said: Mapping[Unit, list[Verdict]], *, newest: set[Unit], known: Mapping[Unit, list[Cohort]], now: datetime
) -> None:
    """Open, confirm and resolve by the last two cohorts of each unit."""
    fallen = {unit for unit in newest if said[unit] and said[unit][-1].fallen}
    twice = {unit for unit in fallen if len(said[unit]) > 1 and said[unit][-2].fallen}
    back = {unit for unit in newest if any(a.recovered and b.recovered for a, b in [*pairwise(said[unit])][-1:])}
    _resolve({f"seen-rate:{unit.key}" for unit in back} | (set() if len(fallen) > 1 else {PARENT}), now=now)
    if len(fallen) >= TOGETHER:
        _raise_parent(sorted(fallen), confirmed=len(twice) >= TOGETHER, now=now)
        return
    _raise(
        {unit: (said[unit][-1], known[unit][-1].ruleset, known[unit][-1]) for unit in fallen}, confirmed=twice, now=now
    )


def _raise(fallen: Mapping[Unit, tuple[Verdict, int, Cohort | None]], *, confirmed: set[Unit], now: datetime) -> None:
    cooling = set(store.run(COOLING, cause=CAUSE, since=now - COOL_DOWN).scalars())
    drafts = []
    for unit, (verdict, ruleset, cohort) in fallen.items():
        key = f"seen-rate:{unit.key}"
        title = f"“{unit.template}” to {unit.mailbox} mailboxes is seen less than usual"
        reason = _reason(verdict, ruleset, cohort)
        if key not in cooling:
            severity = "high" if unit in confirmed else "normal"
            drafts.append(NewAlert(key, title, reason, cause=CAUSE, severity=severity, ends_when="done"))
        if unit in confirmed:
            _confirm(key, title, reason, now=now)
    alerts.raise_many(drafts, now=now)


def _raise_parent(fallen: Sequence[Unit], *, confirmed: bool, now: datetime) -> None:
    title = f"{len(fallen)} kinds of mail are seen less than usual at once"
    names = ", ".join(f"{unit.template} to {unit.mailbox}" for unit in fallen)
    reason = f"Look at the sending domain and the mail service before the templates. Fallen: {names}."
    severity = "high" if confirmed else "normal"
    alerts.raise_many([NewAlert(PARENT, title, reason, cause=CAUSE, severity=severity, ends_when="done")], now=now)
    if confirmed:
        _confirm(PARENT, title, reason, now=now)


def _confirm(key: str, title: str, reason: str, *, now: datetime) -> None:
    for alert_id in store.run(CONFIRM, key=key, title=title, reason=reason).scalars():
        history.note("confirmed", about=("alert", alert_id), at=now, reason="the next cohort fell as well")


def _resolve(keys: set[str], *, now: datetime) -> None:
    gone = [row.id for row in store.run(OPEN, cause=CAUSE) if row.dedupe_key in keys]
    if gone:
        alerts.resolve(gone, now=now, resolution="two cohorts in a row are back where this unit usually is")


def _reason(verdict: Verdict, ruleset: int, cohort: Cohort | None) -> str:
    """Every figure that a person needs to believe the alert, in two sentences."""
    low, high = verdict.interval
    said = (
        f"{verdict.tally.k} of {verdict.tally.n} judgeable messages were seen: {verdict.tally.rate:.1%} "
        f"(99 % interval {low:.1%} to {high:.1%}), where {verdict.baseline:.1%} is usual."
    )
    if cohort is None:
        return f"{said} Found by the running test before the day was over. Scored by ruleset {scoring.named(ruleset)}."
    share = cohort.machine / cohort.delivered if cohort.delivered else 0.0
    return (
        f"{said} Of {cohort.delivered} delivered on {dates.written(cohort.day_on)} machines fetched {share:.0%}. "
        f"Scored by ruleset {scoring.named(ruleset)}."
    )
