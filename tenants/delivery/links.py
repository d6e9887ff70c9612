"""Decides who may open what without a password: one debtor's contact, one purpose, for ninety days, until it is
revoked.

A link is signed, so a guess costs no query; the row behind it says whether it still stands. Opening a link changes
nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tenants import store
from tenants.delivery import tokens
from tenants.isolation import scope
from tenants.values import ids

LIFETIME = timedelta(days=90)
PORTAL_PATH = "/p/"
PIXEL_PATH = "/o/"

# One link a message: a repeated attempt carries the same one.
KEEP = """
INSERT INTO portal_link (tenant_id, id, debtor_id, contact_id, invoice_id, message_id, made_at, expires_at)
VALUES (:tenant, :id, :debtor_id, :contact_id, :invoice_id, :message_id, :made_at, :expires_at)
ON CONFLICT (tenant_id, message_id) DO UPDATE SET expires_at = portal_link.expires_at RETURNING id, expires_at
"""
FIND = """
SELECT id, debtor_id, contact_id, invoice_id, message_id, expires_at, revoked_at FROM portal_link
  WHERE tenant_id = :tenant AND id = :id
"""
REVOKE = """
UPDATE portal_link SET revoked_at = :now
WHERE tenant_id = :tenant AND revoked_at IS NULL AND (message_id = :message_id OR contact_id = :contact_id)
"""


class LinkOver(tokens.BadToken):
    """Once good, but expired or taken back."""

    code = "link_over"
    remedy = "Ask the sender of the invoice for a new link."


@dataclass(frozen=True, slots=True)
class LinkGrant:
    """What a link allows: to see this debtor's side, as this contact, starting from this invoice."""

    tenant_id: UUID
    link_id: UUID
    debtor_id: UUID
    contact_id: UUID
    invoice_id: UUID | None
    message_id: UUID | None


def make(
    debtor_id: UUID, *, contact_id: UUID, invoice_id: UUID | None, message_id: UUID | None, now: datetime
) -> tuple[UUID, datetime]:
    """Keep a link and return its id and its end; asked again for the same message, the same link."""
    row = store.run(
        KEEP,
        id=ids.new(),
        debtor_id=debtor_id,
        contact_id=contact_id,
        invoice_id=invoice_id,
        message_id=message_id,
        made_at=now,
        expires_at=(now + LIFETIME).replace(microsecond=0),
    ).one()
    return row.id, row.expires_at


def token(tenant_id: UUID, *, link_id: UUID, expires_at: datetime, secret: str) -> str:
    """The text of a link."""
    end = int(expires_at.timestamp()).to_bytes(5, "big")
    return tokens.seal(tokens.LINK, tenant_id.bytes + link_id.bytes + end, secret=secret)


def url(public_url: str, text: str) -> str:
    """The address that stands in the mail."""
    return f"{public_url.rstrip('/')}{PORTAL_PATH}{text}"


def named(text: str, *, secret: str) -> tuple[UUID, UUID]:
    """The client and the link that a token names, whether or not the link still stands; reads no row. Raises
    BadToken."""
    return tokens.two_ids(tokens.unseal(tokens.LINK, text, secret=secret))


def open(text: str, *, secret: str, now: datetime) -> LinkGrant:
    """What the link allows, in the scope of its own client. Raises BadToken, or LinkOver when its time is up."""
    body = tokens.unseal(tokens.LINK, text, secret=secret)
    tenant_id, link_id = tokens.two_ids(body)
    row = store.run(FIND, id=link_id).one_or_none() if tenant_id == scope.current().one else None
    if row is None:
        raise tokens.BadToken("This link is not valid.")
    if row.revoked_at is not None or now >= min(
        row.expires_at, datetime.fromtimestamp(int.from_bytes(body[32:], "big"), UTC)
    ):
        raise LinkOver("This link is no longer valid.")
    return LinkGrant(tenant_id, row.id, row.debtor_id, row.contact_id, row.invoice_id, row.message_id)


def revoke(*, now: datetime, message_id: UUID | None = None, contact_id: UUID | None = None) -> int:
    """Take back the links of one message or of one contact; return how many stood."""
    return store.run(REVOKE, now=now, message_id=message_id, contact_id=contact_id).rowcount


def pixel_token(tenant_id: UUID, *, message_id: UUID, secret: str) -> str:
    """The text of a tracking image's address."""
    return tokens.seal(tokens.PIXEL, tenant_id.bytes + message_id.bytes, secret=secret)


def read_pixel(text: str, *, secret: str) -> tuple[UUID, UUID]:
    """The client and the message of a tracking image. Raises BadToken."""
    return tokens.two_ids(tokens.unseal(tokens.PIXEL, text, secret=secret))
