"""Credits in columns of their own, marks beside amounts, and what is left open, as other programs write them."""

import io

import pytest

from tenants.intake import mapping
from tenants.intake.checking import NO_INVOICE, Check
from tenants.intake.formats import sheets
from tenants.intake.reading import decide
from tests.unit.intake.desk import DUNE

PLAIN = "Invoice no;Customer no;Invoice date;Due date"


def read(*lines, base="EUR"):
    """The rows of a file that nobody maps, and what its report says."""
    file = io.BytesIO("\n".join((*lines, "")).encode())
    with sheets.opened(file) as (table, layout):
        used = mapping.from_suggestions(mapping.suggest(layout.header))
        look = Check(decide(table, layout=layout, mapping=used), mapping=used, base_currency=base)
        return list(look.rows(table)), look.report()


def amounts(rows):
    return {row.number: row.amount_minor for row in rows}


def test_a_list_of_open_items_has_titles_two_columns_and_a_sum_at_its_end():
    rows, report = read(
        "Offene-Posten-Liste;;;;;",
        "Mandant 12345;;;;;",
        "Konto;Rechnungs-Nr.;Datum;Fälligkeit;Betrag Soll;Betrag Haben",
        "10001;RE-1;03.08.2026;02.09.2026;1.234,56;",
        "10001;GU-1;30.08.2026;30.08.2026;;150,00",
        "10001;RE-2;31.08.2026;30.09.2026;5,00;2,00",
        "Summe;;;;1.239,56;152,00",
    )
    assert amounts(rows) == {"RE-1": 123456, "GU-1": -15000}
    assert [(fault.row_no, fault.column, fault.code) for fault in report.faults] == [
        (6, "Betrag Haben", "both_sides"),
        (7, "", NO_INVOICE.reason),
    ]
    assert report.faults[1].value == "Summe 1.239,56 152,00"


@pytest.mark.parametrize(
    ("header", "debit", "credit"),
    [
        ("Amount;S/H", "20,00;S", "20,00;H"),
        ("Amount;Document type", "20,00;RV", "20,00;Credit note"),
        ("Amount;Note", "20,00 Dr;", "20,00 Cr;"),
        ("Amount;Type", "20,00;Sales invoice", "-20,00;Sales credit note"),
    ],
)
def test_a_mark_says_that_an_amount_lowers_the_debt(header, debit, credit):
    rows, report = read(
        f"{PLAIN};{header}", f"R;C;2026-08-03;2026-09-02;{debit}", f"G;C;2026-08-03;2026-08-03;{credit}"
    )
    assert (amounts(rows), report.refused) == ({"R": 2000, "G": -2000}, 0)


def test_a_mark_that_nobody_knows_is_a_fault():
    _, report = read(f"{PLAIN};Amount;S/H", "R;C;2026-08-03;2026-09-02;20,00;Q")
    assert [(fault.column, fault.value, fault.code) for fault in report.faults] == [("S/H", "Q", "not_a_side")]


def test_a_credit_note_needs_no_due_date_and_an_invoice_does():
    rows, report = read(f"{PLAIN};Amount", "R;C;2026-08-13;;20,00", "G;C;2026-08-14;;-20,00")
    assert [(row.number, row.due_on.isoformat()) for row in rows] == [("G", "2026-08-14")]
    assert [(fault.column, fault.code) for fault in report.faults] == [("Due date", "empty")]


OPEN_LEFT = f"{PLAIN};Total;Amount due"


@pytest.mark.parametrize(
    ("cells", "amount", "paid"),
    [("600,00;400,00", 60000, 20000), ("600,00;600,00", 60000, 0), ("600,00;-10,00", 60000, 61000)]
    + [("600,00;", 60000, 0), ("-60,00;-40,00", -4000, 0), ("-60,00;40,00", -4000, 0)],
)
def test_what_is_left_says_what_was_paid(cells, amount, paid):
    ((row,), report) = read(OPEN_LEFT, f"R;C;2026-08-13;2026-09-12;{cells}")
    assert (row.amount_minor, row.paid_minor, row.settled_on) == (amount, paid, None)
    assert "What was paid counts from the day of loading" in report.rules[-1]


@pytest.mark.parametrize(
    ("cells", "fault"),
    [("60,00;61,00", "open_over_amount"), ("-60,00;0,00", "credit_used_up"), ("60,00;some", "not_an_amount")],
)
def test_what_is_left_must_fit(cells, fault):
    _, report = read(OPEN_LEFT, f"R;C;2026-08-13;2026-09-12;{cells}")
    assert [(each.column, each.code) for each in report.faults] == [("Amount due", fault)]


def test_what_was_paid_on_a_day_that_nobody_tells_counts_from_the_day_of_loading(desk):
    header = "Invoice no,Customer no,Customer name,Email,Invoice date,Due date,Amount,Amount paid"
    assert desk.take(f"A-1,C-1,{DUNE},2026-10-05,2026-11-04,100.00,30.00", header=header).payments_added == 1
    desk.take(f"A-1,C-1,{DUNE},2026-10-05,2026-11-04,100.00,80.00", header=header)
    assert desk.asked("SELECT open_minor FROM invoice WHERE tenant_id = :tenant") == [(2000,)]
    paid = "SELECT amount_minor, received_on FROM payment WHERE tenant_id = :tenant ORDER BY amount_minor"
    assert desk.asked(paid) == [(3000, desk.today), (5000, desk.today)]


def test_an_amount_due_alone_is_the_amount_and_a_name_alone_the_number():
    ((row,), _) = read("Client;Invoice no;Invoice date;Due date;Amount due", "Elm;R;2026-08-13;2026-09-12;7,50")
    assert (row.debtor_number, row.debtor_name, row.amount_minor, row.paid_minor) == ("Elm", "Elm", 750, 0)
