"""Decides whether a table is a bank statement, and what its rows say: columns by their names, signs by their column."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import BinaryIO

from tenants.intake.formats import amounts, csv_file, dates
from tenants.intake.formats.amounts import AmountReader
from tenants.intake.formats.csv_file import Layout
from tenants.intake.formats.dates import DateReader, Order
from tenants.intake.formats.names import currency_of, fold, without_currency
from tenants.intake.formats.statement import Entry, Statement, StatementRefused
from tenants.values import money

_NAMES = {
    "booked": ("date", "bookingdate", "transactiondate", "postingdate", "buchungstag", "buchungsdatum", "dateoperation")
    + ("datedoperation", "fecha", "fechaoperacion", "boekdatum", "datum", "transactiondatetime", "completeddate"),
    "valued": ("valuedate", "valuta", "valutadatum", "wertstellung", "datevaleur", "datedevaleur", "fechavalor"),
    "amount": ("amount", "betrag", "montant", "importe", "bedrag", "umsatz", "transactionamount"),
    "credit": ("credit", "creditamount", "paidin", "moneyin", "deposit", "haben", "gutschrift", "abono", "bij"),
    "debit": ("debit", "debitamount", "paidout", "moneyout", "withdrawal", "soll", "lastschrift", "cargo", "af"),
    "side": (
        "dc",
        "debitcredit",
        "creditdebit",
        "crdr",
        "drcr",
        "sollhaben",
        "sollhabenkennzeichen",
        "afbij",
        "sens",
        "creditdebitindicator",
    ),
    "currency": ("currency", "wahrung", "waehrung", "devise", "moneda", "valutacode", "muntsoort", "munt", "ccy"),
    "party": (
        "partnername",
        "payee",
        "payer",
        "counterparty",
        "name",
        "beguenstigterzahlungspflichtiger",
        "auftraggeber",
    )
    + ("nomcontrepartie", "beneficiario", "naamtegenpartij", "debtorname", "partner", "naamomschrijving")
    + ("zahlungspflichtiger", "auftraggeberempfanger", "partnernamn", "counterpartyname", "nametegenpartij"),
    "party_account": (
        "partneriban",
        "counterpartyiban",
        "counterpartyaccount",
        "payeraccount",
        "payeriban",
        "debtoriban",
    )
    + ("kontonummeriban", "ibanzahlungsbeteiligter", "ibancontrepartie", "tegenrekening", "tegenrekeningibanbban"),
    "words": ("verwendungszweck", "remittanceinformation", "transactiondescription", "description", "narrative", "memo")
    + ("label", "libelle", "concepto", "mededelingen", "omschrijving", "omschrijving1", "omschrijving2")
    + ("omschrijving3",),
    "remarks": ("details", "buchungstext", "text", "vorgang", "reference1", "reference2"),
    "state": ("status", "state", "info", "etat", "estado"),
    "reference": ("reference", "ref", "endtoendid", "referenz", "referencia", "kenmerk", "paymentreference"),
    "bank_ref": ("transactionid", "bankreference", "fitid", "id", "transactionreference"),
    "account": (
        "account",
        "accountnumber",
        "iban",
        "konto",
        "auftragskonto",
        "compte",
        "cuenta",
        "rekening",
        "ibanbban",
    ),
    "balance": ("balance", "runningbalance", "saldo", "solde", "kontostand"),
}
_SEVERAL = ("words", "remarks")
"""What may stand in several columns; remarks of the bank are taken where there are no words of the payer."""
_OUT = ("d", "dr", "debit", "s", "soll", "af", "dbit", "-")
_PENDING = ("umsatz vorgemerkt", "vorgemerkt", "pending", "en attente", "pendiente", "reverted", "declined", "failed")
_IN = ("c", "cr", "credit", "h", "haben", "bij", "crdt", "+")


def columns(header: Sequence[str]) -> dict[str, int]:
    """Where each thing stands, by the names of the header; empty when the table is no bank statement."""
    found: dict[str, int] = {}
    plain = [fold(without_currency(name)) for name in header]
    for key, names in _NAMES.items():
        for at, name in enumerate(plain):
            if name in names and at not in found.values():
                found.setdefault(f"{key} {at}" if key in _SEVERAL else key, at)
    worth = "amount" in found or ("credit" in found and "debit" in found)
    said = "party" in found or "reference" in found or any(_several(found, key) for key in _SEVERAL)
    _settle(found, header)
    return found if "booked" in found and worth and said else {}


def _several(found: Mapping[str, int], key: str) -> list[int]:
    """The columns that tell the same thing in parts."""
    return [at for name, at in found.items() if name.startswith(f"{key} ")]


def _settle(found: dict[str, int], header: Sequence[str]) -> None:
    """An account behind the other side's name is the other side's."""
    told = [*_several(found, "words"), *(found[key] for key in ("party",) if key in found)]
    at = found.get("account", -1)
    if told and at > min(told) and fold(header[at]) == "iban" and "party_account" not in found:
        found["party_account"] = found.pop("account")


def read(
    file: BinaryIO,
    layout: Layout,
    *,
    places: Mapping[str, int],
    base_currency: str,
    stated: Order | None = None,
    usual: Order | None = None,
) -> Statement:
    """Every booked row as a line. A row that cannot be read refuses the whole: a statement with gaps is none.

    `stated` is the order of dates that a person told, `usual` that of the source's last statement: it is believed where
    the dates leave it open.
    """
    rows = [(at, cells) for at, cells in csv_file.rows(file, layout) if any(cell.strip() for cell in cells)]
    said = Statement(f"{layout.format}-statement")
    while rows and _is_remark(rows[-1][1], places):
        at, cells = rows.pop()
        said.notes.append(f"Row {at:,} holds no line: {' '.join(' '.join(cells).split())[:80]}")
    for at, cells in rows:
        if len(cells) < len(layout.header):
            raise StatementRefused(f"Row {at:,}: it has {len(cells)} cells, the header {len(layout.header)}.")
    seen = dates.order_of({cells[places[key]] for _, cells in rows for key in ("booked", "valued") if key in places})
    order = stated or seen.order or usual or seen.likely
    if order is None:
        name = layout.header[places["booked"]]
        raise StatementRefused(
            f"Column “{name}”: is 3/4 the 3rd of April or the 4th of March? Every date fits both.",
            remedy="Choose the order of dates among the columns and check again. The source’s next file is then read "
            "like this one.",
        )
    said.dates = order.value
    judge = _Judge(rows, layout, places, base_currency, order)
    booked = [(at, cells) for at, cells in rows if judge.is_booked(cells)]
    if pending := len(rows) - len(booked):
        said.notes.append(f"{pending:,} pending lines were left out; they come again once they are booked.")
    said.entries = [judge.entry(at, cells) for at, cells in booked]
    said.accounts = sorted({each.account for each in said.entries})
    return said


def _is_remark(cells: Sequence[str], places: Mapping[str, int]) -> bool:
    """Whether a last row has words where the others have their day: a balance or a sum."""
    day = cells[places["booked"]].strip() if places["booked"] < len(cells) else ""
    return bool(day) and not any(sign.isdigit() for sign in day)


class _Judge:
    """Reads the rows of one sheet; how dates and amounts are written is read from all of them."""

    def __init__(
        self,
        rows: Sequence[tuple[int, list[str]]],
        layout: Layout,
        places: Mapping[str, int],
        base: str,
        order: Order,
    ) -> None:
        worth = [places[key] for key in ("amount", "credit", "debit") if key in places]
        named = {currency_of(layout.header[at]) for at in worth} - {""}
        self._layout, self._places, self._base = layout, places, named.pop() if len(named) == 1 else base
        self._words = _several(places, "words") or _several(places, "remarks")
        self._day = DateReader(order)
        sign = amounts.sign_of({amounts.shape(cells[at]) for _, cells in rows for at in worth}).sign
        self._sign = sign or "."
        self._readers: dict[str, AmountReader] = {}

    def is_booked(self, cells: Sequence[str]) -> bool:
        """Whether the bank has booked the row; what waits may still vanish."""
        return self._text(cells, "state").casefold() not in _PENDING

    def entry(self, at: int, cells: Sequence[str]) -> Entry:
        """One row as a line."""
        currency = self._text(cells, "currency").upper() or self._base
        booked = self._date(at, cells, "booked")
        if booked is None:
            raise self._refusal(at, "booked", "it is empty")
        return Entry(
            at=at,
            account=self._text(cells, "account"),
            currency=currency,
            amount=self._worth(at, cells, currency),
            booked_on=booked,
            valued_on=(self._date(at, cells, "valued") if "valued" in self._places else None) or booked,
            party=self._text(cells, "party"),
            words=" ".join(" ".join(cells[at] for at in self._words).split()),
            reference=self._text(cells, "reference"),
            bank_ref=self._text(cells, "bank_ref"),
            party_account=self._text(cells, "party_account"),
        )

    def _worth(self, at: int, cells: Sequence[str], currency: str) -> Decimal:
        if "amount" not in self._places:
            came, went = (self._amount(at, cells, key, currency) for key in ("credit", "debit"))
            return abs(came) - abs(went)
        worth = self._amount(at, cells, "amount", currency)
        side = self._text(cells, "side").casefold()
        if not side:
            return worth
        if side not in _OUT + _IN:
            raise self._refusal(at, "side", f"“{side[:20]}” is neither debit nor credit")
        return -abs(worth) if side in _OUT else abs(worth)

    def _amount(self, at: int, cells: Sequence[str], key: str, currency: str) -> Decimal:
        try:
            reader = self._readers.setdefault(currency, AmountReader(currency, self._sign, credit=1))
        except money.UnknownCurrency as unknown:
            raise self._refusal(at, "currency" if "currency" in self._places else key, unknown.detail) from unknown
        minor = reader(cells[self._places[key]])
        if minor is None:
            return Decimal(0)
        if not isinstance(minor, int):
            raise self._refusal(at, key, minor.detail)
        return Decimal(minor).scaleb(-money.digits(currency))

    def _date(self, at: int, cells: Sequence[str], key: str) -> date | None:
        found = self._day[cells[self._places[key]]]
        if found is None or isinstance(found, date):
            return found
        raise self._refusal(at, key, found.detail)

    def _text(self, cells: Sequence[str], key: str) -> str:
        return " ".join(cells[self._places[key]].split()) if key in self._places else ""

    def _refusal(self, at: int, key: str, what: str) -> StatementRefused:
        return StatementRefused(f"Row {at:,}, column “{self._layout.header[self._places[key]]}”: {what}")
