"""Decides which passwords somebody else would try first: those that leaked often, one or two of them put together or
dressed up with digits, rows of the keyboard, and what everybody knows of a person: name, address, companies.

A password is looked at as a guesser would make it. Sentences pass: of three common words together there are too many.
The list that is shipped is short; an operator may name the whole list of stolen passwords in a file.
"""

from collections.abc import Iterable
from functools import cache
from importlib import resources
from itertools import pairwise

COMMON, OWN = "common", "own"
SHORTEST_WORD = 4
LONGEST_WORD = 24
FEWEST_PIECES = 3
"""So many words, or so many letters beside them, take somebody too long to guess."""
FEWEST_LETTERS = 4
FEWEST_SIGNS = 5
"""Different signs in the whole: `abababababab` has two."""
DRESSED = (str.maketrans("013457@$!", "oleastasi"), str.maketrans("013457@$!", "oieastasi"))
"""How letters are dressed up as digits and signs."""


def weakness(password: str, *, about: Iterable[str] = ()) -> str:
    """`common` or `own` for a password that would be guessed, nothing for one that would not; `about` is what everybody
    knows of the person."""
    plain = password.casefold()
    if plain in _common() or len(set(plain)) < FEWEST_SIGNS or _climbs(plain):
        return COMMON
    own = frozenset(_words(about))
    for text in (plain, *(plain.translate(dress) for dress in DRESSED)):
        pieces, letters = _pieces(text, own | _common())
        if pieces and len(pieces) < FEWEST_PIECES and letters < FEWEST_LETTERS:
            return OWN if pieces & own else COMMON
    return ""


def _pieces(text: str, words: frozenset[str]) -> tuple[set[str], int]:
    """The known words in a text, the longest first at each place, and how many letters stand beside them."""
    found, letters, at = set(), 0, 0
    while at < len(text):
        longest = range(min(LONGEST_WORD, len(text) - at), SHORTEST_WORD - 1, -1)
        word = next((text[at : at + length] for length in longest if text[at : at + length] in words), "")
        if word:
            found.add(word)
        else:
            letters += text[at].isalpha()
        at += len(word) or 1
    return found, letters


def _climbs(text: str) -> bool:
    """Whether nearly every sign is the one before it, or its neighbour: `abcdefgh1234`, `111122223333`."""
    steps = sum(abs(ord(one) - ord(other)) <= 1 for one, other in pairwise(text))
    return steps * 4 >= (len(text) - 1) * 3


def _words(about: Iterable[str]) -> Iterable[str]:
    """What is known, whole and in words, as it would be typed."""
    for said in about:
        plain = "".join(sign if sign.isalnum() else " " for sign in said.casefold())
        words = plain.split()
        yield from (word for word in (*words, "".join(words)) if SHORTEST_WORD <= len(word) <= LONGEST_WORD)


@cache
def _common() -> frozenset[str]:
    lines = (resources.files("tenants.directory") / "common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("# "))
