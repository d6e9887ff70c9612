"""Decides what no reminder may say: threats, false urgency, steps at law that nobody took, shaming, talk to others.

The list is short on purpose: it names what regulators and courts have objected to, in the languages that we write. A
person may still write a hard letter; this room only keeps a machine from sending one.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Objection:
    """One phrase that must go: where it stands, what it is, and what to say instead."""

    line: int
    phrase: str
    kind: str
    remedy: str


REMEDIES = {
    "threat": "Say what is owed and how to ask for time.",
    "false urgency": "Name the date on which it was due, not the last one.",
    "step at law": "A step at law is announced by a person, after an approval.",
    "shaming": "Write to the customer about the invoice, not about its character.",
    "third parties": "Speak to the customer alone: others are not told.",
}
_WORDS = {
    "threat": (
        r"or else", r"you will regret", r"consequences? will follow", r"last chance", r"we will come",
        r"sonst passiert", r"sie werden es bereuen", r"letzte chance", r"wir kommen vorbei",
    ),
    "false urgency": (
        r"final warning", r"immediate(?:ly)? payment", r"within 24 hours", r"act now", r"urgent(?:ly)? required",
        r"letzte warnung", r"sofortige zahlung", r"innerhalb von 24 stunden", r"handeln sie jetzt",
    ),
    "step at law": (
        r"legal action", r"lawsuit", r"court order", r"bailiff", r"debt collect(?:or|ion agency)", r"arrest",
        r"gerichtsvollzieher", r"klage (?:ein)?reichen", r"mahnbescheid", r"inkasso", r"haftbefehl",
    ),
    "shaming": (
        r"dishonest", r"shame(?:ful)?", r"fraudster", r"bad payer", r"unehrlich", r"schande", r"betrüger",
        r"schlechter zahler",
    ),
    "third parties": (
        r"inform your (?:customers?|bank|employer|family)", r"tell your (?:customers?|bank|employer)",
        r"credit (?:agency|bureau)", r"publish your name", r"ihre (?:kunden|bank) informieren", r"schufa",
    ),
}  # fmt: skip
_PHRASES = [(kind, re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)) for kind, words in _WORDS.items()]


def objections(text: str) -> list[Objection]:
    """Everything in a text that must go, in the order of its lines."""
    return [
        Objection(number, found.group(), kind, REMEDIES[kind])
        for number, line in enumerate(text.splitlines(), 1)
        for kind, phrases in _PHRASES
        for found in phrases.finditer(line)
    ]
