"""Decides which rows an example of a rule stands for: one customer, perhaps one invoice, with its groups, address and
holds, all named as in conditions."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tenants import store
from tenants.rules.faults import Ledger, keys
from tenants.rules.fields import HOLDS, LEVELS
from tenants.values import ids
from tenants.values.faults import Refusal
from tenants.values.money import Money

DAYS = {"due_date": "due_on", "issued_on": "issued_on", "settled_on": "settled_on"}
INSTANTS = (
    "delivered_at",
    "bounced_at",
    "first_seen_at",
    "last_reminder_at",
    "last_contact_at",
    "last_reply_at",
)
AMOUNTS = {"open_amount": "open_minor", "amount": "amount_minor"}
DELIVERY = ("none", "queued", "sent", "delayed", "delivered", "bounced", "failed")
OF_INVOICE = (*AMOUNTS, *DAYS, *INSTANTS, "delivery", "evidence_level", "reminder_count", "purchase_order")
OF_CUSTOMER = ("country", "language", "delivery_channel", "groups", "address")
CUSTOMER = """
INSERT INTO debtor (tenant_id, id, number, name, country, language, channel, known_at)
VALUES (:tenant, :id, :number, 'Example', :country, :language, :channel, :now)
"""
GROUP = "INSERT INTO debtor_group (tenant_id, debtor_id, key) VALUES (:tenant, :debtor, :key)"
CONTACT = """
INSERT INTO contact (tenant_id, id, debtor_id, email, known_at)
VALUES (:tenant, :id, :debtor, 'example@example.com', :now)
"""
INVOICE = """
INSERT INTO invoice (tenant_id, id, debtor_id, number, currency, amount_minor, open_minor, issued_on, due_on,
  settled_on, purchase_order, delivery, delivered_at, bounced_at, first_seen_at, evidence_level, reminder_count,
  last_reminder_at, last_contact_at, last_reply_at, known_at)
VALUES (:tenant, :id, :debtor, :number, :currency, :amount_minor, :open_minor, :issued_on, :due_on, :settled_on,
  :purchase_order, :delivery, :delivered_at, :bounced_at, :first_seen_at, :evidence_level, :reminder_count,
  :last_reminder_at, :last_contact_at, :last_reply_at, :now)
"""
HOLD = """
INSERT INTO hold (tenant_id, id, kind, debtor_id, invoice_id, starts_on, ends_on, actor, opened_at)
VALUES (:tenant, :id, :kind, :debtor, :invoice, :on, :until, 'example', :now)
"""


@dataclass(frozen=True, slots=True)
class Rows:
    """What is written for one example."""

    subject_id: UUID
    debtor_id: UUID
    customer: dict[str, Any]
    groups: tuple[str, ...]
    address: bool
    invoice: dict[str, Any] | None
    holds: tuple[str, ...] = field(default=())

    def write(self, at: datetime) -> None:
        """Write the rows into the open transaction."""
        number = f"example-{self.debtor_id}"
        store.run(CUSTOMER, id=self.debtor_id, number=number, now=at, **self.customer)
        for key in self.groups:
            store.run(GROUP, debtor=self.debtor_id, key=key)
        if self.address:
            store.run(CONTACT, id=ids.new(), debtor=self.debtor_id, now=at)
        if self.invoice is not None:
            store.run(INVOICE, id=self.subject_id, debtor=self.debtor_id, number=number, now=at, **self.invoice)
        on = at.date() - timedelta(days=1)
        for kind in self.holds:
            about = {"debtor": self.debtor_id, "invoice": self.subject_id if self.invoice is not None else None}
            until = on + timedelta(days=30)
            store.run(HOLD, id=ids.new(), kind=HOLDS[kind][0], on=on, until=until, now=at, **about)


def written(given: Any, *, about: str, at: datetime, faults: Ledger) -> Rows | None:
    """Read what is given; None where it makes no sense, and then the faults say why."""
    if not isinstance(given, dict) or about == "segment":
        faults.add("/given", "An example gives an invoice or a customer.", 'Write {"invoice": {…}, "customer": {…}}.')
        return None
    keys(given, "/given", required=(), optional=("invoice", "customer", "holds"), faults=faults)
    person, bill, held = given.get("customer", {}), given.get("invoice", {}), given.get("holds", [])
    if not isinstance(person, dict) or not isinstance(bill, dict) or not isinstance(held, list):
        faults.add("/given", "Customer and invoice are objects, holds a list.", "Write {} where there is nothing.")
        return None
    keys(person, "/given/customer", required=(), optional=OF_CUSTOMER, faults=faults)
    keys(bill, "/given/invoice", required=(), optional=OF_INVOICE if about == "invoice" else (), faults=faults)
    for n, kind in enumerate(held):
        if kind not in HOLDS:
            faults.add(f"/given/holds/{n}", "There is no such hold.", f"Use one of: {', '.join(HOLDS)}.")
    groups = person.get("groups", [])
    if not isinstance(groups, list) or not all(isinstance(each, str) for each in groups):
        faults.add("/given/customer/groups", "Groups are a list of keys.", 'Write ["key"].')
        return None
    values = _invoice(bill, at, faults) if about == "invoice" else None
    if faults.faults:
        return None
    return Rows(
        ids.new() if about == "invoice" else (debtor := ids.new()),
        ids.new() if about == "invoice" else debtor,
        {
            "country": str(person.get("country", "")),
            "language": str(person.get("language", "en")),
            "channel": str(person.get("delivery_channel", "email")),
        },
        tuple(dict.fromkeys(groups)),
        bool(person.get("address", True)),
        values,
        tuple(held),
    )


def _invoice(bill: dict[str, Any], at: datetime, faults: Ledger) -> dict[str, Any]:
    values: dict[str, Any] = dict.fromkeys((*INSTANTS, "settled_on"))
    values |= {"issued_on": at.date() - timedelta(days=30), "due_on": at.date(), "purchase_order": ""}
    values |= {"delivery": "delivered", "evidence_level": 2, "reminder_count": 0}
    values |= {"currency": "EUR", "amount_minor": 100_00, "open_minor": 100_00}
    for name, raw in bill.items():
        try:
            values |= _value(name, raw)
        except (ValueError, TypeError, KeyError, Refusal):
            faults.add(f"/given/invoice/{name}", "This value cannot be read.", "Write it as in a condition.")
    values["amount_minor"] = max(values["amount_minor"], values["open_minor"])
    return values


def _value(name: str, raw: Any) -> dict[str, Any]:
    if name in AMOUNTS:
        amount = Money.parse(raw["amount"], raw["currency"])
        return {AMOUNTS[name]: amount.minor, "currency": amount.currency}
    if name in DAYS:
        return {DAYS[name]: date.fromisoformat(raw)}
    if name in INSTANTS:
        instant = datetime.fromisoformat(raw)
        if instant.tzinfo is None:
            raise ValueError("an instant needs a zone")
        return {name: instant}
    if name == "evidence_level":
        return {name: LEVELS[raw]}
    if name == "reminder_count":
        return {name: int(raw)}
    if name == "delivery" and raw not in DELIVERY:
        raise ValueError(raw)
    return {name: str(raw)}
