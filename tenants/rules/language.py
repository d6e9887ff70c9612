"""Decides which documents are rules: the format goodterms.rule/1, read with every fault named by its place.

A rule is data, never code: typed fields, closed lists of operators and actions, and limits on size, depth and number
of conditions, so that whatever is accepted can be compiled to one bounded statement. Unknown keys are refused, because
a misspelt "skip_while" that is ignored would chase people who dispute.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from tenants.rules import actions, conditions, quiet, readers, timing
from tenants.rules.conditions import DEEPEST
from tenants.rules.faults import Fault, Ledger, RuleRefused, escaped, keys
from tenants.rules.fields import HOLDS, HOLDS_OF, SUBJECTS
from tenants.rules.fields_of_segments import GROUP_BY
from tenants.rules.tree import Action, Again, Duration, Rule

FORMAT = "goodterms.rule/1"
LARGEST = 32_768
DAYS = ("business_days", "days", "weeks")
MOST_PER_RUN = 1_000_000
REQUIRED = ("key", "about", "when", "if", "then", "again")
OPTIONAL = ("format", "hold_for", "skip_while", "caps", "priority", "quiet_share")
OF_SEGMENTS = ("group_by", "window")
WEEK = Duration(7, "days")
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
                _refuse(f"/{escaped(key)}", f"The key “{key[:40]}” stands here twice.", "Remove one of the two.")
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
    more = OF_SEGMENTS if about == "segment" else ()
    keys(document, "", required=REQUIRED, optional=(*OPTIONAL, *more), faults=faults)
    caps = _object(document.get("caps", {}), "/caps", faults)
    keys(caps, "/caps", required=(), optional=("per_run",), faults=faults)
    then = actions.read(document.get("then"), about=about, faults=faults)
    return Rule(
        key=key,
        about=about,
        when=timing.read(_object(document.get("when"), "/when", faults), faults),
        condition=conditions.read(document.get("if"), about=about, faults=faults),
        actions=then,
        again=_again(_object(document.get("again"), "/again", faults), faults),
        skip_while=_skip(document.get("skip_while", list(HOLDS_OF[about])), about, faults),
        hold_for=_span(document, "hold_for", faults, units=(*DAYS, "hours")),
        group_by=_group_by(document, faults) if about == "segment" else "",
        window=(_span(document, "window", faults, units=("days", "weeks")) or WEEK) if about == "segment" else None,
        per_run=_whole(caps.get("per_run"), "/caps/per_run", 1, MOST_PER_RUN, faults) if "per_run" in caps else None,
        priority=_whole(document.get("priority", 50), "/priority", 0, 100, faults),
        quiet_share=_quiet(document["quiet_share"], about, then, faults) if "quiet_share" in document else 0,
        document=document,
        canonical=canonical,
    )


def _again(raw: dict[str, Any], faults: Ledger) -> Again:
    if set(raw) == {"never"} and raw["never"] is True:
        return Again("never")
    if set(raw) == {"on"} and raw["on"] == "rematch":
        return Again("rematch")
    if set(raw) == {"after", "max"}:
        after = readers.duration(raw["after"], "/again/after", faults, units=DAYS)
        return Again("after", after or Duration(1, "days"), _whole(raw["max"], "/again/max", 1, 100, faults))
    faults.add(
        "/again",
        "Say whether the rule may act again on the same subject.",
        'Write {"never": true}, {"after": {"business_days": 7}, "max": 3} or {"on": "rematch"}.',
    )
    return Again("never")


def _span(document: dict[str, Any], key: str, faults: Ledger, *, units: tuple[str, ...]) -> Duration | None:
    return readers.duration(document[key], f"/{key}", faults, units=units) if key in document else None


def _group_by(document: dict[str, Any], faults: Ledger) -> str:
    if "group_by" not in document:
        return ""
    return readers.chosen(document["group_by"], "/group_by", faults, options=tuple(GROUP_BY), what="a way to group")


def _skip(raw: Any, about: str, faults: Ledger) -> tuple[str, ...]:
    known = HOLDS_OF[about]
    if not isinstance(raw, list) or len(raw) > (len(HOLDS) if known else 0):
        remedy = f"Use any of: {', '.join(known)}." if known else f"Write []: no hold concerns a {about}."
        faults.add("/skip_while", "This must be a list of holds." if known else f"No {about} is held.", remedy)
        return known
    named = [
        readers.chosen(each, f"/skip_while/{n}", faults, options=known, what=f"a hold of {about}s")
        for n, each in enumerate(raw)
    ]
    return tuple(hold for hold in HOLDS if hold in named)


def _quiet(raw: Any, about: str, then: tuple[Action, ...], faults: Ledger) -> int:
    if not quiet.compares(about, then):
        doings = ", ".join(quiet.COMPARED)
        faults.add("/quiet_share", "This rule must leave nobody alone.", f"Only of invoices, for {doings} and no more.")
    return _whole(raw, "/quiet_share", 1, quiet.MOST, faults)


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


def _too_large() -> NoReturn:
    _refuse("", f"The document is larger than {LARGEST // 1024} kB.", "Split it into several rules.")


def _refuse(pointer: str, reason: str, remedy: str) -> NoReturn:
    raise RuleRefused([Fault(pointer, reason, remedy)])
