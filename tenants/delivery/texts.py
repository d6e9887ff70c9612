"""Decides what a text message says, how it leaves, and what its receipts prove.

A text is one sentence and a link: who asks, for what, how much, until when. It leaves by the same three steps as a
mail, so it leaves at most once. A receipt that says delivered is weak: networks lie and are late, so it proves no more
than a mail server's yes, and a number that does not exist is suppressed like a dead address.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.delivery import answers, evidence, links, returned, standing, tokens, unsettled, words
from tenants.delivery.facts import Outgoing
from tenants.delivery.outcome import Result
from tenants.delivery.ports import DocumentStore, Text, TextSender
from tenants.events import inbox, recording
from tenants.settings import Settings
from tenants.values.money import Money

SOURCE = "sms"
RECEIPT = "receipt"
LONGEST = 600
SAID = {
    "en": "{client}: invoice {number}, {amount}, due {due}. See it, pay or object: {link}",
    "de": "{client}: Rechnung {number}, {amount}, fällig am {due}. Ansehen, zahlen oder widersprechen: {link}",
}
SEVERAL = {
    "en": "{client}: {count} invoices, {amount} in all, the oldest due {due}. See them, pay or object: {link}",
    "de": "{client}: {count} Rechnungen, zusammen {amount}, die älteste fällig am {due}. "
    "Ansehen, zahlen oder widersprechen: {link}",
}
KINDS = {"delivered": "delivered", "sent": "relayed", "undelivered": "failed", "failed": "failed"}
"""What a provider calls the end of a text, and the event that is for us; anything else says nothing yet."""
DEAD = frozenset({"30003", "30005", "30006", "21211", "21610", "21614"})
"""Codes that condemn the number: unreachable, unknown, a land line, or its owner said stop."""
LEVELS = {"relayed": 1, "delivered": 2, "bounced": 0, "failed": 0}
ATTEMPT = "SELECT message_id FROM delivery_attempt WHERE tenant_id = :tenant AND id = :id AND provider = 'sms'"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider says of one text."""

    attempt_id: UUID
    status: str
    code: str = ""
    reference: str = ""


def act(mail: Outgoing, *, texts: TextSender, settings: Settings, documents_in: DocumentStore) -> Result:
    """Write the text and hand it over; what an interrupted attempt heard is recalled and never sent again."""
    if mail.resumed:
        answer, said = answers.recall(mail, documents_in=documents_in)
        return Result(answer, subject=said.get("subject", ""))
    text = write(mail, settings=settings)
    answer = texts.send(text)
    answers.keep(mail, answer, said={"subject": _shown(text.body)}, documents_in=documents_in)
    return Result(answer, subject=_shown(text.body))


def write(mail: Outgoing, *, settings: Settings) -> Text:
    """The text itself, in the reader's language, with the address to which its receipts come."""
    token = links.token(
        mail.tenant_id, link_id=mail.link_id, expires_at=mail.link_expires_at, secret=settings.secret_key
    )
    place = words.locale(mail.reader.language, mail.creditor.country)
    item, language = mail.items[0], words.language(mail.reader.language)
    body = (SAID if len(mail.items) == 1 else SEVERAL)[language].format(
        client=mail.creditor.legal_name[:60],
        number=item.number[:40],
        count=len(mail.items),
        amount=" + ".join(each.shown(place) for each in _owed(mail)),
        due=words.short_day(item.due_on, place=place),
        link=links.url(settings.public_url, token),
    )
    return Text(
        attempt_id=mail.attempt_id,
        recipient=mail.recipient,
        body=body[:LONGEST],
        receipts_to=f"{settings.public_url.rstrip('/')}/hooks/sms/{receipt_word(mail, settings=settings)}",
    )


def _owed(mail: Outgoing) -> list[Money]:
    """What is open of all its invoices, by currency."""
    sums: Counter[str] = Counter()
    for item in mail.items:
        sums[item.currency] += item.open_minor
    return [Money(minor, currency) for currency, minor in sorted(sums.items())]


def receipt_word(mail: Outgoing, *, settings: Settings) -> str:
    """The sealed word by which a receipt names its text."""
    return tokens.seal_for_address(RECEIPT, mail.tenant_id, mail.attempt_id, secret=settings.secret_key)


def addressee(word: str, *, secret: str) -> tuple[UUID, UUID]:
    """The client and the attempt that a receipt is about; reads no row. Raises tokens.BadToken."""
    return tokens.unseal_from_address(RECEIPT, word, secret=secret)


def receive(receipt: Receipt, *, now: datetime, real: datetime) -> UUID | None:
    """Keep one receipt in its client's scope; None for a repeat, and for what says nothing yet."""
    kind = KINDS.get(receipt.status)
    message_id = store.run(ATTEMPT, id=receipt.attempt_id).scalar_one_or_none()
    if kind is None or message_id is None:
        return None
    kind = "bounced" if kind == "failed" and receipt.code in DEAD else kind
    said = {"attempt_id": str(receipt.attempt_id), "reference": receipt.reference, "said": receipt.code}
    kept = inbox.keep(
        SOURCE,
        external_id=f"{receipt.attempt_id}:{kind}",
        kind=kind,
        message_id=message_id,
        occurred_at=now,
        received_at=real,
        payload=said,
    )
    if kept is not None:
        recording.record("text.told", key=str(kept), now=real, message_id=str(message_id), inbox_id=str(kept))
    return kept


def read(inbox_id: UUID, *, message_id: UUID, now: datetime, real: datetime) -> None:
    """Draw the consequences of a kept receipt; read twice, it counts once."""
    event = next((each for each in inbox.about(message_id) if each.id == inbox_id), None)
    if event is None:
        return
    contacted = unsettled.prove(message_id, now=now)
    evidence.of_transport(
        message_id,
        level=LEVELS[event.kind],
        kind=event.kind,
        at=event.occurred_at,
        source_key=str(inbox_id),
        source=SOURCE,
    )
    standing.conclude([message_id], contacted=contacted)
    if event.kind == "bounced":
        returned.bounced(message_id, detail=f"SMS {event.payload['said']}", at=event.occurred_at, real=real)


def _shown(body: str) -> str:
    """What people may read of it later: without the link, by which whoever has it can act as the customer."""
    return body.rsplit(" ", 1)[0]
