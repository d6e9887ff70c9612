"""Decides which documents are rules: the format goodterms.rule/1, read with every fault named by its place.

A rule is data, never code: typed fields, closed lists of operators and actions, and limits on size, depth and number
of conditions, so that whatever is accepted can be compiled to one bounded statement. Unknown keys are refused, because
a misspelt "skip_while" that is ignored would chase people who dispute.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from tenants.rules import actions, readers, timing
from tenants.rules.faults import Fault, Ledger, RuleRefused
from tenants.rules.fields import HOLDS, HOLDS_OF, REGISTRY, SUBJECTS, Kind
from tenants.rules.tree import Again, Duration, Group, Leaf, Rule

FORMAT = "goodterms.rule/1"
LARGEST = 32_768
DEEPEST = 4
MOST_CHILDREN = 20
MOST_LEAVES = 60
MOST_PER_RUN = 100_000
REQUIRED = ("key", "about", "when", "if", "then", "again")
OPTIONAL = ("format", "skip_while", "caps", "priority")
RULE_KEY = re.compile(r"[a-z0-9][a-z0-9-]{1,62}", re.ASCII)


def read(document: Any) -> Rule:
    """Check a document and return the rule. Raises RuleRefused with all faults."""
    canonical = canonical_text(document)
    if not isinstance(document, dict):
        _refuse("", "A rule is a JSON object.", "Start from one of the recipes.")
    faults = Ledger()
    rule = _read(document, canonical, faults)
    if faults.faults:
        raise RuleRefused(faults.faults)
    return rule


def parse(text: str) -> Any:
    """Read JSON text; a key that stands twice is refused, because one of the two would be lost in silence."""
    if len(text) > LARGEST:
        _too_large()

    def once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                _refuse(f"/{_escape(key)}", f"The key “{key[:40]}” stands here twice.", "Remove one of the two.")
            found[key] = value
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except RecursionError:
        _refuse("", "The document is nested too deeply.", f"Use at most {DEEPEST} levels of conditions.")
    except json.JSONDecodeError as broken:
        _refuse(
            "",
            f"This is not JSON: line {broken.lineno}, column {broken.colno}.",
            "Check quotes, commas and brackets there.",
        )


def canonical_text(document: Any) -> str:
    """The one written form, whose SHA-256 names a version. Raises RuleRefused when the document cannot be stored."""
    try:
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except RecursionError:
        _refuse("", "The document is nested too deeply.", f"Use at most {DEEPEST} levels of conditions.")
    except (ValueError, TypeError):
        _refuse(
            "",
            "The document holds something that JSON cannot say.",
            "Remove broken characters and numbers such as NaN.",
        )
    if "\\u0000" in text:
        _refuse("", "The document holds a NUL character.", "Remove it.")
    if size > LARGEST:
        _too_large()
    return text


def _read(document: dict[str, Any], canonical: str, faults: Ledger) -> Rule:
    _keys(document, "", required=REQUIRED, optional=OPTIONAL, faults=faults)
    if document.get("format", FORMAT) != FORMAT:
        faults.add("/format", "This format is not known.", f"Write “{FORMAT}”.")
    key = document.get("key")
    if not isinstance(key, str) or RULE_KEY.fullmatch(key) is None:
        faults.add(
            "/key",
            "The key must be 2 to 63 lower-case letters, digits and dashes.",
            "Write for example “first-reminder”.",
        )
        key = "unnamed"
    about = readers.chosen(document.get("about"), "/about", faults, options=SUBJECTS, what="what a rule can be about")
    leaves: list[Leaf] = []
    condition = _node(document.get("if"), "/if", about, 1, leaves, faults)
    if len(leaves) > MOST_LEAVES:
        faults.add("/if", f"There are {len(leaves)} conditions.", f"Use at most {MOST_LEAVES}.")
    if not isinstance(condition, Group):
        condition = Group("/if", "all", (condition,) if condition else ())
    caps = _object(document.get("caps", {}), "/caps", faults)
    _keys(caps, "/caps", required=(), optional=("per_run",), faults=faults)
    return Rule(
        key=key,
        about=about,
        when=timing.read(_object(document.get("when"), "/when", faults), faults),
        condition=condition,
        actions=actions.read(document.get("then"), about=about, faults=faults),
        again=_again(_object(document.get("again"), "/again", faults), faults),
        skip_while=_skip(document.get("skip_while", list(HOLDS_OF[about])), about, faults),
        per_run=_whole(caps.get("per_run"), "/caps/per_run", 1, MOST_PER_RUN, faults) if "per_run" in caps else None,
        priority=_whole(document.get("priority", 50), "/priority", 0, 100, faults),
        document=document,
        canonical=canonical,
    )


def _node(raw: Any, at: str, about: str, depth: int, leaves: list[Leaf], faults: Ledger) -> Leaf | Group | None:
    if not isinstance(raw, dict):
        faults.add(at, "A condition is an object.", "Write a condition, or a group with all, any or not.")
        return None
    joins = [key for key in raw if key in ("all", "any", "not")]
    if not joins:
        leaf = _leaf(raw, at, about, faults)
        leaves.extend([leaf] if leaf else [])
        return leaf
    if len(raw) != 1:
        faults.add(at, "A group has exactly one of all, any and not, and nothing else.", "Nest the groups.")
        return None
    if depth > DEEPEST:
        faults.add(at, f"Groups are nested more than {DEEPEST} deep.", "Flatten the conditions.")
        return None
    return _group(raw, joins[0], at, about, depth, leaves, faults)


def _group(
    raw: dict[str, Any], join: str, at: str, about: str, depth: int, leaves: list[Leaf], faults: Ledger
) -> Group | None:
    inside = raw[join]
    if join == "not":
        child = _node(inside, f"{at}/not", about, depth + 1, leaves, faults)
        return Group(at, join, (child,)) if child else None
    if not isinstance(inside, list) or not 1 <= len(inside) <= MOST_CHILDREN:
        faults.add(f"{at}/{join}", f"A group holds 1 to {MOST_CHILDREN} conditions.", "Write a list of conditions.")
        return None
    parts = [_node(each, f"{at}/{join}/{n}", about, depth + 1, leaves, faults) for n, each in enumerate(inside)]
    return Group(at, join, tuple(part for part in parts if part))


def _leaf(raw: dict[str, Any], at: str, about: str, faults: Ledger) -> Leaf | None:
    name, op = raw.get("field"), raw.get("op")
    field = REGISTRY.get(name) if isinstance(name, str) else None
    if field is None:
        shown = f"There is no field “{name[:60]}”." if isinstance(name, str) else "The field is missing."
        faults.add(f"{at}/field", shown, f"Use one of: {', '.join(REGISTRY)}.")
        return None
    if about not in field.subjects:
        faults.add(
            f"{at}/field", f"A rule about customers cannot ask about {field.key}.", "Make it a rule about invoices."
        )
        return None
    if not isinstance(op, str) or op not in field.operators:
        shown = f"“{op[:40]}” does not fit {field.key}." if isinstance(op, str) else "The operator is missing."
        faults.add(f"{at}/op", shown, f"Use one of: {', '.join(field.operators)}.")
        return None
    valueless = op in readers.VALUELESS
    _keys(raw, at, required=("field", "op") if valueless else ("field", "op", "value"), optional=(), faults=faults)
    if "value" not in raw or valueless:
        return Leaf(at, field, op, None)
    if field.kind is Kind.NUMBER and isinstance(raw["value"], dict):
        return Leaf(at, field, op, readers.other(raw["value"], op, f"{at}/value", field, faults))
    return Leaf(at, field, op, readers.READERS[field.kind, op](raw["value"], f"{at}/value", field, faults))


def _again(raw: dict[str, Any], faults: Ledger) -> Again:
    if set(raw) == {"never"} and raw["never"] is True:
        return Again("never")
    if set(raw) == {"on"} and raw["on"] == "rematch":
        return Again("rematch")
    if set(raw) == {"after", "max"}:
        after = readers.duration(raw["after"], "/again/after", faults, units=("business_days", "days", "weeks"))
        return Again("after", after or Duration(1, "days"), _whole(raw["max"], "/again/max", 1, 100, faults))
    faults.add(
        "/again",
        "Say whether the rule may act again on the same subject.",
        'Write {"never": true}, {"after": {"business_days": 7}, "max": 3} or {"on": "rematch"}.',
    )
    return Again("never")


def _skip(raw: Any, about: str, faults: Ledger) -> tuple[str, ...]:
    if not isinstance(raw, list) or len(raw) > len(HOLDS):
        faults.add("/skip_while", "This must be a list of holds.", f"Use any of: {', '.join(HOLDS_OF[about])}.")
        return HOLDS_OF[about]
    named = [
        readers.chosen(each, f"/skip_while/{n}", faults, options=HOLDS_OF[about], what=f"a hold of {about}s")
        for n, each in enumerate(raw)
    ]
    return tuple(hold for hold in HOLDS if hold in named)


def _whole(raw: Any, at: str, low: int, high: int, faults: Ledger) -> int:
    if type(raw) is not int or not low <= raw <= high:
        faults.add(at, f"This must be a whole number from {low} to {high}.", "Write a whole number.")
        return low
    return raw


def _object(raw: Any, at: str, faults: Ledger) -> dict[str, Any]:
    if isinstance(raw, dict):
        return raw
    faults.add(at, "This must be an object.", "Write it in braces.")
    return {}


def _keys(
    raw: dict[str, Any], at: str, *, required: tuple[str, ...], optional: tuple[str, ...], faults: Ledger
) -> None:
    for key in required:
        if key not in raw:
            faults.add(f"{at}/{key}", f"“{key}” is missing.", f"Add “{key}”.")
    for key in raw:
        if key not in required and key not in optional:
            faults.add(
                f"{at}/{_escape(key)}",
                f"“{key[:40]}” is not known here.",
                f"Use only: {', '.join((*required, *optional)) or 'nothing'}.",
            )


def _escape(key: str) -> str:
    return key[:60].replace("~", "~0").replace("/", "~1")


def _too_large() -> NoReturn:
    _refuse("", f"The document is larger than {LARGEST // 1024} kB.", "Split it into several rules.")


def _refuse(pointer: str, reason: str, remedy: str) -> NoReturn:
    raise RuleRefused([Fault(pointer, reason, remedy)])
