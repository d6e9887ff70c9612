"""Decides which mail of ours a mail speaks of that came to a client's mailbox, and not to an address made for one mail.

The mailbox says which client it is; nothing in a mail can lead to another one's books. Within the client the surest
sign counts: the sealed word of an attempt that a report quotes, a mail of ours that is named as answered, an invoice
number in subject or text, a sender whom we know as one customer's contact. Numbers that are too short to mean anything,
and numbers or senders that fit more than one customer, decide nothing: then a person does. A number is no secret, so it
makes a mail the customer's own word only if it came from an address of that customer.
"""

import email
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from email.policy import compat32
from email.utils import parseaddr
from uuid import UUID

from tenants import store
from tenants.delivery import bounces, ses_events, tokens
from tenants.isolation import scope

SEALED = re.compile(rb"(?im)^" + re.escape(ses_events.HEADER).encode() + rb":[ \t]*(?:\r?\n[ \t]+)?([0-9a-v]{61})\b")
NAMED = re.compile(r"<([^<>@\s]{8,120})@([^<>@\s]{3,190})>")
OWN_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9/._#-]{2,59}", re.ASCII)
FEWEST_SIGNS = 4
MOST_WORDS, MOST_NAMED = 2_000, 50

BY_ID = "SELECT id FROM delivery_attempt WHERE tenant_id = :tenant AND id = ANY(:ids) ORDER BY intent_at DESC LIMIT 1"
BY_REFERENCE = """
SELECT id FROM delivery_attempt WHERE tenant_id = :tenant AND provider_ref = ANY(:ids) AND provider_ref <> ''
ORDER BY intent_at DESC LIMIT 1
"""
BY_NUMBER = """
SELECT id, debtor_id FROM invoice WHERE tenant_id = :tenant AND number = ANY(:words) AND voided_on IS NULL LIMIT 50
"""
BY_SENDER = """
SELECT DISTINCT debtor_id FROM contact WHERE tenant_id = :tenant AND lower(email) = :sender AND active LIMIT 50
"""
NEWEST_ABOUT = """
SELECT a.id FROM message_item x JOIN LATERAL (
  SELECT k.id, k.intent_at FROM delivery_attempt k
  WHERE k.tenant_id = :tenant AND k.message_id = x.message_id ORDER BY k.attempt_no DESC LIMIT 1) a ON true
WHERE x.tenant_id = :tenant AND x.invoice_id = ANY(:ids) ORDER BY a.intent_at DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Match:
    """What a mail is about, and by which sign; without an attempt it answers no mail of ours."""

    how: str
    attempt_id: UUID | None = None
    debtor_id: UUID | None = None
    invoice_id: UUID | None = None


NOTHING = Match("nothing")


def match(raw: bytes, *, secret: str) -> Match:
    """What a mail is about that came to the current client's mailbox; never raises for what it holds."""
    mail = email.message_from_bytes(raw, policy=compat32)
    attempt_id = _by_word(raw, secret=secret)
    if attempt_id is not None:
        return Match("sealed_word", attempt_id)
    attempt_id = _by_reference(mail)
    if attempt_id is not None:
        return Match("references", attempt_id)
    sender = parseaddr(str(mail.get("from", "")))[1].lower()
    known = set(store.run(BY_SENDER, sender=sender).scalars()) if "@" in sender else set()
    return _by_number(raw, known=known) or (Match("sender", debtor_id=known.pop()) if len(known) == 1 else NOTHING)


def _by_word(raw: bytes, *, secret: str) -> UUID | None:
    """Reports quote the headers of the mail that they are about."""
    for found in SEALED.finditer(raw):
        try:
            tenant_id, attempt_id = tokens.unseal_from_address(tokens.BOUNCE, found[1].decode(), secret=secret)
        except tokens.BadToken:
            continue
        if tenant_id == scope.current().one and (known := _known(BY_ID, [attempt_id])):
            return known
    return None


def _by_reference(mail: Message) -> UUID | None:
    """Mail programs name the mail that is answered: our own id, or the one that SES gave it."""
    named = [pair for name in ("in-reply-to", "references") for pair in NAMED.findall(str(mail.get(name, "")))]
    boxes = [box for box, _ in named[:MOST_NAMED]]
    own = [UUID(box) for box in boxes if OWN_ID.fullmatch(box)]
    given = [box for box, domain in named[:MOST_NAMED] if domain.lower().endswith("amazonses.com")]
    return (_known(BY_ID, own) if own else None) or (_known(BY_REFERENCE, given) if given else None)


def _by_number(raw: bytes, *, known: set[UUID]) -> Match | None:
    """`known`: the customers of whom the sender is a contact."""
    subject, text = bounces.subject_and_text(raw)
    words = list(dict.fromkeys(_words(f"{subject}\n{text}")))[:MOST_WORDS]
    rows = store.run(BY_NUMBER, words=words).all() if words else []
    debtors = {row.debtor_id for row in rows}
    if len(debtors) != 1:
        return None
    attempt_id = _known(NEWEST_ABOUT, [row.id for row in rows]) if debtors & known else None
    return Match("invoice_number", attempt_id, debtors.pop(), rows[0].id if len(rows) == 1 else None)


def _words(text: str) -> Iterable[str]:
    """What can be a number of ours: with a digit in it, and not so short that it stands in any mail."""
    for word in WORD.findall(text):
        bare = word.strip("./#_-")
        if len(bare) >= FEWEST_SIGNS and any(sign.isdigit() for sign in bare):
            yield bare


def _known(sql: str, wanted: list[UUID] | list[str]) -> UUID | None:
    found: UUID | None = store.run(sql, ids=wanted).scalar_one_or_none()
    return found
