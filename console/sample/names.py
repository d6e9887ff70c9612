"""Names of companies that do not exist, from words of our own; one seed always gives the same ones."""

import random
import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """How companies of a country are called."""

    country: str
    owners: tuple[str, ...]
    trades: tuple[str, ...]
    forms: tuple[str, ...]
    towns: tuple[str, ...]


GERMAN = Style(
    "DE",
    (
        "Hollerbeck",
        "Zwirnmann",
        "Kesselau",
        "Brockhövel",
        "Silbertau",
        "Wendlitz",
        "Ostermühl",
        "Grauhagen",
        "Lerchfels",
    )
    + ("Taubenrode", "Eibenstedt", "Quandtloh", "Rothwedel", "Birkmoos", "Dornquell", "Fahrenkot", "Mühlzahn"),
    ("Metallbau", "Maschinenteile", "Hydraulik", "Blechtechnik", "Anlagenservice", "Holzbau", "Fördertechnik"),
    ("GmbH", "GmbH & Co. KG", "AG", "e. K."),
    ("Jüterberg", "Neumark", "Elbwinkel", "Havelort"),
)
BRITISH = Style(
    "GB",
    ("Marlcombe", "Thistledene", "Quillhurst", "Oxbarrow", "Penhallick", "Wrenfold", "Saltmarley", "Dunmottram")
    + ("Hazelwick", "Cobblesham", "Farthinghoe", "Larkstone", "Brindlecote", "Tidewell", "Ashmorrow", "Gorsefield"),
    ("Bakery", "Tea Rooms", "Deli", "Provisions", "Farm Shops", "Catering", "Wholefoods"),
    ("Ltd", "LLP", "plc", "& Sons Ltd"),
    ("Lower Wick", "Marsh Ferry", "Kingsholt"),
)
AMERICAN = Style(
    "US",
    ("Copper Basin", "Tallgrass", "Three Silos", "Lake Ember", "Redbud Junction", "Big Sumac", "Iron Lantern")
    + ("Cedar Notch", "Wagonwheel", "Blue Kettle", "Prairie Crow", "Mill Race", "Sandhill", "Blackhaw", "Old Depot"),
    ("Hardware", "Builders Supply", "Outfitters", "Lumber", "Feed & Seed", "Electric"),
    ("Inc.", "LLC", "Corp.", "Co."),
    ("Elm Prairie", "Fort Carver"),
)


def companies(style: Style, count: int, *, seed: str) -> list[str]:
    """Different names in that style."""
    dice = random.Random(f"names {seed}")
    found: dict[str, None] = {}
    while len(found) < count:
        owner, trade, form = dice.choice(style.owners), dice.choice(style.trades), dice.choice(style.forms)
        name = f"{owner} {trade} {form}"
        if not any(other.startswith(f"{owner} {trade}") for other in found):
            found[name] = None
    return list(found)


def domain(name: str) -> str:
    """A mail domain for the company, under a top level that never resolves."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z]+", plain)[:2]) + ".test"
