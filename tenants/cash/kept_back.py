"""Decides what a payer says about money kept back: which reason of the list their words name.

A reason that is said counts more than one that the amount suggests. Words of goods sent back are not those of a direct
debit that came back: a credit brings money.
"""

import re

_WORDS = {
    "TRM": r"skonto|discount|escompte|descuento|korting|rabatt|rebate",
    "QTY": r"fehlmenge|mindermenge|fehlteil|shortage|short (?:ship|deliver)|missing (?:item|piece)|manquant|faltante",
    "QUA": r"mangel|m(?:ä|ae)ngel|besch(?:ä|ae)dig|bruch\b|defe[ck]t|damage|quality|qualit(?:ä|ae)t|endommag",
    "PRI": r"preis|price|overcharg|prix\b|precio",
    "DEL": r"versp(?:ä|ae)tung|lieferverzug|late deliver|penalty|vertragsstrafe|p(?:ö|oe)nale|retard",
    "FRT": r"fracht|freight|shipping cost|versandkost|porto",
    "RET": r"retoure|r(?:ü|ue)cksendung|returned good|goods return|avoir\b",
    "PRO": r"werbekosten|promotion|marketing allowance|bonus\b|kick ?back",
    "TAX": r"steuer|withholding|\bvat\b|\btax\b|quellenst",
    "DUP": r"doppelt|duplicate|billed twice",
    "BNK": r"bankgeb|bank charge|spesen|wire fee|frais bancaire|gastos",
}
_SAID = {code: re.compile(pattern, re.IGNORECASE) for code, pattern in _WORDS.items()}


def reason(words: str) -> str:
    """The code of the reason that the words name; an empty text when they name none."""
    return next((code for code, pattern in _SAID.items() if pattern.search(words)), "")
