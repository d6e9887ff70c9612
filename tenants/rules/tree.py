"""Decides what a checked rule is: small typed values with no strings left to guess about.

Only `language.read` makes these, so the compiler, the sentence and the explanation need not check anything again.
"""

from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import Any

from tenants.rules.field import Field
from tenants.values.money import Money


@dataclass(frozen=True, slots=True)
class Duration:
    """So many units; a unit is business_days, days, weeks or hours."""

    count: int
    unit: str


@dataclass(frozen=True, slots=True)
class Other:
    """The value of another field, and so much more."""

    field: Field
    plus: int


Value = (
    str
    | int
    | Decimal
    | date
    | Duration
    | Other
    | tuple[str, ...]
    | tuple[int, int]
    | tuple[Decimal, Decimal]
    | tuple[Money, ...]
    | None
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One condition about one field. `pointer` is its place in the document and its name in every explanation."""

    pointer: str
    field: Field
    op: str
    value: Value
    window: Duration | None = None
    """For counts: the span in which they are made."""


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions joined: `all`, `any`, or `not` with a single child."""

    pointer: str
    join: str
    parts: tuple["Leaf | Group", ...]


@dataclass(frozen=True, slots=True)
class When:
    """The schedule in the client's own time, and the events that make the same question be asked early."""

    every: str
    at: time
    on_day: str | int | None = None
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do with each match; `to` is a role, `template` and `title` are words for people."""

    do: str
    to: str = "specialist"
    severity: str = "normal"
    title: str = ""
    due: Duration | None = None
    template: str = ""
    sender: str = "specialist"
    """In whose name a message is sent."""
    what: str = ""
    """What a pause covers: the invoice, or all of the customer."""
    span: Duration | None = None
    stage: str = ""
    tag: str = ""
    field: str = ""
    value: str = ""
    """For `set`: which field of the customer, and to what."""
    endpoint: str = ""
    within: Duration | None = None
    then: tuple["Action", ...] = ()
    """What an approval leads to."""


@dataclass(frozen=True, slots=True)
class Again:
    """Whether a subject may be acted on again: `never`, `after` a while up to `most` times, or on each `rematch`."""

    mode: str
    after: Duration | None = None
    most: int = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """A checked rule."""

    key: str
    about: str
    when: When
    condition: Group
    actions: tuple[Action, ...]
    again: Again
    skip_while: tuple[str, ...]
    hold_for: Duration | None = None
    """How long it must have matched before it acts."""
    group_by: str = ""
    window: Duration | None = None
    """For segments: by what invoices are grouped, and over which days."""
    per_run: int | None = None
    """The blast cap; None means a twentieth of the open subjects, at least fifty."""
    priority: int = 50
    quiet_share: int = 0
    """How many customers in a hundred it leaves alone, to see what comes without it."""
    document: dict[str, Any] = field(default_factory=dict, compare=False)
    canonical: str = field(default="", compare=False)

    @property
    def writes_to_debtors(self) -> bool:
        """Whether a customer would hear of it at once; what an approval leads to waits for somebody's word."""
        return any(action.do == "send" for action in self.actions)

    @property
    def needs_second_person(self) -> bool:
        """Whether its author may not publish it alone: customers or strangers hear of it, or no longer hear anything,
        or it moves somebody to a stage that people take for a threat."""
        return any(_grave(action) for action in self.every_action())

    def every_action(self) -> list[Action]:
        """Its actions and those that wait for an approval."""
        return [each for action in self.actions for each in (action, *action.then)]

    def leaves(self) -> list[Leaf]:
        """Every condition, in the order of the document."""
        return _leaves(self.condition)


def _grave(action: Action) -> bool:
    return action.do in ("send", "webhook") or action.what == "customer" or action.stage in ("Formal", "Handed over")


def _leaves(node: Leaf | Group) -> list[Leaf]:
    if isinstance(node, Leaf):
        return [node]
    return [leaf for part in node.parts for leaf in _leaves(part)]
