"""Row by row: what is believed, what is kept out, and what is said about it."""

import io
from datetime import date
from typing import Any

import pytest

from tenants.intake import checking, reading
from tenants.intake.checking import Check
from tenants.intake.formats import csv_file
from tenants.intake.formats.dates import Order
from tenants.intake.mapping import Mapping
from tenants.intake.report import Report, Row

HEADER = "No,Customer,Date,Due,Amount,Tax,Paid on,Paid,Currency"
COLUMNS = {"number": "No", "debtor_number": "Customer", "issued_on": "Date", "due_on": "Due", "amount": "Amount"}
COLUMNS |= {"tax": "Tax", "settled_on": "Paid on", "paid": "Paid", "currency": "Currency"}
GOOD = "A-1,C-1,2026-01-05,2026-02-04,119.00,19.00,,,"


def checked(*lines: str, header: str = HEADER, columns: Any = None, **over: Any) -> tuple[list[Row], Report, Check]:
    file = io.BytesIO("\n".join((header, *lines, "")).encode())
    layout = csv_file.inspect(file)
    mapping = Mapping(columns=columns or COLUMNS, **over)
    check = Check(reading.decide(file, layout=layout, mapping=mapping), mapping=mapping, base_currency="EUR")
    rows = list(check.rows(file))
    return rows, check.report(), check


def test_a_good_row_is_understood_whole():
    rows, report, _ = checked(GOOD)
    assert rows[0]._asdict() == {
        "row_no": 2,
        "number": "A-1",
        "debtor_number": "C-1",
        "debtor_name": "C-1",
        "email": "",
        "country": "",
        "groups": "",
        "channel": "email",
        "currency": "EUR",
        "amount_minor": 11900,
        "tax_minor": 1900,
        "issued_on": date(2026, 1, 5),
        "due_on": date(2026, 2, 4),
        "purchase_order": "",
        "disputed": False,
        "settled_on": None,
        "paid_minor": 0,
        "discount_minor": 0,
        "discount_until_on": None,
    }
    assert (report.read, report.accepted, report.refused, report.loadable) == (1, 1, 0, True)


@pytest.mark.parametrize(
    ("off", "until", "said"),
    [
        ("2.38", "2026-01-15", (238, date(2026, 1, 15))),
        ("", "2026-01-15", (0, None)),
        ("2.38", "", (0, None)),
        ("2.38", "2026-03-15", "bad_discount"),
        ("119.00", "2026-01-15", "bad_discount"),
        ("2.38", "2026-02-30", "no_such_day"),
    ],
)
def test_what_may_be_kept_by_paying_early_is_a_part_and_has_a_day(off, until, said):
    more = {"discount": "Discount amount", "discount_until_on": "Discount until"}
    header = "No,Customer,Date,Due,Amount,Discount amount,Discount until"
    line = f"A-1,C-1,2026-01-05,2026-02-04,119.00,{off},{until}"
    rows, report, _ = checked(line, header=header, columns=dict(list(COLUMNS.items())[:5]) | more)
    if isinstance(said, str):
        assert (rows, report.fault_codes) == ([], {said: 1})
    else:
        assert [(row.discount_minor, row.discount_until_on) for row in rows] == [said]


def test_totals_are_kept_apart_by_currency():
    _, report, _ = checked(GOOD, "A-2,C-1,2026-01-05,2026-02-04,5.00,,,,USD", "A-3,C-2,2026-01-05,2026-02-04,-4,,,,USD")
    assert [(t.currency, t.invoices, t.amount_minor) for t in report.totals] == [("EUR", 1, 11900), ("USD", 2, 100)]
    assert report.debtors == 2


@pytest.mark.parametrize(
    ("line", "paid"),
    [
        ("A-1,C-1,2026-01-05,2026-02-04,119.00,,2026-01-20,,", 11900),
        ("A-1,C-1,2026-01-05,2026-02-04,119.00,,2026-01-20,50.00,", 5000),
        ("A-1,C-1,2026-01-05,2026-02-04,119.00,,2026-01-20,120.00,", 12000),
        ("A-1,C-1,2026-01-05,2026-02-04,119.00,,,0.00,", 0),
    ],
)
def test_a_payment_without_an_amount_is_for_the_whole(line, paid):
    rows, report, _ = checked(line)
    assert rows[0].paid_minor == paid and report.paid == bool(paid)


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        ("A-1,C-1,2026-02-30,2026-03-04,5.00,,,,", {("Date", "no_such_day")}),
        ("A-1,C-1,2026-01-05,2026-01-04,5.00,,,,", {("Due", "due_before_issued")}),
        ("A-1,C-1,,2026-01-04,5.00,,,,", {("Date", "empty")}),
        ("A-1,C-1,2026-01-05,,5.00,,,,", {("Due", "empty")}),
        ("A-1,C-1,2026-01-05,2026-02-04,,,,,", {("Amount", "empty")}),
        ("A-1,C-1,2026-01-05,2026-02-04,five,,,,", {("Amount", "not_an_amount")}),
        ("A-1,C-1,2026-01-05,2026-02-04,5.00,x,,,", {("Tax", "not_an_amount")}),
        ("A-1,C-1,2026-01-05,2026-02-04,5.00,6.00,,,", {("Tax", "tax_over_amount")}),
        ("A-1,C-1,2026-01-05,2026-02-04,5.00,-1.00,,,", {("Tax", "tax_over_amount")}),
        ("A-1,C-1,2026-01-05,2026-02-04,-5.00,-6.00,,,", {("Tax", "tax_over_amount")}),
        ("A-1,C-1,2026-01-05,2026-02-04,5.00,,2026-01-04,,", {("Paid on", "settled_before_issued")}),
        ("A-1,C-1,2026-01-05,2026-02-04,5.00,,,5.00,", {("Paid on", "paid_without_date")}),
        ("A-1,C-1,2026-01-05,2026-02-04,5.00,,2026-01-09,-5.00,", {("Paid", "negative_payment")}),
        ("A-1,C-1,2026-01-05,2026-02-04,5.00,,2026-01-09,x,", {("Paid", "not_an_amount")}),
        ("A-1,C-1,2026-01-05,2026-02-04,-5.00,,2026-01-09,,", {("Paid on", "credit_settled")}),
        ("A-1,C-1,2026-01-05,2026-02-04,-5.00,,,5.00,", {("Paid", "credit_settled")}),
        ("A-1,C-1,2026-01-05,2026-02-04,5.00,,,,TALER", {("Currency", "not_a_currency")}),
        ("A-1,C-1,2026-01-05,2026-02-04,5.005,,,,JPY", {("Amount", "amount_too_fine")}),
        (",,soon,later,much,,,,", {("No", "empty"), ("Customer", "empty"), ("Date", "not_a_date")}
         | {("Due", "not_a_date"), ("Amount", "not_an_amount")}),
    ],
)  # fmt: skip
def test_a_bad_row_says_everything_that_is_wrong_with_it(line, faults):
    rows, report, _ = checked(GOOD.replace("A-1", "A-0"), line)
    assert len(rows) == 1 and report.refused == 1 and not report.loadable
    assert {(fault.column, fault.code) for fault in report.faults} == faults
    assert all(fault.row_no == 3 and fault.reason and fault.remedy for fault in report.faults)


def test_a_fault_shows_the_value_without_its_traps():
    _, report, _ = checked(GOOD, "A\x00-2,C-1,2026-01-05,2026-02-04,5.00,,,,", "A-3," + "x" * 500 + ",,,,,,,")
    assert report.faults[0].value == "A�-2" and report.faults[0].code == "control_characters"
    assert report.faults[1].value == "x" * 80 + "…" and report.faults[1].code == "too_long"


def test_terms_make_the_due_date():
    columns = {key: COLUMNS[key] for key in COLUMNS if key != "due_on"}
    rows, report, _ = checked(GOOD, "A-2,C-1,bad,2026-02-04,5.00,,,,", columns=columns, terms_days=10)
    assert rows[0].due_on == date(2026, 1, 15)
    assert {fault.code for fault in report.faults} == {"not_a_date"}
    assert "10 days" in report.rules[0]


def test_the_first_row_with_a_number_keeps_it():
    rows, report, check = checked(GOOD, "A-2,C-1,2026-01-05,2026-02-04,5.00,,2026-01-09,,", GOOD, GOOD)
    assert len(rows) == 4 and check.repeated == [4, 5]
    assert (report.read, report.accepted, report.refused, report.paid) == (4, 2, 2, 1)
    assert report.totals[0].amount_minor == 12400
    assert {(fault.row_no, fault.code) for fault in report.faults} == {(4, "repeated_number"), (5, "repeated_number")}
    assert "Row 2" in report.faults[0].reason


def test_numbers_that_meet_only_after_padding_are_repetitions_too():
    _, report, _ = checked(GOOD.replace("A-1", "0017"), GOOD.replace("A-1", "17"), number_width=4)
    assert report.fault_codes == {"repeated_number": 1} and report.padded == 0


def test_a_credit_note_may_bear_the_number_of_its_invoice():
    _, report, _ = checked(GOOD, "A-1,C-1,2026-01-05,2026-02-04,-119.00,,,,")
    assert report.accepted == 2


def test_a_second_look_says_nothing_twice():
    _, report, _ = checked(GOOD, GOOD, "bad,,,,,,,,", "short,row")
    assert report.fault_codes["repeated_number"] == 1 and report.fault_codes["ragged"] == 1
    assert [fault.row_no for fault in report.faults] == sorted(fault.row_no for fault in report.faults)


def test_blank_rows_are_not_counted_and_ragged_ones_are_refused():
    wider = GOOD.replace("A-1", "A-3") + ",,"
    _, report, _ = checked(GOOD, "", ",,,,,,,,", " , ", "A-2,C-1,2026-01-05", wider, GOOD + "x,y")
    assert (report.read, report.accepted, report.blank) == (4, 2, 3)
    assert [(fault.row_no, fault.code) for fault in report.faults] == [(6, "ragged"), (8, "ragged")]


def test_only_the_first_faults_are_kept_but_all_are_counted(monkeypatch):
    monkeypatch.setattr(checking, "KEPT_FAULTS", 3)
    _, report, _ = checked(*["A,,,,,,,,"] * 10)
    assert len(report.faults) == 3 and report.refused == 10 and sum(report.fault_codes.values()) == 40


def test_the_order_of_one_column_is_proved_by_its_neighbour():
    rows, report, _ = checked("A-1,C-1,03/01/2026,13/02/2026,5.00,,,,")
    assert rows[0].issued_on == date(2026, 1, 3) and not report.questions
    assert report.detection["dates"]["issued_on"] == "dmy"


def test_dates_that_nothing_decides_are_a_question():
    _, report, _ = checked("A-1,C-1,03/01/2026,03/02/2026,5.00,,,,")
    assert "3rd of April" in report.questions[0] and not report.loadable


def test_dates_with_points_are_no_question_unless_a_neighbour_has_the_month_first():
    rows, report, _ = checked("A-1,C-1,03.01.2026,03.02.2026,5.00,,,,")
    assert rows[0].issued_on == date(2026, 1, 3) and report.loadable
    rows, report, _ = checked("A-1,C-1,03.01.2026,03.22.2026,5.00,,,,")
    assert rows[0].issued_on == date(2026, 3, 1) and report.loadable


@pytest.mark.parametrize("answer", [{"dates": Order.MDY}, {"hints": {"dates": "mdy"}}])
def test_a_person_or_the_last_file_answers_the_question(answer):
    rows, report, _ = checked("A-1,C-1,03/01/2026,03/02/2026,5.00,,,,", **answer)
    assert rows[0].issued_on == date(2026, 3, 1) and report.loadable


def test_what_the_file_proves_wins_over_the_last_file():
    rows, report, _ = checked("A-1,C-1,13/01/2026,13/02/2026,5.00,,,,", hints={"dates": "mdy"})
    assert rows[0].issued_on == date(2026, 1, 13) and report.loadable


def test_dates_that_do_not_fit_the_rest_are_faults_and_noted():
    lines = (f"A-{n},C-1,{n}/01/2026,{n}/02/2026,5.00,,,," for n in (13, 14, 15))
    _, report, _ = checked(*lines, "A-1,C-1,01/13/2026,,5,,,,")
    assert report.fault_codes == {"wrong_order": 1, "empty": 1} and "do not fit" in report.notes[0]


@pytest.mark.parametrize(("answer", "minor"), [({"decimal": ","}, 123400), ({"hints": {"decimal": "."}}, None)])
def test_amounts_that_nothing_decides_are_a_question_too(answer, minor):
    line = "A-1;C-1;2026-01-05;2026-02-04;1.234;;;;"
    header = HEADER.replace(",", ";")
    _, report, _ = checked(line, header=header)
    assert "more than a thousand" in report.questions[0]
    rows, report, _ = checked(line, header=header, **answer)
    assert [row.amount_minor for row in rows] == ([minor] if minor else []) and not report.questions


def test_amounts_that_do_not_fit_the_rest_are_noted():
    lines = (f"A-{n};C-1;2026-01-05;2026-02-04;{amount};;;;" for n, amount in enumerate(("1,5", "22,5", "1.5")))
    _, report, _ = checked(*lines, header=HEADER.replace(",", ";"))
    assert report.accepted == 2 and "decimal sign" in report.notes[0]


def test_short_rows_do_not_disturb_the_survey():
    _, report, _ = checked(GOOD, "A-2")
    assert report.accepted == 1


def test_a_column_of_very_many_dates_is_heard_only_so_long(monkeypatch):
    monkeypatch.setattr(reading, "_ENOUGH", 2)
    _, report, _ = checked(*(f"A-{n},C-1,2026-01-{n:02},2026-02-{n:02},5.00,,,," for n in range(1, 9)))
    assert report.accepted == 8
