"""Decides what a rule may do: raise an alert, give a task, pause contact, send a message. Each has its
words and its limits."""

from typing import Any

from tenants.delivery import rendering
from tenants.rules import readers
from tenants.rules.faults import Ledger
from tenants.rules.tree import Action, Duration

MOST = 5
SHAPES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "alert": (("severity", "to"), ()),
    "task": (("to", "title"), ("due",)),
    "pause": (("what", "for"), ()),
    "send": (("template", "to", "as", "bundle"), ()),
}
"""Required and optional keys of each action, besides `do`."""
SEVERITIES = ("normal", "low", "high")
LONGEST_PAUSE = {"business_days": 50, "days": 90, "weeks": 12}
"""No pause is longer than ninety days: a customer who is forgotten in a pause is money that nobody asks for."""
PEOPLE = ("specialist",)
CONTACTS = ("billing contact",)
TEMPLATES = tuple(name for name in rendering.TEMPLATES if name != "Invoice")
"""What people call the messages that a rule may send; the invoice itself goes out without any rule."""


def read(raw: Any, *, about: str, faults: Ledger) -> tuple[Action, ...]:
    """Read the `then` of a document."""
    if not isinstance(raw, list) or not 1 <= len(raw) <= MOST:
        faults.add("/then", f"A rule does 1 to {MOST} things.", "Write a list of actions.")
        return ()
    found = tuple(_action(each, f"/then/{n}", about, faults) for n, each in enumerate(raw))
    for do in SHAPES:
        if sum(action is not None and action.do == do for action in found) > 1:
            faults.add(
                "/then",
                f"There are two actions “{do}”.",
                "One of each kind is enough: a second would do the same twice.",
            )
    return tuple(action for action in found if action)


def _action(raw: Any, at: str, about: str, faults: Ledger) -> Action | None:
    if not isinstance(raw, dict):
        faults.add(
            at,
            "An action is an object.",
            'Write for example {"do": "alert", "severity": "normal", "to": "specialist"}.',
        )
        return None
    do = raw.get("do")
    if not isinstance(do, str) or do not in SHAPES:
        faults.add(f"{at}/do", f"There is no action “{str(do)[:40]}”.", f"Use one of: {', '.join(SHAPES)}.")
        return None
    required, optional = SHAPES[do]
    for key in required:
        if key not in raw:
            faults.add(f"{at}/{key}", f"“{key}” is missing.", f"Add “{key}”.")
    for key in raw:
        if key not in ("do", *required, *optional):
            faults.add(
                f"{at}/{key[:60]}",
                f"“{key[:40]}” is not known here.",
                f"Use only: do, {', '.join((*required, *optional))}.",
            )
    if do == "send":
        return _send(raw, at, about, faults)
    if do == "pause":
        return _pause(raw, at, about, faults)
    to = readers.chosen(raw.get("to"), f"{at}/to", faults, options=PEOPLE, what="somebody who can be told")
    if do == "alert":
        return Action(
            do,
            to,
            severity=readers.chosen(
                raw.get("severity"), f"{at}/severity", faults, options=SEVERITIES, what="a severity"
            ),
        )
    title = readers.text(raw.get("title"), f"{at}/title", faults, longest=120, what="The title")
    due = (
        readers.duration(raw["due"], f"{at}/due", faults, units=("business_days", "days", "weeks"))
        if "due" in raw
        else None
    )
    return Action(do, to, title=title, due=due)


def _pause(raw: dict[str, Any], at: str, about: str, faults: Ledger) -> Action:
    options = ("invoice", "customer") if about == "invoice" else ("customer",)
    what = readers.chosen(raw.get("what"), f"{at}/what", faults, options=options, what="what this rule can pause")
    span = readers.duration(raw.get("for"), f"{at}/for", faults, units=tuple(LONGEST_PAUSE))
    if span and span.count > LONGEST_PAUSE[span.unit]:
        most = f"{LONGEST_PAUSE[span.unit]} {span.unit.replace('_', ' ')}"
        faults.add(f"{at}/for/{span.unit}", "A pause ends within 90 days.", f"Use at most {most}.")
    return Action("pause", what=what, span=span or Duration(1, "days"))


def _send(raw: dict[str, Any], at: str, about: str, faults: Ledger) -> Action:
    if about != "invoice":
        faults.add(at, "A message lists invoices, so the rule must be about them.", "Make it a rule about invoices.")
    readers.chosen(raw.get("as"), f"{at}/as", faults, options=("specialist",), what="somebody who signs messages")
    readers.chosen(raw.get("bundle"), f"{at}/bundle", faults, options=("customer",), what="a way to bundle")
    return Action(
        "send",
        readers.chosen(raw.get("to"), f"{at}/to", faults, options=CONTACTS, what="a contact who gets messages"),
        template=readers.chosen(
            raw.get("template"), f"{at}/template", faults, options=TEMPLATES, what="a message template"
        ),
    )
