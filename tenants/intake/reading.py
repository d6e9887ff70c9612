"""Decides how the cells of one file are to be understood, by looking at every row of it once before any is believed.

What the columns prove wins over what the last file was like; what a person stated wins over both. What nothing decides
is a question: the report shows it, and the file does not load until somebody has answered.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from tenants.intake import mapping as mappings
from tenants.intake.formats import amounts, csv_file, dates
from tenants.intake.formats.csv_file import Layout
from tenants.intake.formats.dates import Order
from tenants.intake.targets import BY_KEY, Kind

_ENOUGH = 50_000
"""Distinct cells after which a column of dates has said what it can say; it bounds the memory of this pass."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the file leaves open, and a person must say."""

    about: str
    """The part of the mapping that answers it: `dates` or `decimal`."""
    sentence: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How one file is read."""

    layout: Layout
    places: Mapping[str, int]
    dates: Mapping[str, Order]
    """By field; every date field has one, a guess where a question is open."""
    decimal: str
    questions: tuple[Question, ...]
    notes: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The form in which it is kept with the import and compared with the next one."""
        return {
            "kind": "ledger",
            "format": self.layout.format,
            "sheet": self.layout.sheet,
            "encoding": self.layout.encoding,
            "delimiter": self.layout.delimiter,
            "header": list(self.layout.header),
            "header_row": self.layout.header_row,
            "dates": {key: order.value for key, order in self.dates.items()},
            "decimal": self.decimal,
            "questions": [question.sentence for question in self.questions],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class _Seen:
    """The distinct cells of each date column, and the distinct shapes of each amount column."""

    dates: dict[str, set[str]]
    shapes: dict[str, set[str]]


def decide(file: BinaryIO, *, layout: Layout, mapping: mappings.Mapping) -> Reading:
    """Bind the mapping to the file, look at the whole of its date and amount columns, and decide."""
    places = mappings.bind(mapping, layout.header)
    seen = _survey(file, layout, places)
    orders, date_questions, date_notes = _orders(seen.dates, layout, places, mapping)
    sign, sign_questions, sign_notes = _sign(seen.shapes, mapping)
    return Reading(
        layout=layout,
        places=places,
        dates=orders,
        decimal=sign,
        questions=(*date_questions, *sign_questions),
        notes=(*date_notes, *sign_notes),
    )


def _survey(file: BinaryIO, layout: Layout, places: Mapping[str, int]) -> _Seen:
    seen = _Seen({}, {})
    looks: list[tuple[int, set[str], Callable[[str], str] | None]] = []
    for key, at in places.items():
        if BY_KEY[key].kind is Kind.DATE:
            looks.append((at, seen.dates.setdefault(key, set()), None))
        elif BY_KEY[key].kind is Kind.AMOUNT:
            looks.append((at, seen.shapes.setdefault(key, set()), amounts.shape))
    reach = max(at for at, _, _ in looks)
    for _, cells in csv_file.rows(file, layout):
        if len(cells) > reach:
            for at, kept, flatten in looks:
                if len(kept) < _ENOUGH:
                    kept.add(flatten(cells[at]) if flatten else cells[at])
    return seen


def _orders(
    seen: Mapping[str, Iterable[str]], layout: Layout, places: Mapping[str, int], mapping: mappings.Mapping
) -> tuple[dict[str, Order], list[Question], list[str]]:
    """The order of each date column: stated, proved by itself, by its neighbours, by the last file; else a question."""
    if mapping.dates is not None:
        return dict.fromkeys(seen, mapping.dates), [], []
    found = {key: dates.order_of(cells) for key, cells in seen.items()}
    notes = [
        f"In “{layout.header[places[key]]}”, {evidence.contradicting:,} different dates do not fit "
        f"{evidence.order.sentence}, the order of the other {evidence.deciding:,}."
        for key, evidence in found.items()
        if evidence.order is not None and evidence.contradicting
    ]
    proved = {evidence.order for evidence in found.values() if evidence.order and evidence.deciding}
    unclear = [layout.header[places[key]] for key, evidence in found.items() if evidence.order is None]
    likely = {evidence.likely for evidence in found.values() if evidence.order is None}
    hint = Order(mapping.hints["dates"]) if mapping.hints.get("dates") else None
    fallback = _slashed(proved) or hint or (likely.pop() if len(likely) == 1 else None)
    orders = {key: evidence.order or fallback or Order.DMY for key, evidence in found.items()}
    if not unclear or fallback:
        return orders, [], notes
    named = " and ".join(f"“{name}”" for name in unclear)
    return (
        orders,
        [Question("dates", f"In {named}, is 3/4 the 3rd of April or the 4th of March? Every date fits both.")],
        notes,
    )


def _slashed(proved: set[Order]) -> Order | None:
    """The order that the file's other columns prove, when they agree."""
    orders = proved - {Order.YMD}
    return orders.pop() if len(orders) == 1 else None


def _sign(seen: Mapping[str, Iterable[str]], mapping: mappings.Mapping) -> tuple[str, list[Question], list[str]]:
    """The decimal sign of the file: all amount columns of a file are written alike."""
    if mapping.decimal is not None:
        return mapping.decimal, [], []
    evidence = amounts.sign_of({shape for shapes in seen.values() for shape in shapes})
    hint = mapping.hints.get("decimal")
    if evidence.sign is None and not hint:
        return (
            ".",
            [Question("decimal", "Is 1.234 more than a thousand, or a little more than one? Every amount fits both.")],
            [],
        )
    notes = [f"Some amounts do not use “{evidence.sign}” as their decimal sign."] if evidence.contradicting else []
    return evidence.sign or hint or ".", [], notes
