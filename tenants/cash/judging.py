"""Decides whose money a credit is: each customer that anything speaks for is weighed, and the best must win clearly.

The weights are few and stand in one table, so that anybody can say why a line was booked by itself. What the weights
promise is measured at each client, and a kind of evidence that proves wrong there loses its right to act alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from tenants.cash import names, payers, references, relations, words
from tenants.cash.evidence import Credit, Item, Name, Part, Proposal, Ref, Sum
from tenants.cash.relations import Fit
from tenants.cash.remittances import Advice

AUTOMATIC = 80
SUGGESTED = 40
MARGIN = 8
"""By so much the best customer must lead the next one."""
REF = {
    Ref.ADVICE: 60,
    Ref.EXACT: 55,
    Ref.READ: 50,
    Ref.BONES: 45,
    Ref.SHORT: 35,
    Ref.FUZZY: 35,
    Ref.NONE: 0,
}
NAMED_SUM = {Sum.EXACT: 35, Sum.SOME: 28, Sum.FEE: 24, Sum.DISCOUNT: 24, Sum.LESS: 15, Sum.MORE: 14, Sum.NONE: 0}
BARE_SUM = {Sum.ONE: 68, Sum.ALL: 68, Sum.TOGETHER: 60, Sum.GUESS: 45, Sum.NONE: 30}
NAME = {Name.LEARNED: 15, Name.NUMBER: 13, Name.SAME: 12, Name.LIKE: 6, Name.UNKNOWN: 0, Name.OTHER: -8}


@dataclass(slots=True)
class View:
    """What is known about a batch of credits before any of them is judged."""

    names: names.Index
    said: Mapping[UUID, Sequence[words.Named]] = field(default_factory=dict)
    """By credit, the numbers that it may name."""
    hits: Mapping[UUID, Mapping[UUID, references.Hits]] = field(default_factory=dict)
    """By credit and customer, what it names, as it was before any line of the batch took something."""
    by_bones: Mapping[str, Sequence[Item]] = field(default_factory=dict)
    by_amount: Mapping[tuple[str, int], Sequence[Item]] = field(default_factory=dict)
    of_debtor: Mapping[UUID, Sequence[Item]] = field(default_factory=dict)
    payers: Mapping[str, UUID] = field(default_factory=dict)
    numbers: Mapping[str, UUID] = field(default_factory=dict)
    """Customers by their plain number."""
    settled: Mapping[str, UUID] = field(default_factory=dict)
    """Customers by the plain number of an invoice that has nothing open."""
    advices: Mapping[tuple[str, int], Sequence[Advice]] = field(default_factory=dict)
    taken: dict[UUID, int] = field(default_factory=dict)
    """What earlier lines of this batch take from each invoice."""
    touched: set[UUID] = field(default_factory=set)
    """Whose invoices they take something from."""

    def now(self, items: Sequence[Item]) -> list[Item]:
        """The items with what earlier lines left of them."""
        left = []
        for item in items:
            taken = self.taken.get(item.id, 0)
            if taken < item.open_minor:
                left.append(item._replace(open_minor=item.open_minor - taken) if taken else item)
        return left

    def paid_for(self, credit: Credit) -> UUID | None:
        """The customer for whom this payer paid before; the account knows better than the name."""
        known = (self.payers.get(key) for key in payers.keys(credit.party, mark=credit.payer_mark))
        return next((debtor_id for debtor_id in known if debtor_id is not None), None)

    def of(self, debtor_id: UUID, *, currency: str) -> list[Item]:
        """What earlier lines left of one customer's items."""
        items = self.of_debtor.get(debtor_id, ())
        left = self.now(items) if debtor_id in self.touched else items
        return [item for item in left if item.currency == currency]

    def take(self, parts: Sequence[Part], *, debtor_id: UUID) -> None:
        """Remember what a line takes."""
        self.touched.add(debtor_id)
        for part in parts:
            self.taken[part.invoice_id] = self.taken.get(part.invoice_id, 0) + part.minor


def judge(credit: Credit, view: View) -> Proposal | None:
    """The best proposal for a credit, or None when nothing speaks for anybody."""
    found = view.said[credit.id]
    proposals = sorted(_proposals(credit, found, view), key=lambda each: -each.score)
    if not proposals or proposals[0].score < SUGGESTED:
        return None
    best = proposals[0]
    if not best.doubt and len(proposals) > 1 and best.score - proposals[1].score < MARGIN:
        return _doubting(best, "Another customer fits nearly as well.")
    return best


def _proposals(credit: Credit, found: Sequence[words.Named], view: View) -> Iterator[Proposal]:
    advised = _advised(credit, view)
    if advised is not None:
        yield advised
        return
    hits = view.hits[credit.id]
    if any(item.id in view.taken for hit in hits.values() for item in hit.items):
        hits = references.hits(found, credit, by_bones=_Left(view))
    plain = [debtor_id for debtor_id, hit in hits.items() if hit.explains(credit)]
    for debtor_id in plain or _candidates(credit, found, hits, view):
        items = view.of(debtor_id, currency=credit.currency)
        hit = hits.get(debtor_id)
        if hit is None:
            near = references.nearly(found, items)
            hit = references.Hits(near) if near else None
        yield _weighed(credit, debtor_id, _name(credit, found, debtor_id, view), hit, items)


class _Left(dict[str, Sequence[Item]]):
    """Items by their bones, with what earlier lines left of them."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view

    def get(self, key: str, default: object = None) -> Sequence[Item]:
        return self._view.now(self._view.by_bones.get(key, ()))


def _candidates(
    credit: Credit, found: Sequence[words.Named], hits: Mapping[UUID, references.Hits], view: View
) -> list[UUID]:
    chosen = dict.fromkeys(hits)
    learned = view.paid_for(credit)
    if learned is not None:
        chosen[learned] = None
    chosen |= dict.fromkeys(each.debtor_id for each in view.names.alike(credit.party))
    for name in found:
        for known in (view.numbers, view.settled):
            if name.plain in known:
                chosen[known[name.plain]] = None
    if not chosen:
        some = view.now(view.by_amount.get((credit.currency, credit.amount_minor), ()))
        chosen |= dict.fromkeys(item.debtor_id for item in some)
    return list(chosen)


def _name(credit: Credit, found: Sequence[words.Named], debtor_id: UUID, view: View) -> Name:
    learned = view.paid_for(credit)
    if learned == debtor_id:
        return Name.LEARNED
    if any(view.numbers.get(name.plain) == debtor_id for name in found):
        return Name.NUMBER
    own = view.names.score_of(debtor_id, credit.party)
    if own >= names.SAME:
        return Name.SAME
    best = next(iter(view.names.alike(credit.party)), None)
    if learned is not None or (best is not None and best.score >= names.SAME and best.score > own + 5):
        return Name.OTHER
    return Name.LIKE if own >= names.LIKE else Name.UNKNOWN


def _weighed(
    credit: Credit, debtor_id: UUID, name: Name, hit: references.Hits | None, items: Sequence[Item]
) -> Proposal:
    if hit is None:
        fit = relations.unnamed(credit, items=items)
        score, ref = BARE_SUM[fit.sum] + NAME[name], Ref.NONE
    else:
        chosen = sorted(hit.items, key=lambda item: (item.due_on, item.number))
        own = {item.id for item in chosen}
        fit = relations.named(credit, items=chosen, others=[item for item in items if item.id not in own])
        ref = hit.weakest
        score = REF[ref] + NAMED_SUM[fit.sum] + NAME[name]
    doubt = "Other open invoices fit as well." if not fit.sure or (hit and hit.doubtful) else ""
    proposal = Proposal(credit, debtor_id, fit.parts, ref, fit.sum, name, max(score, 0), doubt, _said(ref, fit, name))
    return _doubting(proposal, doubt) if doubt else proposal


def _doubting(proposal: Proposal, doubt: str) -> Proposal:
    """The same, for a person to look at."""
    return Proposal(
        proposal.credit,
        proposal.debtor_id,
        proposal.parts,
        proposal.ref,
        proposal.sum,
        proposal.name,
        min(proposal.score, AUTOMATIC - 1),
        doubt,
        (*proposal.reasons, doubt),
        proposal.remittance_id,
    )


def _advised(credit: Credit, view: View) -> Proposal | None:
    """What a remittance advice says that the payer sent for this very amount."""
    fitting = [
        advice
        for advice in view.advices.get((credit.currency, credit.amount_minor), ())
        if advice.fits(credit, score=view.names.score_of(advice.debtor_id, credit.party))
    ]
    if len(fitting) != 1:
        return None
    advice = fitting[0]
    left = {item.id: item for item in view.now(advice.items)}
    parts = tuple(
        Part(invoice_id, left[invoice_id].number, min(minor, left[invoice_id].open_minor))
        for invoice_id, minor in advice.parts
        if invoice_id in left
    )
    whole = sum(part.minor for part in parts) == credit.amount_minor
    fit = Fit(parts, Sum.EXACT if whole else Sum.MORE)
    name = Name.SAME if view.names.score_of(advice.debtor_id, credit.party) >= names.SAME else Name.UNKNOWN
    score = REF[Ref.ADVICE] + NAMED_SUM[fit.sum] + NAME[name]
    return Proposal(
        credit, advice.debtor_id, parts, Ref.ADVICE, fit.sum, name, score, "", _said(Ref.ADVICE, fit, name), advice.id
    )


_OF_REF = {
    Ref.ADVICE: "A remittance advice over this amount lists the invoices.",
    Ref.EXACT: "The invoice number is given.",
    Ref.READ: "The invoice number is given with signs misread.",
    Ref.BONES: "The invoice number is given without its prefix or zeros.",
    Ref.SHORT: "A short number is given that fits.",
    Ref.FUZZY: "Nearly the invoice number is given.",
    Ref.NONE: "No invoice is named.",
}
_OF_SUM = {
    Sum.EXACT: "The amount is exactly what is open.",
    Sum.SOME: "Some of the open invoices make exactly this amount.",
    Sum.ONE: "One open invoice has exactly this amount.",
    Sum.ALL: "It is exactly everything that is open.",
    Sum.TOGETHER: "Several open invoices make exactly this amount, in one way only.",
    Sum.DISCOUNT: "It is short by what looks like a discount.",
    Sum.FEE: "It is short by what looks like a bank charge.",
    Sum.LESS: "It is less than what is open.",
    Sum.MORE: "It is more than what is open; the rest stays unapplied.",
    Sum.GUESS: "The oldest that fits is taken.",
    Sum.NONE: "No open invoice fits the amount; it would be kept on account.",
}
_OF_NAME = {
    Name.LEARNED: "This payer has paid for the customer before.",
    Name.NUMBER: "The customer's number is given.",
    Name.SAME: "The payer is the customer.",
    Name.LIKE: "The payer's name is like the customer's.",
    Name.UNKNOWN: "The payer's name is not known.",
    Name.OTHER: "The payer's name is another customer's.",
}


def _said(ref: Ref, fit: Fit, name: Name) -> tuple[str, ...]:
    return (_OF_REF[ref], _OF_SUM[fit.sum], _OF_NAME[name])
