"""Decides what rules read and write, and whether they would drive one another in circles.

Only marks that rules leave on purpose count: tags, stages, set fields. What follows from writing to customers (a count
of reminders, the day of the last one) is bounded by `again`, the caps and the contact budget.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tenants.rules.fields import HOLDS
from tenants.rules.tree import Action, Rule

OF_SENDING = ("invoice.reminder_count", "invoice.last_reminder_at", "invoice.last_contact_at", "customer.contact.sent")
MARKS = ("tag", "stage", "set")


@dataclass(frozen=True, slots=True)
class Circle:
    """Rules each of which may make the next one match."""

    keys: tuple[str, ...]

    @property
    def said(self) -> str:
        """The circle in words."""
        return " → ".join((*self.keys, self.keys[0]))


def reads(rule: Rule) -> frozenset[str]:
    """The fields and holds on which it depends whether the rule acts."""
    compared = {leaf.field.key for leaf in rule.leaves()}
    holds = {f"hold.{HOLDS[name][0]}" for name in rule.skip_while}
    return frozenset(compared | holds)


def writes(rule: Rule) -> frozenset[str]:
    """The fields and holds that its actions change, those after an approval included."""
    return frozenset(key for action in rule.every_action() for key in _written(action, rule.about))


def circle(rule: Rule, others: Mapping[str, Rule]) -> Circle | None:
    """The shortest circle of marks through a rule, among the others that are in force."""
    known = {**others, rule.key: rule}
    ahead: list[tuple[str, ...]] = [(rule.key,)]
    seen: set[str] = set()
    while ahead:
        path = ahead.pop(0)
        for key, other in sorted(known.items()):
            if not _marks(known[path[-1]]) & reads(other):
                continue
            if key == rule.key and (len(path) > 1 or rule.again.mode != "never"):
                return Circle(path)
            if key not in seen and key != rule.key:
                seen.add(key)
                ahead.append((*path, key))
    return None


def _marks(rule: Rule) -> frozenset[str]:
    return frozenset(
        key for action in rule.every_action() if action.do in MARKS for key in _written(action, rule.about)
    )


def _written(action: Action, about: str) -> tuple[str, ...]:
    written: dict[str, tuple[str, ...]] = {
        "send": OF_SENDING,
        "tag": (f"{about}.tags",),
        "stage": (f"{about}.stage",),
        "set": (action.field,),
        "pause": ("hold.pause",),
    }
    return written.get(action.do, ())
