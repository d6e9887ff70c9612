"""Decides what a rule may ask about an invoice."""

from tenants.rules import stages
from tenants.rules.field import Field, Kind
from tenants.rules.phrases import Phrase, amount, count, instant, presence, said

STATUS = {
    "open": Phrase("is open", "is not open"),
    "settled": Phrase("is settled", "is not settled"),
    "voided": Phrase("is cancelled", "is not cancelled"),
}
# Word for word the predicate of the index of open invoices, so that the planner can use it.
STATUS_TESTS = {
    "open": "(i.open_minor > 0 AND i.voided_on IS NULL)",
    "settled": "(i.open_minor <= 0 AND i.voided_on IS NULL)",
    "voided": "(i.voided_on IS NOT NULL)",
}
DELIVERY = {
    "none": Phrase("has not been put on its way", "has been put on its way"),
    "queued": Phrase("is waiting to be sent", "is not waiting to be sent"),
    "sent": Phrase("is sent and not confirmed yet", "is not between sending and confirmation"),
    "delayed": Phrase("is delayed on its way", "is not delayed on its way"),
    "delivered": Phrase("has arrived", "has not arrived"),
    "bounced": Phrase("could not be delivered", "did not bounce"),
    "failed": Phrase("could not be sent", "did not fail to be sent"),
}
LEVELS = {"accepted": 1, "delivered": 2, "machine": 3, "open": 4, "click": 5, "portal": 6, "reply": 7}
"""Names of the grades of evidence from which a rule may choose; a machine's fetch counts as nothing by itself."""
EVIDENCE = {
    "accepted": Phrase("was at least accepted by our mail provider", "was not accepted by our mail provider"),
    "delivered": Phrase("at least reached the customer’s mail server", "did not reach the customer’s mail server"),
    "machine": Phrase("was at least fetched by a machine", "was not even fetched by a machine"),
    "open": Phrase("was at least opened by a person", "was not opened by a person"),
    "click": Phrase("was at least opened from its link", "was not opened from its link"),
    "portal": Phrase("was at least viewed in the portal", "was not viewed in the portal"),
    "reply": Phrase("was answered by the customer", "was not answered by the customer"),
}
PLAN = {
    "on_track": Phrase("is on a payment plan", "is not on a payment plan"),
    "none": Phrase("is not on a payment plan", "is on a payment plan"),
}

INVOICE_FIELDS = (
    Field(
        "invoice.status",
        Kind.CHOICE,
        "CASE WHEN i.voided_on IS NOT NULL THEN 'voided' WHEN i.open_minor > 0 THEN 'open' ELSE 'settled' END",
        words=STATUS,
        tests=STATUS_TESTS,
        example="open",
        as_of=True,
    ),
    Field(
        "invoice.open_amount",
        Kind.MONEY,
        "i.open_minor",
        amount("has", "does not have", after="left to pay"),
        as_of=True,
    ),
    Field("invoice.amount", Kind.MONEY, "i.amount_minor", amount("is for", "is not for"), as_of=True),
    Field(
        "invoice.due_date",
        Kind.DATE,
        "i.due_on",
        said(
            due_in=("is due within the next {v}", "is not due within the next {v}"),
            past_by=("is at least {v} past due", "is not {v} past due"),
            within_last=("fell due in the last {v}", "did not fall due in the last {v}"),
            before=("is due before {v}", "is not due before {v}"),
            after=("is due after {v}", "is not due after {v}"),
        ),
        as_of=True,
    ),
    Field(
        "invoice.issued_on",
        Kind.DATE,
        "i.issued_on",
        said(
            past_by=("was issued at least {v} ago", "was issued less than {v} ago"),
            within_last=("was issued in the last {v}", "was not issued in the last {v}"),
            before=("was issued before {v}", "was not issued before {v}"),
            after=("was issued after {v}", "was not issued after {v}"),
        ),
        as_of=True,
    ),
    Field("invoice.delivery", Kind.CHOICE, "i.delivery", words=DELIVERY, example="bounced"),
    Field(
        "invoice.delivered_at",
        Kind.INSTANT,
        "i.delivered_at",
        instant("was delivered", "was not delivered", has="has been delivered", never="has not been delivered yet"),
        as_of=True,
    ),
    Field(
        "invoice.bounced_at",
        Kind.INSTANT,
        "i.bounced_at",
        instant("bounced", "did not bounce", has="has bounced", never="has not bounced"),
        as_of=True,
    ),
    Field(
        "invoice.first_seen_at",
        Kind.INSTANT,
        "i.first_seen_at",
        instant("was first seen", "was not first seen", has="has been seen", never="has not been seen by anyone yet"),
        as_of=True,
    ),
    Field("invoice.evidence_level", Kind.LEVEL, "i.evidence_level", words=EVIDENCE, example="open"),
    Field(
        "invoice.reminder_count",
        Kind.NUMBER,
        "i.reminder_count",
        count("has had", "has not had"),
        unit=("reminder", "reminders"),
    ),
    Field(
        "invoice.last_reminder_at",
        Kind.INSTANT,
        "i.last_reminder_at",
        instant(
            "was last reminded",
            "was not last reminded",
            has="has had a reminder",
            never="has had no reminder",
            recent=Phrase("was last reminded in the last {v}", "had no reminder in the last {v}"),
        ),
    ),
    Field(
        "invoice.last_contact_at",
        Kind.INSTANT,
        "i.last_contact_at",
        instant(
            "was last written about",
            "was not last written about",
            has="has been written about",
            never="has never been written about",
            recent=Phrase("was written about in the last {v}", "was not written about in the last {v}"),
        ),
    ),
    Field(
        "invoice.last_reply_at",
        Kind.INSTANT,
        "i.last_reply_at",
        instant(
            "had its last reply",
            "did not have its last reply",
            has="has had a reply",
            never="has had no reply",
            recent=Phrase("had a reply in the last {v}", "had no reply in the last {v}"),
        ),
        personal=True,
    ),
    Field(
        "invoice.promised_date",
        Kind.DATE,
        "GREATEST(promise.promised_on, vow.promised_on)",
        said(
            due_in=("was promised for a date in the next {v}", "was not promised for a date in the next {v}"),
            past_by=("was promised for a date at least {v} ago", "was not promised for a date at least {v} ago"),
            before=("was promised for a date before {v}", "was not promised for a date before {v}"),
            after=("was promised for a date after {v}", "was not promised for a date after {v}"),
        )
        | presence("has a promised date", "has no promised date"),
        joins=frozenset({"promise", "vow"}),
        as_of=True,
    ),
    Field(
        "invoice.disputed_at",
        Kind.INSTANT,
        "LEAST(dispute.disputed_at, quarrel.disputed_at)",
        instant("was disputed", "was not disputed", has="is disputed", never="is not disputed"),
        joins=frozenset({"dispute", "quarrel"}),
        as_of=True,
    ),
    Field(
        "invoice.purchase_order",
        Kind.TEXT,
        "nullif(i.purchase_order, '')",
        said(
            **{"is": ("has the purchase order number {v}", "does not have the purchase order number {v}")},
            starts_with=(
                "has a purchase order number that starts with {v}",
                "has no purchase order number that starts with {v}",
            ),
            contains=(
                "has a purchase order number that contains {v}",
                "has no purchase order number that contains {v}",
            ),
        )
        | presence("has a purchase order number", "has no purchase order number"),
        as_of=True,
    ),
    Field(
        "invoice.plan",
        Kind.CHOICE,
        "CASE WHEN plan.on_plan OR scheme.on_plan THEN 'on_track' ELSE 'none' END",
        words=PLAN,
        joins=frozenset({"plan", "scheme"}),
        example="on_track",
        as_of=True,
    ),
    Field(
        "invoice.stage",
        Kind.CHOICE,
        "COALESCE(stage_i.stage, 'none')",
        words=stages.WORDS,
        joins=frozenset({"stage_i"}),
        example="Formal",
    ),
    Field(
        "invoice.tags",
        Kind.KEYS,
        "g.key",
        {
            "any_of": Phrase("is tagged {v}", "is not tagged {v}"),
            "none_of": Phrase("is not tagged {v}", "is tagged {v}"),
        },
    ),
)
