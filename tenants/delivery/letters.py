"""Decides what is in the envelope: the rendered mail, the document, and the addresses that bring bounces and answers
home."""

import hashlib
from dataclasses import dataclass
from email.utils import format_datetime
from uuid import UUID

from tenants.delivery import formal, links, printing, rendering, ses_events, tallies, tokens, unsubscribing
from tenants.delivery.facts import Outgoing
from tenants.delivery.ports import Letter
from tenants.settings import Settings

BOUNCE_BOX, REPLY_BOX = "b+", "r+"


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A document that goes with a letter."""

    invoice_id: UUID
    debtor_id: UUID
    version: str
    body: bytes
    kind: str = "invoice"
    media_type: str = "application/pdf"

    @property
    def suffix(self) -> str:
        """How its file name ends."""
        return "pdf" if self.media_type == "application/pdf" else "xml"

    @property
    def sha256(self) -> str:
        """Hash of the very bytes."""
        return hashlib.sha256(self.body).hexdigest()


def return_path(tenant_id: UUID, *, attempt_id: UUID, settings: Settings) -> str:
    """The address to which only this attempt's bounces come; nobody can make one up."""
    return f"{BOUNCE_BOX}{sealed(tenant_id, attempt_id=attempt_id, settings=settings)}@{settings.bounce_domain}"


def reply_to(tenant_id: UUID, *, attempt_id: UUID, settings: Settings, otherwise: str) -> str:
    """The address to which answers come: ours, sealed, where we take mail for replies; else the client's own."""
    if not settings.reply_domain:
        return otherwise
    word = tokens.seal_for_address(tokens.REPLY, tenant_id, attempt_id, secret=settings.secret_key)
    return f"{REPLY_BOX}{word}@{settings.reply_domain}"


def sealed(tenant_id: UUID, *, attempt_id: UUID, settings: Settings) -> str:
    """The word by which whatever comes back names this attempt."""
    return tokens.seal_for_address(tokens.BOUNCE, tenant_id, attempt_id, secret=settings.secret_key)


def sheet_of(mail: Outgoing, *, settings: Settings) -> printing.Sheet | None:
    """The document that belongs to an invoice mail, or the formal letter itself; other reminders carry a link, where
    they do not go by the post."""
    if mail.items and (mail.template in formal.TEMPLATES or (mail.kind == "reminder" and mail.carrier == "print")):
        return formal.sheet(mail)
    if mail.kind != "invoice" or not mail.items:
        return None
    return printing.sheet(mail.items[0], creditor=mail.creditor, reader=mail.reader, portal=settings.public_url)


def write(mail: Outgoing, *, enclosures: tuple[Enclosure, ...], settings: Settings) -> Letter:
    """Render and address one letter. Raises rendering.BadTemplate."""
    token = links.token(
        mail.tenant_id, link_id=mail.link_id, expires_at=mail.link_expires_at, secret=settings.secret_key
    )
    pixel = ""
    if mail.pixel:
        image = links.pixel_token(mail.tenant_id, message_id=mail.message_id, secret=settings.secret_key)
        pixel = f"{settings.public_url.rstrip('/')}{links.PIXEL_PATH}{image}.gif"
    elif mail.tally:
        image = tallies.token(
            mail.tenant_id, template=mail.template, country=mail.reader.country, secret=settings.secret_key
        )
        pixel = f"{settings.public_url.rstrip('/')}{tallies.PATH}{image}.gif"
    said = rendering.render(
        mail, link=links.url(settings.public_url, token), pixel=pixel, provider=settings.provider_name
    )
    names = {item.invoice_id: item.number for item in mail.items}
    return Letter(
        attempt_id=mail.attempt_id,
        sender=mail.sender or settings.sender,
        sender_name=mail.creditor.legal_name,
        recipient=mail.recipient,
        return_path=return_path(mail.tenant_id, attempt_id=mail.attempt_id, settings=settings),
        reply_to=reply_to(
            mail.tenant_id,
            attempt_id=mail.attempt_id,
            settings=settings,
            otherwise=mail.creditor.contact_email or settings.sender,
        ),
        subject=said.subject,
        text=said.text,
        html=said.html,
        attachments=tuple(
            (f"{_safe(names[each.invoice_id])}.{each.suffix}", each.media_type, each.body) for each in enclosures
        ),
        headers={
            "Date": format_datetime(mail.now),
            "Message-ID": f"<{mail.attempt_id}@{settings.bounce_domain}>",
            "X-Goodterms-Message": str(mail.message_id),
            ses_events.HEADER: sealed(mail.tenant_id, attempt_id=mail.attempt_id, settings=settings),
            **unsubscribing.headers(mail, settings=settings),
        },
        account=f"client-{mail.tenant_id}",
    )


def _safe(number: str) -> str:
    """A file name that no mail program mistakes for a path."""
    return (
        "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in number).lstrip(".")[:80]
        or "invoice"
    )
