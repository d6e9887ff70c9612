"""Decides how a condition is said in English: each with its opposite, so that "not" never needs a double negation.

A phrase follows "for each invoice that …" or "for each customer that …". `{v}` is where the value stands.
"""

from typing import NamedTuple


class Phrase(NamedTuple):
    """A condition and its opposite."""

    yes: str
    no: str

    @property
    def opposite(self) -> "Phrase":
        """The same the other way round."""
        return Phrase(self.no, self.yes)


def instant(done: str, undone: str, *, has: str, never: str, recent: Phrase | None = None) -> dict[str, Phrase]:
    """Phrases of something that happened at an instant, or has not happened."""
    return {
        "older_than": Phrase(f"{done} more than {{v}} ago", f"{undone} more than {{v}} ago"),
        "within_last": recent or Phrase(f"{done} in the last {{v}}", f"{undone} in the last {{v}}"),
        "is_set": Phrase(has, never),
        "is_not_set": Phrase(never, has),
    }


def amount(before: str, without: str, *, after: str = "") -> dict[str, Phrase]:
    """Phrases of money: `before` and `without` open the sentence, `after` closes it."""
    tail = f" {after}" if after else ""
    shapes = {
        "gte": "{v} or more",
        "gt": "more than {v}",
        "lte": "{v} or less",
        "lt": "less than {v}",
        "between": "{v}",
    }
    return {op: Phrase(f"{before} {shape}{tail}", f"{without} {shape}{tail}") for op, shape in shapes.items()}


def count(before: str, without: str) -> dict[str, Phrase]:
    """Phrases of a count whose value already carries its noun: "2 reminders"."""
    shapes = {
        "eq": "{v}",
        "gte": "at least {v}",
        "gt": "more than {v}",
        "lte": "at most {v}",
        "lt": "fewer than {v}",
        "between": "{v}",
    }
    said = {op: Phrase(f"{before} {shape}", f"{without} {shape}") for op, shape in shapes.items()}
    return said | {"ne": said["eq"].opposite}


def average(before: str, without: str, *, after: str) -> dict[str, Phrase]:
    """Phrases of a mean, which nobody asks to be exactly something."""
    said = count(before, without)
    said["lt"] = Phrase(*(text.replace("fewer", "less") for text in said["lt"]))
    return {op: Phrase(*(f"{text} {after}" for text in said[op])) for op in ("gte", "gt", "lte", "lt", "between")}


def share(yes: str, no: str) -> dict[str, Phrase]:
    """Phrases of a share, whose value is a percentage."""
    shapes = {
        "gte": "{v} or more",
        "gt": "more than {v}",
        "lte": "{v} or less",
        "lt": "less than {v}",
        "between": "{v}",
    }
    return {op: Phrase(yes.replace("{v}", shape), no.replace("{v}", shape)) for op, shape in shapes.items()}


def share_of(them: str) -> dict[str, Phrase]:
    """Phrases of a share of some that something happened to: "had less than 60% of them seen"."""
    return share(f"had {{v}} {them}", f"did not have {{v}} {them}")


def one_of(yes: str, no: str) -> dict[str, Phrase]:
    """Phrases of a code out of an open list: country, language."""
    said = Phrase(yes, no)
    return {"eq": said, "ne": said.opposite, "in": said, "not_in": said.opposite}


def said(**phrases: tuple[str, str]) -> dict[str, Phrase]:
    """Phrases by operator, as pairs."""
    return {op: Phrase(*pair) for op, pair in phrases.items()}


def presence(has: str, never: str) -> dict[str, Phrase]:
    """Phrases of something that is there or not."""
    return {"is_set": Phrase(has, never), "is_not_set": Phrase(never, has)}


def of_customer(phrase: Phrase) -> Phrase:
    """Say of an invoice what is true of its customer."""
    return Phrase(*(_belongs(text) for text in phrase))


def _belongs(text: str) -> str:
    for opening in ("is in ", "is not in "):
        if text.startswith(opening):
            return f"belongs to a customer {text.removeprefix('is ')}"
    return f"belongs to a customer who {text}"
