"""Decides the shape of what a client's directory sent: users, groups, and who is in which group."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ForeignKeyConstraint, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.store import Model, TenantOwned


class ScimUser(TenantOwned, Model):
    """One user of the client's directory, and the person that it stands for, if it has an address that counts."""

    __tablename__ = "scim_user"
    __table_args__ = (
        UniqueConstraint("tenant_id", "user_key"),
        Index("ix_scim_user_person", "tenant_id", "person_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID | None]
    user_name: Mapped[str]
    user_key: Mapped[str]
    external_id: Mapped[str | None]
    active: Mapped[bool] = mapped_column(Boolean)
    said: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    made_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class ScimGroup(TenantOwned, Model):
    """One group of the client's directory, and the role that its members have here, if the client said one."""

    __tablename__ = "scim_group"
    __table_args__ = (UniqueConstraint("tenant_id", "name_key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str]
    external_id: Mapped[str | None]
    role: Mapped[str | None]
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    made_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class ScimMember(TenantOwned, Model):
    """One user in one group."""

    __tablename__ = "scim_member"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "group_id"], ["scim_group.tenant_id", "scim_group.id"]),
        ForeignKeyConstraint(["tenant_id", "user_id"], ["scim_user.tenant_id", "scim_user.id"]),
        Index("ix_scim_member_user", "tenant_id", "user_id"),
    )

    group_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
