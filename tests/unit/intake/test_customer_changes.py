"""A later file says otherwise of customers who are here: shown first, landed with what was there before, undone."""

from datetime import timedelta

from tenants.events import history
from tenants.intake import customer_changes, runs, undoing
from tenants.ledger import contacts, debtors
from tests.unit.intake import papers_made_up as made
from tests.unit.intake.test_einvoices import take

HEADER = "Invoice no,Customer no,Customer name,Email,Country,Delivery channel,Invoice date,Due date,Amount,Region"
FIRST = "A-1,C-1,Dune Garden Centres,bills@dune.test,DE,email,2026-10-05,2026-11-04,119.00,north"
MOVED = "A-2,C-1,Dune Gardens AG,pay@dune.test,CH,paper,2026-10-06,2026-11-05,50.00,key accounts"
SILENT = "A-3,C-1,,,,email,2026-10-07,2026-11-06,10.00,"
MAPPING_WITHOUT_CHANNEL = "Invoice no,Customer no,Customer name,Invoice date,Due date,Amount"
NOW = "SELECT name, country, channel FROM debtor WHERE tenant_id = :tenant AND undone_at IS NULL ORDER BY number"
ADDRESSES = "SELECT email, active FROM contact WHERE tenant_id = :tenant ORDER BY email"
GROUPS = "SELECT key FROM debtor_group WHERE tenant_id = :tenant ORDER BY key"


def checked(desk, *lines, header=HEADER):
    import_id = desk.receive(*lines, header=header)
    desk.check(import_id)
    return import_id


def told(desk, import_id):
    with desk.door():
        found, count = customer_changes.of(runs.one(import_id))
    assert count == len(found)
    return [(each.number, each.title, each.was, each.became) for each in found]


DIFFERENT = [
    ("C-1", "way of sending", "email", "paper"),
    ("C-1", "country", "DE", "CH"),
    ("C-1", "e-mail", "bills@dune.test", "pay@dune.test"),
    ("C-1", "groups", "north", "key accounts; north"),
    ("C-1", "name", "Dune Garden Centres", "Dune Gardens AG"),
]


def test_what_would_change_is_shown_and_then_changed_with_a_line_in_the_history(desk):
    desk.take(FIRST, header=HEADER)
    import_id = checked(desk, MOVED)
    assert told(desk, import_id) == DIFFERENT
    desk.load(import_id)
    assert told(desk, import_id) == DIFFERENT
    assert desk.asked(NOW) == [("Dune Gardens AG", "CH", "paper")]
    assert desk.asked(ADDRESSES) == [("bills@dune.test", False), ("pay@dune.test", True)]
    assert desk.asked(GROUPS) == [("key accounts",), ("north",)]
    ((debtor,),) = desk.asked("SELECT id FROM debtor WHERE tenant_id = :tenant")
    with desk.door():
        line = history.about("debtor", debtor)[0]
    assert (line.was["name"], line.became["name"]) == ("Dune Garden Centres", "Dune Gardens AG")


def test_undoing_puts_back_what_was_there(desk):
    desk.take(FIRST, header=HEADER)
    before = [desk.asked(question) for question in (NOW, GROUPS)]
    import_id = checked(desk, MOVED)
    desk.load(import_id)
    with desk.door():
        undoing.undo(import_id, now=desk.now + timedelta(hours=1), real=desk.now, reason="Wrong")
    assert [desk.asked(question) for question in (NOW, GROUPS)] == before
    assert desk.asked(ADDRESSES) == [("bills@dune.test", True), ("pay@dune.test", False)]
    desk.take(MOVED, header=HEADER)
    assert desk.asked(ADDRESSES) == [("bills@dune.test", False), ("pay@dune.test", True)]


def test_what_somebody_changed_after_the_file_stays_when_it_is_undone(desk):
    desk.take(FIRST, header=HEADER)
    import_id = checked(desk, MOVED)
    desk.load(import_id)
    desk.asked("UPDATE debtor SET name = 'Dune & Sons' WHERE tenant_id = :tenant RETURNING id")
    with desk.door():
        undoing.undo(import_id, now=desk.now, real=desk.now, reason="Wrong")
    assert desk.asked(NOW) == [("Dune & Sons", "DE", "email")]


def test_what_a_file_does_not_say_changes_nothing(desk):
    desk.take(FIRST, header=HEADER)
    assert told(desk, checked(desk, SILENT)) == []
    bare = checked(desk, "A-4,C-1,C-1,2026-10-07,2026-11-06,10.00", header=MAPPING_WITHOUT_CHANNEL)
    assert told(desk, bare) == []
    desk.load(bare)
    assert desk.asked(NOW) == [("Dune Garden Centres", "DE", "email")]


def test_the_first_file_of_a_client_changes_nobody(desk):
    import_id = checked(desk, FIRST)
    assert told(desk, import_id) == []
    desk.load(import_id)
    assert told(desk, import_id) == []


def test_an_address_that_a_person_entered_stays_in_use(desk):
    with desk.door():
        debtor = debtors.open("C-1", name="Dune Garden Centres", country="DE", now=desk.now)
        contacts.add(debtor, email="bills@dune.test", now=desk.now)
    desk.take(FIRST, header=HEADER)
    desk.take(MOVED, header=HEADER)
    assert desk.asked(ADDRESSES) == [("bills@dune.test", True), ("pay@dune.test", True)]


def test_a_paper_renames_nobody(desk):
    desk.take(FIRST, header=HEADER)
    report, outcome = take(desk, made.ubl(buyer="<cac:PartyName><cbc:Name>Dune GmbH</cbc:Name></cac:PartyName>"))
    assert (report.accepted, outcome.added) == (1, 1)
    assert desk.asked(NOW) == [("Dune Garden Centres", "DE", "email")]
