"""The history in words: what an act is called, and what stood before and after, as people read it."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from markupsafe import Markup

from service.pages import shown
from service.pages.people import ROLES

CALLED = {
    "assigned": "Task assigned",
    "confirmed": "Receipt confirmed",
    "done": "Task done",
    "reopened": "Task reopened",
    "snoozed": "Task put off",
    "membership.given": "Role given",
    "membership.ended": "Role ended",
    "letterhead.changed": "Letterhead changed",
    "client.opened": "Client opened",
    "client.admin_invited": "Admin of a client invited",
    "client.closing_asked": "Closing of a client asked for",
    "client.closing_refused": "Closing of a client refused",
    "colleague.changed": "Administrator made, or no longer",
    "second_factor.taken_away": "Second factors taken away",
    "sign_in.insisted": "Company sign-in insisted on, or no longer",
    "sign_in.ruled": "Second factor decided",
    "api_client.made": "API client made",
    "api_client.revoked": "API client ended",
    "api_client.secret_renewed": "New secret for an API client",
    "api_client.keys_replaced": "New keys for an API client",
    "connection.added": "Identity provider connected",
    "connection.changed": "Identity provider opened or shut",
    "rule.live": "Rule in force",
    "mail.file_taken": "File of a mail saved",
    "mail.sorted": "Mail tied to an invoice",
    "debtor.changed": "Customer changed",
    "debtor.changed_by_file": "Customer changed by a file",
}
"""Where the words of the act itself do not say it well."""
KINDS = {"debtor": "customer", "access_grant": "visit", "api_client": "API client", "tenant": "client"}
UUID_LIKE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-([0-9a-f]{12})")
DAY_LIKE = re.compile(r"\d{4}-\d{2}-\d{2}")
INSTANT_LIKE = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})")
COMMA = Markup(", ")
UNTOLD = ("id", "debtor_id", "invoice_id", "person_id")
"""The object beside it says the same."""


def called(act: str) -> str:
    """An act in words."""
    return CALLED.get(act) or act.replace(".", " ").replace("_", " ").capitalize()


def kind(of: str) -> str:
    """A kind of object in words."""
    return KINDS.get(of) or of.replace("_", " ")


def told(said: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """What stood there, name and value, without what says nothing."""
    for name, value in (said or {}).items():
        if value not in (None, "", [], {}) and name not in UNTOLD:
            yield name.removesuffix("_minor").replace("_", " "), _value(name, value)


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return COMMA.join(Markup("{} {}").format(key, _value(str(key), each)) for key, each in value.items())
    if isinstance(value, list | tuple):
        return COMMA.join(_value(name, each) for each in value)
    text = str(value)
    if name == "role":
        return ROLES.get(text, text.replace("_", " "))
    if INSTANT_LIKE.fullmatch(text):
        return shown.instant(datetime.fromisoformat(text))
    if DAY_LIKE.fullmatch(text):
        return shown.day(date.fromisoformat(text))
    return UUID_LIKE.sub(lambda found: f"…{found[1][-6:]}", text)
