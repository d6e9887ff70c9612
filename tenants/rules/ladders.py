"""Decides what a reminder schedule means: an ordered list of steps before and after the due date, which expands into
one rule a step.

Each step stops where the next begins, so whoever comes back after dark days hears the newest step alone and never three
at once. A ladder is kept in versions; what runs are its rules, under the life cycle of every rule, so a second person
publishes it and the gate judges each message.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, Integer, RowMapping, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.events import history
from tenants.isolation import scope
from tenants.rules import actions, language, publishing, readers, rule_book, senders, sentence
from tenants.rules.dryrun import DryRun
from tenants.rules.faults import Ledger, RuleRefused, RuleUnknown, keys
from tenants.store import Model, TenantOwned

FORMAT = "goodterms.ladder/1"
MOST_STEPS = 12
EARLIEST, LATEST = -60, 365
WHOSE = {
    "groups": ("customer.groups", "any_of"),
    "except_groups": ("customer.groups", "none_of"),
    "languages": ("customer.language", "in"),
}
"""Which customers a ladder is for: each list becomes a condition of every step; an empty one says nothing."""
ALWAYS = [{"field": "invoice.status", "op": "eq", "value": "open"}]


class LadderRow(TenantOwned, Model):
    """One version of a ladder."""

    __tablename__ = "ladder"
    __table_args__ = (Index("ix_ladder_state", "tenant_id", "state", "key"),)
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text)
    worded_by: Mapped[str] = mapped_column(Text)
    worded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    published_by: Mapped[str] = mapped_column(Text, default="")
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


@dataclass(frozen=True, slots=True)
class Step:
    """One rung: so many days after the due date (below nothing: before it), a message or a task for a person.

    `by` is in whose name the message goes, or who gets the task: steps may climb from the specialist to the team lead
    and to the client's own finance lead.
    """

    day: int
    template: str = ""
    task: str = ""
    by: str = senders.SPECIALIST

    def document(self) -> dict[str, Any]:
        """The step as it stands in the document; the specialist need not be named."""
        what = {"template": self.template} if self.template else {"task": self.task}
        named = {} if self.by == senders.SPECIALIST else {"as" if self.template else "to": self.by}
        return {"day": self.day, **what, **named}


@dataclass(frozen=True, slots=True)
class Ladder:
    """A checked ladder."""

    key: str
    at: str
    groups: tuple[str, ...]
    steps: tuple[Step, ...]
    except_groups: tuple[str, ...] = ()
    """Whom another ladder takes care of: two ladders must not both ask the same customer."""
    languages: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The document that `read` turns into the same ladder."""
        steps = [step.document() for step in self.steps]
        whose = {name: list(getattr(self, name)) for name in WHOSE if name == "groups" or getattr(self, name)}
        return {"format": FORMAT, "key": self.key, "at": self.at, **whose, "steps": steps}

    def rules(self) -> list[dict[str, Any]]:
        """The rules that it stands for, one a step, in order."""
        return [self._rule(place) for place in range(len(self.steps))]

    def _rule(self, place: int) -> dict[str, Any]:
        step = self.steps[place]
        after = self.steps[place + 1] if place + 1 < len(self.steps) else None
        conditions = [*ALWAYS, _reached(step.day)]
        if after:
            conditions.append({"not": _reached(after.day)})
        for name, (field, op) in WHOSE.items():
            if named := getattr(self, name):
                conditions.append({"field": field, "op": op, "value": list(named)})
        return {
            "format": "goodterms.rule/1",
            "key": f"{self.key}-{place + 1}",
            "about": "invoice",
            "when": {"every": "business_day", "at": self.at},
            "if": {"all": conditions},
            "then": [_act(step)],
            "again": {"never": True},
        }


STANDARD = {
    "format": FORMAT,
    "key": "standard",
    "at": "08:30",
    "groups": [],
    "steps": [
        {"day": -7, "template": "Friendly note before the due date"},
        {"day": 3, "template": "First reminder"},
        {"day": 15, "template": "Second reminder, with ways to pay"},
        {"day": 30, "task": "Call the customer: two reminders were not answered"},
    ],
}
ADD = """
INSERT INTO ladder (tenant_id, key, version, document, state, worded_by, worded_at)
SELECT :tenant, :key, COALESCE(max(version), 0) + 1, CAST(:document AS jsonb), 'draft', :by, :now
FROM ladder WHERE tenant_id = :tenant AND key = :key
ON CONFLICT DO NOTHING RETURNING version
"""
NEWEST = """
SELECT key, version, document, state, worded_by, worded_at, published_by, published_at FROM ladder
WHERE tenant_id = :tenant AND key = :key ORDER BY version DESC LIMIT 1
"""
ALL = """
SELECT DISTINCT ON (key) key, version, document, state, worded_by, worded_at FROM ladder
WHERE tenant_id = :tenant ORDER BY key, version DESC
"""
IN_FORCE = """
SELECT DISTINCT ON (key) key, version, document, state FROM ladder
WHERE tenant_id = :tenant ORDER BY key, state <> 'live', version DESC
"""
RULES = """
SELECT key, state FROM rule WHERE tenant_id = :tenant AND key LIKE :prefix AND state <> 'retired' ORDER BY key
"""
LIVE = """
UPDATE ladder SET state = CASE WHEN version = :version THEN 'live' ELSE 'retired' END,
  published_by = CASE WHEN version = :version THEN :by ELSE published_by END,
  published_at = CASE WHEN version = :version THEN CAST(:now AS timestamptz) ELSE published_at END
WHERE tenant_id = :tenant AND key = :key AND (version = :version OR state = 'live')
"""


def read(raw: Any) -> Ladder:
    """Check a ladder, every fault with its pointer. Raises RuleRefused."""
    faults = Ledger()
    document = raw if isinstance(raw, dict) else {}
    if document.get("format") != FORMAT:
        faults.add("/format", "This is no ladder.", f'Begin with "format": "{FORMAT}".')
    key = readers.text(document.get("key"), "/key", faults, longest=40, what="The key")
    steps = _steps(document.get("steps"), faults)
    whose = {name: _names(document.get(name, []), f"/{name}", faults) for name in WHOSE}
    keys(document, "", required=("format", "key", "steps"), optional=("at", *WHOSE), faults=faults)
    if faults.faults:
        raise RuleRefused(faults.faults)
    ladder = Ladder(key, str(document.get("at", "08:30")), steps=steps, **whose)
    for rule in ladder.rules():
        language.read(rule)
    return ladder


def sentences(ladder: Ladder) -> list[str]:
    """Each step in English."""
    return [sentence.of(language.read(rule)) for rule in ladder.rules()]


def keep(raw: Any, *, now: datetime) -> int:
    """Keep a ladder as a draft and its steps as drafts of rules; returns its version. Raises RuleRefused."""
    ladder = read(raw)
    by = scope.current().actor
    version: int = store.run(ADD, key=ladder.key, document=json.dumps(ladder.document()), by=by, now=now).scalar_one()
    for rule in ladder.rules():
        rule_book.save(rule, now=now)
    became = {"version": version, "steps": len(ladder.steps)}
    history.note("ladder.kept", about=("ladder", scope.current().one), at=now, became=became)
    return version


def try_out(key: str, *, now: datetime, real: datetime) -> list[DryRun]:
    """What each step would do now; publishing asks that somebody has looked. Raises RuleUnknown."""
    ladder = read(find(key)["document"])
    return [publishing.try_out(rule["key"], now=now, real=real) for rule in ladder.rules()]


def publish(key: str, *, now: datetime, real: datetime) -> Ladder:
    """Publish every step of the newest version and retire the steps that it no longer has.

    Raises RuleUnknown, and whatever publishing one of its rules raises: the author alone publishes none of them.
    """
    row = find(key)
    ladder = read(row["document"])
    names = [rule["key"] for rule in ladder.rules()]
    for name in names:
        publishing.publish(name, now=now, real=real)
    for old in store.run(RULES, prefix=f"{key}-%"):
        if old.key not in names and old.key.removeprefix(f"{key}-").isdigit():
            rule_book.retire(old.key, now=now, reason=f"the ladder {key} has no such step any more")
    store.run(LIVE, key=key, version=row["version"], by=scope.current().actor, now=now)
    return ladder


def find(key: str) -> RowMapping:
    """The newest version of a ladder. Raises RuleUnknown."""
    row = store.run(NEWEST, key=key).mappings().one_or_none()
    if row is None:
        raise RuleUnknown(f"There is no ladder “{key[:40]}”.")
    return row


def everything() -> Sequence[RowMapping]:
    """The newest version of every ladder."""
    return store.run(ALL).mappings().all()


def in_force() -> Sequence[RowMapping]:
    """Every ladder in its live version, or in its newest where none is live."""
    return store.run(IN_FORCE).mappings().all()


def _names(raw: Any, at: str, faults: Ledger) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(each, str) and each for each in raw):
        faults.add(at, "This is a list of names.", 'Write for example ["key"], or [] for everybody.')
        return ()
    return tuple(raw)


def _steps(raw: Any, faults: Ledger) -> tuple[Step, ...]:
    if not isinstance(raw, list) or not 1 <= len(raw) <= MOST_STEPS:
        faults.add("/steps", f"A ladder has 1 to {MOST_STEPS} steps.", "Write a list of steps.")
        return ()
    found = tuple(_step(each, f"/steps/{place}", faults) for place, each in enumerate(raw))
    days = [step.day for step in found]
    for place, (one, other) in enumerate(pairwise(days), 1):
        if other <= one:
            faults.add(f"/steps/{place}/day", "The steps are not in order.", "Let each step come after the one before.")
    return found


def _step(raw: Any, at: str, faults: Ledger) -> Step:
    who = "as" if isinstance(raw, dict) and "template" in raw else "to"
    if (
        not isinstance(raw, dict)
        or ("template" in raw) == ("task" in raw)
        or set(raw) - {"day", "template", "task", who}
    ):
        faults.add(at, "A step has a day, and a template or a task.", 'Write {"day": 3, "template": "First reminder"}.')
        return Step(1)
    day = raw.get("day")
    if not isinstance(day, int) or isinstance(day, bool) or not EARLIEST <= day <= LATEST or day == 0:
        faults.add(f"{at}/day", f"“{str(day)[:12]}” is no day of a ladder.", "Write -60 to -1 before, 1 to 365 after.")
        day = 1
    named = raw.get(who, senders.SPECIALIST)
    by = readers.chosen(named, f"{at}/{who}", faults, options=senders.SENDERS, what="somebody who signs or acts")
    if "task" in raw:
        return Step(day, task=readers.text(raw["task"], f"{at}/task", faults, longest=120, what="The title"), by=by)
    template = readers.chosen(raw["template"], f"{at}/template", faults, options=actions.TEMPLATES, what="a text")
    return Step(day, template=template, by=by)


def _reached(day: int) -> dict[str, Any]:
    """Whether an invoice has come to this day of the ladder; before the due date it has, until long after."""
    if day > 0:
        return {"field": "invoice.due_date", "op": "past_by", "value": {"days": day}}
    return {"field": "invoice.due_date", "op": "due_in", "value": {"days": -day}}


def _act(step: Step) -> dict[str, Any]:
    if step.template:
        return {
            "do": "send",
            "template": step.template,
            "to": "billing contact",
            "as": step.by,
            "bundle": "customer",
        }
    return {"do": "task", "to": step.by, "title": step.task}
