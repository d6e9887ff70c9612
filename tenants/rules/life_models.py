"""Decides what is kept about a rule's life and about what follows from it: consents, tests, standards, the precedence
of a day, approvals, and the marks that rules leave on subjects."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Integer, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from tenants.store import Model, TenantOwned


def _of_rule() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", "rule_id"], ["rule.tenant_id", "rule.id"])


class RuleConsent(TenantOwned, Model):
    """A second person's word on one wording of a rule."""

    __tablename__ = "rule_consent"
    __table_args__ = (_of_rule(),)

    rule_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    given_by: Mapped[str] = mapped_column(Text, primary_key=True)
    given_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    reason: Mapped[str] = mapped_column(Text)


class RuleTest(TenantOwned, Model):
    """An example beside a rule: given this, at that instant, expect that."""

    __tablename__ = "rule_test"
    __table_args__ = (_of_rule(),)

    rule_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    given: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    expect: Mapped[Any] = mapped_column(JSONB)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class RuleStandard(TenantOwned, Model):
    """The provider's own wording of a rule, handed to this client; a locked one cannot be worded otherwise."""

    __tablename__ = "rule_standard"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    pack: Mapped[str] = mapped_column(Text)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sha256: Mapped[str] = mapped_column(Text)
    locked: Mapped[bool]
    given_by: Mapped[str] = mapped_column(Text)
    given_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class RuleClaim(TenantOwned, Model):
    """That a rule acts on a customer on a day, and how much its word weighs."""

    __tablename__ = "rule_claim"
    __table_args__ = (
        _of_rule(),
        ForeignKeyConstraint(["tenant_id", "debtor_id"], ["debtor.tenant_id", "debtor.id"]),
    )

    tenant_id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True, sort_order=-10)
    debtor_id: Mapped[UUID] = mapped_column(primary_key=True)
    claimed_on: Mapped[date] = mapped_column(primary_key=True)
    rule_id: Mapped[UUID] = mapped_column(primary_key=True)
    rank: Mapped[int] = mapped_column(Integer)


class ActionApproval(TenantOwned, Model):
    """A question of a rule to a person; what follows from a yes is in the wording that asked."""

    __tablename__ = "action_approval"
    __table_args__ = (
        _of_rule(),
        UniqueConstraint("tenant_id", "rule_id", "subject_id", "episode", "place"),
        Index(
            "ix_action_approval_waiting",
            "tenant_id",
            "answer_by_on",
            "id",
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    rule_id: Mapped[UUID]
    version: Mapped[int] = mapped_column(Integer)
    episode: Mapped[int] = mapped_column(Integer)
    place: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID]
    debtor_id: Mapped[UUID | None]
    invoice_id: Mapped[UUID | None]
    title: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    answer_by_on: Mapped[date]
    asked_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    decided_by: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    words: Mapped[str] = mapped_column(Text)


class SubjectTag(TenantOwned, Model):
    """A mark on an invoice or a customer."""

    __tablename__ = "subject_tag"

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    actor: Mapped[str] = mapped_column(Text)
    tagged_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class SubjectStage(TenantOwned, Model):
    """How far collection of an invoice or a customer has come."""

    __tablename__ = "subject_stage"

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(Text)
    rank: Mapped[int] = mapped_column(SmallInteger)
    actor: Mapped[str] = mapped_column(Text)
    entered_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class SubjectTaker(TenantOwned, Model):
    """Who has taken over an invoice or a customer from its usual specialist."""

    __tablename__ = "subject_taker"

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    person_name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    since_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class PoolMember(TenantOwned, Model):
    """A person of a pool, and when away."""

    __tablename__ = "pool_member"

    pool: Mapped[str] = mapped_column(Text, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_name: Mapped[str] = mapped_column(Text)
    away_from_on: Mapped[date | None]
    away_until_on: Mapped[date | None]
