"""The form by which a person says whose money a line is: customers, what each pays, and what stays on account.

What was typed is kept as text, so that the form comes back as it was, with its sums, whatever is wrong in it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, pre_load, validate

from service.fields import Ref
from service.pages.shown import money
from tenants.cash import queue
from tenants.cash.deciding import BadSplit, Share
from tenants.cash.evidence import Part
from tenants.cash.queue import Line
from tenants.ledger import debtors, registers
from tenants.values import ids
from tenants.values.money import BadAmount, Money

FOUND = 8
MOST = 20
_TYPED = re.compile(r"(part|reason)_(inv_[0-9a-v]{26})|(account)_(deb_[0-9a-v]{26})")


class Division(Schema):
    """Customers of a line with what was typed for each; `change` names the step, when it is not booked yet."""

    customers = fields.List(Ref("deb"), data_key="customer", load_default=list, validate=validate.Length(max=MOST))
    parts = fields.Dict(keys=Ref("inv"), values=fields.String(validate=validate.Length(max=40)), load_default=dict)
    reasons = fields.Dict(keys=Ref("inv"), values=fields.String(validate=validate.Length(max=3)), load_default=dict)
    accounts = fields.Dict(keys=Ref("deb"), values=fields.String(validate=validate.Length(max=40)), load_default=dict)
    rest = Ref("deb", load_default=None)
    find = fields.String(load_default="", validate=validate.Length(max=80))
    change = fields.String(load_default="find", validate=validate.Regexp(r"(find|(add|drop):deb_[0-9a-v]{26})\Z"))

    @pre_load
    def gather(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """A form has a field for each amount; together they are three tables."""
        told: dict[str, Any] = {"parts": {}, "reasons": {}, "accounts": {}}
        for name, value in data.items():
            typed = _TYPED.fullmatch(name)
            if typed is None:
                told[name] = value
            elif value:
                told[f"{typed[1] or typed[3]}s"][typed[2] or typed[4]] = value
        named = told.get("customer", [])
        return told | {"customer": named if isinstance(named, list) else [named]}


@dataclass(frozen=True, slots=True)
class Slot:
    """One customer of the form, with the open invoices and what the typed amounts come to."""

    id: UUID
    name: str
    number: str
    items: Sequence[Any]
    parts: Sequence[Part]
    kept_minor: int
    """What was said to stay on account."""

    @property
    def minor(self) -> int:
        """What was typed for this customer, altogether."""
        return self.kept_minor + sum(part.minor for part in self.parts)


@dataclass(frozen=True, slots=True)
class Form:
    """The form as it stands: its texts, its sums, and what is wrong."""

    line: Line
    slots: Sequence[Slot]
    parts: Mapping[UUID, str]
    reasons: Mapping[UUID, str]
    accounts: Mapping[UUID, str]
    rest: UUID | None
    """Whose account what is left over stays on."""
    faults: Sequence[str]
    find: str = ""
    found: Sequence[Any] = field(default_factory=tuple)
    is_changed: bool = False

    @property
    def left_minor(self) -> int:
        """What of the line nobody was given; below nothing when too much was."""
        return self.line.amount_minor - sum(slot.minor for slot in self.slots)

    def worth(self, slot: Slot) -> int:
        """What would be booked for a customer: what was typed, and what is left over where it stays there."""
        return slot.minor + (max(self.left_minor, 0) if slot.id == self.rest else 0)

    def shares(self) -> list[Share]:
        """What to book; a customer who gets nothing is left out. Raises BadSplit with the first thing that is wrong."""
        if self.faults:
            raise BadSplit(self.faults[0])
        return [Share(slot.id, self.worth(slot), slot.parts) for slot in self.slots if self.worth(slot)]


def proposed(line: Line) -> Form:
    """The form as the machine would fill it."""
    texts = {part.invoice_id: Money(part.minor, line.currency).as_text() for part in line.parts if part.minor}
    reasons = {part.invoice_id: part.reason for part in line.parts}
    chosen = [line.debtor_id] if line.debtor_id else []
    return _form(line, {"customers": chosen, "parts": texts, "reasons": reasons, "accounts": {}, "rest": None})


def typed(line: Line, body: dict[str, Any]) -> Form:
    """The form as a person filled it, a customer more or less if they asked. A name that fits one customer adds it."""
    step, _, shown = body["change"].partition(":")
    customers, find = list(dict.fromkeys(body["customers"])), body["find"].strip()
    found: Sequence[Any] = ()
    if step == "drop":
        customers = [each for each in customers if each != ids.read("deb", shown)]
    elif step == "add":
        customers, find = [*customers, ids.read("deb", shown)], ""
    elif find:
        found = registers.debtors(words=find, limit=FOUND).rows
        if len(found) == 1:
            customers, find, found = [*customers, found[0]["id"]], "", ()
    if len(customers) > MOST:
        raise BadSplit(f"A line is split over at most {MOST} customers.", remedy="Take one out first.")
    form = _form(line, body | {"customers": list(dict.fromkeys(customers))}, forgets=step == "drop")
    return replace(form, find=find, found=found, is_changed=True)


def _form(line: Line, said: Mapping[str, Any], *, forgets: bool = False) -> Form:
    faults: list[str] = []
    slots = [_slot(each, line, said, faults) for each in said["customers"]]
    shown = {item.id for slot in slots for item in slot.items}
    if not forgets and any(key not in shown for key in said["parts"]):
        faults.append("An invoice that was to be paid is not open any more.")
    chosen = [slot.id for slot in slots]
    rest = said["rest"] if said["rest"] in chosen else next(iter(chosen), None)
    form = Form(line, slots, said["parts"], said["reasons"], said["accounts"], rest, faults)
    if form.left_minor < 0:
        faults.append(f"This is {money(-form.left_minor, line.currency)} more than the line is worth.")
    return form


def _slot(debtor_id: UUID, line: Line, said: Mapping[str, Any], faults: list[str]) -> Slot:
    card = debtors.card(debtor_id)
    items = queue.open_items(debtor_id, currency=line.currency, first=list(said["parts"]))
    kept = _minor(said["accounts"].get(debtor_id, ""), line.currency, f"on account of {card.name}", faults)
    return Slot(card.id, card.name, card.number, items, list(_parts(items, said, faults)), kept)


def _parts(items: Sequence[Any], said: Mapping[str, Any], faults: list[str]) -> Iterator[Part]:
    """What the form says for each invoice; a reason makes what stays open of the invoice a deduction."""
    for item in items:
        minor = _minor(said["parts"].get(item.id, ""), item.currency, f"for {item.number}", faults)
        if minor > item.open_minor:
            faults.append(f"Of {item.number} only {money(item.open_minor, item.currency)} is open.")
        if minor:
            reason = said["reasons"].get(item.id, "")
            short = max(item.open_minor - minor, 0) if reason else 0
            yield Part(item.id, "", minor, short, reason if short else "")


def _minor(text: str, currency: str, where: str, faults: list[str]) -> int:
    if not text.strip():
        return 0
    try:
        minor = Money.parse(text.replace(",", ""), currency).minor
    except BadAmount:
        minor = -1
    if minor < 0:
        faults.append(f"“{text}” {where} is not an amount: write it as 1234.50.")
    return max(minor, 0)
