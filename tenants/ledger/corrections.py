"""Decides what a person may correct about a customer by hand: name, address, terms, groups, and who is written to.

Each correction is one line of the history. What a later file of customers says counts again from then on.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from tenants import store
from tenants.events import history
from tenants.ledger import contacts, debtors
from tenants.ledger.contacts import UnknownContact
from tenants.values import ids
from tenants.values.faults import Refusal

FIELDS = ("name", "country", "language", "address", "terms_days", "time_zone")
MOST_DAYS = 365
CHANGE = """
UPDATE debtor SET name = :name, country = :country, language = :language, address = :address, terms_days = :terms_days,
  time_zone = :time_zone WHERE tenant_id = :tenant AND id = :debtor_id
"""


class BadCard(Refusal):
    """What is said of a customer cannot be so."""

    code = "bad_customer"
    remedy = "Correct the field, or leave it empty where it is not known."


def change(debtor_id: UUID, said: Mapping[str, Any], *, groups: Iterable[str] | None, now: datetime) -> None:
    """Keep a customer's card as somebody writes it; what is not said, or None for the groups, stays as it is.

    Raises UnknownDebtor, BadCard.
    """
    card = debtors.card(debtor_id)
    was = {name: getattr(card, name) for name in FIELDS}
    wanted = {**was, **{name: said[name] for name in FIELDS if name in said}}
    wanted |= {"name": wanted["name"].strip(), "address": _in_lines(wanted["address"])}
    _check(wanted)
    joined = {key.strip() for key in (card.groups if groups is None else groups)} - {""}
    store.run(CHANGE, debtor_id=debtor_id, **wanted)
    for key in sorted(joined - set(card.groups)):
        debtors.join(debtor_id, key=key)
    for key in sorted(set(card.groups) - joined):
        debtors.leave(debtor_id, key=key)
    was |= {"groups": sorted(card.groups)}
    wanted |= {"groups": sorted(joined)}
    changed = [name for name in wanted if wanted[name] != was[name]]
    if changed:
        _remember(
            "customer.corrected",
            debtor_id,
            now,
            was={name: _told(name, was[name], card.consumer) for name in changed},
            became={name: _told(name, wanted[name], card.consumer) for name in changed},
        )


def add_contact(
    debtor_id: UUID, *, email: str, now: datetime, name: str = "", role: str = "billing", language: str = "en"
) -> UUID:
    """Write to one more address of a customer, or again to one that was retired. Raises UnknownDebtor, BadAddress."""
    debtors.card(debtor_id)
    added = contacts.add(debtor_id, email=email, now=now, name=name, role=role, language=language)
    _remember("customer.contact_added", debtor_id, now, became={"contact": ids.show(contacts.PREFIX, added)})
    return added


def retire_contact(contact_id: UUID, *, of: UUID | None = None, now: datetime) -> None:
    """Write to an address no more. Raises UnknownContact, also for a contact of another customer than that named."""
    debtor_id = contacts.debtor_of(contact_id)
    if of not in (None, debtor_id):
        raise UnknownContact("There is no such contact.")
    contacts.retire(contact_id)
    _remember("customer.contact_retired", debtor_id, now, was={"contact": ids.show(contacts.PREFIX, contact_id)})


def _check(said: Mapping[str, Any]) -> None:
    if not said["name"]:
        raise BadCard("A customer has a name.", pointer="/name")
    if said["terms_days"] is not None and not 0 <= said["terms_days"] <= MOST_DAYS:
        raise BadCard(f"Payment terms are 0 to {MOST_DAYS} days.", pointer="/terms_days")
    if said["time_zone"] is not None and said["time_zone"] not in available_timezones():
        raise BadCard(f"“{said['time_zone'][:40]}” is no time zone.", pointer="/time_zone")


def _in_lines(address: str) -> str:
    return "\n".join(line.strip() for line in address.strip().splitlines())


def _told(name: str, value: Any, consumer: bool) -> Any:
    """The history is never erased, so it does not repeat where a private person lives or is called."""
    return "changed" if consumer and name in ("name", "address") else value


def _remember(
    act: str,
    debtor_id: UUID,
    now: datetime,
    *,
    was: dict[str, Any] | None = None,
    became: dict[str, Any] | None = None,
) -> None:
    history.note(act, about=("debtor", debtor_id), at=now, was=was, became=became)
