"""Decides what we write to a person about signing in: an invitation, a way to a new password, that a password changed.

A letter is kept first and sent once, by whoever is at the door. What is kept names an address and no secret: the
one-time link is made when the letter leaves and is known to nobody but its reader. A letter for an address that we do
not know is kept and dropped the same way, so that asking for one tells nothing.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import connections, people, steps
from tenants.directory.people import IDENTITY, Known
from tenants.store import IdentityOwned, Model
from tenants.values import ids

INVITATION, NEW_PASSWORD, CHANGED, COPIED = "invitation", "new password", "password changed", "key copied"
ACCOUNT, FACTOR = "bank account changed", "second factor changed"
CLOSED, REOPENED = "client closed", "client reopened"
WAITS = {INVITATION: timedelta(days=7), NEW_PASSWORD: timedelta(minutes=30)}
SELDOM = timedelta(minutes=5)
"""However often somebody asks, an address gets one letter of a kind in this time."""
KEPT_FOR = timedelta(days=30)


class PersonLetter(IdentityOwned, Model):
    """One letter that waits to be sent, or was."""

    __tablename__ = "letter"
    __table_args__ = (
        Index("ix_letter_queued", "queued_at", postgresql_where=text("state = 'queued'")),
        IDENTITY,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    purpose: Mapped[str]
    said: Mapped[dict[str, Any]]
    state: Mapped[str]
    queued_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    detail: Mapped[str] = mapped_column(server_default="")


@dataclass(frozen=True, slots=True)
class Leaving:
    """One letter that is about to leave."""

    id: UUID
    email: str
    name: str
    subject: str
    words: str


QUEUE = """
INSERT INTO identity.letter (id, email, purpose, said, state, queued_at)
VALUES (:id, :email, :purpose, CAST(:said AS jsonb), 'queued', :now)
"""
CLAIM = """
UPDATE identity.letter SET state = 'sending' WHERE state = 'queued' AND id =
  (SELECT id FROM identity.letter WHERE state = 'queued' ORDER BY queued_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, email, purpose, said
"""
LATELY = """
SELECT EXISTS (SELECT FROM identity.letter
  WHERE email = :email AND purpose = :purpose AND state = 'sent' AND ended_at > :since)
"""
SETTLE = "UPDATE identity.letter SET state = :state, detail = :detail, ended_at = :now WHERE id = :id"
DROP = "DELETE FROM identity.letter WHERE id = :id"
PURGE = "DELETE FROM identity.letter WHERE queued_at < :before AND state <> 'queued'"


def queue(purpose: str, *, email: str, now: datetime, **said: str) -> None:
    """Keep a letter to be sent; `said` is what it names, never a secret."""
    address = email.strip().lower()
    store.run_identity(QUEUE, id=ids.new(), email=address, purpose=purpose, said=json.dumps(said), now=now)


def claim(*, now: datetime, public_url: str) -> Leaving | None:
    """Write down that the next letter is about to leave, and make its link; None when no letter waits."""
    store.run_identity(PURGE, before=now - KEPT_FOR)
    while (row := store.run_identity(CLAIM).one_or_none()) is not None:
        known = people.find(row.email)
        repeats = (
            row.purpose == NEW_PASSWORD
            and store.run_identity(LATELY, email=row.email, purpose=row.purpose, since=now - SELDOM).scalar_one()
        )
        if known is not None and known.disabled_at is None and not repeats:
            subject, words = _worded(known, row.purpose, row.said, now=now, home=public_url.rstrip("/"))
            return Leaving(row.id, row.email, known.name, subject, words)
        store.run_identity(DROP, id=row.id)
    return None


def settle(letter: Leaving, *, sent: bool, detail: str, now: datetime) -> None:
    """Write down how it ended. A doubtful end counts as sent: who misses a letter asks for another."""
    state = "sent" if sent else "failed"
    store.run_identity(SETTLE, id=letter.id, state=state, detail=detail[:300], now=now)


def _worded(person: Known, purpose: str, said: dict[str, str], *, now: datetime, home: str) -> tuple[str, str]:
    """The subject and the words."""
    if purpose == CHANGED:
        return "Your password was changed", (
            f"Your password was changed on {now:%d %B %Y at %H:%M} UTC, and every browser in which you were signed in "
            f"is signed out.\n\nIf that was not you, ask for a new one now at {home}/sign-in/help and tell us."
        )
    if purpose == FACTOR:
        what = said.get("what", "Your second factor was changed")
        return "Your way in was changed", (
            f"{what} on {now:%d %B %Y at %H:%M} UTC{_by(said)}.\n\nSee what counts under My account: {home}/account\n\n"
            f"If you did not expect that, ask for a new password now at {home}/sign-in/help and tell us."
        )
    if purpose == COPIED:
        app = said.get("app", "An app")
        return f"{app} was signed out", (
            f"A key that {app} holds in your name was shown to us twice, so somebody may have copied it. We have ended "
            f"everything that it opened. Let the app in again where you need it: {home}/\n\nIf you did not use it at "
            f"{now:%H:%M} UTC on {now:%d %B %Y}, tell us."
        )
    if purpose == ACCOUNT:
        where = said.get("where", "your company")
        return f"The bank account of {where} was changed", (
            f"{said.get('by') or 'Somebody'} changed the account to which the customers of {where} are asked to pay. "
            f"It is now {said.get('account') or 'none'}, on every letter from {now:%d %B %Y, %H:%M} UTC on.\n\nIf you "
            f"did not expect that, look at the history and ask: {home}/"
        )
    if purpose in (CLOSED, REOPENED):
        return _of_client(purpose, said, home=home)
    if person.id not in people.without_a_way_in([person.id]):
        return _for_the_known(purpose, said, home=home, person=person, now=now)
    companies = connections.of_address(person.email, now=now)
    if companies:
        return _opening(purpose, said), (
            f"{_reason(purpose, said)}\n\nYou sign in through {companies[0].organisation}'s own sign-in: {home}/sign-in"
        )
    return _opening(purpose, said), _with_link(person, INVITATION, _reason(purpose, said), home=home, now=now)


def _by(said: dict[str, str]) -> str:
    return f", by {said['by']}" if said.get("by") else ""


def _of_client(purpose: str, said: dict[str, str], *, home: str) -> tuple[str, str]:
    where = said.get("where", "your company")
    if purpose == REOPENED:
        return f"{where} is open again", (
            f"We work for {where} again, in test mode: nothing leaves before you go live.\n\n{home}/"
        )
    return f"{where} was closed", (
        f"We no longer work for {where}: nothing is sent any more, no rule runs, and links of customers and machines "
        f"open nothing.\n\nYou and your colleagues can read and export the books until {said.get('until', '')}: "
        f"{home}/\n\nIf you did not expect that, answer this letter."
    )


def _for_the_known(purpose: str, said: dict[str, str], *, home: str, person: Known, now: datetime) -> tuple[str, str]:
    if purpose == INVITATION:
        return _opening(purpose, said), f"{_reason(purpose, said)}\n\nSign in as always: {home}/sign-in"
    return _opening(purpose, said), _with_link(person, NEW_PASSWORD, _reason(purpose, said), home=home, now=now)


def _with_link(person: Known, purpose: str, reason: str, *, home: str, now: datetime) -> str:
    steps.drop(person.id, purposes=[purpose])
    token = steps.begin(purpose, now=now, person_id=person.id, waits=WAITS[purpose])
    until = now + WAITS[purpose]
    return (
        f"{reason}\n\nThis link opens once, until {until:%d %B %Y, %H:%M} UTC:\n{home}/welcome/{token}\n\n"
        "Nobody of ours will ever ask you for it. If you did not expect this letter, throw it away: nothing happens."
    )


def _opening(purpose: str, said: dict[str, str]) -> str:
    where = said.get("where", "")
    return (
        "Your way to a new password" if purpose == NEW_PASSWORD else f"You can come in{f': {where}' if where else ''}"
    )


def _reason(purpose: str, said: dict[str, str]) -> str:
    if purpose == NEW_PASSWORD:
        return "Somebody, we hope you, asked for a new password for this address."
    by, where = said.get("by", ""), said.get("where", "")
    return f"{by or 'A colleague'} has let you in{f' at {where}' if where else ''}."
