"""A file of customers alone: addresses, terms, limits and who looks after whom, shown first, landed, undone."""

from datetime import timedelta

import pytest

from tenants.delivery import channels
from tenants.events import history
from tenants.intake import customer_changes, customer_sheet, mapping, runs, undoing
from tenants.intake.imports import NotLoadable
from tenants.ledger import owners
from tests.unit.intake.desk import LEDGER, OPEN

HEADER = "Customer no,Customer name,Street,Postcode,City,Payment terms,Credit limit,Owner,Email,Group"
DUNE = 'C-1,Dune Gardens AG,Quay 4,20457,Hamburg,net 45,"25,000.00",{owner},pay@dune.test,key accounts'
FIR = "C-9,Fir & Sons,Mill Lane 1,8001,Zurich,30,1000,,bills@fir.test,"
NOW = """
SELECT number, name, address, terms_days, credit_limit_minor FROM debtor
WHERE tenant_id = :tenant AND undone_at IS NULL ORDER BY number
"""
WORKS = """
SELECT person_id, person_email, person_name FROM membership WHERE tenant_id = :tenant AND role = 'specialist' LIMIT 1
"""


@pytest.fixture
def vera(desk, specialist):
    """The specialist of this client."""
    ((person, email, name),) = desk.asked(WORKS)
    return person, email, name


def checked(desk, *lines, header=HEADER, source="crm"):
    import_id = desk.receive(*lines, header=header, source=source)
    return import_id, desk.check(import_id)


def told(desk, import_id):
    with desk.door():
        found, _ = customer_changes.of(runs.one(import_id))
    return {each.title: (each.was, each.became) for each in found}


CHANGED = {
    "name": ("Dune Garden Centres", "Dune Gardens AG"),
    "address": ("", "Quay 4, 20457 Hamburg"),
    "payment terms": ("", "45 days"),
    "credit limit": ("", "€25,000.00"),
    "e-mail": ("bills@dune.test", "pay@dune.test"),
    "groups": ("key accounts; north", "key accounts; north"),
}


def test_what_a_file_of_customers_changes_is_shown_and_then_done(desk, vera):
    desk.take(OPEN)
    person, email, name = vera
    import_id, report = checked(desk, DUNE.format(owner=email.upper()), FIR)
    assert (report.detection["kind"], report.accepted, report.refused) == ("customers", 2, 0)
    shown = {title: sides for title, sides in CHANGED.items() if sides[0] != sides[1]} | {"looked after by": ("", name)}
    assert told(desk, import_id) == shown
    outcome = desk.load(import_id)
    assert (outcome.added, outcome.changed, outcome.same) == (1, 1, 0)
    assert desk.asked(NOW) == [
        ("C-1", "Dune Gardens AG", "Quay 4\n20457 Hamburg", 45, 2_500_000),
        ("C-9", "Fir & Sons", "Mill Lane 1\n8001 Zurich", 30, 100_000),
    ]
    assert told(desk, import_id) == shown
    ((dune,),) = desk.asked("SELECT id FROM debtor WHERE tenant_id = :tenant AND number = 'C-1'")
    with desk.door():
        assert [(span.owner_id, span.since_on) for span in owners.of_debtor(dune)] == [(person, desk.today)]
        assert channels.of(dune).postal == "Quay 4\n20457 Hamburg", "a letter goes where the books say"
        assert "debtor.changed_by_file" in {line.act for line in history.about("debtor", dune)}
    again, _ = checked(desk, DUNE.format(owner=email), FIR)
    assert told(desk, again) == {}
    assert desk.load(again).same == 2


def test_undoing_puts_back_what_was_there_and_new_customers_leave(desk, vera):
    desk.take(OPEN)
    before = desk.asked(NOW)
    import_id, _ = checked(desk, DUNE.format(owner=vera[1]), FIR)
    desk.load(import_id)
    with desk.door():
        done = undoing.undo(import_id, now=desk.now + timedelta(hours=1), real=desk.now, reason="Wrong client")
    assert done == {"changes": 1, "contacts": 2, "debtors": 1}
    assert desk.asked(NOW) == before
    assert desk.asked("SELECT owner_id FROM debtor WHERE tenant_id = :tenant AND undone_at IS NULL") == [(None,)]
    assert desk.asked("SELECT email FROM contact WHERE tenant_id = :tenant AND active") == [("bills@dune.test",)]


def test_what_somebody_changed_after_the_file_stays_when_it_is_undone(desk, vera):
    desk.take(OPEN)
    import_id, _ = checked(desk, DUNE.format(owner=vera[1]))
    desk.load(import_id)
    desk.asked("UPDATE debtor SET terms_days = 60 WHERE tenant_id = :tenant RETURNING id")
    with desk.door():
        undoing.undo(import_id, now=desk.now, real=desk.now, reason="Wrong client")
    assert desk.asked(NOW) == [("C-1", "Dune Garden Centres", "", 60, None)]


def test_a_customer_who_owes_something_by_now_keeps_the_file_from_being_undone(desk):
    import_id, _ = checked(desk, FIR)
    desk.load(import_id)
    desk.take(OPEN.replace("C-1", "C-9"))
    with desk.door():
        said = undoing.hindrance(runs.one(import_id), now=desk.now)
    assert said == "Customer C-9, whom the file brought, has postings since."


def test_rows_with_faults_stay_out_and_name_their_place(desk):
    lines = (
        "C-1,A,,,,a while,10,,,",
        "C-2,B,,,,,-1,,,",
        "C-3,C,,,,,x,ann@nobody.test,,",
        "C-4,,,,,,,,,",
        "C-4,D,,,,,,,,",
    )
    _, report = checked(desk, *lines)
    assert (report.read, report.accepted) == (5, 1)
    assert [(each.row_no, each.column, each.code) for each in report.faults] == [
        (2, "Payment terms", "not_terms"),
        (3, "Credit limit", "negative_limit"),
        (4, "Credit limit", report.faults[2].code),
        (4, "Owner", "not_a_member"),
        (6, "Customer no", "repeated_customer"),
    ]


def test_a_limit_in_another_currency_is_refused_and_its_own_is_read(desk):
    header = "Customer no;Credit limit;Currency;Address"
    _, report = checked(desk, "C-1;1.500,00;EUR;Quay 4", "C-2;1.500,00;CHF;", header=header)
    assert [each.code for each in report.faults] == ["other_currency"]
    assert desk.asked("SELECT debtor_number, credit_limit, address FROM import_customer WHERE tenant_id = :tenant") == [
        ("C-1", "150000", "Quay 4")
    ]


def test_only_the_newest_file_of_a_source_waits(desk):
    first, _ = checked(desk, FIR)
    checked(desk, FIR)
    with pytest.raises(NotLoadable, match="newer file"):
        desk.load(first)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Customer no,Payment terms", True),
        ("Kundennummer;Anschrift;Zahlungsziel", True),
        ("Customer no,Invoice no,Address", False),
        ("Customer no,Amount,Address", False),
        ("Address,Payment terms", False),
        ("Customer no,Colour", False),
    ],
)
def test_a_table_is_of_customers_when_it_names_them_and_no_invoice(header, found):
    names = header.replace(";", ",").split(",")
    assert bool(customer_sheet.columns(names, fold={name: mapping.fold(name) for name in names})) == found


def test_an_invoice_without_a_due_date_is_due_by_its_customers_own_terms(desk):
    checked_id, _ = checked(desk, FIR)
    desk.load(checked_id)
    line = OPEN.replace("C-1", "C-9").replace("2026-11-04", "")
    import_id = desk.receive(line, *LEDGER[1:])
    assert desk.check(import_id).refused == 0
    desk.load(import_id)
    assert desk.asked("SELECT due_on - issued_on FROM invoice WHERE tenant_id = :tenant AND number = 'A-1'") == [(30,)]


ODD = "Kd,Wer,Wo,Tage"
ROW = "C-1,Dune Gardens AG,Quay 4,45"
CHOSEN = {"debtor_number": "Kd", "debtor_name": "Wer", "address": "Wo", "terms": "Tage"}


def test_a_person_says_in_which_columns_a_file_tells_of_customers_and_is_asked_once(desk):
    desk.take(OPEN)
    import_id, report = checked(desk, ROW, header=ODD)
    assert report.refusal and report.detection.get("kind") != "customers"
    report = desk.check(import_id, of_customers=CHOSEN)
    assert (report.detection["kind"], report.accepted) == ("customers", 1)
    desk.load(import_id)
    assert desk.asked(NOW)[0][:4] == ("C-1", "Dune Gardens AG", "Quay 4", 45)
    _, again = checked(desk, "C-1,Dune Gardens AG,Quay 5,45", header=ODD)
    assert (again.detection["kind"], again.accepted) == ("customers", 1), "the columns are remembered"
    _, other = checked(desk, "C-1,Dune Gardens AG,45,Quay 5", header="Kd,Wer,Tage,Wo")
    assert other.refusal, "another header is another file"
    _, elsewhere = checked(desk, ROW, header=ODD, source="erp")
    assert elsewhere.refusal, "another source too"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"debtor_number": ""}, "names their numbers"),
        ({"debtor_number": "Kd"}, "and something else"),
        ({"debtor_number": "Kd", "town": "Ort"}, "no column “Ort”"),
        ({"debtor_number": "Kd", "amount": "Tage"}, "no field “amount”"),
    ],
)
def test_columns_of_customers_that_do_not_fit_are_refused_with_a_sentence(desk, columns, said):
    import_id, _ = checked(desk, ROW, header=ODD)
    assert said in desk.check(import_id, of_customers=columns).refusal
