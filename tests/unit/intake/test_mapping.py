"""Which column feeds which field."""

import pytest

from tenants.intake import mapping, presets
from tenants.intake.formats.dates import Order
from tenants.intake.mapping import Mapping, MappingRefused

IBM = presets.IBM.header
PLAIN = {"number": "No", "debtor_number": "Customer", "issued_on": "Date", "due_on": "Due", "amount": "Amount"}
HEADER = ("No", "Customer", "Date", "Due", "Amount")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            ("Invoice No.", "Account Number", "Document date", "Due Date", "Total amount", "Currency", "E-Mail"),
            {
                "number": "Invoice No.",
                "debtor_number": "Account Number",
                "issued_on": "Document date",
                "due_on": "Due Date",
                "amount": "Total amount",
                "currency": "Currency",
                "email": "E-Mail",
            },
        ),
        (
            ("Belegnummer", "Kunden-Nr.", "Belegdatum", "Fällig am", "Bruttobetrag", "Währung"),
            {
                "number": "Belegnummer",
                "debtor_number": "Kunden-Nr.",
                "issued_on": "Belegdatum",
                "due_on": "Fällig am",
                "amount": "Bruttobetrag",
                "currency": "Währung",
            },
        ),
        (
            ("Numéro de facture", "Code client", "Date de facture", "Échéance", "Montant TTC"),
            {
                "number": "Numéro de facture",
                "debtor_number": "Code client",
                "issued_on": "Date de facture",
                "due_on": "Échéance",
                "amount": "Montant TTC",
            },
        ),
    ],
)
def test_headers_of_many_languages_are_understood(header, expected):
    found = mapping.from_suggestions(mapping.suggest(header))
    assert dict(found.columns) == expected


@pytest.mark.parametrize(
    ("header", "field", "column"),
    [
        (("Betrag brutto", "USt-Betrag"), "amount", "Betrag brutto"),
        (("USt-Betrag", "Betrag brutto"), "tax", "USt-Betrag"),
        (("Nettobetrag EUR", "Betrag inkl. MwSt"), "amount", "Betrag inkl. MwSt"),
        (("Amount in local currency", "Amount in doc. curr."), "amount", "Amount in doc. curr."),
        (("Amount in doc. curr.", "Local currency", "Document currency"), "currency", "Document currency"),
        (("Amount in local currency", "Document currency"), "currency", None),
        (("Amount", "Credit"), "credit", None),
        (("Debit", "Credit", "Balance"), "credit", "Credit"),
    ],
)
def test_a_column_of_another_sum_is_not_taken_for_the_amount(header, field, column):
    assert mapping.from_suggestions(mapping.suggest(header)).columns.get(field) == column


@pytest.mark.parametrize(
    ("column", "currency"),
    [("Betrag CHF", "CHF"), ("Amount (USD)", "USD"), ("Betrag €", "EUR"), ("Montant TTC", ""), ("Amount EUR/USD", "")]
    + [("TOTAL AMOUNT ALL", ""), ("Amount £", "GBP")],
)
def test_a_currency_in_the_header_of_the_amounts_is_that_of_the_file(column, currency):
    assert mapping.from_suggestions(mapping.suggest((column,))).currency == currency


def test_a_near_miss_is_a_guess_and_a_synonym_is_not():
    offers = mapping.suggest(("Invoixe number", "Customer ID", "My invoice date x"))
    by_target = {offer.target: offer for offer in offers}
    assert by_target["debtor_number"].confidence > 0.9
    assert 0.6 < by_target["issued_on"].confidence < 0.9
    assert by_target["number"].confidence == 0.6


def test_a_column_is_suggested_once():
    offers = mapping.suggest(("Customer", "Amount", "Amount due"))
    assert len({offer.column for offer in offers}) == len(offers)


@pytest.mark.parametrize("header", [IBM, tuple(name.lower() for name in IBM), (*IBM, "Comment")])
def test_the_ibm_layout_is_recognised_by_its_header(header):
    assert presets.recognise(header) is presets.IBM


def test_a_layout_with_a_column_missing_is_not_recognised():
    assert presets.recognise(IBM[1:]) is None


def test_the_ibm_preset_binds_whatever_the_case():
    places = mapping.bind(presets.IBM.mapping, tuple(name.upper() for name in IBM))
    assert places["number"] == 3 and places["groups"] == 0 and "country" not in places


def test_the_first_of_two_columns_with_one_name_is_taken():
    assert mapping.bind(Mapping(columns=PLAIN), (*HEADER, "amount"))["amount"] == 4


@pytest.mark.parametrize(
    ("columns", "terms", "words"),
    [
        (PLAIN | {"tax": "VAT"}, None, "no column “VAT”"),
        ({key: PLAIN[key] for key in PLAIN if key != "number"}, None, "Invoice number"),
        ({key: PLAIN[key] for key in PLAIN if key != "due_on"}, None, "due date"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(columns, terms, words):
    with pytest.raises(MappingRefused, match=words) as refused:
        mapping.bind(Mapping(columns=columns, terms_days=terms), HEADER)
    assert refused.value.pointer.startswith("/columns")
    assert not mapping.fits(Mapping(columns=columns), HEADER)


def test_terms_stand_in_for_a_due_date():
    columns = {key: PLAIN[key] for key in PLAIN if key != "due_on"}
    assert mapping.fits(Mapping(columns=columns, terms_days=30), HEADER)


def test_a_mapping_is_a_document_that_reads_back():
    given = Mapping(columns=PLAIN, number_width=8, dates=Order.DMY, decimal=",", currency="EUR", terms_days=14)
    assert Mapping.read(given.document()) == given
    assert len(given.sentences) == 3 and Mapping(columns=PLAIN).sentences == ()


def test_what_was_stated_for_one_file_is_a_hint_for_the_next():
    learned = Mapping(columns=PLAIN, dates=Order.DMY, decimal=",").remembering(dates="dmy", decimal=None)
    assert (learned.dates, learned.decimal, learned.hints) == (None, None, {"dates": "dmy"})


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"columns": None}, "/columns"),
        ({"columns": {"number": 3}}, "/columns"),
        ({"columns": {"colour": "C"}}, "/columns/colour"),
        ({"formula": "x"}, "/formula"),
        ({"number_width": 99}, "/number_width"),
        ({"number_width": True}, "/number_width"),
        ({"dates": "dym"}, "/dates"),
        ({"decimal": ";"}, "/decimal"),
        ({"terms_days": -1}, "/terms_days"),
        ({"hints": {"dates": "dym"}}, "/hints"),
        ({"hints": "dmy"}, "/hints"),
        ({"currency": "TALER"}, "/currency"),
    ],
)
def test_a_document_that_cannot_be_right_is_refused_where_it_is_wrong(change, pointer):
    with pytest.raises(MappingRefused) as refused:
        Mapping.read({"columns": PLAIN} | change)
    assert refused.value.pointer == pointer
