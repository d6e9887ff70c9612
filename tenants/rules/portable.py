"""Decides how rules travel as files: one document a file, written in one way, so that what was exported comes back
byte for byte and a difference between two clients is a difference between two files.

Files only ever become drafts. Who publishes is decided where people sign in, so that nobody publishes alone, by a
file, what customers hear of.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tenants import store
from tenants.rules import language, packs, rule_book, sentence
from tenants.rules.fields import Kind
from tenants.rules.tree import Rule

GROUPS = "SELECT DISTINCT key FROM debtor_group WHERE tenant_id = :tenant AND key = ANY(:keys)"


EVERY_GROUP = "SELECT DISTINCT key FROM debtor_group WHERE tenant_id = :tenant ORDER BY key LIMIT 100"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one file: `outcome` is new, changed or same."""

    key: str
    version: int
    outcome: str
    sentence: str
    unknown_groups: tuple[str, ...]
    """Groups that the rule names and that no customer of the client is in."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a file would change: two sentences, and the places at which they differ."""

    key: str
    outcome: str
    before: str
    after: str
    places: tuple[str, ...]
    unknown_groups: tuple[str, ...]


def written(document: Mapping[str, Any]) -> str:
    """A document as a file for people and for version control: sorted keys, one line each, a newline at the end."""
    return json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def export(keys: Sequence[str] = ()) -> dict[str, str]:
    """The files of the named rules, or of all that are not retired: the published version where there is one.

    Raises RuleUnknown.
    """
    published = {row["key"]: row["version"] for row in rule_book.all_kept()}
    wanted = keys or sorted(published)
    return {key: written(rule_book.find(key, version=published.get(key) or None).document) for key in wanted}


def plan(texts: Sequence[str]) -> list[Planned]:
    """What applying each text would change, and nothing is changed. Raises RuleRefused."""
    rules = [language.read(language.parse(text)) for text in texts]
    known = {row["key"] for row in rule_book.all_kept()}
    planned = []
    for rule in rules:
        kept = rule_book.find(rule.key) if rule.key in known else None
        places = tuple(packs.differences(kept.document, rule.document)) if kept else ()
        outcome = "new" if kept is None else "changed" if places else "same"
        before = kept.sentence if kept else ""
        planned.append(Planned(rule.key, outcome, before, sentence.of(rule), places, unknown_groups(rule)))
    return planned


def apply(texts: Sequence[str], *, now: datetime) -> list[Taken]:
    """Keep each text as the newest version of its rule. Raises RuleRefused, and then the caller keeps none."""
    rules = [language.read(language.parse(text)) for text in texts]
    newest = {row["key"]: row["newest"] for row in rule_book.all_kept()}
    return [_taken(rule, newest.get(rule.key, 0), now) for rule in rules]


def groups() -> list[str]:
    """The customer groups that a rule of this client can name."""
    return [str(key) for key in store.run(EVERY_GROUP).scalars()]


def unknown_groups(rule: Rule) -> tuple[str, ...]:
    """Groups in the conditions that no customer of the client is in: a misspelt one would match nobody in silence."""
    named = {
        str(key)
        for leaf in rule.leaves()
        if leaf.field.kind is Kind.KEYS and isinstance(leaf.value, tuple)
        for key in leaf.value
    }
    known = set(store.run(GROUPS, keys=sorted(named)).scalars()) if named else set()
    return tuple(sorted(named - known))


def _taken(rule: Rule, before: int, now: datetime) -> Taken:
    kept = packs.save(rule.document, now=now)
    outcome = "same" if kept.shown == before else "changed" if before else "new"
    return Taken(rule.key, kept.shown, outcome, kept.sentence, unknown_groups(rule))
