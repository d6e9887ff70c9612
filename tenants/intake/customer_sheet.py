"""Decides whether a table tells of customers alone, and what its rows say: columns by their names, row by row.

Only what a row really says counts: an empty cell, or a column that is not there, says nothing. A row with a fault stays
out whole and is told with its place.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple

from tenants.intake import cells
from tenants.intake.formats import amounts, csv_file
from tenants.intake.formats.amounts import AmountReader
from tenants.intake.formats.csv_file import Layout
from tenants.intake.formats.flaws import Flaw
from tenants.intake.mapping import MappingRefused
from tenants.intake.report import Fault
from tenants.intake.targets import BY_KEY, Kind, Target

LONGEST_TERMS = 730
_SHOWN = 80
_KNOWN = tuple(BY_KEY[key] for key in ("debtor_number", "debtor_name", "email", "country", "channel", "groups"))
_NAMES = {
    "address": "address postaladdress billingaddress anschrift adresse direccion adres",
    "street": "street addressline1 strasse strassehausnummer rue calle straat",
    "postcode": "postcode postalcode zip zipcode plz postleitzahl codepostal codigopostal",
    "town": "city town ort stadt ville ciudad plaats woonplaats",
    "terms": "paymentterms terms termsdays paymentdays netdays zahlungsziel zahlungsbedingungen delaidepaiement"
    " plazodepago betaaltermijn",
    "credit_limit": "creditlimit creditline kreditlimit kreditlinie plafond limitecredit limitedecredito kredietlimiet",
    "owner": "owner specialist accountmanager collector creditcontroller sachbearbeiter betreuer gestionnaire"
    " responsable beheerder",
}
_KINDS = {"credit_limit": Kind.AMOUNT, "owner": Kind.EMAIL}
_OWN = tuple(
    Target(key, key.replace("_", " ").capitalize(), _KINDS.get(key, Kind.TEXT), tuple(names.split()), longest=254)
    for key, names in _NAMES.items()
)
TARGETS = (*_KNOWN, *_OWN, BY_KEY["currency"])
NOT_OF_CUSTOMERS = ("number", "issued_on", "due_on", "amount")
_PROVES_NOTHING = frozenset(("number", "reference", "ref", "refno", "no", "num", "value"))
"""Names of invoice numbers that anything may have."""

NO_TERMS = Flaw(
    "not_terms", f"These are no days between 0 and {LONGEST_TERMS}.", "Write the days as a number, such as 30."
)
NOBODY = Flaw("not_a_member", "Nobody who works for this client has this address.", "Give the e-mail of a specialist.")
OTHER_CURRENCY = Flaw("other_currency", "A credit limit is kept in the client's own currency.", "Convert the limit.")
NEGATIVE = Flaw("negative_limit", "A credit limit is not negative.", "Write nothing, or 0 for none at all.")
REPEATED = "repeated_customer"


class Customer(NamedTuple):
    """What one row says of one customer; an empty text says nothing."""

    row_no: int
    debtor_number: str
    debtor_name: str
    email: str
    country: str
    channel: str
    groups: str
    address: str
    terms: str
    credit_limit: str
    owner: str


def columns(header: Sequence[str], *, fold: Mapping[str, str]) -> dict[str, int]:
    """Where each thing stands, by the folded names of the header; empty when the table is not of customers alone."""
    folded = [fold[name] for name in header]
    if any(name in BY_KEY[key].synonyms and name not in _PROVES_NOTHING for key in NOT_OF_CUSTOMERS for name in folded):
        return {}
    found: dict[str, int] = {}
    for target in TARGETS:
        for at, name in enumerate(folded):
            if name in target.synonyms and at not in found.values():
                found.setdefault(target.key, at)
    return found if "debtor_number" in found and len(found) > 1 else {}


def chosen(columns: Mapping[str, str], header: Sequence[str]) -> dict[str, int]:
    """Where each thing stands, as a person says. Raises MappingRefused."""
    if not columns.get("debtor_number") or len(columns) < 2:
        raise MappingRefused("A file of customers names their numbers and something else.", pointer="/customer_columns")
    known = {target.key for target in TARGETS}
    places = {}
    for key, column in columns.items():
        if key not in known:
            raise MappingRefused(f"There is no field “{key[:40]}” of customers.", pointer=f"/customer_columns/{key}")
        if column not in header:
            raise MappingRefused(f"The file has no column “{column[:80]}”.", pointer=f"/customer_columns/{key}")
        places[key] = header.index(column)
    return places


class CustomerSheet:
    """One pass over one table of customers. Take all of `rows`, then ask for what was found."""

    def __init__(
        self, layout: Layout, *, places: Mapping[str, int], base_currency: str, owners: Mapping[str, str]
    ) -> None:
        """`owners` gives the people who may look after a customer, by their address in small letters."""
        self._layout, self._places, self._base, self._owners = layout, places, base_currency, owners
        plain = (each for each in TARGETS if each.kind is not Kind.AMOUNT and each.key in places)
        self._readers = {each.key: cells.reader(each) for each in plain}
        self._amount = AmountReader(base_currency, ".")
        self._first: dict[str, int] = {}
        self.read = self.accepted = 0
        self.faults: list[Fault] = []

    def rows(self, file: BinaryIO) -> Iterator[Customer]:
        """Every row that can be believed, in the order of the file."""
        self._amount = AmountReader(self._base, self._sign(file))
        for row_no, found in csv_file.rows(file, self._layout):
            if not any(cell.strip() for cell in found):
                continue
            self.read += 1
            row = self._row(row_no, [*found, *[""] * (len(self._layout.header) - len(found))])
            if row is not None:
                self.accepted += 1
                yield row

    def _sign(self, file: BinaryIO) -> str:
        if "credit_limit" not in self._places:
            return "."
        at = self._places["credit_limit"]
        shapes = {amounts.shape(found[at]) for _, found in csv_file.rows(file, self._layout) if len(found) > at}
        return amounts.sign_of(shapes).sign or "."

    def _row(self, row_no: int, found: Sequence[str]) -> Customer | None:
        values: dict[str, Any] = {key: read(found[self._places[key]]) or "" for key, read in self._readers.items()}
        if isinstance(values.get("address"), str):
            values["address"] = _lines(found[self._places["address"]])
        values["terms"] = self._terms(values.get("terms", ""))
        values["credit_limit"] = self._limit(found, values)
        values["owner"] = self._owner(values.get("owner", ""))
        number = values["debtor_number"]
        if isinstance(number, str) and self._first.setdefault(number, row_no) != row_no:
            first = self._first[number]
            values["debtor_number"] = Flaw(REPEATED, f"Row {first:,} tells of this customer already.", "Remove one.")
        flaws = [(key, values[key]) for key in self._places if isinstance(values.get(key), Flaw)]
        for key, flaw in flaws:
            self._fault(row_no, key, found, flaw)
        return None if flaws else Customer(row_no, **_said(values))

    def _terms(self, text: Any) -> Any:
        """Days as they are written: 30, or 30 days, or net 30."""
        if not isinstance(text, str) or not text:
            return text
        digits = [word for word in text.replace(".", " ").split() if word.isdecimal()]
        return digits[0] if len(digits) == 1 and int(digits[0]) <= LONGEST_TERMS else NO_TERMS

    def _limit(self, found: Sequence[str], values: Mapping[str, Any]) -> Any:
        if "credit_limit" not in self._places:
            return ""
        minor = self._amount(found[self._places["credit_limit"]])
        if not isinstance(minor, int):
            return minor or ""
        if values.get("currency") not in (None, "", self._base):
            return OTHER_CURRENCY
        return NEGATIVE if minor < 0 else str(minor)

    def _owner(self, email: Any) -> Any:
        return self._owners.get(email.casefold(), NOBODY) if isinstance(email, str) and email else email

    def _fault(self, row_no: int, key: str, found: Sequence[str], flaw: Flaw) -> None:
        at = self._places.get(key)
        name, value = ("", "") if at is None else (self._layout.header[at], found[at])
        shown = "".join(sign if sign.isprintable() else "�" for sign in value[:_SHOWN])
        self.faults.append(Fault(row_no, name, shown, flaw.reason, flaw.detail, flaw.remedy))


def _lines(cell: str) -> str:
    """An address keeps its lines, which the readers of other cells make one."""
    return "\n".join(" ".join(line.split()) for line in cell.splitlines() if line.strip())


def _said(values: Mapping[str, Any]) -> dict[str, str]:
    """The row without the pieces of its address and the currency of its limit."""
    town = " ".join(part for part in (values.get("postcode"), values.get("town")) if part)
    pieces = "\n".join(part for part in (values.get("street"), town) if part)
    keys = (field for field in Customer._fields if field not in ("row_no", "address"))
    return {"address": values.get("address") or pieces, **{key: values.get(key, "") for key in keys}}
