"""Decides which open invoices a line names, and how well: exactly, misread, without prefix and zeros, or nearly."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from rapidfuzz import fuzz

from tenants.cash import words
from tenants.cash.evidence import Credit, Item, Ref
from tenants.cash.words import Named

EXACTLY = "="
"""Before a number that has too few bones to be found by them."""
_STRENGTH = {Ref.EXACT: 4, Ref.READ: 3, Ref.BONES: 2, Ref.SHORT: 1}
_LONG_ENOUGH = 5
_LONG_BONES = 5
_NEARLY = 84.0
_TAIL = 4
"""So many digits at the end of a number must be there for the rest to be forgiven."""


@dataclass(slots=True)
class Hits:
    """What a line names among the open invoices of one customer."""

    items: dict[Item, Ref] = field(default_factory=dict)
    doubtful: bool = False
    """One piece of the line fits several of them."""

    @property
    def weakest(self) -> Ref:
        """The weakest of the ways in which they are named."""
        return min(self.items.values(), key=lambda ref: _STRENGTH.get(ref, 0), default=Ref.NONE)

    def explains(self, credit: Credit) -> bool:
        """Whether the credit is, to the last minor unit, what is plainly named."""
        plainly = all(ref in (Ref.EXACT, Ref.READ) for ref in self.items.values())
        return plainly and sum(item.open_minor for item in self.items) == credit.amount_minor


def hits(names: Sequence[Named], credit: Credit, *, by_bones: Mapping[str, Sequence[Item]]) -> dict[UUID, Hits]:
    """By customer, the open invoices in the line's currency that it names."""
    found: dict[UUID, Hits] = {}
    best: dict[Item, Ref] = {}
    loose: list[list[Item]] = []
    for name in names:
        graded = {item: ref for item in _looked_up(name, by_bones) if (ref := _grade(name, item, credit))}
        top = max((_STRENGTH[ref] for ref in graded.values()), default=0)
        same = [item for item, ref in graded.items() if _STRENGTH[ref] == top]
        if len(same) > 1:
            loose.append(same)
            continue
        for item in same:
            if _STRENGTH[graded[item]] > _STRENGTH.get(best.get(item, Ref.NONE), 0):
                best[item] = graded[item]
    for item, ref in best.items():
        found.setdefault(item.debtor_id, Hits()).items[item] = ref
    for several in loose:
        if not any(item in best for item in several):
            _settle(several, credit, found)
    return found


def nearly(names: Sequence[Named], items: Iterable[Item]) -> dict[Item, Ref]:
    """Those of one customer's open invoices whose numbers stand in the line with a mistake, or only their end."""
    pieces = {name.folded for name in names if sum(sign.isdigit() for sign in name.plain) >= _TAIL}
    if not pieces:
        return {}
    best: dict[str, tuple[float, Item]] = {}
    for item in items:
        number = words.folded(item.number)
        for piece in pieces:
            score = _likeness(piece, number)
            if score >= _NEARLY and score > best.get(piece, (0.0, item))[0]:
                best[piece] = (score, item)
    return {item: Ref.FUZZY for _, item in best.values()}


def _settle(several: Sequence[Item], credit: Credit, found: dict[UUID, Hits]) -> None:
    """One piece fits several invoices: the amount decides, or the doubt stays."""
    fitting = [item for item in several if item.open_minor == credit.amount_minor]
    for item in fitting if len(fitting) == 1 else several[:3]:
        hit = found.setdefault(item.debtor_id, Hits())
        hit.items.setdefault(item, Ref.BONES)
        hit.doubtful = hit.doubtful or len(fitting) != 1


def _looked_up(name: Named, by_bones: Mapping[str, Sequence[Item]]) -> set[Item]:
    keys = words.keys([name]) or {EXACTLY + name.plain}
    return {item for key in keys for item in by_bones.get(key, ())}


def _grade(name: Named, item: Item, credit: Credit) -> Ref | None:
    if item.currency != credit.currency:
        return None
    number = words.plain(item.number)
    if name.plain == number:
        long = len(number) >= _LONG_ENOUGH or (len(number) >= 4 and not number.isdigit())
        return Ref.EXACT if long else Ref.SHORT
    if name.folded == words.folded(item.number):
        return Ref.READ if len(number) >= _LONG_ENOUGH else Ref.SHORT
    return Ref.BONES if len(words.bones(item.number)) >= _LONG_BONES else Ref.SHORT


def _likeness(piece: str, number: str) -> float:
    if len(piece) >= _TAIL and number.endswith(piece):
        return 90.0
    if abs(len(piece) - len(number)) > 2 or len(piece) < _LONG_ENOUGH:
        return 0.0
    return float(fuzz.ratio(piece, number))
