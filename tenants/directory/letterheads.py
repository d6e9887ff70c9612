"""Decides what a client says of itself on its letters and invoices: who writes, from where, and where to pay.

Where to pay is what swindlers want to change: the account is checked digit by digit, kept sealed, shown in the history
by its ends only, and every admin of the client gets a letter about a change.
"""

import re
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from stdnum import iban
from stdnum.exceptions import ValidationError

from tenants import store
from tenants.directory import clients, letters, memberships, people
from tenants.directory.clients import BadClient, Profile
from tenants.events import history
from tenants.isolation import scope

OF_TENANT = ("legal_name", "language")
"""What every part of the program reads of a client."""
ADMIN = "tenant_admin"
LIKE_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{6,}", re.ASCII)
BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", re.ASCII)
COLOUR = re.compile(r"#[0-9a-f]{6}", re.ASCII)
WITH_IBAN = frozenset(
    ("AD", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GI", "GR", "HR", "HU", "IE")
    + ("IS", "IT", "LI", "LT", "LU", "LV", "MC", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK", "SM", "VA")
)
"""Where payments need one; elsewhere an account is whatever its bank calls it."""


RENAME = "UPDATE tenant SET legal_name = :legal_name, language = :language WHERE id = :tenant"


def change(*, now: datetime, real: datetime, **parts: str) -> Profile:
    """Change some parts of the current client's letterhead; what is not named stays. Raises BadClient.

    A change of the account queues a letter to each admin; letters leave by the wall's own time.
    """
    clients.queue_up()
    was = clients.profile()
    wanted = {name: _clean(name, said, country=was.country) for name, said in parts.items()}
    before = asdict(was)
    changed = {name: said for name, said in wanted.items() if before[name] != said}
    if not changed:
        return was
    if of_profile := {name: said for name, said in changed.items() if name not in OF_TENANT}:
        clients.change(**of_profile)
    if of_profile.keys() < changed.keys():
        store.run(RENAME, **{name: changed.get(name, before[name]) for name in OF_TENANT})
    shown = {name: _shown(name, said) for name, said in changed.items()}
    told = {name: _shown(name, before[name]) for name in changed}
    history.note("letterhead.changed", about=("client", was.tenant_id), at=now, was=told, became=shown)
    if {"iban", "bic"} & changed.keys():
        _tell_admins(was, account=clients.profile().iban, now=real)
    return clients.profile()


def masked(account: str) -> str:
    """An account by its ends: enough to know it again, too little to use it."""
    plain = account.replace(" ", "")
    return f"{plain[:4]}…{plain[-4:]}" if len(plain) > 8 else plain


def _clean(name: str, said: str, *, country: str) -> str:
    """What was said, as it is kept. Raises BadClient."""
    text = said.strip()
    if name == "legal_name":
        text = " ".join(text.split())
        _require(text, "A client has a name.", "/legal_name")
    if name == "iban" and text:
        return _account(text, country=country)
    if name == "bic" and text:
        text = text.upper().replace(" ", "")
        _require(BIC.fullmatch(text), "This is no BIC: it has 8 or 11 letters and digits.", "/bic")
    if name == "accent":
        text = text.lower()
        _require(COLOUR.fullmatch(text), "A colour is written like #1f4e5f.", "/accent")
    return text


def _account(text: str, *, country: str) -> str:
    plain = re.sub(r"[\s-]", "", text).upper()
    if country not in WITH_IBAN and not LIKE_IBAN.fullmatch(plain):
        return text
    try:
        return str(iban.validate(plain))
    except ValidationError:
        raise BadClient("This is no IBAN: a digit is wrong or missing.", pointer="/iban") from None


def _require(fits: Any, fault: str, pointer: str) -> None:
    if not fits:
        raise BadClient(fault, pointer=pointer)


def _shown(name: str, said: str) -> str:
    return masked(said) if name == "iban" else said


def _tell_admins(client: Profile, *, account: str, now: datetime) -> None:
    kind, _, name = scope.current().actor.partition(":")
    changer = people.of_id(UUID(name)) if kind == "person" else None
    for each in memberships.live(now=now):
        if each.role == ADMIN:
            letters.queue(
                letters.ACCOUNT,
                email=each.person_email,
                now=now,
                where=client.legal_name,
                account=masked(account),
                by=changer.name if changer else "",
            )
