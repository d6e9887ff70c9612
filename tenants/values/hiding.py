"""Decides what never stands in a log: addresses, accounts, tokens, keys, passwords, and what somebody wrote.

A line tells what happened and where. Words of people come into it only by way of a fault that quotes them, so what
stands in quotation marks there is left out, as is all that has the shape of a secret.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

HIDDEN = "[hidden]"
SPACE, CAPITAL = "\ue000", "\ue001"
"""Signs that stand for a kind of sign when it is asked what a text holds; nobody writes them."""
SECRETS = (
    (8, SPACE, re.compile(r"(?i)\b(bearer|dpop|basic)\s+[\w.~+/=-]{3,}")),
    (10, "eyJ", re.compile(r"eyJ[\w-]{6,}(\.[\w-]*){1,4}")),
    (10, "_", re.compile(r"\b(gt[rs]|gt_scim|whsec)_[\w-]{6,}")),
    (6, "://", re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")),
    (5, "@", re.compile(r"[\w.+%-]+@[\w-]+(\.[\w-]+)+")),
    (12, CAPITAL, re.compile(r"\b[A-Z]{2}\d{2}( ?[A-Z0-9]{4}){2,7}( ?[A-Z0-9]{1,3})?\b")),
    (40, CAPITAL, re.compile(r"(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{40,}")),
    (27, "-----", re.compile(r"(?i)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*-----|\Z)", re.S)),
)
"""How many signs each shape has at least, what it never lacks, and itself: most texts are let through by the first
two."""
NAMED = re.compile(r"(?i)^(.*_)?(password|passwd|secret|token|cookie|authorization|dpop|csrf|iban|otp|api_key)$")
REASONS = ("reason", "why")
QUOTED = re.compile(r""""(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|“[^”\n]*”""")
TOLD_BY_POSTGRES = re.compile(r"^(DETAIL|CONTEXT|LINE \d+):.*$", re.M)


def plain(text: str) -> str:
    """A text without whatever has the shape of a secret, of an address or of an account."""
    long, held = len(text), text
    if len(text.split(None, 1)) == 2:
        held += SPACE
    if not text.islower():
        held += CAPITAL
    for least, mark, shape in SECRETS:
        if long >= least and mark in held:
            text = shape.sub(HIDDEN, text)
    return text


def fault(text: str) -> str:
    """What a fault says of itself, without what it quotes: there stands what a caller sent."""
    return plain(QUOTED.sub(HIDDEN, TOLD_BY_POSTGRES.sub(rf"\1: {HIDDEN}", text)))


def line(said: Mapping[str, Any]) -> dict[str, Any]:
    """One line of a log; a field whose name is that of a secret says nothing, and a reason is what a fault said."""
    return {key: HIDDEN if _is_named(key) else _value(value, key in REASONS) for key, value in said.items()}


@lru_cache(maxsize=1024)
def _is_named(key: str) -> bool:
    return NAMED.match(key) is not None


def _value(value: Any, is_reason: bool = False) -> Any:
    if isinstance(value, str):
        return fault(value) if is_reason else plain(value)
    if isinstance(value, Mapping):
        return line(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_value(each) for each in value]
    return value if isinstance(value, int | float | bool) or value is None else plain(str(value))
