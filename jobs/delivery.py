"""Work of the delivery lane: documents, messages and what comes back about them."""

from functools import lru_cache

from jobs.turns import Handler, Later, Outside, Turn
from tenants.adapters.schematron import Schematron
from tenants.collections.conduct import Gate
from tenants.delivery import (
    carrying_on,
    climbing,
    evidence,
    news,
    parking,
    portal_posts,
    queueing,
    receipts,
    sending,
    texts,
    traces,
    unheard,
    unsettled,
)
from tenants.delivery.facts import Outgoing
from tenants.delivery.outcome import Result
from tenants.rules.rechecking import recheck

GATE = Gate(recheck=recheck)


def queue_invoice_messages(turn: Turn) -> None:
    """Invoices were issued: those whose day has come go to their customers."""
    about = turn.payload
    queueing.queue_invoices(
        today=turn.today,
        now=turn.now,
        real=turn.real_now,
        invoice_ids=turn.ids("invoice_ids") if "invoice_ids" in about else None,
        import_id=turn.id("import_id") if "import_id" in about else None,
        from_row=about.get("from_row", 0),
        to_row=about.get("to_row", queueing.LAST_ROW),
    )
    climbing.climb(today=turn.today, now=turn.now, real=turn.real_now)


def open_day(turn: Turn) -> None:
    """A new day at the client: invoices that were dated ahead have come to their day."""
    queueing.queue_invoices(today=turn.today, now=turn.now, real=turn.real_now)
    climbing.climb(today=turn.today, now=turn.now, real=turn.real_now)


def claim_message(turn: Turn) -> Outgoing | Later | None:
    """Ask the gate and write down the intent."""
    found = sending.claim(
        turn.id("message_id"),
        gate=GATE,
        provider=turn.tools.mailer.name,
        now=turn.now,
        real=turn.real_now,
        today=turn.today,
        pace=turn.tools.pace,
        own_domain=turn.tools.settings.own_domains,
    )
    if isinstance(found, sending.Waiting):
        return Later(found.again_at - (turn.now - turn.real_now), found.reason)
    return found


def act_on_message(turn: Turn, mail: Outgoing) -> Result:
    """Print, render, hand over."""
    tools = turn.tools
    rules = _rules() if mail.wish else None
    return sending.act(mail, documents_in=tools.documents, mailer=tools.mailer, settings=tools.settings, rules=rules)


@lru_cache(maxsize=1)
def _rules() -> Schematron:
    """The official rules of e-invoices, for the first that asks: they take memory that most workers never need."""
    return Schematron()


def settle_message(turn: Turn, mail: Outgoing, result: Result) -> Later | None:
    """Write down how it ended."""
    final = turn.tools.settings.smtp_is_final and mail.carrier == "smtp"
    again_at = sending.settle(mail, result, now=turn.now, real=turn.real_now, final=final)
    return None if again_at is None else Later(again_at, "server_busy")


def claim_text(turn: Turn) -> Outgoing | Later | None:
    """Ask the gate and write down that a text is about to leave."""
    found = sending.claim(
        turn.id("message_id"),
        gate=GATE,
        provider=turn.tools.texts.name,
        now=turn.now,
        real=turn.real_now,
        today=turn.today,
    )
    if isinstance(found, sending.Waiting):
        return Later(found.again_at - (turn.now - turn.real_now), found.reason)
    return found


def act_on_text(turn: Turn, mail: Outgoing) -> Result:
    """Write the text and hand it over."""
    tools = turn.tools
    return texts.act(mail, texts=tools.texts, settings=tools.settings, documents_in=tools.documents)


def settle_text(turn: Turn, mail: Outgoing, result: Result) -> Later | None:
    """Write down how it ended."""
    again_at = sending.settle(mail, result, now=turn.now, real=turn.real_now, final=False)
    return None if again_at is None else Later(again_at, "provider_busy")


def read_text_receipt(turn: Turn) -> None:
    """The provider of texts told what became of one."""
    texts.read(turn.id("inbox_id"), message_id=turn.id("message_id"), now=turn.now, real=turn.real_now)


def post_notice(turn: Turn) -> Later | None:
    """An invoice is laid into its customer's portal."""
    again_at = portal_posts.post(turn.id("message_id"), gate=GATE, now=turn.now, real=turn.real_now)
    return None if again_at is None else Later(again_at - (turn.now - turn.real_now), "waiting")


def stop_waiting(turn: Turn) -> None:
    """An hour has passed: of some mails nobody will say any more what became of them, and what failed goes on."""
    unheard.give_up(now=turn.now, real=turn.real_now)
    carrying_on.carry_on(now=turn.now, real=turn.real_now)


def go_on(turn: Turn) -> None:
    """A message came back: its customer's next way is tried."""
    carrying_on.carry_on(now=turn.now, real=turn.real_now, message_id=turn.id("message_id"))
    climbing.climb(today=turn.today, now=turn.now, real=turn.real_now, invoice_ids=turn.ids("invoice_ids"))


def settle_attempt(turn: Turn) -> None:
    """The patience with an attempt of which nobody knows is over."""
    unsettled.resolve(turn.id("message_id"), now=turn.now)


def grade_hit(turn: Turn) -> None:
    """Somebody, or something, fetched links of ours."""
    for inbox_id in turn.ids("inbox_ids"):
        evidence.grade(inbox_id, now=turn.now, real=turn.real_now, networks=turn.tools.networks)


def read_receipt(turn: Turn) -> None:
    """A mail came back."""
    receipts.read(turn.id("inbox_id"), documents_in=turn.tools.documents, now=turn.now, real=turn.real_now)


def read_news(turn: Turn) -> None:
    """A provider told of mails."""
    news.read(turn.ids("inbox_ids"), now=turn.now, real=turn.real_now)


def look_for_mail(turn: Turn) -> None:
    """News came about mails that nobody knew; perhaps they are known by now."""
    parking.look(turn.ids("parked_ids"), turn=turn.payload["turn"], real=turn.real_now)


def forget_traces(turn: Turn) -> None:
    """A new day: who readers were is forgotten when its time is over."""
    traces.forget(now=turn.real_now, days=turn.tools.settings.trace_days)


HANDLERS: dict[str, Handler] = {
    "queue_invoice_messages": queue_invoice_messages,
    "open_day": open_day,
    "send_message": Outside(claim_message, act_on_message, settle_message),
    "send_text": Outside(claim_text, act_on_text, settle_text),
    "read_text_receipt": read_text_receipt,
    "post_notice": post_notice,
    "settle_attempt": settle_attempt,
    "stop_waiting": stop_waiting,
    "go_on": go_on,
    "grade_hit": grade_hit,
    "read_receipt": read_receipt,
    "read_news": read_news,
    "look_for_mail": look_for_mail,
    "forget_traces": forget_traces,
}
