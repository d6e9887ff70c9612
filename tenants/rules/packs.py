"""Decides what the provider's own wording of a rule means for a client: a standard that is inherited, worded otherwise
where the client wants, or locked.

A standard is handed to each client and kept in the client's own books, so a client can always see how far its rule
differs from it. A locked rule has the provider's wording or none.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import RowMapping

from tenants import store
from tenants.events import history
from tenants.isolation import scope
from tenants.rules import language, rule_book
from tenants.rules.faults import RuleUnknown
from tenants.values.counts import counted
from tenants.values.faults import Kind, Refusal

GIVE = """
INSERT INTO rule_standard (tenant_id, key, pack, document, sha256, locked, given_by, given_at)
VALUES (:tenant, :key, :pack, CAST(:document AS jsonb), :sha256, :locked, :actor, :now)
ON CONFLICT (tenant_id, key) DO UPDATE SET pack = excluded.pack, document = excluded.document,
  sha256 = excluded.sha256, locked = excluded.locked, given_by = excluded.given_by, given_at = excluded.given_at
"""
FIND = """
SELECT key, pack, document, sha256, locked, given_by, given_at FROM rule_standard
WHERE tenant_id = :tenant AND key = :key
"""
ALL = """
SELECT key, pack, document, sha256, locked, given_by, given_at FROM rule_standard WHERE tenant_id = :tenant ORDER BY key
"""


class RuleLocked(Refusal):
    """The provider locked this rule."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "rule_locked"
    remedy = "Ask the provider to unlock it, or pause it."


@dataclass(frozen=True, slots=True)
class Standing:
    """How a client's rule stands to the provider's standard."""

    pack: str
    locked: bool
    differs: tuple[str, ...]
    """Places where the client's wording is another."""

    @property
    def said(self) -> str:
        """The same in one sentence."""
        if not self.differs:
            return "As the provider’s standard says."
        places = counted(len(self.differs), "place")
        return f"Differs from the provider’s standard in {places}."


def hand_out(document: Any, *, pack: str, locked: bool, now: datetime) -> rule_book.Kept:
    """Give a client the provider's wording as a draft, and as the standard for its own. Raises RuleRefused.

    A client that worded the rule otherwise keeps its own as the newest version, unless the rule is locked.
    """
    rule = language.read(document)
    before = find(rule.key)
    own = _own(rule.key)
    inherits = own is None or before is None or own == before["sha256"]
    values = {"key": rule.key, "pack": pack, "document": rule.canonical, "sha256": _sha(rule.canonical)}
    store.run(GIVE, locked=locked, actor=scope.current().actor, now=now, **values)
    about = ("tenant", scope.current().one)
    history.note("rule.standard", about=about, at=now, became={"key": rule.key, "pack": pack, "locked": locked})
    if inherits or locked:
        return rule_book.save(document, now=now, worded_by=f"pack:{pack}")
    return rule_book.find(rule.key)


def save(document: Any, *, now: datetime) -> rule_book.Kept:
    """Keep a client's own wording as a draft. Raises RuleRefused, RuleLocked."""
    rule = language.read(document)
    standard = find(rule.key)
    if standard is not None and standard["locked"] and _sha(rule.canonical) != standard["sha256"]:
        raise RuleLocked(f"The provider’s pack “{standard['pack']}” locks this rule.")
    return rule_book.save(document, now=now)


def find(key: str) -> RowMapping | None:
    """The standard of a key, if there is one."""
    return store.run(FIND, key=key).mappings().one_or_none()


def standards() -> Sequence[RowMapping]:
    """Every standard that this client was given."""
    return store.run(ALL).mappings().all()


def standing(kept: rule_book.Kept) -> Standing | None:
    """How a rule's shown version stands to its standard; None where there is none."""
    standard = find(kept.key)
    if standard is None:
        return None
    return Standing(standard["pack"], standard["locked"], tuple(differences(standard["document"], kept.document)))


def differences(old: Any, new: Any, at: str = "") -> list[str]:
    """The places at which two documents differ, as JSON pointers; a list that grew differs at its end."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        names = sorted({*old, *new})
        return [place for name in names for place in differences(old.get(name), new.get(name), f"{at}/{name}")]
    if isinstance(old, list) and isinstance(new, list):
        longest = range(max(len(old), len(new)))
        pairs = [(old[n] if n < len(old) else None, new[n] if n < len(new) else None) for n in longest]
        return [place for n, (was, became) in enumerate(pairs) for place in differences(was, became, f"{at}/{n}")]
    return [] if json.dumps(old) == json.dumps(new) else [at]


def _own(key: str) -> str | None:
    try:
        return rule_book.find(key).sha256
    except RuleUnknown:
        return None


def _sha(canonical: str) -> str:
    return hashlib.sha256(canonical.encode()).hexdigest()
