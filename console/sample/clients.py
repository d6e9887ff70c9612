"""The sample provider: three clients in three countries, and five people of whom no two may do the same."""

from dataclasses import dataclass, field
from typing import Any

from console.sample.names import AMERICAN, BRITISH, GERMAN, Style

PROVIDER = "Tallowmere Receivables"


@dataclass(frozen=True)
class SampleClient:
    """One client to be: what it is and how its customers behave."""

    slug: str
    legal_name: str
    currency: str
    zone: str
    country: str
    language: str
    style: Style
    customers: int
    invoices: int
    typical: int
    """A usual invoice in major units."""
    tax: int
    """Per cent."""
    terms: int
    """Days."""
    lateness: float
    """How late its customers tend to be: 1 is usual."""
    goods: tuple[str, ...]
    tells_by_bank: bool = False
    """Whether its bank's statements come in; then its ledger is silent about newer payments."""
    profile: dict[str, Any] = field(default_factory=dict)
    discount: int = 0
    """Per cent that may be kept by paying within two weeks."""


@dataclass(frozen=True)
class SamplePerson:
    """Somebody who can sign in; `works` gives a role in clients by their short names."""

    email: str
    name: str
    side: str
    title: str
    works: tuple[tuple[str, str], ...] = ()
    provider_role: str = ""


HAVELKANT = SampleClient(
    "havelkant",
    "Havelkant Werkzeugbau GmbH",
    "EUR",
    "Europe/Berlin",
    "DE",
    "de",
    GERMAN,
    customers=38,
    invoices=340,
    typical=2_400,
    tax=19,
    terms=30,
    lateness=1.0,
    goods=("Stanzwerkzeug", "Ersatzteile", "Wartung", "Sonderanfertigung"),
    tells_by_bank=True,
    profile={
        "address": "Havelkant Werkzeugbau GmbH\nSchleusenweg 14\n10999 Berlin",
        "tax_number": "DE000000000",
        "iban": "DE02120300000000202051",
        "bic": "BYLADEM1001",
        "bank_name": "Musterbank Berlin",
        "terms": "2 % Skonto bei Zahlung innerhalb von 14 Tagen, 30 Tage netto.",
        "contact_name": "Ines Wexford",
        "contact_phone": "+49 30 5550100",
        "contact_email": "debitoren@havelkant.test",
        "accent": "#1f4e5f",
        "bank_feed_hours": 168,
    },
    discount=2,
)
ASHGROVE = SampleClient(
    "ashgrove-penn",
    "Ashgrove & Penn Foods Ltd",
    "GBP",
    "Europe/London",
    "GB",
    "en",
    BRITISH,
    customers=30,
    invoices=260,
    typical=780,
    tax=20,
    terms=21,
    lateness=1.4,
    goods=("Cheese and dairy", "Bread and cakes", "Preserves", "Seasonal hampers"),
    profile={
        "address": "Ashgrove & Penn Foods Ltd\n3 Granary Yard\nLondon SE99 0AA",
        "tax_number": "GB000000000",
        "iban": "GB33BUKB20201555555555",
        "bic": "BUKBGB22",
        "bank_name": "Sample Bank London",
        "terms": "Payment within 21 days of invoice.",
        "contact_name": "Tomasz Bielan",
        "contact_phone": "+44 20 7946 0100",
        "contact_email": "accounts@ashgrove-penn.test",
        "accent": "#6b3f2a",
    },
)
PRAIRIE = SampleClient(
    "prairie-lantern",
    "Prairie Lantern Supply Inc.",
    "USD",
    "America/Chicago",
    "US",
    "en",
    AMERICAN,
    customers=24,
    invoices=180,
    typical=1_650,
    tax=0,
    terms=30,
    lateness=0.8,
    goods=("Lighting", "Cable and conduit", "Fixtures", "Site delivery"),
    profile={
        "address": "Prairie Lantern Supply Inc.\n400 Depot Street\nChicago, IL 60699",
        "tax_number": "00-0000000",
        "iban": "US ACH 000000000 / 0001234567",
        "bank_name": "Sample National Bank",
        "terms": "Net 30.",
        "contact_name": "Ines Wexford",
        "contact_phone": "+1 312 555 0100",
        "contact_email": "ar@prairie-lantern.test",
        "accent": "#7a4b00",
        "pixel": "on",
    },
)
CLIENTS = (HAVELKANT, ASHGROVE, PRAIRIE)
SLUGS = tuple(client.slug for client in CLIENTS)

INES = SamplePerson(
    "ines.wexford@tallowmere.test",
    "Ines Wexford",
    "provider",
    "specialist for all three clients",
    tuple((slug, "specialist") for slug in SLUGS),
)
TOMASZ = SamplePerson(
    "tomasz.bielan@tallowmere.test",
    "Tomasz Bielan",
    "provider",
    "specialist manager of all three clients",
    tuple((slug, "specialist_manager") for slug in SLUGS),
)
RUTH = SamplePerson(
    "ruth.oduya@tallowmere.test",
    "Ruth Oduya",
    "provider",
    "provider administrator: the platform, no client's books",
    provider_role="provider_admin",
)
KATRIN = SamplePerson(
    "katrin.morlok@havelkant.test",
    "Katrin Morlok",
    "client",
    "finance team of Havelkant: looks",
    (("havelkant", "client_viewer"),),
)
JONAS = SamplePerson(
    "jonas.vietz@havelkant.test",
    "Jonas Vietz",
    "client",
    "administrator of Havelkant: rules and people",
    (("havelkant", "tenant_admin"),),
)
PEOPLE = (INES, TOMASZ, RUTH, KATRIN, JONAS)
