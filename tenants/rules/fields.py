"""Decides what rules may ask about: the one registry of fields, with type, SQL, joins, words and examples.

Everything that knows fields is made from here: checking, SQL, English, explanation, JSON Schema, the builder's menus,
the page for admins, and the tests that hold that every operator of every field works. A field that is wrong here chases
the wrong people, so each has a reference in the tests.
"""

from tenants.rules.field import SUBJECTS, Field, Kind
from tenants.rules.fields_of_customers import CUSTOMER_FIELDS
from tenants.rules.fields_of_invoices import INVOICE_FIELDS, LEVELS
from tenants.rules.fields_of_segments import SEGMENT_FIELDS

__all__ = ("HOLDS", "HOLDS_OF", "LEVELS", "REGISTRY", "SUBJECTS", "Field", "Kind")

REGISTRY: dict[str, Field] = {each.key: each for each in (*INVOICE_FIELDS, *CUSTOMER_FIELDS, *SEGMENT_FIELDS)}

HOLDS: dict[str, tuple[str, str]] = {
    "dispute": ("dispute", "it is disputed"),
    "promise": ("promise", "a promised date is still ahead"),
    "plan": ("plan", "a payment plan is on track"),
    "paused": ("pause", "contact is paused"),
}
"""What may hold an action back: the name in a rule, the kind of hold, and how it is said."""
HOLDS_OF: dict[str, tuple[str, ...]] = {"invoice": tuple(HOLDS), "customer": ("paused",), "segment": ()}
"""Disputes, promises and plans concern single invoices; a rule about customers is held by a pause of the whole
customer. A segment is nobody, so nothing holds it."""
