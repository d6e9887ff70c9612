"""The builder's form and the document behind it: rows of conditions and actions on one side, the rule on the other."""

from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from tenants.rules import actions, plain_values, senders
from tenants.rules.fields import REGISTRY
from tenants.rules.readers import VALUELESS

MOST_ROWS = 12
MOST_ACTS = 4
ONE_OF_FEW = ("eq", "ne", "at_least", "below")
ACTS = {"alert": "raise an alert", "task": "give somebody a task", "send": "write to the customer", "pause": "pause"}
WHO = {"send": senders.SENDERS, "task": actions.PEOPLE, "alert": actions.PEOPLE}
"""Whom an action may name: who signs the message, gets the task, hears the alert."""
OPERATORS = {
    "eq": "is",
    "ne": "is not",
    "in": "is one of",
    "not_in": "is none of",
    "gte": "is at least",
    "gt": "is more than",
    "lte": "is at most",
    "lt": "is less than",
    "at_least": "is at least",
    "below": "is weaker than",
    "any_of": "has one of",
    "none_of": "has none of",
    "before": "is before",
    "after": "is after",
    "due_in": "is within the next",
    "past_by": "is past by at least",
    "within_last": "was within the last",
    "older_than": "was longer ago than",
    "is_set": "is known",
    "is_not_set": "is not known",
    "between": "is between",
}
"""What the menus call the operators."""


class NotSimple(ValueError):
    """The document says more than rows can show; it is edited as text."""


@dataclass(slots=True)
class Row:
    """One condition as it stands in the form."""

    field: str
    op: str
    value: str = ""
    negated: bool = False

    @property
    def valueless(self) -> bool:
        """Whether nothing is to be typed."""
        return self.op in VALUELESS

    @property
    def operators(self) -> list[tuple[str, str]]:
        """What can be chosen, in words."""
        known = REGISTRY.get(self.field)
        return [(op, OPERATORS.get(op, op.replace("_", " "))) for op in known.operators] if known else []

    @property
    def example(self) -> str:
        """What could be typed."""
        return "" if self.valueless or self.field not in REGISTRY else plain_values.suggestion(self.field, self.op)

    @property
    def options(self) -> list[str]:
        """The values to choose from, where there are only these and one of them is meant."""
        known = REGISTRY.get(self.field)
        return list(known.words) if known and self.op in ONE_OF_FEW else []


@dataclass(slots=True)
class Act:
    """One action as it stands in the form: its detail is the title, the template or the length."""

    do: str
    detail: str = ""
    due: str = ""
    who: str = senders.SPECIALIST

    @property
    def people(self) -> tuple[str, ...]:
        """Whom it may name; empty where nobody is named."""
        return WHO.get(self.do, ())


@dataclass(slots=True)
class Form:
    """The whole form."""

    key: str
    about: str = "invoice"
    every: str = "business_day"
    at: str = "09:00"
    rows: list[Row] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    again: str = "never"
    cap: str = ""
    after: str = "5 business days"
    most: str = "3"
    quiet: str = ""

    def document(self) -> dict[str, Any]:
        """The rule that the form says."""
        made: dict[str, Any] = {
            "format": "goodterms.rule/1",
            "key": self.key,
            "about": self.about,
            "when": {"every": self.every, "at": self.at},
            "if": {
                "all": [plain_values.condition(row.field, row.op, row.value, negated=row.negated) for row in self.rows]
            },
            "then": [_action(act, self.about) for act in self.acts],
            "again": self._again(),
        }
        if self.cap.strip():
            made["caps"] = {"per_run": int(self.cap) if self.cap.strip().isdigit() else self.cap}
        if self.quiet.strip():
            made["quiet_share"] = int(self.quiet) if self.quiet.strip().isdigit() else self.quiet
        return made

    def _again(self) -> dict[str, Any]:
        if self.again == "after":
            return {"after": _span(self.after), "max": int(self.most) if self.most.strip().isdigit() else self.most}
        return {"on": "rematch"} if self.again == "rematch" else {"never": True}


def posted(body: dict[str, Any]) -> Form:
    """The form as it was sent, with a row more or less where a button asks for it."""
    names = {name: _many(body.get(name)) for name in ("field", "op", "value", "negated", "do", "detail", "due", "who")}
    rows = [
        Row(key, _fitting(key, op), value, negated == "yes")
        for key, op, value, negated in zip(*(names[each] for each in ("field", "op", "value", "negated")), strict=False)
    ]
    whose = list(zip_longest(*(names[each] for each in ("do", "detail", "due", "who")), fillvalue=""))
    acts = [Act(do, detail, due, _named(do, who)) for do, detail, due, who in whose if do]
    form = Form(body["key"].strip(), body["about"], body["every"], body["at"], rows, acts, body["again"], body["cap"])
    form.after, form.most, form.quiet = body["after"], body["most"], body["quiet"]
    _obey(form, str(body.get("change", "")))
    return form


def of_document(document: dict[str, Any]) -> Form:
    """The form of a document. Raises NotSimple."""
    conditions = document["if"].get("all") if set(document["if"]) == {"all"} else None
    again, when = document.get("again", {}), document["when"]
    spaced = set(again) == {"after", "max"}
    plain = spaced or again in ({"never": True}, {"on": "rematch"})
    simple = conditions and set(when) == {"every", "at"} and when["every"] in ("business_day", "day") and plain
    known = {"format", "key", "about", "when", "if", "then", "again", "caps", "quiet_share"}
    if not simple or set(document) - known or set(document.get("caps", {})) - {"per_run"}:
        raise NotSimple(document["key"])
    cap = str(document.get("caps", {}).get("per_run", ""))
    form = Form(
        document["key"],
        document["about"],
        when["every"],
        when["at"],
        [_row(each) for each in conditions or ()],
        [_act(each) for each in document["then"]],
        "after" if spaced else "rematch" if "on" in again else "never",
        cap,
    )
    form.quiet = str(document.get("quiet_share", ""))
    if spaced:
        form.after, form.most = plain_values.typed(again["after"]), str(again["max"])
    if form.document() != document:
        raise NotSimple(document["key"])
    return form


def _row(raw: dict[str, Any]) -> Row:
    negated = set(raw) == {"not"}
    leaf = raw["not"] if negated else raw
    if not {"field", "op"} <= set(leaf) <= {"field", "op", "value"} or isinstance(leaf.get("value"), bool):
        raise NotSimple("a condition")
    value = plain_values.typed(leaf.get("value"))
    row = Row(leaf["field"], leaf["op"], value, negated)
    if "value" in leaf and plain_values.condition(row.field, row.op, value)["value"] != leaf["value"]:
        raise NotSimple("a value")
    return row


def _act(raw: dict[str, Any]) -> Act:
    act = {
        "alert": lambda: Act("alert", raw["severity"], who=raw["to"]),
        "task": lambda: Act("task", raw["title"], plain_values.typed(raw.get("due")), raw["to"]),
        "send": lambda: Act("send", raw["template"], who=raw["as"]),
        "pause": lambda: Act("pause", plain_values.typed(raw["for"])),
    }.get(raw["do"])
    if act is None or _action(act(), raw.get("what", "invoice")) != raw:
        raise NotSimple("an action")
    return act()


def _action(act: Act, about: str) -> dict[str, Any]:
    if act.do == "send":
        send = {"do": "send", "template": act.detail, "to": "billing contact", "as": act.who}
        return send | ({"bundle": "customer"} if about == "invoice" else {})
    if act.do == "task":
        due = {"due": _span(act.due)} if act.due.strip() else {}
        return {"do": "task", "to": act.who, "title": act.detail, **due}
    if act.do == "pause":
        return {"do": "pause", "what": about, "for": _span(act.detail)}
    return {"do": "alert", "severity": act.detail or "normal", "to": act.who}


def _span(text: str) -> Any:
    found = plain_values.SPAN.fullmatch(text.strip())
    return plain_values.read(text, field=REGISTRY["invoice.due_date"], op="past_by") if found else text


def _obey(form: Form, change: str) -> None:
    what, _, place = change.partition(":")
    if what == "add_row" and len(form.rows) < MOST_ROWS:
        form.rows.append(Row("invoice.open_amount", "gte", plain_values.suggestion("invoice.open_amount", "gte")))
    if what == "add_act" and len(form.acts) < MOST_ACTS:
        form.acts.append(Act("task", "Look into it", "1 business days"))
    if what == "fresh" and place.isdigit() and int(place) < len(form.rows):
        row = form.rows[int(place)]
        row.value = "" if row.valueless or row.field not in REGISTRY else plain_values.suggestion(row.field, row.op)
    if what == "drop_row" and place.isdigit() and int(place) < len(form.rows) > 1:
        del form.rows[int(place)]
    if what == "drop_act" and place.isdigit() and int(place) < len(form.acts) > 1:
        del form.acts[int(place)]


def _named(do: str, who: str) -> str:
    """An action that was chosen anew may not name whom the one before named."""
    return who if who in WHO.get(do, ()) else senders.SPECIALIST


def _fitting(key: str, op: str) -> str:
    """A chosen field may not know the operator of the one before."""
    known = REGISTRY.get(key)
    return op if known is None or op in known.operators else known.operators[0]


def _many(value: Any) -> list[str]:
    return value if isinstance(value, list) else [] if value is None else [value]
