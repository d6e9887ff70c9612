"""Decides which customers want structured invoices: inside the PDF or beside it, and to which electronic address."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, ForeignKeyConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.events import history
from tenants.store import Model, TenantOwned
from tenants.values.faults import Refusal

FORMATS = ("hybrid", "ubl")
ENDPOINT = re.compile(r"(?:\d{4}:[A-Za-z0-9.\-]{3,50})?")


class BadWish(Refusal):
    """The wish cannot be kept."""

    code = "bad_wish"
    remedy = "Write the electronic address as scheme:id, such as 9930:DE123456789."


class StructuredWish(TenantOwned, Model):
    """How one customer wants its invoices."""

    __tablename__ = "debtor_einvoice"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "debtor_id"], ["debtor.tenant_id", "debtor.id"]),)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    debtor_id: Mapped[UUID] = mapped_column(primary_key=True)
    format: Mapped[str] = mapped_column(Text)
    endpoint: Mapped[str] = mapped_column(Text, default="")
    buyer_reference: Mapped[str] = mapped_column(Text, default="")
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class Wish:
    """What a customer asked for: `hybrid` is the PDF with the data inside, `ubl` the PDF with the data beside it."""

    format: str
    endpoint: str = ""
    buyer_reference: str = ""


OF_DEBTOR = """
SELECT format, endpoint, buyer_reference FROM debtor_einvoice WHERE tenant_id = :tenant AND debtor_id = :debtor_id
"""
SET = """
INSERT INTO debtor_einvoice (tenant_id, debtor_id, format, endpoint, buyer_reference, changed_at)
VALUES (:tenant, :debtor_id, :format, :endpoint, :buyer_reference, :now)
ON CONFLICT (tenant_id, debtor_id) DO UPDATE SET format = excluded.format, endpoint = excluded.endpoint,
  buyer_reference = excluded.buyer_reference, changed_at = excluded.changed_at
"""
FORGET = "DELETE FROM debtor_einvoice WHERE tenant_id = :tenant AND debtor_id = :debtor_id"


def of(debtor_id: UUID) -> Wish | None:
    """What the customer wants; None is plain PDF."""
    row = store.run(OF_DEBTOR, debtor_id=debtor_id).one_or_none()
    return None if row is None else Wish(*row)


def change(debtor_id: UUID, *, wish: Wish | None, now: datetime) -> None:
    """Keep or forget what a customer wants. Raises BadWish."""
    if wish is None:
        store.run(FORGET, debtor_id=debtor_id)
    else:
        if wish.format not in FORMATS or not ENDPOINT.fullmatch(wish.endpoint):
            raise BadWish(f"“{wish.endpoint[:40]}” is no electronic address.", pointer="/endpoint")
        parts = {"format": wish.format, "endpoint": wish.endpoint, "buyer_reference": wish.buyer_reference}
        store.run(SET, debtor_id=debtor_id, now=now, **parts)
    became = {"format": wish.format if wish else "pdf"}
    history.note("einvoice.wished", about=("debtor", debtor_id), at=now, became=became)
