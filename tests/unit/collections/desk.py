"""What lies on the desk of the collections tests: customers, delivered invoices, and messages about to leave."""

from datetime import date, datetime, timedelta
from uuid import UUID

from tenants import store
from tenants.values import ids
from tests.cast import NOW, TODAY

CUSTOMER = """
INSERT INTO debtor (tenant_id, id, number, name, country, time_zone, known_at)
VALUES (:tenant, :id, :number, :name, :country, :zone, :now)
"""
CONTACT = """
INSERT INTO contact (tenant_id, id, debtor_id, email, known_at) VALUES (:tenant, :id, :debtor, :email, :now)
ON CONFLICT (tenant_id, debtor_id, email) DO UPDATE SET known_at = excluded.known_at RETURNING id
"""
INVOICE = """
INSERT INTO invoice (tenant_id, id, debtor_id, number, currency, amount_minor, issued_on, due_on, open_minor,
  settled_on, known_at, delivery, delivered_at, evidence_level)
VALUES (:tenant, :id, :debtor, :number, :currency, :amount, :issued_on, :due_on, :open, :settled_on,
  :now, :delivery, :now, :level)
"""
MESSAGE = """
INSERT INTO message (tenant_id, id, debtor_id, contact_id, step_key, kind, recipient, template, rule_key, state,
  queued_at, sent_at)
VALUES (:tenant, :id, :debtor, :contact, :step, :kind, :recipient, 'reminder', :rule, :state, :queued_at, :sent_at)
"""
ITEM = """
INSERT INTO message_item (tenant_id, message_id, invoice_id, debtor_id) VALUES (:tenant, :message, :invoice, :debtor)
"""


def a_customer(name: str = "Kessler Bau", *, country: str = "DE", zone: str | None = None) -> UUID:
    customer = ids.new()
    store.run(CUSTOMER, id=customer, number=f"C-{customer.hex[-8:]}", name=name, country=country, zone=zone, now=NOW)
    return customer


def a_delivered_invoice(
    customer: UUID,
    *,
    amount: int = 120_000,
    currency: str = "EUR",
    overdue: int = 10,
    open_minor: int | None = None,
    delivery: str = "delivered",
    level: int = 2,
    today: date = TODAY,
    **columns: object,
) -> UUID:
    invoice = ids.new()
    due_on = today - timedelta(days=overdue)
    store.run(
        INVOICE,
        id=invoice,
        debtor=customer,
        number=f"A-{invoice.hex[-8:]}",
        currency=currency,
        amount=amount,
        issued_on=due_on - timedelta(days=30),
        due_on=due_on,
        open=amount if open_minor is None else open_minor,
        settled_on=today if open_minor == 0 else None,
        now=NOW - timedelta(days=30),
        delivery=delivery,
        level=level,
    )
    if columns:
        change(invoice, **columns)
    return invoice


def change(invoice: UUID, **columns: object) -> None:
    wanted = ", ".join(f"{name} = :{name}" for name in columns)
    store.run(f"UPDATE invoice SET {wanted} WHERE tenant_id = :tenant AND id = :id", id=invoice, **columns)


def pay(invoice: UUID) -> None:
    change(invoice, open_minor=0, settled_on=TODAY)


def a_message(
    customer: UUID,
    *invoices: UUID,
    kind: str = "reminder",
    state: str = "queued",
    rule: str = "overdue-reminder",
    recipient: str = "billing@kessler.test",
    queued_at: datetime = NOW,
    sent_at: datetime | None = None,
) -> UUID:
    message = ids.new()
    contact = store.run(CONTACT, id=ids.new(), debtor=customer, email=recipient, now=NOW).scalar_one()
    store.run(
        MESSAGE,
        id=message,
        debtor=customer,
        contact=contact,
        step=f"rule:{rule}:{message.hex}",
        kind=kind,
        recipient=recipient,
        rule=rule if kind == "reminder" else "",
        state=state,
        queued_at=queued_at,
        sent_at=sent_at,
    )
    for invoice in invoices:
        store.run(ITEM, message=message, invoice=invoice, debtor=customer)
    return message


def items_of(message: UUID) -> set[UUID]:
    sql = "SELECT invoice_id FROM message_item WHERE tenant_id = :tenant AND message_id = :message"
    return set(store.run(sql, message=message).scalars())


def held_reasons() -> dict[str, int]:
    sql = "SELECT reason, sum(times) FROM held_action WHERE tenant_id = :tenant GROUP BY reason"
    return {reason: int(times) for reason, times in store.run(sql)}
