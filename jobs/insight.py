"""Work of the insight lane: figures, digests and exports."""

from datetime import date

from jobs.turns import Handler, Outside, Turn
from tenants.delivery import rescoring, scoring
from tenants.events import api_calls, history, history_keeping, recording, request_keys
from tenants.events.history_keeping import Paper
from tenants.events.recording import Occurrence
from tenants.insight import alert_digests, digests, forecast, keeping


def noop(turn: Turn) -> None:
    """Do nothing, or leave one line in the history when the payload asks for it: the tests and the benchmark count
    on it."""
    if "mark" in turn.payload:
        history.note("work.done", about=("work_item", turn.item_id), at=turn.real_now, reason=str(turn.payload["mark"]))


def plan_figures(turn: Turn) -> None:
    """A new day, or a new ledger: each day that has to be counted becomes work of its own."""
    days = [*keeping.due(turn.today), turn.today]
    found = [Occurrence(f"{day}:{turn.item_id}", {"day": day.isoformat()}) for day in days]
    recording.record_many("figures.due", found, now=turn.real_now)


def keep_figures(turn: Turn) -> None:
    """Count the figures of one day and keep them."""
    keeping.keep(date.fromisoformat(turn.payload["day"]), today=turn.today, now=turn.now)


def freshen_figures(turn: Turn) -> None:
    """Another hour: a client too large to be counted while somebody waits is counted now."""
    if not keeping.is_small():
        keeping.keep(turn.today, today=turn.today, now=turn.now)


def forecast_payments(turn: Turn) -> None:
    """Learn again how customers pay, and say of each open invoice when its payment is expected."""
    forecast.keep(turn.today)


def rejudge_hits(turn: Turn) -> None:
    """Hits that an older ruleset judged are judged again, a part at a time."""
    after = turn.id("after") if "after" in turn.payload else None
    networks = turn.tools.networks
    done = rescoring.history(now=turn.now, after=after, networks=networks)
    if done.last is not None:
        key = f"{scoring.ruleset(networks)}:{done.last}"
        recording.record("hits.outdated", key=key, now=turn.real_now, after=str(done.last))


def claim_head(turn: Turn) -> Paper | None:
    """Read the newest signed head of the client's history."""
    return history_keeping.head(now=turn.now)


def put_head_by(turn: Turn, paper: Paper) -> None:
    """Keep it outside the database."""
    history_keeping.put_by(paper, shelf=turn.tools.documents)


def settle_head(_turn: Turn, _paper: Paper, _kept: None) -> None:
    """Nothing is left to do: putting the same head by again is harmless."""


def tell_week(turn: Turn) -> None:
    """The first business day of a week: the client's own people get their digest."""
    url = turn.tools.settings.public_url
    digests.tell(today=turn.today, now=turn.now, real=turn.real_now, public_url=url)


def forget_requests(turn: Turn) -> None:
    """A new day: keys that nobody repeats and requests that nobody is promised go."""
    request_keys.purge(now=turn.real_now)
    api_calls.purge(now=turn.real_now)


def tell_alerts(turn: Turn) -> None:
    """A new day: the client's people read once what its mail suffers from."""
    url = turn.tools.settings.public_url
    alert_digests.tell(today=turn.today, now=turn.now, real=turn.real_now, public_url=url)


HANDLERS: dict[str, Handler] = {
    "noop": noop,
    "forget_requests": forget_requests,
    "rejudge_hits": rejudge_hits,
    "put_history_by": Outside(claim_head, put_head_by, settle_head),
    "plan_figures": plan_figures,
    "tell_week": tell_week,
    "tell_alerts": tell_alerts,
    "keep_figures": keep_figures,
    "freshen_figures": freshen_figures,
    "forecast_payments": forecast_payments,
}
