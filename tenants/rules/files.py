"""Decides how the rules and the reminder ladders of a client travel together: a file each, told apart by its format.

A ladder goes as itself beside the rules that it stands for, so it is shown and edited as a ladder where it arrives.
Like every file it only becomes a draft.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tenants.rules import ladders, language, packs, portable, sentence
from tenants.rules.portable import Planned, Taken

LADDER = ".ladder"
"""How the key of a ladder's file ends; no rule can be called so."""


def read(text: str) -> tuple[str, str]:
    """The key of a file and what it says in English, with no database at hand. Raises RuleRefused."""
    document = language.parse(text)
    if not _is_ladder(document):
        rule = language.read(document)
        return rule.key, sentence.of(rule)
    ladder = ladders.read(document)
    return f"{ladder.key}{LADDER}", " ".join(ladders.sentences(ladder))


def export(keys: Sequence[str] = ()) -> dict[str, str]:
    """The files of these keys, or of every rule and ladder, as published where they are. Raises RuleUnknown."""
    rules = [key for key in keys if not key.endswith(LADDER)]
    wanted = [key.removesuffix(LADDER) for key in keys if key.endswith(LADDER)]
    found = portable.export(rules) if rules or not keys else {}
    for row in ladders.in_force() if not keys else [ladders.find(key) for key in wanted]:
        found[f"{row['key']}{LADDER}"] = portable.written(row["document"])
    return found


def plan(texts: Sequence[str]) -> list[Planned]:
    """What applying each text would change, and nothing is changed. Raises RuleRefused."""
    steep, plain = _sorted(texts)
    known = {row["key"]: row["document"] for row in ladders.everything()}
    planned = []
    for ladder in map(ladders.read, steep):
        before, after = known.get(ladder.key), ladder.document()
        places = tuple(packs.differences(before, after)) if before else ()
        outcome = "new" if before is None else "changed" if places else "same"
        was = " ".join(ladders.sentences(ladders.read(before))) if before else ""
        said = " ".join(ladders.sentences(ladder))
        planned.append(Planned(f"{ladder.key}{LADDER}", outcome, was, said, places, _unknown(ladder)))
    return planned + portable.plan(plain)


def apply(texts: Sequence[str], *, now: datetime) -> list[Taken]:
    """Keep each text as a draft; a ladder that is as it was is not kept again. Raises RuleRefused, and then the caller
    keeps none."""
    steep, plain = _sorted(texts)
    known = {row["key"]: row for row in ladders.everything()}
    taken = []
    for ladder in map(ladders.read, steep):
        row = known.get(ladder.key)
        same = row is not None and row["document"] == ladder.document()
        version = row["version"] if row is not None and same else ladders.keep(ladder.document(), now=now)
        outcome = "same" if same else "changed" if row else "new"
        said = " ".join(ladders.sentences(ladder))
        taken.append(Taken(f"{ladder.key}{LADDER}", version, outcome, said, _unknown(ladder)))
    return taken + portable.apply(plain, now=now)


def _sorted(texts: Sequence[str]) -> tuple[list[Any], list[str]]:
    """Ladders, which make rules, before the rules."""
    parsed = [(language.parse(text), text) for text in texts]
    steep = [document for document, _ in parsed if _is_ladder(document)]
    return steep, [text for document, text in parsed if not _is_ladder(document)]


def _is_ladder(document: Any) -> bool:
    return isinstance(document, Mapping) and document.get("format") == ladders.FORMAT


def _unknown(ladder: ladders.Ladder) -> tuple[str, ...]:
    return portable.unknown_groups(language.read(ladder.rules()[0]))
