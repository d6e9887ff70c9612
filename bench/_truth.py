"""Made-up credits whose right answer is known: what customers pay, and how banks and people spoil what they write.

Nothing here knows how matching works. Each kind of credit has a share, and so has each kind of damage.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from stdnum.iso7064 import mod_97_10

TODAY = date(2026, 11, 20)
PER_DEBTOR = 25
FIRST = (
    *("Adler", "Bergmann", "Castell", "Dietrich", "Ebner", "Falk", "Gruber", "Hartmann", "Immel", "Jäger", "König"),
    *("Lindqvist", "Müller", "Nørgaard", "Oberhuber", "Petersen", "Quandt", "Rössler", "Sørensen", "Thaler", "Ullrich"),
    *("Vogel", "Weiß", "Yilmaz", "Zeller", "Marchand", "Dubois", "Rossi", "Bianchi", "Kowalski", "Novák", "Janssen"),
    *("De Vries", "Garcia", "Fernandez", "Silva", "Whitfield", "Ashcroft", "Blackwood", "Carmichael", "Donnelly"),
)
SECOND = (
    *("Metallbau", "Gartencenter", "Logistik", "Bürobedarf", "Elektrotechnik", "Bau", "Handel", "Druckerei", "Optik"),
    *("Foods", "Books", "Timber", "Marine", "Textiles", "Bakery", "Plumbing", "Roofing", "Systems", "Engineering"),
    *("Medical", "Farms", "Catering", "Interiors", "Automotive", "Pharma", "Packaging", "Tools", "Chemie", "Verlag"),
)
PLACE = ("", "", "Nord", "Süd", "Berlin", "Hamburg", "München", "Lyon", "Porto", "Leeds", "Malmö", "Graz", "Basel")
FORM = ("GmbH", "GmbH & Co. KG", "AG", "e.K.", "Ltd", "Limited", "S.A.", "S.r.l.", "B.V.", "AB", "A/S", "KG", "")
NOISE = (
    *("Zinsgutschrift Q3", "Steuererstattung 2025", "Einzahlung Bar", "INTEREST CREDIT", "Umbuchung Sparkonto 300417"),
    *("Erstattung Vers.Nr. 77120034", "REFUND ORDER 20261101-88", "Kaution Rueckzahlung", "Insurance claim 4410-2"),
)
STRANGERS = ("Finanzamt Mitte", "Allgemeine Versicherung AG", "Stadtwerke", "Sparkasse", "Office Supplies Direct Ltd")
UNSPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "å": "a", "á": "a"})
LOOKALIKE = {"0": "O", "1": "I", "5": "S", "8": "B", "2": "Z", "6": "G"}


@dataclass(frozen=True)
class Debt:
    """One open invoice."""

    at: int
    debtor: int
    number: str
    minor: int
    issued_on: date
    due_on: date


@dataclass(frozen=True)
class Money:
    """One credit on a statement, and what it truly pays: places of invoices and minor units. Nothing for noise."""

    minor: int
    booked_on: date
    party: str
    words: str
    reference: str
    kind: str
    truth: frozenset[tuple[int, int]] = frozenset()
    advice: str = ""


@dataclass
class World:
    """The books of one client and the statement that comes."""

    seed: int
    names: list[str] = field(default_factory=list)
    debts: list[Debt] = field(default_factory=list)
    credits: list[Money] = field(default_factory=list)


def make(*, debts: int, credits: int, seed: int) -> World:
    """Books with so many open invoices, and a statement of so many credits; no invoice is paid twice."""
    world, chance = World(seed), random.Random(seed)
    for debtor in range(max(debts // PER_DEBTOR, 1)):
        world.names.append(_name(chance))
        _owe(world, debtor, chance)
    waiting = [debt.at for debt in world.debts]
    chance.shuffle(waiting)
    taken: set[int] = set()
    kinds = chance.choices([kind for kind, _ in KINDS], weights=[share for _, share in KINDS], k=credits)
    for kind in kinds:
        world.credits.append(kind(world, _next(world, waiting, taken), chance, taken))
    return world


def _name(chance: random.Random) -> str:
    parts = (chance.choice(FIRST), chance.choice(SECOND), chance.choice(PLACE), chance.choice(FORM))
    return " ".join(part for part in parts if part)


def _owe(world: World, debtor: int, chance: random.Random) -> None:
    """A seventh of the customers pays the same sum every month."""
    fixed = chance.randrange(50_00, 900_00) if chance.random() < 0.15 else 0
    for _ in range(PER_DEBTOR):
        at = len(world.debts)
        issued = TODAY - timedelta(days=chance.randrange(5, 120))
        minor = fixed or max(int(chance.lognormvariate(11, 1.1)), 500)
        world.debts.append(Debt(at, debtor, _number(at, world.seed), minor, issued, issued + timedelta(days=30)))


def _number(at: int, seed: int) -> str:
    """Three series, as a client has that changed its program twice."""
    place = at * 7 + seed % 7
    return (f"RE-2026-{place:07}", f"26-{place + 2_000_000}", f"{place:010}")[at % 3]


def _next(world: World, waiting: list[int], taken: set[int]) -> Debt:
    while waiting[-1] in taken:
        waiting.pop()
    taken.add(waiting[-1])
    return world.debts[waiting.pop()]


def _others(world: World, debt: Debt, count: int, chance: random.Random, taken: set[int]) -> list[Debt]:
    first = debt.debtor * PER_DEBTOR
    free = [at for at in range(first, first + PER_DEBTOR) if at not in taken]
    chosen = chance.sample(free, min(count, len(free)))
    taken.update(chosen)
    return [world.debts[at] for at in chosen]


# --- what a payer writes -------------------------------------------------------------------------------------------


def _payer(world: World, debt: Debt, chance: random.Random) -> str:
    """The name as banks give it: in capitals, spelt out, cut."""
    name = world.names[debt.debtor]
    if chance.random() < 0.5:
        name = name.translate(UNSPELT).upper()
    if chance.random() < 0.25:
        name = " ".join(name.split()[:-1]) if len(name.split()) > 2 else name
    return name[:27] if chance.random() < 0.3 else name


def _spoilt(number: str, chance: random.Random) -> str:
    return chance.choice((_misread, _unpadded, _bare, _spaced, _wrong, _glued, _cut))(number, chance)


def _misread(number: str, chance: random.Random) -> str:
    places = [at for at, sign in enumerate(number) if sign in LOOKALIKE]
    for at in chance.sample(places, min(len(places), chance.randrange(1, 3))):
        number = number[:at] + LOOKALIKE[number[at]] + number[at + 1 :]
    return number


def _unpadded(number: str, _: random.Random) -> str:
    return "-".join(part.lstrip("0") or "0" for part in number.split("-"))


def _bare(number: str, _: random.Random) -> str:
    return number.rpartition("-")[2]


def _spaced(number: str, chance: random.Random) -> str:
    at = chance.randrange(2, len(number) - 1)
    return f"{number[:at]} {number[at:]}".replace("-", chance.choice(("-", " ", "")))


def _wrong(number: str, chance: random.Random) -> str:
    at = chance.randrange(len(number) - 4, len(number))
    return number[:at] + str((int(number[at]) + chance.randrange(1, 9)) % 10) + number[at + 1 :]


def _glued(number: str, chance: random.Random) -> str:
    return chance.choice(("Rechnung", "INVOICE", "RNR", "Re.Nr.")) + number


def _cut(number: str, _: random.Random) -> str:
    return number[2:]


def _words(numbers: Sequence[str], chance: random.Random) -> str:
    told = chance.choice(("Rechnung {}", "{}", "INV {} thank you", "Rg. {} vom 12.10.26", "Ihre Rechnungen {} KD 88"))
    return told.format(chance.choice((", ", " ", "/", " + ", " u. ")).join(numbers))


def _paid(debts: Sequence[Debt], chance: random.Random) -> date:
    return min(max(debt.issued_on for debt in debts) + timedelta(days=chance.randrange(3, 60)), TODAY)


def _money(
    world: World,
    debts: Sequence[Debt],
    chance: random.Random,
    *,
    kind: str,
    words: str,
    reference: str = "",
    party: str | None = None,
    minor: int | None = None,
    truth: frozenset[tuple[int, int]] | None = None,
    advice: str = "",
) -> Money:
    total = sum(debt.minor for debt in debts)
    return Money(
        total if minor is None else minor,
        _paid(debts, chance),
        _payer(world, debts[0], chance) if party is None else party,
        words,
        reference,
        kind,
        frozenset((debt.at, debt.minor) for debt in debts) if truth is None else truth,
        advice,
    )


# --- kinds of credits ----------------------------------------------------------------------------------------------


def clean(world: World, debt: Debt, chance: random.Random, _: set[int]) -> Money:
    return _money(world, [debt], chance, kind="clean", words=_words([debt.number], chance))


def structured(world: World, debt: Debt, chance: random.Random, _: set[int]) -> Money:
    inner = "".join(sign for sign in debt.number if sign.isalnum())
    reference = f"RF{98 - int(mod_97_10.checksum(inner + 'RF00')):02}{inner}" if chance.random() < 0.5 else debt.number
    return _money(world, [debt], chance, kind="structured", words="", reference=reference)


def damaged(world: World, debt: Debt, chance: random.Random, _: set[int]) -> Money:
    return _money(world, [debt], chance, kind="damaged", words=_words([_spoilt(debt.number, chance)], chance))


def several(world: World, debt: Debt, chance: random.Random, taken: set[int]) -> Money:
    debts = [debt, *_others(world, debt, chance.randrange(1, 5), chance, taken)]
    numbers = [_spoilt(each.number, chance) if chance.random() < 0.2 else each.number for each in debts]
    return _money(world, debts, chance, kind="several", words=_words(numbers, chance))


def unnamed(world: World, debt: Debt, chance: random.Random, _: set[int]) -> Money:
    return _money(world, [debt], chance, kind="unnamed", words=chance.choice(("Danke", "Ueberweisung", "payment", "")))


def together(world: World, debt: Debt, chance: random.Random, taken: set[int]) -> Money:
    debts = [debt, *_others(world, debt, chance.randrange(1, 4), chance, taken)]
    return _money(world, debts, chance, kind="together", words="Sammelzahlung")


def short(world: World, debt: Debt, chance: random.Random, _: set[int]) -> Money:
    kept = (debt.minor * 3 // 100, min(1_250, debt.minor // 20), debt.minor // chance.randrange(3, 9))
    minor = debt.minor - max(chance.choice(kept), 1)
    truth = frozenset(((debt.at, minor),))
    words = _words([debt.number], chance)
    return _money(world, [debt], chance, kind="short", words=words, minor=minor, truth=truth)


def over(world: World, debt: Debt, chance: random.Random, _: set[int]) -> Money:
    minor = debt.minor + chance.randrange(100, 50_000)
    return _money(world, [debt], chance, kind="over", words=_words([debt.number], chance), minor=minor)


def stranger(world: World, debt: Debt, chance: random.Random, _: set[int]) -> Money:
    """A parent company or a factor pays."""
    return _money(world, [debt], chance, kind="stranger", words=_words([debt.number], chance), party=_name(chance))


def advised(world: World, debt: Debt, chance: random.Random, taken: set[int]) -> Money:
    debts = [debt, *_others(world, debt, chance.randrange(1, 6), chance, taken)]
    advice = f"AV{chance.randrange(10**7):07}"
    words = f"Avis {advice}" if chance.random() < 0.7 else "siehe Avis"
    return _money(world, debts, chance, kind="advised", words=words, advice=advice)


def noise(_: World, debt: Debt, chance: random.Random, taken: set[int]) -> Money:
    """Nobody's money: the right answer is to leave it alone. Some of it has the very amount of an open invoice."""
    taken.discard(debt.at)
    minor = debt.minor if chance.random() < 0.1 else chance.randrange(100, 900_000)
    return Money(minor, TODAY, chance.choice(STRANGERS), chance.choice(NOISE), "", "noise")


Kind = Callable[[World, Debt, random.Random, set[int]], Money]
KINDS: tuple[tuple[Kind, float], ...] = (
    (clean, 34),
    (structured, 7),
    (damaged, 14),
    (several, 10),
    (unnamed, 8),
    (together, 5),
    (short, 5),
    (over, 3),
    (stranger, 3),
    (advised, 3),
    (noise, 8),
)
