"""Work of the delivery lane that is not about customers' mail: notices to our own people, calls to clients'
programs."""

from jobs.turns import Handler, Later, Outside, Turn
from tenants.delivery.ports import Answer
from tenants.rules import notices, webhooks
from tenants.rules.notices import Notice
from tenants.rules.ports import Heard
from tenants.rules.webhooks import Call


def claim_notice(turn: Turn) -> Notice | None:
    """Write down that the notice is about to leave."""
    return notices.claim(turn.id("notice_id"))


def act_on_notice(turn: Turn, notice: Notice) -> Answer:
    """Hand it over."""
    return notices.act(notice, mailer=turn.tools.mailer, settings=turn.tools.settings)


def settle_notice(turn: Turn, notice: Notice, answer: Answer) -> None:
    """Write down how it ended."""
    notices.settle(notice, answer, now=turn.now)


def claim_call(turn: Turn) -> Call | None:
    """Count one more attempt."""
    return webhooks.claim(turn.id("call_id"))


def act_on_call(turn: Turn, call: Call) -> Heard:
    """Sign and call."""
    return turn.tools.hooks.call(webhooks.signed(call, real=turn.real_now))


def settle_call(turn: Turn, call: Call, heard: Heard) -> Later | None:
    """Write down what was answered, and call again later where that can help."""
    again_at = webhooks.settle(call, heard, now=turn.now, real=turn.real_now)
    return None if again_at is None else Later(again_at, "no_answer")


HANDLERS: dict[str, Handler] = {
    "send_notice": Outside(claim_notice, act_on_notice, settle_notice),
    "call_webhook": Outside(claim_call, act_on_call, settle_call),
}
