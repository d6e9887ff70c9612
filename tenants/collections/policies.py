"""Decides how a client's customers may be written to: one document of conduct, in versions, that the gate obeys.

Budget, office hours and the age of the bank feed stand on the client's profile, where each message reads them; this
document holds the rest: days off, the ceiling of tone, who pays by itself, consumers, when a cadence ends, how long a
talk with a person keeps the machine silent, and whether people may decide otherwise. Durations are business days.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Integer, RowMapping, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.delivery import channels, rendering
from tenants.events import history
from tenants.isolation import scope
from tenants.store import Model, TenantOwned
from tenants.values.calendars import Blackout
from tenants.values.faults import Refusal

TONES = (
    "Friendly note before the due date",
    "First reminder",
    "Second reminder, with ways to pay",
    "Formal letter",
)
"""What the machine may say by itself, from the mildest to the sternest."""
MOST_BLACKOUTS = 40
MOST_GROUPS = 20
MOST_QUIET = 20
CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


class PolicyRefused(Refusal, ValueError):
    """The document of conduct cannot be kept."""

    code = "policy_refused"
    remedy = "Correct the named part."


class ContactPolicy(TenantOwned, Model):
    """One version of a client's document of conduct."""

    __tablename__ = "contact_policy"
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    worded_by: Mapped[str] = mapped_column(Text)
    worded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str] = mapped_column(Text, default="")


@dataclass(frozen=True, slots=True)
class CountryRule:
    """What holds for the customers of one country; it can only be stricter than what holds for all."""

    opens: time = time(0)
    closes: time = time(23, 59)
    per_week: int = 7
    machine: bool = True
    """Whether the machine may remind there at all; otherwise a person is asked to."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the gate obeys beyond budget and hours."""

    blackouts: tuple[Blackout, ...] = ()
    ceiling: str = TONES[-1]
    ceilings: Mapping[str, str] | None = None
    """A milder ceiling for some customer groups."""
    pays_by_itself: tuple[str, ...] = ("auto-pay",)
    """Groups whose invoices are drawn automatically: nobody reminds them."""
    consumers: str = "person"
    """Whether natural persons are left to people, or treated as companies where the client has cleared that."""
    per_month: int = 8
    """The most messages of any rule to one customer within thirty days; the budget of a week stands on the profile."""
    most_reminders: int = 6
    silence_after_talk: int = 2
    """Business days without automatic reminders after the customer wrote or spoke to somebody."""
    countries: Mapping[str, CountryRule] | None = None
    """By the two letters of ISO 3166."""
    ways: tuple[str, ...] = channels.WAYS
    """By which ways reminders may go at all; of these each customer's own order holds."""
    quiet_share: int = 0
    """How many customers in a hundred a rule may leave alone, to see what comes without it; 0: nobody."""
    overrides: bool = False
    """Whether people may send in spite of a refusal that is only too early, with a reason."""

    def ceiling_of(self, groups: set[str]) -> str:
        """The mildest ceiling of the customer's groups, or the common one."""
        own = [each for group, each in (self.ceilings or {}).items() if group in groups]
        return min([self.ceiling, *own], key=TONES.index)

    def above(self, template: str, *, groups: set[str]) -> bool:
        """Whether a template is sterner than the machine may be with this customer."""
        return template in TONES and TONES.index(template) > TONES.index(self.ceiling_of(groups))


PLAIN = Policy()
NEWEST = "SELECT document FROM contact_policy WHERE tenant_id = :tenant ORDER BY version DESC LIMIT 1"
VERSIONS = """
SELECT version, document, worded_by, worded_at, reason FROM contact_policy WHERE tenant_id = :tenant
ORDER BY version DESC LIMIT 50
"""
ADD = """
INSERT INTO contact_policy (tenant_id, version, document, worded_by, worded_at, reason)
SELECT :tenant, COALESCE(max(version), 0) + 1, CAST(:document AS jsonb), :by, :now, :reason
FROM contact_policy WHERE tenant_id = :tenant
ON CONFLICT DO NOTHING RETURNING version
"""


def current() -> Policy:
    """The document in force."""
    document = store.run(NEWEST).scalar_one_or_none()
    return PLAIN if document is None else read(document)


def versions() -> list[RowMapping]:
    """The last fifty versions, newest first."""
    return list(store.run(VERSIONS).mappings())


def change(document: Any, *, now: datetime, reason: str) -> Policy:
    """Put a document in force; the reason stands in the history. Raises PolicyRefused."""
    policy = read(document)
    if not reason.strip():
        raise PolicyRefused("A change of conduct has a reason.", pointer="/reason", remedy="Say why in one sentence.")
    was, became = as_document(current()), as_document(policy)
    store.run(ADD, document=json.dumps(became), by=scope.current().actor, now=now, reason=reason).scalar_one()
    history.note("policy.changed", about=("policy", scope.current().one), at=now, was=was, became=became, reason=reason)
    return policy


def as_document(policy: Policy) -> dict[str, Any]:
    """The document that `read` turns into the same policy."""
    shown = asdict(policy)
    shown["blackouts"] = [
        {"first_on": each.first_on.isoformat(), "last_on": each.last_on.isoformat(), "reason": each.reason}
        for each in policy.blackouts
    ]
    countries = {
        country: asdict(each) | {"opens": f"{each.opens:%H:%M}", "closes": f"{each.closes:%H:%M}"}
        for country, each in sorted((policy.countries or {}).items())
    }
    lists = {"pays_by_itself": list(policy.pays_by_itself), "ways": list(policy.ways)}
    return shown | lists | {"ceilings": dict(policy.ceilings or {}), "countries": countries}


def read(document: Any) -> Policy:
    """Check a document, part by part. Raises PolicyRefused, with the place of the fault."""
    if not isinstance(document, dict):
        raise PolicyRefused("A document of conduct is an object.", pointer="")
    known = {each.name for each in fields(Policy)}
    for key in document:
        if key not in known:
            raise PolicyRefused(f"There is no part “{str(key)[:40]}”.", pointer=f"/{key}")
    return Policy(**{key: READERS[key](value, f"/{key}") for key, value in document.items()})


def _blackouts(value: Any, at: str) -> tuple[Blackout, ...]:
    if not isinstance(value, list) or len(value) > MOST_BLACKOUTS:
        raise PolicyRefused(f"Days off are a list of at most {MOST_BLACKOUTS} ranges.", pointer=at)
    return tuple(_blackout(each, f"{at}/{n}") for n, each in enumerate(value))


def _blackout(value: Any, at: str) -> Blackout:
    if not isinstance(value, dict) or set(value) != {"first_on", "last_on", "reason"}:
        raise PolicyRefused("A range has first_on, last_on and reason.", pointer=at)
    first, last = (_day(value[key], f"{at}/{key}") for key in ("first_on", "last_on"))
    if last < first:
        raise PolicyRefused("The range ends before it begins.", pointer=f"{at}/last_on")
    return Blackout(first, last, _words(value["reason"], f"{at}/reason"))


def _day(value: Any, at: str) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise PolicyRefused(f"“{str(value)[:20]}” is no day.", pointer=at, remedy="Write it as 2026-12-24.") from None


def _words(value: Any, at: str) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= 120:
        raise PolicyRefused("Say it in 1 to 120 letters.", pointer=at)
    return value.strip()


def _tone(value: Any, at: str) -> str:
    if value not in TONES:
        raise PolicyRefused(
            f"“{str(value)[:40]}” is no message of the ladder.", pointer=at, remedy=f"Use one of: {', '.join(TONES)}."
        )
    return str(rendering.known(value))


def _tones(value: Any, at: str) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > MOST_GROUPS:
        raise PolicyRefused("Ceilings are an object of group and message.", pointer=at)
    return {_words(group, at): _tone(tone, f"{at}/{group}") for group, tone in value.items()}


def _groups(value: Any, at: str) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_GROUPS:
        raise PolicyRefused(f"Groups are a list of at most {MOST_GROUPS} names.", pointer=at)
    return tuple(_words(each, f"{at}/{n}") for n, each in enumerate(value))


def _countries(value: Any, at: str) -> dict[str, CountryRule]:
    if not isinstance(value, dict) or len(value) > MOST_GROUPS:
        raise PolicyRefused(f"Countries are an object of at most {MOST_GROUPS} countries.", pointer=at)
    return {_country(country, at): _country_rule(rule, f"{at}/{country}") for country, rule in value.items()}


def _country(value: Any, at: str) -> str:
    if not isinstance(value, str) or COUNTRY.fullmatch(value) is None:
        raise PolicyRefused(f"“{str(value)[:12]}” is no country.", pointer=at, remedy="Use two letters, like DE.")
    return value


def _country_rule(value: Any, at: str) -> CountryRule:
    if not isinstance(value, dict) or set(value) - set(OF_COUNTRY):
        raise PolicyRefused(f"A country has {', '.join(OF_COUNTRY)}.", pointer=at)
    rule = CountryRule(**{key: OF_COUNTRY[key](each, f"{at}/{key}") for key, each in value.items()})
    if rule.closes <= rule.opens:
        raise PolicyRefused("The hours end before they begin.", pointer=f"{at}/closes")
    return rule


def _time(value: Any, at: str) -> time:
    if not isinstance(value, str) or CLOCK.fullmatch(value) is None:
        raise PolicyRefused(f"“{str(value)[:12]}” is no time.", pointer=at, remedy="Write it as 09:30.")
    return time.fromisoformat(value)


def _consumers(value: Any, at: str) -> str:
    if value not in ("person", "automatic"):
        raise PolicyRefused("Consumers are left to a “person”, or written to “automatic”ally.", pointer=at)
    return str(value)


def _count(most: int, *, least: int = 0) -> Any:
    def read_count(value: Any, at: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise PolicyRefused(f"This is a whole number from {least} to {most}.", pointer=at)
        return value

    return read_count


def _ways(value: Any, at: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(each in channels.WAYS for each in value):
        remedy = f"Name some of: {', '.join(channels.WAYS)}."
        raise PolicyRefused("Reminders go by one way at least.", pointer=at, remedy=remedy)
    return tuple(way for way in channels.WAYS if way in value)


def _yes_or_no(value: Any, at: str) -> bool:
    if not isinstance(value, bool):
        raise PolicyRefused("This is true or false.", pointer=at)
    return value


OF_COUNTRY: dict[str, Any] = {"opens": _time, "closes": _time, "per_week": _count(7), "machine": _yes_or_no}
READERS: dict[str, Any] = {
    "blackouts": _blackouts,
    "ceiling": _tone,
    "ceilings": _tones,
    "pays_by_itself": _groups,
    "consumers": _consumers,
    "per_month": _count(31),
    "most_reminders": _count(20, least=1),
    "silence_after_talk": _count(20),
    "countries": _countries,
    "ways": _ways,
    "quiet_share": _count(MOST_QUIET),
    "overrides": _yes_or_no,
}
