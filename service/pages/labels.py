"""What things are called on screens: one place, so that a list, a page and a chart say the same."""

from collections.abc import Mapping
from typing import Any

BUCKETS = {
    "not_due": "Not due yet",
    "1-30": "1–30 days late",
    "31-60": "31–60 days late",
    "61-90": "61–90 days late",
    "91-120": "91–120 days late",
    "121+": "More than 120 days late",
    "overdue": "Overdue",
    "all": "All open",
}
DELIVERY = {
    "none": ("Not sent", ""),
    "queued": ("Waiting to be sent", ""),
    "sent": ("Sent", "info"),
    "delayed": ("Delayed", "warn"),
    "delivered": ("Delivered", "good"),
    "bounced": ("Bounced", "bad"),
    "failed": ("Not deliverable", "bad"),
}
STANDING = {
    "open": ("Open", "info"),
    "part-paid": ("Partly paid", "info"),
    "not-issued": ("Not issued yet", ""),
    "settled": ("Paid", "good"),
    "void": ("Cancelled", ""),
}
EVIDENCE = {
    0: ("Nothing known", ""),
    1: ("Handed to mail", ""),
    2: ("Arrived", "info"),
    3: ("Machine fetch only", ""),
    4: ("Probably opened", "info"),
    5: ("Link used", "good"),
    6: ("Seen in the portal", "good"),
    7: ("Customer answered", "good"),
}
RUNGS = {
    "known": "In the ledger",
    "queued": "Queued for sending",
    "accepted": "Taken by our mail service",
    "relayed": "Passed on by the first mail server",
    "delivered": "Accepted by the customer’s mail server",
    "delayed": "Delayed by the customer’s mail server",
    "bounced": "Came back: the address does not take mail",
    "failed": "Could not be delivered",
    "refused": "Refused by the mail service",
    "complained": "Reported as unwanted",
    "pixel": "Image in the mail was loaded",
    "link_get": "Link was fetched",
    "portal_view": "Portal page was viewed",
    "portal_interaction": "Somebody acted on the portal page",
    "download": "Document was downloaded",
    "displayed": "The reader’s mail program said that it was shown",
    "reply": "The customer replied",
    "promise": "The customer promised to pay",
    "objection": "The customer objected",
    "settled": "Paid",
    "posted_in_portal": "Laid into the customer’s portal",
}
MESSAGE = {
    "queued": ("Waiting to be sent", ""),
    "sending": ("Being handed over", ""),
    "sent": ("Left us", "info"),
    "delayed": ("Delayed", "warn"),
    "unconfirmed": ("Nothing heard", "warn"),
    "delivered": ("Delivered", "good"),
    "bounced": ("Came back", "bad"),
    "failed": ("Not deliverable", "bad"),
    "held": ("Held for a person", "warn"),
    "cancelled": ("Not sent", ""),
}
ATTEMPT = {
    "intent": "About to be handed over",
    "accepted": "Taken",
    "refused": "Refused",
    "retry": "Not taken now, tried again later",
    "ambiguous": "Nobody knows whether it was taken",
    "not_sent": "Known not to have left",
}
WAYS = {"email": "Mail", "portal": "Portal", "sms": "Text message", "print": "Letter", "paper": "Paper"}
HELD = {"unconfirmed": "Nobody knows whether it left", "server_busy": "The mail server said not now"}
SUPPRESSED = {
    "bounce": ("Dead address", "bad"),
    "complaint": ("Called it unwanted", "bad"),
    "request": ("Asked for silence", "warn"),
}
CAME = {
    "reply": "A customer’s answer",
    "auto_reply": "An automatic answer",
    "unclear": "A mail that a person must read",
    "bounced": "It came back: the address does not take mail",
    "failed": "It came back: it could not be delivered",
    "delayed": "A note that it is delayed",
    "delivered": "A note that it was delivered",
    "relayed": "A note that it was passed on",
    "displayed": "A note that it was displayed",
    "complained": "A complaint that it was unwanted",
    "": "A mail that waits to be read",
}
MAILBOXES = {
    "google": "Google mailboxes",
    "microsoft": "Microsoft mailboxes",
    "yahoo": "Yahoo mailboxes",
    "apple": "Apple mailboxes",
    "company": "companies’ own mailboxes",
}
COHORT = {
    "fallen": ("Fallen", "bad"),
    "healthy": ("Within chance", "good"),
    "level": ("As usual", "good"),
    "thin": ("Too few to judge", ""),
    "young": ("Too little past", ""),
    "": ("Not judged", ""),
}
DOMAINS = {"asked": ("Waits for its records", "warn"), "proved": ("Proved", "good"), "failing": ("Lost", "bad")}
RECORDS = {
    "own": "Proves that the domain is yours",
    "dkim": "Lets the provider sign for it (DKIM)",
    "mail_from": "Takes what comes back",
    "spf": "Says who may send for it (SPF)",
    "dmarc": "Says how unsigned mail is treated (DMARC)",
}
PIXEL = {
    "off": ("Off", ""),
    "consented": ("For who agreed", "info"),
    "on": ("On, unless refused", "warn"),
    "aggregate": ("Counted, nobody known", "info"),
}
CONSENT = {"unknown": "said nothing", "granted": "agreed", "withdrawn": "refused"}
PIXEL_MEANS = {
    "off": "No image stands in any mail.",
    "consented": "The image stands in mail to readers who agreed; only they are told apart.",
    "on": "The image stands in mail to everybody who did not refuse; needs a basis in law that allows it.",
    "aggregate": "The image names no reader: only how often a kind of mail was loaded is counted.",
}
UNKNOWN = {
    "not_sent": "Nothing was sent about this invoice yet, so nothing can be known about its receipt.",
    "why_nothing_was_heard": "Nobody has said what became of it for three days. It may have arrived; nothing shows it.",
    "whether_anybody_got_it": "The mail came back. Whether anybody has the invoice is not known.",
    "whether_the_mail_server_of_the_customer_took_it": "Whether the customer’s mail server took the mail is not known.",
    "whether_anybody_opened_it": "Whether a person opened the mail is not known; not opening leaves no trace.",
    "who_read_the_invoice": "Who read the invoice is not known; nobody has viewed it in the portal.",
}
FUNNEL = {
    "issued": "Issued",
    "sent": "Sent",
    "delivered": "Delivered",
    "bounced": "Came back",
    "seen": "Seen by a person",
    "portal": "Viewed in the portal",
    "paid": "Paid",
}
DONE = {
    "invoices_sent": "Invoices sent",
    "reminders_sent": "Reminders sent",
    "messages_held_back": "Messages held back, with a reason",
    "tasks_done": "Tasks done by people",
    "alerts_raised": "Alerts raised",
    "alerts_resolved": "Alerts resolved",
    "payments_applied": "Invoices with payments applied",
}
HOLDS = {"dispute": "Dispute", "promise": "Promise to pay", "plan": "Payment plan", "pause": "Pause"}
SIGNS = {
    "hardship": "Cannot pay at present",
    "insolvency": "Insolvent or before a court",
    "cease": "Asked not to be written to",
}
HOLD_TONES = {"dispute": "warn", "promise": "info", "plan": "info", "pause": ""}
REFUSALS = {
    "settled": "Paid or cancelled",
    "dispute": "Disputed",
    "promise": "Promised",
    "plan": "On a payment plan",
    "pause": "Paused",
    "disputed": "Disputed",
    "promised": "Promised",
    "on_plan": "On a payment plan",
    "paused": "Paused",
    "suppressed": "Address takes no mail",
    "budget": "Enough messages this week",
    "quiet_hours": "Outside office hours",
    "sending_paused": "Sending is paused for this client",
    "test_mode": "This client is in test mode",
    "hardship": "Cannot pay at present",
    "insolvency": "Insolvent or before a court",
    "cease": "Asked not to be written to",
    "extended": "Has been given more time",
    "country": "Not by machine in this country",
    "contact_budget": "Enough messages lately",
    "contacted_lately": "Written to lately about the same",
    "talked_lately": "Wrote to us lately",
    "bank_feed_stale": "Payments are not up to date",
    "money_waiting": "Money has come and waits to be booked",
    "reply_unread": "Wrote to us, and nobody has answered",
    "cap_reached": "Reminders have ended",
    "pays_by_itself": "Pays by itself",
    "consumer": "Consumer: a person writes",
    "above_ceiling": "Too stern for the machine",
    "voided": "Cancelled",
    "no_longer_matches": "The rule no longer applies",
    "nothing_left": "Nothing was left to say",
    "outranked": "Another rule comes first today",
    "young": "Not so for long enough",
    "quiet": "Left alone, to compare",
    "cap": "Over the cap of one run",
    "other_way": "Goes by another way of the customer",
    "no_way": "No way of the customer can be used",
    "unwanted": "Its reader wants no reminders by mail",
    "stale_bank_feed": "Payments are not up to date",
    "not_delivered": "The invoice has not arrived yet",
    "not_matching": "The rule no longer applies",
}
SEVERITY = {"high": ("High", "bad"), "normal": ("Normal", "warn"), "low": ("Low", "")}
CASH = {
    "automatic": ("Certain", "good"),
    "suggested": ("Proposed", "info"),
    "manual": ("Nobody known", "warn"),
    "parked": ("Set aside", ""),
    "applied": ("Booked", "good"),
    "returned": ("Came back", "bad"),
    "replaced": ("Decided otherwise", ""),
    "undone": ("Undone", ""),
    "withdrawn": ("Statement undone", ""),
}
IMPORTS = {
    "received": ("Being checked", "info"),
    "checked": ("Checked", "warn"),
    "refused": ("Refused", "bad"),
    "loaded": ("Loaded", "good"),
    "undone": ("Undone", ""),
}
BROUGHT = {"ledger": "invoices", "bank": "lines", "remittance": "advices", "customers": "customers"}
TAKEN_BACK = {
    "invoices": "Invoices made void",
    "allocations": "Applications reversed",
    "credit_notes": "Credit notes taken back",
    "payments": "Payments taken back",
    "lines": "Bank lines taken back",
    "lines_left": "Bank lines that another statement tells of as well",
    "deductions": "Short pays closed",
    "advices": "Advices taken back",
    "debtors": "Customers taken back",
    "changes": "Changes of customers taken back",
}
RULES = {
    "draft": ("Draft", ""),
    "live": ("Live", "good"),
    "shadow": ("In the shadow", "info"),
    "frozen": ("Frozen", "warn"),
    "paused": ("Paused", "warn"),
    "broken": ("Broken", "bad"),
    "retired": ("Retired", ""),
}
ANSWERS = {
    "granted": ("Yes", "good"),
    "refused": ("No", "bad"),
    "lapsed": ("Nobody answered", "warn"),
    "moot": ("Yes, but settled meanwhile", ""),
}
EVENTS = {
    "issued": "Invoice issued",
    "message_sending": "Mail on its way:",
    "message_sent": "Mail sent:",
    "message_delayed": "Mail delayed:",
    "message_unconfirmed": "Mail sent, nothing heard for three days:",
    "message_delivered": "Mail delivered:",
    "message_bounced": "Mail came back:",
    "message_failed": "Mail failed:",
    "message_held": "Mail held:",
    "message_cancelled": "Mail not sent:",
    "payment": "Payment received",
    "held_back": "Held back:",
    "task": "Task:",
    "hold_dispute": "Dispute",
    "hold_promise": "Promise to pay",
    "hold_pause": "Pause",
    "hold_plan": "Payment plan",
} | {f"evidence_{key}": words for key, words in RUNGS.items()}
VERDICTS = {"human": "by a person", "machine": "by a machine, not counted", "unknown": "by a person or a machine"}
ACTS = {
    "done": "Task done",
    "dropped": "Task dropped",
    "snoozed": "Task snoozed",
    "reopened": "Task taken up again",
    "hold.ended": "Hold ended",
    "dispute.opened": "Dispute opened",
    "promise.opened": "Promise recorded",
    "pause.opened": "Pause started",
    "plan.opened": "Payment plan started",
    "invoice.voided": "Invoice cancelled",
    "customer.given": "Customer handed over",
    "customer.corrected": "Customer corrected",
    "customer.contact_added": "Contact added",
    "customer.contact_retired": "Contact retired",
    "acknowledged": "Alert acknowledged",
    "resolved": "Alert resolved",
}


def words(key: str, table: dict[str, str]) -> str:
    """The label of a key; an unknown key is shown in plain words rather than not at all."""
    return table.get(key) or key.replace("_", " ").replace(".", " ").capitalize()


def toned(key: object, table: Mapping[Any, tuple[str, str]]) -> tuple[str, str]:
    """The label of a key and the tone of its badge."""
    return table.get(key) or (str(key).replace("_", " ").capitalize(), "")


def bucket(key: str) -> str:
    """What a bucket is called, also between edges that a client has set."""
    if key in BUCKETS:
        return BUCKETS[key]
    return f"More than {int(key[:-1]) - 1} days late" if key.endswith("+") else f"{key.replace('-', '–')} days late"
