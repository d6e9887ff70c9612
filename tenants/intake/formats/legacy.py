"""Decides which old one-byte encoding a text is in: the one in which its letters are those of a language that used it.

The bytes of “Muñoz” are also “Muńoz” for a Polish reader, so the letters of the whole window vote, and Western Europe
wins a draw. A wrong guess would put a wrong name on every letter.
"""

import re
from itertools import pairwise

from charset_normalizer import from_bytes

_WEST = "äöüßÄÖÜéèêëÉÈÊËáàâãåæÁÀÂÃÅÆçÇíìîïÍÎñÑóòôõøœÓÔÕØŒúùûÚÛºª°§€£´’–"
_CENTRAL = "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽőűŐŰöüÖÜäßÄâăîșțşţĂÎŞŢđĐ°§€’–"
_LETTERS = {
    "cp1252": _WEST,
    "iso8859_15": _WEST,
    "cp1250": _CENTRAL,
    "cp1251": "абвгдежзийклмнопрстуфхцчшщъыьэюяёАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЁіїєґІЇЄҐ№–",
    "cp1253": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩΆΈΉΊΌΎΏ€–’",
    "cp1254": "ğışçöüâîûĞİŞÇÖÜ€–’",
    "cp850": _WEST,
    "mac_roman": _WEST,
}
_BROKEN = re.compile(r"[^\W\d_][^\x00-\x7f\w\s’´·][^\W\d_]|[€…§°][a-z]|õ(?!e)|\ufffd")
"""Signs within a word, and a letter that Portuguese writes before an e alone."""
_LONG_ENOUGH = 200
_RARE = {"cp850": 3, "mac_roman": 3}
"""What hardly anybody writes any more wants more signs for it."""


def likeliest(spoken: bytes) -> tuple[str, ...]:
    """The encodings in which the lines make sense, the likeliest first."""
    guess = from_bytes(spoken, cp_isolation=list(_LETTERS)).best() if len(spoken) > _LONG_ENOUGH else None
    order = ("cp1252", "cp1254", guess.encoding if guess is not None else "cp1252", *_LETTERS)
    known = [each for each in dict.fromkeys(order) if each in _LETTERS]
    return tuple(sorted(known, key=lambda each: -_sense(spoken, each)))


def _sense(spoken: bytes, encoding: str) -> int:
    """How many signs beyond ASCII a language of the encoding uses, less those that make none."""
    text, letters = spoken.decode(encoding, errors="replace"), _LETTERS[encoding]
    beyond = [sign for sign in text if not sign.isascii()]
    good = sum(sign in letters for sign in beyond)
    odd = sum(before.islower() and sign.isupper() for before, sign in pairwise(text) if not sign.isascii())
    return good - 2 * (len(beyond) - good + odd + len(_BROKEN.findall(text))) - _RARE.get(encoding, 0)
