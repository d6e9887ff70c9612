"""Decides what a client is: its place in the list of tenants, its profile, and the clock by which its days are counted.

A client lives where its books are kept: "today" is the day in its own zone, moved by its test clock if it has one.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, SmallInteger, Time, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import data_keys
from tenants.isolation import scope
from tenants.isolation.opening import First
from tenants.isolation.scope import Scope
from tenants.store import Model, TenantOwned
from tenants.values import calendars, ids, money
from tenants.values.calendars import UnknownZone
from tenants.values.faults import Kind, Refusal
from tenants.values.money import UnknownCurrency
from tenants.work import unit_beginning_with

PREFIX = "ten"
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,60}[a-z0-9]", re.ASCII)


class SlugTaken(Refusal):
    """Another client already has this short name."""

    kind = Kind.CONFLICT
    code = "slug_taken"
    remedy = "Choose another short name."


class BadClient(Refusal):
    """What was said about the client cannot be right."""

    code = "bad_client"
    remedy = "Correct the named part."


class UnknownClient(Refusal):
    """No such client, or not yours."""

    kind = Kind.UNKNOWN
    code = "unknown_client"
    remedy = "Check the address."


class Tenant(Model):
    """One client in the list that every part of the program shares; small and seldom written."""

    __tablename__ = "tenant"
    __table_args__ = (Index("ix_tenant_closed", "id", postgresql_where=text("state = 'closed'")),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    legal_name: Mapped[str]
    base_currency: Mapped[str]
    time_zone: Mapped[str]
    country: Mapped[str]
    language: Mapped[str]
    state: Mapped[str]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    shut_at: Mapped[datetime | None]


class ClientProfile(TenantOwned, Model):
    """What a client changes about itself: letterhead, bank details, contact habits, its clock."""

    __tablename__ = "client_profile"

    address: Mapped[str]
    tax_number: Mapped[str]
    iban_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    bic_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    bank_name: Mapped[str]
    terms: Mapped[str]
    contact_name: Mapped[str]
    contact_phone: Mapped[str]
    contact_email: Mapped[str]
    accent: Mapped[str]
    logo_key: Mapped[str | None]
    pixel: Mapped[str]
    sending: Mapped[str]
    auto_messages_per_week: Mapped[int] = mapped_column(SmallInteger)
    business_days_between_messages: Mapped[int] = mapped_column(SmallInteger)
    quiet_until: Mapped[time] = mapped_column(Time)
    quiet_from: Mapped[time] = mapped_column(Time)
    bank_feed_at: Mapped[datetime | None]
    bank_feed_hours: Mapped[int] = mapped_column(Integer)
    clock_shift_s: Mapped[int] = mapped_column(BigInteger)
    shared_secrets: Mapped[bool]
    test_since_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Profile:
    """One client as the rest of the program reads it."""

    tenant_id: UUID
    slug: str
    legal_name: str
    base_currency: str
    time_zone: str
    country: str
    language: str
    state: str
    closed_at: datetime | None
    shut_at: datetime | None
    """Until when the books of a closed client can be read."""
    address: str
    tax_number: str
    iban: str
    bic: str
    bank_name: str
    terms: str
    contact_name: str
    contact_phone: str
    contact_email: str
    accent: str
    logo_key: str | None
    pixel: str
    sending: str
    auto_messages_per_week: int
    business_days_between_messages: int
    quiet_until: time
    quiet_from: time
    bank_feed_at: datetime | None
    bank_feed_hours: int
    clock_shift_s: int
    shared_secrets: bool
    test_since_at: datetime | None
    """Since when nothing leaves: the client is being set up and tried. None: it is live."""

    @property
    def public_id(self) -> str:
        """The id as it stands in addresses and answers."""
        return ids.show(PREFIX, self.tenant_id)

    @property
    def clock(self) -> "ClientClock":
        """The clock by which this client's days are counted."""
        return ClientClock(timedelta(seconds=self.clock_shift_s), calendars.zone(self.time_zone))


@dataclass(frozen=True, slots=True)
class ClientClock:
    """The time at one client: the real time, moved by its test clock, read in its own zone."""

    shift: timedelta
    zone: ZoneInfo

    def now(self, real: datetime) -> datetime:
        """The instant that this client's records carry when it is `real` on the wall."""
        return real + self.shift

    def today(self, real: datetime) -> date:
        """The day on which that instant falls in the client's zone."""
        return calendars.local_day(self.now(real), zone=self.zone)


OF_TENANT = ("slug", "legal_name", "base_currency", "time_zone", "country", "language", "state", "closed_at", "shut_at")
OF_PROFILE = tuple(field.name for field in fields(Profile) if field.name not in (*OF_TENANT, "tenant_id"))
SEALED = ("iban", "bic")
"""Bank details lie sealed under the client's own key."""
COLUMN = {name: f"{name}_sealed" if name in SEALED else name for name in OF_PROFILE}
ADD_TENANT = """
INSERT INTO tenant (id, slug, legal_name, base_currency, time_zone, country, language, state, created_at)
VALUES (:tenant, :slug, :legal_name, :base_currency, :time_zone, :country, :language, :state, :now)
ON CONFLICT DO NOTHING RETURNING id
"""
ADD_PROFILE = "INSERT INTO client_profile (tenant_id) VALUES (:tenant)"
QUEUE_UP = "SELECT tenant_id FROM client_profile WHERE tenant_id = :tenant FOR NO KEY UPDATE"
CLOCK = """
SELECT p.clock_shift_s, t.time_zone FROM client_profile p JOIN tenant t ON t.id = :tenant WHERE p.tenant_id = :tenant
"""
TELL_CLOCK = First("tell_clock", CLOCK.replace(":tenant", "$1"))
PROFILE = f"""
SELECT t.id, {", ".join(f"t.{name}" for name in OF_TENANT)},
  {", ".join(f"p.{COLUMN[name]} AS {name}" for name in OF_PROFILE)},
  ARRAY(SELECT k.id FROM data_key k WHERE k.tenant_id = :tenant ORDER BY k.id DESC) AS key_ids,
  ARRAY(SELECT k.wrapped FROM data_key k WHERE k.tenant_id = :tenant ORDER BY k.id DESC) AS wrapped
FROM tenant t JOIN client_profile p ON p.tenant_id = t.id
WHERE t.id = :tenant AND p.tenant_id = :tenant
"""


def open(
    slug: str,
    *,
    legal_name: str,
    base_currency: str,
    time_zone: str,
    country: str,
    now: datetime,
    language: str = "en",
    state: str = "live",
    **profile: Any,
) -> UUID:
    """Open a client in the scope of its new id; `profile` holds any columns of its profile.

    Raises BadClient, UnknownCurrency or UnknownZone for words that cannot be right, SlugTaken for a name in use.
    """
    if not SLUG.fullmatch(slug):
        raise BadClient(f"“{slug[:80]}” is no short name: use small letters, digits and hyphens.", pointer="/slug")
    if not calendars.zones_of(country):
        raise BadClient(f"“{country[:12]}” is no country: use the two letters of ISO 3166.", pointer="/country")
    _look_at(base_currency, time_zone)
    added = store.run(
        ADD_TENANT,
        slug=slug,
        legal_name=legal_name,
        base_currency=base_currency,
        time_zone=time_zone,
        country=country,
        language=language,
        state=state,
        now=now,
    ).scalar_one_or_none()
    if added is None:
        raise SlugTaken(f"A client called “{slug}” is there already.", pointer="/slug")
    store.run(ADD_PROFILE)
    if profile:
        change(**profile)
    return scope.current().one


def _look_at(base_currency: str, time_zone: str) -> None:
    """Raises UnknownCurrency or UnknownZone, each with the place where it was said."""
    try:
        money.digits(base_currency)
        calendars.zone(time_zone)
    except (UnknownCurrency, UnknownZone) as unknown:
        unknown.pointer = "/base_currency" if isinstance(unknown, UnknownCurrency) else "/time_zone"
        raise


def profile() -> Profile:
    """The client of the current scope. Raises UnknownClient when it is not there."""
    found = store.run(PROFILE).one_or_none()
    if found is None:
        raise UnknownClient("There is no such client.")
    *told, key_ids, wrapped = found
    keys = list(zip(key_ids, wrapped, strict=True))
    said = dict(zip((field.name for field in fields(Profile)), told, strict=True))
    opened = {name: data_keys.unseal(said[name], place=_place(name), wrapped=keys) for name in SEALED}
    return Profile(**(said | opened))


def queue_up() -> None:
    """Let changes that depend on what was looked at happen one after another in this client, until the unit ends."""
    store.run(QUEUE_UP)


def clock() -> ClientClock:
    """The clock of the current scope's client."""
    return _clock_of(store.run(CLOCK).one_or_none())


@contextmanager
def books(opening: Scope) -> Iterator[ClientClock]:
    """A unit of work in the books of one client, whose clock is told on the way in: nearly everything that is asked of
    a client asks for its day. Raises UnknownClient."""
    with store.held_line(), unit_beginning_with(TELL_CLOCK, opening) as told:
        yield _clock_of(told)


def _clock_of(found: Sequence[Any] | None) -> ClientClock:
    if found is None:
        raise UnknownClient("There is no such client.")
    shift_s, zone = found
    return ClientClock(timedelta(seconds=int(shift_s)), calendars.zone(zone))


def change(**columns: Any) -> None:
    """Change parts of the current client's profile; a name that is no column of it is our own fault."""
    unknown = sorted(set(columns) - set(OF_PROFILE))
    if unknown or not columns:
        raise TypeError(f"a client's profile has no {', '.join(unknown) or 'empty change'}")
    sealed = {name: data_keys.seal(columns[name], place=_place(name)) for name in SEALED if name in columns}
    columns |= sealed
    wanted = ", ".join(f"{COLUMN[name]} = :{name}" for name in columns)
    store.run(f"UPDATE client_profile SET {wanted} WHERE tenant_id = :tenant", **columns)


def move_clock(to: datetime, *, real: datetime) -> None:
    """Set the client's test clock so that it shows `to` when the wall shows `real`."""
    change(clock_shift_s=round((to - real).total_seconds()))


def _place(name: str) -> str:
    return f"client_profile.{COLUMN[name]}"
