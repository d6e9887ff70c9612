"""Every event name, and the work that each one causes. A name that is not here cannot be recorded."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Consumer:
    """One kind of work that an event causes, and the lane that does it."""

    kind: str
    lane: str
    max_attempts: int = 8


CONSUMERS: dict[str, tuple[Consumer, ...]] = {
    "import.received": (Consumer("check_import", "intake", max_attempts=3),),
    "import.confirmed": (Consumer("load_import", "intake", max_attempts=3),),
    "import.undo_asked": (Consumer("undo_import", "intake", max_attempts=3),),
    "import.undone": (
        Consumer("check_ledger", "ledger"),
        Consumer("match_cash", "ledger"),
        Consumer("settle_open_work", "collections"),
        Consumer("plan_figures", "insight"),
    ),
    "import.loaded": (
        Consumer("check_ledger", "ledger"),
        Consumer("match_cash", "ledger"),
        Consumer("open_disputes", "collections"),
        Consumer("plan_figures", "insight"),
        Consumer("forecast_payments", "insight", max_attempts=3),
    ),
    "figures.due": (Consumer("keep_figures", "insight", max_attempts=3),),
    "invoice.issued": (Consumer("queue_invoice_messages", "delivery"), Consumer("run_rules_on_issue", "rules")),
    "payment.applied": (
        Consumer("settle_open_work", "collections"),
        Consumer("close_deductions", "ledger"),
        Consumer("run_rules_on_payment", "rules"),
    ),
    "cash.waiting": (Consumer("match_cash", "ledger"),),
    "message.queued": (Consumer("send_message", "delivery"),),
    "text.queued": (Consumer("send_text", "delivery"),),
    "text.told": (Consumer("read_text_receipt", "delivery"),),
    "notice.posted": (Consumer("post_notice", "delivery"),),
    "message.unsettled": (Consumer("settle_attempt", "delivery"),),
    "receipt.arrived": (Consumer("read_receipt", "delivery"),),
    "provider.told": (Consumer("read_news", "delivery"),),
    "news.parked": (Consumer("look_for_mail", "delivery"),),
    "hits.outdated": (Consumer("rejudge_hits", "insight"),),
    "portal.hit": (Consumer("grade_hit", "delivery"),),
    "customer.wrote": (Consumer("ask_to_answer", "collections"),),
    "address.suppressed": (Consumer("ask_for_address", "collections"),),
    "mail.unsorted": (Consumer("sort_mail", "collections"),),
    "domain.asked": (Consumer("tend_domain", "delivery"),),
    "domain.failing": (Consumer("mend_domain", "collections"),),
    "delivery.bounced": (Consumer("run_rules_on", "rules"), Consumer("go_on", "delivery")),
    "delivery.seen": (Consumer("resolve_alerts", "collections"), Consumer("run_rules_on_sight", "rules")),
    "reply.received": (Consumer("run_rules_on_reply", "rules"),),
    "promise.broken": (Consumer("run_rules_on_promise", "rules"),),
    "dispute.opened": (Consumer("run_rules_on_dispute", "rules"),),
    "notice.queued": (Consumer("send_notice", "delivery"),),
    "webhook.queued": (Consumer("call_webhook", "delivery"),),
    "backtest.asked": (Consumer("run_backtest", "insight", max_attempts=3),),
    "rule.due": (Consumer("run_rule", "rules", max_attempts=4),),
    "day.opened": (
        Consumer("open_day", "delivery"),
        Consumer("ask_domains", "delivery"),
        Consumer("open_desk", "collections"),
        Consumer("count_cohorts", "collections"),
        Consumer("schedule_rules", "rules"),
        Consumer("tend_rules", "rules"),
        Consumer("keep_daily_facts", "insight"),
        Consumer("plan_figures", "insight"),
        Consumer("tell_week", "insight", max_attempts=3),
        Consumer("tell_alerts", "insight", max_attempts=3),
        Consumer("forecast_payments", "insight", max_attempts=3),
        Consumer("forget_requests", "insight"),
        Consumer("forget_traces", "delivery"),
        Consumer("rejudge_hits", "insight"),
    ),
    "hour.struck": (
        Consumer("check_ledger", "ledger"),
        Consumer("watch_sending", "collections"),
        Consumer("stop_waiting", "delivery"),
        Consumer("put_history_by", "insight"),
        Consumer("freshen_figures", "insight"),
    ),
    "access.granted": (Consumer("tell_of_access", "collections"),),
    "work.tried": (Consumer("noop", "insight"),),
}
"""Kinds are handled in `jobs/`; a guard test holds that every kind has a handler in its lane and that no
handler is idle."""
