"""Decides how alike a payer's name and a customer's name are: banks cut, capitalise and spell names out.

The customers of one client are kept in memory by the parts of their names while lines are matched: thousands, not
millions, and far fewer than their invoices.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from uuid import UUID

from rapidfuzz import fuzz, process

SAME = 92.0
LIKE = 80.0
_FORMS = frozenset(
    (
        *(
            "gmbh",
            "mbh",
            "ag",
            "kg",
            "kgaa",
            "ohg",
            "gbr",
            "ug",
            "ev",
            "eg",
            "se",
            "co",
            "cie",
            "ltd",
            "limited",
            "llp",
        ),
        *("plc", "inc", "corp", "corporation", "company", "llc", "sa", "sas", "sarl", "srl", "spa", "bv", "nv", "vof"),
        *("ab", "as", "aps", "oy", "oyj", "sro", "zoo", "sp", "kft", "doo", "lda", "sl", "slu", "pty", "the", "und"),
        *("and", "et", "mr", "mrs", "ms", "herr", "frau", "firma"),
    )
)
_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "æ": "ae", "å": "a", "ł": "l", "&": " "})
_WORD = re.compile(r"[a-z0-9]+")
_PREFIX = 5
_MOST_ALIKE = 400
"""A part of a name that more customers share says nothing about which of them it is."""
_KEPT = 5
_RAREST = 2
"""So many of the rarest parts of a name are looked up: one may be spoilt, hardly both."""
_NEAR, _CLOSE = 72.0, 8.0


@dataclass(frozen=True, slots=True)
class Alike:
    """A customer whose name is like the payer's."""

    debtor_id: UUID
    score: float


@lru_cache(maxsize=65_536)
def clean(name: str) -> str:
    """A name without legal form, accents and signs."""
    text = name.casefold().translate(_SPELT)
    text = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    found = _WORD.findall(text)
    kept = [word for word in found if word not in _FORMS]
    return " ".join(kept or found)


def score(payer: str, name: str) -> float:
    """How alike two clean names are, up to 100. A name that was cut at the end is still the same name."""
    if not payer or not name:
        return 0.0
    if payer == name:
        return 100.0
    best = float(fuzz.token_sort_ratio(payer, name))
    shorter, longer = sorted((payer, name), key=len)
    if len(shorter) >= 8 and longer.startswith(shorter):
        best = max(best, 95.0)
    if len(shorter.split()) > 1:
        best = max(best, float(fuzz.token_set_ratio(payer, name)) - 4.0)
    return best


class Index:
    """The names of a client's customers."""

    def __init__(self, debtors: Iterable[tuple[UUID, str]]) -> None:
        self._names: list[tuple[UUID, str]] = []
        self._by_part: dict[str, list[int]] = {}
        self._clean: dict[UUID, str] = {}
        for debtor_id, name in debtors:
            at, text = len(self._names), clean(name)
            self._names.append((debtor_id, text))
            self._clean[debtor_id] = text
            for part in {word[:_PREFIX] for word in text.split()}:
                self._by_part.setdefault(part, []).append(at)
        self._sorted = sorted((text, at) for at, (_, text) in enumerate(self._names))
        self._whole: dict[str, list[int]] = {}
        for text, at in self._sorted:
            self._whole.setdefault(text, []).append(at)
        self._known: dict[str, tuple[Alike, ...]] = {}

    def alike(self, payer: str) -> Sequence[Alike]:
        """The customers whose names are most like a payer's, the best first."""
        text = clean(payer)
        if text not in self._known:
            self._known[text] = self._search(text)
        return self._known[text]

    def score_of(self, debtor_id: UUID, payer: str) -> float:
        """How like a payer's name that of one customer is."""
        return score(clean(payer), self._clean.get(debtor_id, ""))

    def _cut(self, text: str) -> set[int]:
        """The customers whose names begin with this one, and those with which it begins."""
        found = {at for end in range(1, len(text) + 1) for at in self._whole.get(text[:end], ())}
        first = bisect_left(self._sorted, (text, -1))
        for name, at in islice(self._sorted, first, None):
            if not name.startswith(text):
                break
            found.add(at)
        return found

    def _search(self, text: str) -> tuple[Alike, ...]:
        if not text:
            return ()
        shared = sorted(
            (found for word in set(text.split()) if (found := self._by_part.get(word[:_PREFIX]))),
            key=lambda each: len(each),
        )
        places = {at for found in shared[:_RAREST] for at in found[:_MOST_ALIKE]}
        choices = {at: self._names[at][1] for at in places}
        near = {
            at for _, _, at in process.extract(text, choices, scorer=fuzz.token_set_ratio, score_cutoff=_NEAR, limit=20)
        }
        near |= places & self._cut(text)
        scored = [Alike(self._names[at][0], score(text, self._names[at][1])) for at in near]
        best = max((each.score for each in scored), default=0.0)
        kept = [each for each in scored if each.score >= max(LIKE, best - _CLOSE)]
        return tuple(sorted(kept, key=lambda one: -one.score)[:_KEPT])
