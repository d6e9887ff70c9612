"""Decides what is kept about rules: the rule, its immutable versions, each run, what was acted on, and the state per
subject."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Integer, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB, REAL, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from tenants.store import Model, TenantOwned


def _of_tenant() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id"], ["tenant.id"])


def _of_rule() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", "rule_id"], ["rule.tenant_id", "rule.id"])


class KeptRule(TenantOwned, Model):
    """A rule of a client; `version` is the published one, 0 while there is none."""

    __tablename__ = "rule"
    __table_args__ = (_of_tenant(), UniqueConstraint("tenant_id", "key"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    fault: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    """Who hears of it when it breaks: the address of a person, or nobody."""
    shadow_until_on: Mapped[date | None]
    spread_cap: Mapped[int | None] = mapped_column(Integer)
    spread_until_on: Mapped[date | None]
    """While the backlog is spread: how many a run may act on, and until when."""
    backlog: Mapped[bool]
    """Whether some subjects are left alone because they matched before it went live."""
    frozen_count: Mapped[int | None] = mapped_column(Integer)
    released_count: Mapped[int | None] = mapped_column(Integer)
    """How many a run wanted when it froze, and how many a person allowed."""
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    changed_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class RuleVersion(TenantOwned, Model):
    """One wording of a rule, never changed; the ledger hangs on the rule, so a new wording acts on nobody twice."""

    __tablename__ = "rule_version"
    __table_args__ = (_of_tenant(), _of_rule())

    rule_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sha256: Mapped[str] = mapped_column(Text)
    sentence: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class RuleRun(TenantOwned, Model):
    """One pass of a rule: when, with which cutoffs, how many matched, were acted on and were held back by what."""

    __tablename__ = "rule_run"
    __table_args__ = (
        _of_tenant(),
        _of_rule(),
        UniqueConstraint("tenant_id", "rule_id", "mode", "occurrence"),
        Index("ix_rule_run_rule", "tenant_id", "rule_id", "started_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    rule_id: Mapped[UUID]
    version: Mapped[int] = mapped_column(Integer)
    mode: Mapped[str] = mapped_column(Text)
    occurrence: Mapped[str] = mapped_column(Text)
    as_of_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    bounds: Mapped[dict[str, Any]] = mapped_column(JSONB)
    matched: Mapped[int] = mapped_column(Integer)
    acted: Mapped[int] = mapped_column(Integer)
    held: Mapped[dict[str, Any]] = mapped_column(JSONB)
    seconds: Mapped[float] = mapped_column(REAL)
    fault: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class RuleState(TenantOwned, Model):
    """Where one subject stands with one rule: since when it matches, when and how often it was acted on."""

    __tablename__ = "rule_state"
    __table_args__ = (_of_rule(),)

    tenant_id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True, sort_order=-10)
    rule_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    matched_since: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    last_fired_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    fire_count: Mapped[int] = mapped_column(Integer)
    backlog: Mapped[bool]
    """It matched before the rule went live, and only new matches are wanted, as long as it goes on matching."""


class RuleFiring(TenantOwned, Model):
    """That a rule acted on a subject, and why: each condition with the value it saw. Rows are only ever added."""

    __tablename__ = "rule_firing"
    __table_args__ = (
        _of_rule(),
        Index("ix_rule_firing_subject", "tenant_id", "subject_id", "fired_at"),
        Index("ix_rule_firing_run", "tenant_id", "run_id"),
    )

    tenant_id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True, sort_order=-10)
    rule_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    episode: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[UUID]
    version: Mapped[int] = mapped_column(Integer)
    explanation: Mapped[dict[str, Any]] = mapped_column(JSONB)
    fired_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class RuleSpared(TenantOwned, Model):
    """That a rule would have acted on a subject and left it alone, to compare; the first time only."""

    __tablename__ = "rule_spared"
    __table_args__ = (_of_rule(),)

    tenant_id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True, sort_order=-10)
    rule_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID]
    spared_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
