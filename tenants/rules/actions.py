"""Decides what a rule may do: tell somebody, give work, hand over, move, pause, ask, mark, call, send. Each has its
words and its limits."""

from collections.abc import Callable
from typing import Any

from tenants.delivery import rendering
from tenants.rules import readers, senders
from tenants.rules.faults import Ledger, keys
from tenants.rules.stages import STAGES
from tenants.rules.tree import Action, Duration

MOST = 5
SHAPES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "alert": (("severity", "to"), ()),
    "task": (("to", "title"), ("due",)),
    "pause": (("what", "for"), ()),
    "send": (("template", "to", "as"), ("bundle",)),
    "assign": (("to",), ()),
    "stage": (("to",), ()),
    "approve": (("from", "title", "within", "then"), ()),
    "tag": (("tag",), ()),
    "set": (("field", "value"), ()),
    "webhook": (("endpoint",), ()),
    "digest": (("to",), ()),
}
"""Required and optional keys of each action, besides `do`."""
OF_SEGMENTS = ("alert", "task", "digest", "webhook")
"""A segment is nobody who could be written to, paused or moved."""
AFTER_APPROVAL = tuple(do for do in SHAPES if do != "approve")
SEVERITIES = ("normal", "low", "high")
LONGEST_PAUSE = {"business_days": 50, "days": 90, "weeks": 12}
"""No pause is longer than ninety days: a customer who is forgotten in a pause is money that nobody asks for."""
PEOPLE = ("specialist", "client account manager", "client finance lead", "team lead", "tenant admins")
TAKERS = ("specialist", "senior pool", "dispute owner", "client account manager", "team lead")
"""Who can be given an invoice or a customer."""
DECIDERS = ("client finance lead", "tenant admins")
"""The client decides on hard steps, never the provider for it."""
CONTACTS = ("billing contact",)
TEMPLATES = tuple(name for name in rendering.TEMPLATES if name != "Invoice")
"""What people call the messages that a rule may send; the invoice itself goes out without any rule."""
SETTABLE: dict[str, tuple[str, ...]] = {
    "customer.delivery_channel": ("email", "portal", "paper"),
    "customer.language": ("en", "de"),
}
"""The fields that a rule may set, and to what."""
DAYS = ("business_days", "days", "weeks")
LONGEST_WAIT = {"business_days": 30, "days": 45, "weeks": 6}


def read(raw: Any, *, about: str, faults: Ledger, at: str = "/then") -> tuple[Action, ...]:
    """Read the `then` of a document, or of an approval."""
    if not isinstance(raw, list) or not 1 <= len(raw) <= MOST:
        faults.add(at, f"A rule does 1 to {MOST} things.", "Write a list of actions.")
        return ()
    found = tuple(_action(each, f"{at}/{n}", about, faults) for n, each in enumerate(raw))
    actions = tuple(action for action in found if action)
    for do in SHAPES:
        named = [(action.to, action.tag, action.field, action.endpoint) for action in actions if action.do == do]
        if len(set(named)) < len(named):
            faults.add(at, f"There are two actions “{do}”.", "One of each kind is enough: a second would do it twice.")
    return actions


def _action(raw: Any, at: str, about: str, faults: Ledger) -> Action | None:
    if not isinstance(raw, dict):
        shown = 'Write for example {"do": "alert", "severity": "normal", "to": "specialist"}.'
        faults.add(at, "An action is an object.", shown)
        return None
    do = raw.get("do")
    options = AFTER_APPROVAL if at.count("/then") > 1 else OF_SEGMENTS if about == "segment" else tuple(SHAPES)
    if not isinstance(do, str) or do not in options:
        faults.add(f"{at}/do", f"There is no action “{str(do)[:40]}” here.", f"Use one of: {', '.join(options)}.")
        return None
    required, more = SHAPES[do]
    keys(raw, at, required=("do", *required), optional=more, faults=faults)
    return READERS[do](raw, at, about, faults)


def _one(raw: dict[str, Any], key: str, at: str, faults: Ledger, options: tuple[str, ...], what: str) -> str:
    return readers.chosen(raw.get(key), f"{at}/{key}", faults, options=options, what=what)


def _alert(raw: dict[str, Any], at: str, about: str, faults: Ledger) -> Action:
    severity = _one(raw, "severity", at, faults, SEVERITIES, "a severity")
    return Action("alert", _person(raw, at, about, faults), severity=severity)


def _person(raw: dict[str, Any], at: str, about: str, faults: Ledger) -> str:
    options = PEOPLE[1:] if about == "segment" else PEOPLE
    return _one(raw, "to", at, faults, options, "somebody who can be told")


def _task(raw: dict[str, Any], at: str, about: str, faults: Ledger) -> Action:
    title = readers.text(raw.get("title"), f"{at}/title", faults, longest=120, what="The title")
    due = readers.duration(raw["due"], f"{at}/due", faults, units=DAYS) if "due" in raw else None
    return Action("task", _person(raw, at, about, faults), title=title, due=due)


def _pause(raw: dict[str, Any], at: str, about: str, faults: Ledger) -> Action:
    options = ("invoice", "customer") if about == "invoice" else ("customer",)
    what = _one(raw, "what", at, faults, options, "what this rule can pause")
    span = _limited(raw, "for", at, faults, LONGEST_PAUSE, "A pause ends within 90 days.")
    return Action("pause", what=what, span=span)


def _limited(raw: dict[str, Any], key: str, at: str, faults: Ledger, longest: dict[str, int], reason: str) -> Duration:
    span = readers.duration(raw.get(key), f"{at}/{key}", faults, units=tuple(longest))
    if span and span.count > longest[span.unit]:
        most = f"{longest[span.unit]} {span.unit.replace('_', ' ')}"
        faults.add(f"{at}/{key}/{span.unit}", reason, f"Use at most {most}.")
    return span or Duration(1, "days")


def _send(raw: dict[str, Any], at: str, about: str, faults: Ledger) -> Action:
    if about == "invoice" and "bundle" not in raw:
        faults.add(f"{at}/bundle", "“bundle” is missing.", 'Add "bundle": "customer": one message lists all.')
    if "bundle" in raw:
        _one(raw, "bundle", at, faults, ("customer",), "a way to bundle")
    return Action(
        "send",
        _one(raw, "to", at, faults, CONTACTS, "a contact who gets messages"),
        template=_one(raw, "template", at, faults, TEMPLATES, "a message template"),
        sender=_one(raw, "as", at, faults, senders.SENDERS, "somebody who signs messages"),
    )


def _assign(raw: dict[str, Any], at: str, about: str, faults: Ledger) -> Action:
    return Action("assign", _one(raw, "to", at, faults, TAKERS, "somebody who can take it over"))


def _stage(raw: dict[str, Any], at: str, about: str, faults: Ledger) -> Action:
    return Action("stage", to="", stage=_one(raw, "to", at, faults, STAGES, "a stage"))


def _approve(raw: dict[str, Any], at: str, about: str, faults: Ledger) -> Action:
    return Action(
        "approve",
        _one(raw, "from", at, faults, DECIDERS, "somebody who can decide"),
        title=readers.text(raw.get("title"), f"{at}/title", faults, longest=120, what="The title"),
        within=_limited(raw, "within", at, faults, LONGEST_WAIT, "A question is answered within six weeks."),
        then=read(raw.get("then"), about=about, faults=faults, at=f"{at}/then"),
    )


def _tag(raw: dict[str, Any], at: str, about: str, faults: Ledger) -> Action:
    tag = raw.get("tag")
    if not isinstance(tag, str) or readers.KEY.fullmatch(tag) is None:
        faults.add(f"{at}/tag", "This is not a tag.", "Use lower-case letters, digits, - and _.")
        tag = "tag"
    return Action("tag", to="", tag=tag)


def _set(raw: dict[str, Any], at: str, about: str, faults: Ledger) -> Action:
    field = _one(raw, "field", at, faults, tuple(SETTABLE), "a field that a rule may set")
    return Action("set", to="", field=field, value=_one(raw, "value", at, faults, SETTABLE[field], f"a {field}"))


def _webhook(raw: dict[str, Any], at: str, about: str, faults: Ledger) -> Action:
    name = raw.get("endpoint")
    if not isinstance(name, str) or readers.KEY.fullmatch(name) is None:
        faults.add(f"{at}/endpoint", "This is not the name of an endpoint.", "Use lower-case letters, digits, - and _.")
        name = "endpoint"
    return Action("webhook", to="", endpoint=name)


def _digest(raw: dict[str, Any], at: str, about: str, faults: Ledger) -> Action:
    return Action("digest", _person(raw, at, about, faults))


READERS: dict[str, Callable[[dict[str, Any], str, str, Ledger], Action]] = {
    "alert": _alert,
    "task": _task,
    "pause": _pause,
    "send": _send,
    "assign": _assign,
    "stage": _stage,
    "approve": _approve,
    "tag": _tag,
    "set": _set,
    "webhook": _webhook,
    "digest": _digest,
}
