"""Decides what is fetched for a batch of credits: candidates by number, by amount, and by customer, a statement each.

No statement per line, and never the whole ledger: numbers are found by their bones, for which open invoices have an
index.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from uuid import UUID

from tenants import store
from tenants.cash import names, payers, references, remittances, words
from tenants.cash.evidence import Credit, Item
from tenants.cash.judging import View

MOST_ALIKE = 24
"""A key that fits more open invoices than this finds nobody."""
MOST_OPEN = 120
ITEM = "i.id, i.debtor_id, i.number, i.currency, i.open_minor, i.issued_on, i.due_on"
OPEN = "i.open_minor > 0 AND i.voided_on IS NULL"
DEBTORS = "SELECT id, name, number FROM debtor WHERE tenant_id = :tenant"
BY_BONES = f"""
SELECT key, id, debtor_id, number, currency, open_minor, issued_on, due_on FROM (
  SELECT i.bones AS key, {ITEM}, row_number() OVER (PARTITION BY i.bones ORDER BY i.due_on, i.id) AS at
  FROM invoice i WHERE i.tenant_id = :tenant AND i.bones = ANY(:keys) AND {OPEN}
) found WHERE at <= :most
"""
BY_AMOUNT = f"""
SELECT id, debtor_id, number, currency, open_minor, issued_on, due_on FROM (
  SELECT {ITEM}, row_number() OVER (PARTITION BY i.currency, i.open_minor ORDER BY i.due_on, i.id) AS at
  FROM unnest(CAST(:currencies AS text[]), CAST(:amounts AS bigint[])) AS t (currency, minor)
  JOIN invoice i ON i.tenant_id = :tenant AND i.currency = t.currency AND i.open_minor = t.minor AND {OPEN}
) found WHERE at <= :most
"""
# Customers come back as their places in the list: a number is read faster than an id, and there are many rows.
OF_DEBTORS = f"""
SELECT place, id, number, currency, open_minor, issued_on, due_on FROM (
  SELECT t.place, {ITEM}, row_number() OVER (PARTITION BY i.debtor_id ORDER BY i.due_on, i.id) AS at
  FROM unnest(CAST(:debtors AS uuid[])) WITH ORDINALITY AS t (debtor_id, place)
  JOIN invoice i ON i.tenant_id = :tenant AND i.debtor_id = t.debtor_id AND {OPEN}
) found WHERE at <= :most ORDER BY place, at
"""
NUMBERED = f"""
SELECT {ITEM} FROM invoice i WHERE i.tenant_id = :tenant AND i.number = ANY(:numbers) AND i.voided_on IS NULL
"""


class Desk:
    """What stays the same for all batches of a run: the customers' names and numbers."""

    def __init__(self) -> None:
        rows = store.run(DEBTORS).all()
        self.names = names.Index((debtor_id, name) for debtor_id, name, _ in rows)
        self.numbers = {words.plain(number): debtor_id for debtor_id, _, number in rows if len(number) >= 4}

    def view(self, credits: Sequence[Credit]) -> View:
        """All that is known about a batch of credits."""
        said = {credit.id: words.named(credit.words, reference=credit.reference) for credit in credits}
        by_bones = _by_bones({key for found in said.values() for key in words.keys(found)})
        short = {name.written for found in said.values() for name in found if not words.keys([name])}
        by_bones |= {
            references.EXACTLY + words.plain(item.number): [item] for item in _numbered(short) if item.open_minor
        }
        by_amount = _by_amount({(credit.currency, credit.amount_minor) for credit in credits})
        learned = payers.of({key for each in credits for key in payers.keys(each.party, mark=each.payer_mark)})
        found = {each.id: references.hits(said[each.id], each, by_bones=by_bones) for each in credits}
        open_ = [each for each in credits if not any(hit.explains(each) for hit in found[each.id].values())]
        longer = {name.written for each in open_ for name in said[each.id] if len(name.plain) >= 4}
        settled = {words.plain(item.number): item.debtor_id for item in _numbered(longer) if not item.open_minor}
        debtors: set[UUID] = set()
        for credit in open_:
            speaking = set(self._speaking(credit, said[credit.id], learned, settled))
            # The amount alone is asked only where nothing else speaks for anybody; what is named may be paid by then.
            equal = () if speaking else by_amount.get((credit.currency, credit.amount_minor), ())
            debtors |= speaking | set(found[credit.id]) | {item.debtor_id for item in equal}
        return View(
            self.names,
            said=said,
            hits=found,
            by_bones=by_bones,
            by_amount=by_amount,
            of_debtor=_of_debtors(debtors),
            payers=learned,
            numbers=self.numbers,
            settled=settled,
            advices=remittances.waiting(credit.amount_minor for credit in credits),
        )

    def _speaking(
        self,
        credit: Credit,
        said: Sequence[words.Named],
        learned: Mapping[str, UUID],
        settled: Mapping[str, UUID],
    ) -> Iterator[UUID]:
        """The customers for whom a credit's party, or a number in it, speaks."""
        yield from (each.debtor_id for each in self.names.alike(credit.party))
        for key in payers.keys(credit.party, mark=credit.payer_mark):
            if key in learned:
                yield learned[key]
        for known in (self.numbers, settled):
            yield from (known[name.plain] for name in said if name.plain in known)


def _by_bones(keys: Collection[str]) -> dict[str, Sequence[Item]]:
    found: dict[str, list[Item]] = {}
    for key, *item in store.run(BY_BONES, keys=sorted(keys), most=MOST_ALIKE + 1).all():
        found.setdefault(key, []).append(Item(*item))
    return {key: items for key, items in found.items() if len(items) <= MOST_ALIKE}


def _by_amount(wanted: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], Sequence[Item]]:
    pairs = sorted(wanted)
    rows = store.run(
        BY_AMOUNT, currencies=[currency for currency, _ in pairs], amounts=[minor for _, minor in pairs], most=2
    )
    found: dict[tuple[str, int], list[Item]] = {}
    for row in rows:
        item = Item(*row)
        found.setdefault((item.currency, item.open_minor), []).append(item)
    return found


def _of_debtors(debtors: Collection[UUID]) -> Mapping[UUID, Sequence[Item]]:
    listed = sorted(debtors)
    found: list[list[Item]] = [[] for _ in listed]
    for place, invoice_id, *rest in store.run(OF_DEBTORS, debtors=listed, most=MOST_OPEN).all():
        found[place - 1].append(Item(invoice_id, listed[place - 1], *rest))
    return dict(zip(listed, found, strict=True))


def _numbered(numbers: Collection[str]) -> list[Item]:
    """The invoices with exactly these numbers, whether open or not."""
    return [Item(*row) for row in store.run(NUMBERED, numbers=sorted(numbers))]
