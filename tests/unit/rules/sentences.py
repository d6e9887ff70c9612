"""What the thirteen rules say, word for word, as people agreed on them."""

from typing import Final

SENTENCES: Final[dict[str, str]] = {
    "unopened-key-account": (
        "Every business day at 09:00, for each invoice that is open, was delivered more than 3 business days ago, has"
        " not been seen by anyone yet, has EUR 1,000 or more left to pay and belongs to a customer in Key accounts or"
        " Strategic accounts: raise a normal alert for the customer’s specialist; give the customer’s specialist the "
        "task “Call to confirm the invoice arrived”, due in 1 business day. Once only. Held back while it is "
        "disputed, a promised date is still ahead, a payment plan is on track or contact is paused."
    ),
    "bounced": (
        "Every day at 07:00, and as soon as a delivery bounces, for each invoice that is open, could not be delivered"
        " and bounced in the last 30 days: give the customer’s specialist the task “Find a working billing address”, "
        "due in 1 business day; call the webhook “erp-contacts”. Not more often than every 5 business days, at most 2"
        " times. Runs even when contact is paused."
    ),
    "before-due-late-payers": (
        "Every business day at 08:30, for each invoice that is open, is due within the next 7 days and belongs to a "
        "customer who paid on average more than 3 days late in the last 12 months: send “Friendly note before the due"
        " date” to the billing contact in the name of the customer’s specialist, one message per customer listing all"
        " its matching invoices. Once only. Held back while it is disputed, a promised date is still ahead, a payment"
        " plan is on track or contact is paused."
    ),
    "first-reminder-small": (
        "Every business day at 08:30, for each invoice that is open, is at least 3 business days past due, has less "
        "than EUR 500 left to pay, has had no reminder and belongs to a customer not in Strategic accounts: send "
        "“First reminder” to the billing contact in the name of the customer’s specialist, one message per customer "
        "listing all its matching invoices. Once only. Held back while it is disputed, a promised date is still "
        "ahead, a payment plan is on track or contact is paused."
    ),
    "second-reminder": (
        "Every business day at 08:30, for each invoice that is open, is at least 15 days past due, was last reminded "
        "more than 7 business days ago, has had 1 to 3 reminders and had no reply in the last 7 business days: send "
        "“Second reminder, with ways to pay” to the billing contact in the name of the customer’s specialist, one "
        "message per customer listing all its matching invoices. Not more often than every 7 business days, at most 3"
        " times. Held back while it is disputed, a promised date is still ahead, a payment plan is on track or "
        "contact is paused."
    ),
    "big-invoice-personal-call": (
        "Every business day at 08:00, for each invoice that is open, is due within the next 14 days and either has "
        "EUR 25,000 or more left to pay or belongs to a customer in Strategic accounts: assign it to the senior pool;"
        " give the customer’s specialist the task “Ask how we can help before it is due”, due in 3 business days. "
        "Once only. Held back while it is disputed, a promised date is still ahead, a payment plan is on track or "
        "contact is paused."
    ),
    "broken-promise": (
        "Every business day at 08:00, for each invoice that is open and was promised for a date at least 1 business "
        "day ago: give the customer’s specialist the task “The promised date passed: call the customer”, due in 1 "
        "business day; move it to the stage “Broken promise”. Again each time it starts to match. Held back while it "
        "is disputed, a promised date is still ahead, a payment plan is on track or contact is paused."
    ),
    "dispute-opened": (
        "Every day at 06:00, and as soon as a dispute is opened, for each invoice that is open and was disputed in "
        "the last 2 days: pause all contact about this invoice for 10 business days; assign it to the dispute owner; "
        "give the client account manager the task “Your customer disputes this invoice”, due in 5 business days. Once"
        " only. Runs even when contact is paused."
    ),
    "escalate-with-approval": (
        "Every Monday at 09:00, for each customer that has an open invoice at least 60 days past due and owes EUR "
        "10,000 or more overdue: ask the client finance lead to approve “Send the formal letter” within 5 business "
        "days; if approved, send “Formal letter” to the billing contact in the name of the customer’s specialist and "
        "move it to the stage “Formal”. Not more often than every 30 days, at most 3 times. Held back while contact "
        "is paused."
    ),
    "rising-lateness-offer-plan": (
        "Every Tuesday at 09:00, for each customer that owes anything overdue and either has a predicted late-payment"
        " risk of 70% or more or has paid at least 10 days later on average in the last 90 days than in the last 12 "
        "months: give the customer’s specialist the task “Offer a payment plan”, due in 3 business days. Not more "
        "often than every 60 days, at most 2 times. Held back while contact is paused."
    ),
    "thank-on-time": (
        "On day 1 of every month at 10:00, for each customer that has paid 6 or more invoices in a row on time: send "
        "“Thank you for paying on time” to the billing contact in the name of the customer’s specialist. Not more "
        "often than every 180 days, at most 20 times. Held back while contact is paused."
    ),
    "seen-rate-drop": (
        "Every business day at 10:00, for each country that, over the last 7 days, had 50 or more invoices delivered "
        "and had less than 60% of them seen: raise a high alert for the tenant admins; raise a high alert for the "
        "team lead. Not more often than every 7 days, at most 50 times."
    ),
    "paper-to-email": (
        "On day 3 of every month at 09:00, for each customer that gets invoices by paper and is not in Paper "
        "required: give the customer’s specialist the task “Ask for a billing e-mail address”, due in 10 business "
        "days. Not more often than every 90 days, at most 4 times. Held back while contact is paused."
    ),
}
