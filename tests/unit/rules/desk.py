"""What lies on the desk of the rules tests: customers, invoices in every state, holds, and rules to run over them."""

from collections.abc import Sequence
from copy import deepcopy
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tenants import store
from tenants.rules import language, recipes, rule_book, running
from tenants.rules.running import Run
from tenants.rules.tree import Rule
from tenants.values import ids
from tests.cast import NOW, TODAY

CUSTOMER = """
INSERT INTO debtor (tenant_id, id, number, name, country, language, channel, known_at)
VALUES (:tenant, :id, :number, :name, :country, :language, :channel, :now)
"""
GROUP = "INSERT INTO debtor_group (tenant_id, debtor_id, key) VALUES (:tenant, :debtor, :key)"
CONTACT = """
INSERT INTO contact (tenant_id, id, debtor_id, email, known_at) VALUES (:tenant, :id, :debtor, :email, :now)
"""
INVOICE = """
INSERT INTO invoice (tenant_id, id, debtor_id, number, currency, amount_minor, issued_on, due_on, open_minor, known_at)
VALUES (:tenant, :id, :debtor, :number, :currency, :amount, :issued_on, :due_on, :amount, :now)
"""
HOLD = """
INSERT INTO hold (tenant_id, id, kind, debtor_id, invoice_id, starts_on, ends_on, actor, opened_at)
SELECT :tenant, :id, :kind, i.debtor_id, CASE WHEN :whole THEN NULL ELSE i.id END, :starts_on, :ends_on, 'Sofia', :now
FROM invoice i WHERE i.tenant_id = :tenant AND i.id = :invoice RETURNING id
"""

SPOIL = """
INSERT INTO rule_version SELECT tenant_id, rule_id, 2, '{}', sha256, sentence, made_by, made_at FROM rule_version
WHERE tenant_id = :tenant AND rule_id = :id RETURNING version
"""
"""A second version that is no rule."""


def days(count: int) -> timedelta:
    return timedelta(days=count)


def a_customer(
    name: str = "Kessler Bau", *, groups: Sequence[str] = ("key",), contact: bool = True, channel: str = "email"
) -> UUID:
    customer = ids.new()
    number = f"C-{customer.hex[-8:]}"
    named = {"country": "DE", "language": "de", "channel": channel}
    store.run(CUSTOMER, id=customer, number=number, name=name, now=NOW, **named)
    for key in groups:
        store.run(GROUP, debtor=customer, key=key)
    if contact:
        store.run(CONTACT, id=ids.new(), debtor=customer, email=f"bills@{number.lower()}.test", now=NOW)
    return customer


def a_bill(
    customer: UUID | None = None, *, amount: int = 431_000, currency: str = "EUR", late: int = -20, **columns: Any
) -> UUID:
    """An open invoice that was delivered eight days ago and seen by nobody; it is due in twenty days."""
    invoice = ids.new()
    due_on = TODAY - days(late)
    store.run(
        INVOICE,
        id=invoice,
        debtor=customer or a_customer(),
        number=f"A-{invoice.hex[-8:]}",
        currency=currency,
        amount=amount,
        issued_on=min(due_on, TODAY) - days(30),
        due_on=due_on,
        now=NOW,
    )
    change(invoice, **{"delivery": "delivered", "delivered_at": NOW - days(8)} | columns)
    return invoice


def change(invoice: UUID, **columns: Any) -> None:
    wanted = ", ".join(f"{name} = :{name}" for name in columns)
    store.run(f"UPDATE invoice SET {wanted} WHERE tenant_id = :tenant AND id = :id", id=invoice, **columns)


def pay(invoice: UUID) -> None:
    change(invoice, open_minor=0, settled_on=TODAY)


def hold(
    invoice: UUID, kind: str, *, whole: bool = False, ends_on: date | None = None, starts_on: date = TODAY
) -> UUID:
    values = {"kind": kind, "invoice": invoice, "whole": whole, "starts_on": starts_on, "ends_on": ends_on}
    return store.run(HOLD, id=ids.new(), now=NOW, **values).scalar_one()


def document(*conditions: dict[str, Any], about: str = "invoice", **over: Any) -> dict[str, Any]:
    """A rule that alerts; by default about every open invoice."""
    told = "team lead" if about == "segment" else "specialist"
    return {
        "key": "a-rule",
        "about": about,
        "when": {"every": "business_day", "at": "09:00"},
        "if": {"all": list(conditions) or [DELIVERED if about == "segment" else OPEN]},
        "then": [{"do": "alert", "severity": "normal", "to": told}],
        "again": {"never": True},
    } | deepcopy(over)


OPEN = {"field": "invoice.status", "op": "eq", "value": "open"}
DELIVERED = {"field": "segment.delivered", "op": "gte", "value": 1}
SEND = {"do": "send", "template": "First reminder", "to": "billing contact", "as": "specialist", "bundle": "customer"}
PAUSE = {"do": "pause", "what": "invoice", "for": {"business_days": 10}}
ASK = {
    "do": "approve",
    "from": "client finance lead",
    "title": "Send the formal letter",
    "within": {"business_days": 5},
    "then": [{**SEND, "template": "Formal letter"}, {"do": "stage", "to": "Formal"}],
}
TASK = {"do": "task", "to": "specialist", "title": "Call them", "due": {"business_days": 1}}


def a_rule(*conditions: dict[str, Any], **over: Any) -> Rule:
    return language.read(document(*conditions, **over))


def go_live(source: str | dict[str, Any]) -> UUID:
    """Publish a recipe by its key, or a document as if a colleague had written it."""
    if isinstance(source, str):
        return rule_book.install(source, now=NOW).id
    rule_book.save(source, now=NOW, worded_by="a colleague")
    return rule_book.publish(source["key"], now=NOW).id


def run(rule: UUID, *, on: date = TODAY, now: datetime = NOW, invoices: Sequence[UUID] | None = None) -> Run | None:
    return running.run(rule, occurrence=str(on), now=now, real=now, invoice_ids=invoices)


def ran(rule: UUID, **how: Any) -> Run:
    done = run(rule, **how)
    assert done is not None and not done.fault, done
    return done


def rows(table: str, columns: str = "*") -> list[Any]:
    return list(store.run(f"SELECT {columns} FROM {table} WHERE tenant_id = :tenant").all())


def recipe(key: str) -> dict[str, Any]:
    return recipes.find(key)
