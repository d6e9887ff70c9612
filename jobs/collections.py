"""Work of the collections lane: promises, alerts and tasks, which people wait for."""

from jobs.turns import Handler, Turn
from tenants.collections import correspondence, disputes, promises, settling, tasks, visitors
from tenants.collections.watch import hard, watching
from tenants.delivery import scoring
from tenants.directory import clients
from tenants.values.calendars import BusinessCalendar


def settle_open_work(turn: Turn) -> None:
    """Nobody who has paid is chased: what was open about settled invoices ends."""
    if "import_id" in turn.payload:
        settling.settle_import(turn.id("import_id"), now=turn.now)
    else:
        settling.settle_open_work(turn.ids("invoice_ids"), now=turn.now)


def resolve_alerts(turn: Turn) -> None:
    """Somebody has looked: what waited for that ends."""
    settling.resolve_seen(turn.ids("invoice_ids"), now=turn.now)


def open_desk(turn: Turn) -> None:
    """A new day at the client: promises are judged, sleepers wake, the list is ranked anew."""
    calendar = BusinessCalendar.for_country(clients.profile().country)
    promises.judge(now=turn.now, today=turn.today, calendar=calendar, wall=turn.real_now)
    tasks.freshen(today=turn.today)


def open_disputes(turn: Turn) -> None:
    """What the file calls disputed is left in peace from today on."""
    disputes.open_for_import(turn.id("import_id"), now=turn.now, today=turn.today)


def count_cohorts(turn: Turn) -> None:
    """A new day at the client: the mailings that have matured are counted and judged."""
    watching.count_days(now=turn.now, ruleset=scoring.ruleset(turn.tools.networks))


def watch_sending(turn: Turn) -> None:
    """An hour has passed: what cannot wait for a whole day of mail."""
    hard.check(now=turn.now)
    watching.watch_live(now=turn.now, today=turn.today, ruleset=scoring.ruleset(turn.tools.networks))


def tell_of_access(turn: Turn) -> None:
    """Somebody of the provider was let in: the client is told."""
    visitors.tell(turn.id("grant_id"), now=turn.now)


def ask_to_answer(turn: Turn) -> None:
    """A customer answered a mail: a person reads it."""
    correspondence.wrote(turn.id("message_id"), report_id=turn.id("report_id"), now=turn.now, today=turn.today)


def ask_for_address(turn: Turn) -> None:
    """An address is written to no more: a person finds another."""
    correspondence.unreachable(turn.id("message_id"), why=turn.payload["why"], now=turn.now, today=turn.today)


def sort_mail(turn: Turn) -> None:
    """A mail came to the client's mailbox that answers none of ours: a person reads it."""
    correspondence.came(turn.id("inbox_id"), now=turn.now, today=turn.today)


def mend_domain(turn: Turn) -> None:
    """A sending domain is not proved any more: a person has its records mended."""
    correspondence.unproved(turn.payload["domain"], now=turn.now, today=turn.today)


HANDLERS: dict[str, Handler] = {
    "settle_open_work": settle_open_work,
    "resolve_alerts": resolve_alerts,
    "open_desk": open_desk,
    "open_disputes": open_disputes,
    "count_cohorts": count_cohorts,
    "watch_sending": watch_sending,
    "tell_of_access": tell_of_access,
    "ask_to_answer": ask_to_answer,
    "ask_for_address": ask_for_address,
    "mend_domain": mend_domain,
    "sort_mail": sort_mail,
}
