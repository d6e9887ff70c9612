"""Decides how a rule reads in English: one paragraph from which a person can predict what it will do.

The wording is part of the product: publishing shows it, history keeps it, and snapshot tests hold it.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from babel import Locale

from tenants.rules import timing
from tenants.rules.fields import HOLDS, Field, Kind
from tenants.rules.fields_of_segments import GROUP_BY
from tenants.rules.phrases import Phrase
from tenants.rules.tree import Action, Again, Duration, Group, Leaf, Other, Rule, When
from tenants.values.money import Money

WELL_KNOWN = {"key": "Key accounts", "strategic": "Strategic accounts"}
ENGLISH = Locale("en")


def of(rule: Rule, *, groups: Mapping[str, str] | None = None) -> str:
    """The whole rule in English. `groups` gives a client's own names for its groups."""
    said = _phrases(rule.condition, rule.about, groups or {}, positive=True)
    done = "; ".join(_action(action, rule.about) for action in rule.actions)
    parts = [
        f"{_when(rule.when)} {_subject(rule)} {_listed(said)}{_lasting(rule)}: {done}.",
        _again(rule.again),
        _held(rule),
        _quiet(rule.quiet_share),
    ]
    return " ".join(part for part in parts if part)


def condition(leaf: Leaf, *, about: str, holds: bool = True, groups: Mapping[str, str] | None = None) -> str:
    """One condition in English, or its opposite."""
    phrase, value = _leaf(leaf, about, groups or {})
    said = (phrase.yes if holds else phrase.no).replace("{v}", value)
    return said.replace("{w}", duration(leaf.window)) if leaf.window else said


def duration(length: Duration) -> str:
    """“3 business days”."""
    unit = length.unit.replace("_", " ")
    return f"{length.count} {unit if length.count != 1 else unit.removesuffix('s')}"


def amount(money: Money) -> str:
    """“EUR 1,000”: the code first, minor units only where there are any."""
    whole, _, minor = f"{money.as_decimal():,f}".partition(".")
    return f"{money.currency} {whole}.{minor}" if minor.strip("0") else f"{money.currency} {whole}"


def day(on: date) -> str:
    """“31 March 2026”."""
    return f"{on.day} {on:%B %Y}"


def group_name(key: str, groups: Mapping[str, str]) -> str:
    """What people call a group."""
    return groups.get(key) or WELL_KNOWN.get(key) or key.replace("-", " ").replace("_", " ").capitalize()


def _subject(rule: Rule) -> str:
    if rule.about != "segment" or rule.window is None:
        return f"for each {rule.about} that"
    lately = f"over the last {duration(rule.window)},"
    return f"for each {GROUP_BY[rule.group_by]} that, {lately}" if rule.group_by else f"if the client, {lately}"


def _lasting(rule: Rule) -> str:
    return f", once that has been so for {duration(rule.hold_for)}" if rule.hold_for else ""


def _when(when: When) -> str:
    at = f"{when.at:%H:%M}"
    said = {
        "business_day": f"Every business day at {at},",
        "day": f"Every day at {at},",
        "week": f"Every {str(when.on_day).capitalize()} at {at},",
        "month": f"On day {when.on_day} of every month at {at},",
    }[when.every]
    if when.events:
        said += f" and as soon as {_listed([timing.EVENT_WORDS[event] for event in when.events], last='or')},"
    return said


def _phrases(node: Leaf | Group, about: str, groups: Mapping[str, str], *, positive: bool) -> list[str]:
    """The conditions that must all hold, each in words; "not" turns all into any and each phrase into its opposite."""
    if isinstance(node, Leaf):
        return [condition(node, about=about, holds=positive, groups=groups)]
    if node.join == "not":
        return _phrases(node.parts[0], about, groups, positive=not positive)
    inner = [_phrases(part, about, groups, positive=positive) for part in node.parts]
    if (node.join == "all") == positive or len(inner) == 1:
        return [text for texts in inner for text in texts]
    return [
        "either " + _listed([texts[0] if len(texts) == 1 else f"both {_listed(texts)}" for texts in inner], last="or")
    ]


def _leaf(leaf: Leaf, about: str, groups: Mapping[str, str]) -> tuple[Phrase, str]:
    field = leaf.field
    if isinstance(leaf.value, Other):
        return field.compared(leaf.value.field.key, leaf.op, about=about), _counted(leaf.value.plus, field)
    if field.words:
        return _worded(leaf, about), ""
    if field.kind is Kind.NUMBER and leaf.value == 0 and leaf.op in ("eq", "ne"):
        some, none = (f"has had at least 1 {field.unit[0]}", f"has had no {field.unit[0]}")
        return (Phrase(none, some) if leaf.op == "eq" else Phrase(some, none)), ""
    phrase = field.phrase(leaf.op, about=about)
    if field.kind is Kind.MONEY and leaf.op == "gt" and not any(_minors(leaf)):
        return Phrase(*(text.replace("more than {v}", "anything") for text in phrase)), ""
    return phrase, _value(leaf, groups)


def _minors(leaf: Leaf) -> list[int]:
    return [each.minor for each in leaf.value if isinstance(each, Money)] if isinstance(leaf.value, tuple) else []


def _worded(leaf: Leaf, about: str) -> Phrase:
    named = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    words = [leaf.field.word(str(each), about=about) for each in named]
    either = words[0]
    if len(words) > 1:
        either = Phrase(
            "either " + _listed([word.yes for word in words], last="or"), _listed([word.no for word in words])
        )
    return either.opposite if leaf.op in ("ne", "not_in", "below") else either


def _value(leaf: Leaf, groups: Mapping[str, str]) -> str:
    value = leaf.value
    if value is None:
        return ""
    if isinstance(value, Duration):
        return duration(value)
    if isinstance(value, date):
        return day(value)
    if leaf.field.kind is Kind.SHARE:
        return " to ".join(percent(each) for each in _numbers(value))
    if isinstance(value, int):
        return _counted(value, leaf.field)
    if leaf.field.kind is Kind.TEXT:
        return f"“{value}”"
    if leaf.field.kind is Kind.CODE:
        return _listed([_code(leaf.field.key, code) for code in _texts(value)], last="or")
    if leaf.field.kind is Kind.KEYS:
        tagged = leaf.field.key.endswith(".tags")
        return _listed([f"“{key}”" if tagged else group_name(key, groups) for key in _texts(value)], last="or")
    return _amounts(leaf)


def percent(share: Decimal) -> str:
    """“60%”: no more places than it has."""
    return f"{(share * 100).normalize():f}%"


def _numbers(value: object) -> list[Decimal]:
    return [Decimal(str(each)) for each in value] if isinstance(value, tuple) else [Decimal(str(value))]


def _counted(count: int, field: Field) -> str:
    return f"{count} {field.unit[0 if count == 1 else 1]}".rstrip()


def _amounts(leaf: Leaf) -> str:
    values = leaf.value if isinstance(leaf.value, tuple) else ()
    if leaf.field.kind in (Kind.NUMBER, Kind.COUNT):
        return f"{values[0]} to {values[1]} {leaf.field.unit[1]}"
    said = [amount(each) for each in values if isinstance(each, Money)]
    return " to ".join(said) if leaf.op == "between" else _listed(said, last="or")


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, tuple) else [str(value)]


def country(code: str) -> str:
    """What people call a country, or its code where nobody calls it anything."""
    return str(ENGLISH.territories.get(code, code)) or "No country"


def _code(key: str, code: str) -> str:
    names = ENGLISH.territories if key == "customer.country" else ENGLISH.languages
    return str(names.get(code, code))


def _action(action: Action, about: str) -> str:
    return ACTIONS[action.do](action, about)


def _whom(action: Action) -> str:
    return person(action.to)


def person(role: str) -> str:
    """What people call somebody whom a rule names."""
    return "the customer’s specialist" if role == "specialist" else f"the {role}"


def _alert(action: Action, _about: str) -> str:
    return f"raise a {action.severity} alert for {_whom(action)}"


def _task(action: Action, _about: str) -> str:
    due = f", due in {duration(action.due)}" if action.due else ""
    return f"give {_whom(action)} the task “{action.title}”{due}"


def _pause(action: Action, _about: str) -> str:
    whom = "about this invoice" if action.what == "invoice" else "with this customer"
    return f"pause all contact {whom} for {duration(action.span or Duration(1, 'days'))}"


def _send(action: Action, about: str) -> str:
    sent = f"send “{action.template}” to the {action.to} in the name of {person(action.sender)}"
    return f"{sent}, one message per customer listing all its matching invoices" if about == "invoice" else sent


def _approve(action: Action, about: str) -> str:
    asked = f"ask {_whom(action)} to approve “{action.title}” within {duration(action.within or Duration(1, 'days'))}"
    return f"{asked}; if approved, {_listed([_action(each, about) for each in action.then])}"


def _set(action: Action, _about: str) -> str:
    values = {"email": "e-mail", "portal": "the portal", "paper": "paper", "en": "English", "de": "German"}
    what = "invoices go out by" if action.field == "customer.delivery_channel" else "it is written to in"
    return f"set that {what} {values[action.value]}"


ACTIONS: dict[str, Callable[[Action, str], str]] = {
    "alert": _alert,
    "task": _task,
    "pause": _pause,
    "send": _send,
    "approve": _approve,
    "set": _set,
    "assign": lambda action, _about: f"assign it to {_whom(action)}",
    "stage": lambda action, _about: f"move it to the stage “{action.stage}”",
    "tag": lambda action, _about: f"tag it “{action.tag}”",
    "webhook": lambda action, _about: f"call the webhook “{action.endpoint}”",
    "digest": lambda action, _about: f"add a line to tomorrow’s digest of {_whom(action)}",
}


def _again(again: Again) -> str:
    if again.mode == "after" and again.after:
        times = "once" if again.most == 1 else f"{again.most} times"
        return f"Not more often than every {duration(again.after)}, at most {times}."
    return "Again each time it starts to match." if again.mode == "rematch" else "Once only."


def _held(rule: Rule) -> str:
    if rule.about == "segment":
        return ""
    if not rule.skip_while:
        return "Runs even when contact is paused."
    return f"Held back while {_listed([HOLDS[name][1] for name in rule.skip_while], last='or')}."


def _quiet(share: int) -> str:
    if not share:
        return ""
    return f"Leaves {share} in 100 customers alone, as far as the contact policy lets it, to see what comes without it."


def _listed(said: list[str], *, last: str = "and") -> str:
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} {last} {said[-1]}"
