"""Decides what a number keeps when its prefix and its zeros are lost, and lookalike signs are taken for each other.

Open invoices carry the bones of their number in a column of their own, because behind row security only a plain column
may be looked up in an index; Python and PostgreSQL say the same.
"""

import re
from functools import lru_cache

_APART = re.compile(r"[^A-Za-z0-9]+")
_TO_FIRST_DIGIT = re.compile(r"^[^0-9]+")
_LOOKALIKES = str.maketrans("OQILZSGB", "00112568")
SQL = """replace(translate(upper(regexp_replace(regexp_replace({number}, '^[^0-9]+', ''), '[^A-Za-z0-9]', '', 'g')),
  'OQILZSGB', '00112568'), '0', '')"""


@lru_cache(maxsize=65_536)
def plain(text: str) -> str:
    """Letters and digits only, in capitals."""
    return _APART.sub("", text).upper()


@lru_cache(maxsize=65_536)
def folded(text: str) -> str:
    """The same with what a scanner takes for each other made equal: O and 0, I and 1, S and 5."""
    return plain(text).translate(_LOOKALIKES)


@lru_cache(maxsize=65_536)
def bones(text: str) -> str:
    """What survives the loss of a prefix and of zeros."""
    return folded(_TO_FIRST_DIGIT.sub("", text)).replace("0", "")
