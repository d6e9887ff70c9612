"""Decides what a header makes us think: for each field the likeliest column, and how sure that is.

A wrong guess is worse than none where it makes a wrong debt, so a column that names tax, a net amount or the books' own
currency stands behind one that does not, and a currency named in the header of the amounts is believed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz, process

from tenants.intake.formats.names import fold
from tenants.intake.targets import TARGETS, Kind, Target

_NEAR = 88
_SURE, _LIKELY, _MAYBE = 1.0, 0.9, 0.6
_LESS = 0.35
_COMMON = {"number", "reference", "account", "customer", "client", "invoice", "company"}
"""Words that stand in so many headers that they tell nothing within a longer one."""
_OTHER_SUMS = re.compile(r"tax|vat|^ust|mwst|steuer|tva|iva|btw|gst|net|skonto|discount|escompte|limit|paid|due")
_WHOLE_SUMS = re.compile(r"incl|inkl|gross|brutto|ttc|comprise|total")
_LOCAL = re.compile(r"local|hauswahrung|hauswaehrung|home|base|functional|reporting|lokal")
_FOREIGN = re.compile(r"doc|foreign|transaction|beleg")
_DEBITS = ("debit", "debitamount", "soll", "betragsoll", "sollbetrag", "montantdebit", "debe", "debet")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A column that may feed a field, and how sure the header makes us."""

    target: str
    column: str
    confidence: float


def suggest(header: Sequence[str]) -> tuple[Suggestion, ...]:
    """For each field its likeliest column; a column is suggested once, to the field that is surest of it.

    Only a customer without a number has one column for two fields: the name is the number.
    """
    offers = [offer for target in TARGETS for offer in _offers(target, header)]
    offers.sort(key=lambda offer: -offer.confidence)
    taken: dict[str, Suggestion] = {}
    columns: set[str] = set()
    for offer in offers:
        if offer.target not in taken and offer.column not in columns:
            taken[offer.target] = offer
            columns.add(offer.column)
    _settle(taken)
    return tuple(taken[target.key] for target in TARGETS if target.key in taken)


def _settle(taken: dict[str, Suggestion]) -> None:
    """What one guess says about another."""
    if "amount" not in taken and "open" in taken:
        taken["amount"] = replace(taken.pop("open"), target="amount")
    if "debtor_number" not in taken and "debtor_name" in taken:
        taken["debtor_number"] = replace(taken["debtor_name"], target="debtor_number", confidence=_MAYBE)
    amount = fold(taken["amount"].column) if "amount" in taken else ""
    if "credit" in taken and amount not in _DEBITS:
        del taken["credit"]
    if "currency" in taken and {_books(amount), _books(fold(taken["currency"].column))} == {"local", "foreign"}:
        del taken["currency"]


def _books(name: str) -> str:
    """Whether a column speaks of the books' own currency or of the paper's."""
    return "local" if _LOCAL.search(name) else "foreign" if _FOREIGN.search(name) else ""


def _offers(target: Target, header: Sequence[str]) -> list[Suggestion]:
    """Columns whose name is a synonym (earlier ones count more), contains one (longer ones do), or is nearly one."""
    found = []
    telling = [word for word in target.synonyms if len(word) > 5 and word not in _COMMON]
    for column in header:
        name = fold(column)
        if name in target.synonyms:
            found.append(Suggestion(target.key, column, _SURE - target.synonyms.index(name) / 1000))
        elif within := max((len(word) for word in telling if word in name), default=0):
            sure = _MAYBE + (_LIKELY - _MAYBE) * within / len(name)
            found.append(Suggestion(target.key, column, sure - _doubt(target, name)))
        elif len(name) > 4 and process.extractOne(name, target.synonyms, scorer=fuzz.ratio, score_cutoff=_NEAR):
            found.append(Suggestion(target.key, column, _MAYBE))
    return found


def _doubt(target: Target, name: str) -> float:
    """How much less sure a longer header makes us because of the rest of it."""
    if target.kind not in (Kind.AMOUNT, Kind.CURRENCY):
        return 0
    other = target.key == "amount" and bool(_OTHER_SUMS.search(name)) and not _WHOLE_SUMS.search(name)
    amount = target.kind is Kind.CURRENCY and any(word in name for word in ("amount", "betrag", "montant", "importe"))
    return _LESS * (other + amount) + (_LESS / 2 if _books(name) == "local" else 0)
