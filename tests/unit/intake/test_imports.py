"""A file on its way into the ledger: received, checked, loaded; once, whole, and told about."""

from datetime import date, timedelta
from io import BytesIO

import pytest

from tenants.adapters.documents import MemoryStore
from tenants.intake import imports, landing, runs
from tenants.intake.formats.dates import Order
from tenants.intake.mapping import Mapping
from tenants.intake.runs import ImportUnknown
from tenants.ledger import selfcheck
from tenants.values import ids
from tenants.values.money import Money
from tests.unit.intake.desk import AHEAD, CREDIT, HALF, HEADER, LEDGER, OPEN, PAID

TODAY = date(2026, 11, 20)
INVOICES = """
SELECT i.number, d.number, i.amount_minor, i.open_minor, i.settled_on, i.tax_minor FROM invoice i
JOIN debtor d ON d.tenant_id = i.tenant_id AND d.id = i.debtor_id WHERE i.tenant_id = :tenant AND d.tenant_id = :tenant
ORDER BY i.number
"""


def count(desk, table):
    return desk.asked(f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant")[0][0]


def work(desk, kind):
    return [
        row[0]
        for row in desk.asked("SELECT payload FROM work_item WHERE tenant_id = :tenant AND kind = :kind", kind=kind)
    ]


def test_receiving_keeps_the_file_and_has_it_checked(desk, in_alder):
    import_id = desk.receive(OPEN, name="alder march.csv")
    with in_alder:
        run = runs.one(import_id)
        assert (run.state, run.file_name, run.actor, run.source) == ("received", "alder march.csv", "Vera", "erp")
        assert desk.files.open(run.file_key).read().decode().startswith(HEADER)
        assert run.file_key.startswith(str(in_alder.opening().one))
    assert [item["import_id"] for item in work(desk, "check_import")] == [str(import_id)]


def test_a_file_that_is_too_large_is_refused(desk, monkeypatch):
    monkeypatch.setattr(imports, "LARGEST", 10)
    with pytest.raises(imports.FileTooLarge):
        desk.receive(OPEN)


def test_a_whole_ledger_lands_row_by_row(desk):
    outcome = desk.take(*LEDGER)
    assert (outcome.added, outcome.debtors_added, outcome.payments_added) == (5, 2, 2)
    assert (outcome.credit_notes_added, outcome.payments_ahead, outcome.same, outcome.changed) == (1, 1, 0, 0)
    assert desk.asked(INVOICES) == [
        ("A-1", "C-1", 11900, 11900, None, 1900),
        ("A-2", "C-1", 5000, 0, date(2026, 11, 1), 0),
        ("A-3", "C-2", 8000, 5000, None, 0),
        ("A-5", "C-2", 6000, 6000, None, 0),
    ]
    assert desk.asked("SELECT number, unapplied_minor FROM credit_note WHERE tenant_id = :tenant") == [("A-4", 2000)]


def test_the_books_add_up_after_a_load(desk, in_alder):
    desk.take(*LEDGER)
    with in_alder:
        assert selfcheck.run(TODAY) == []
    assert desk.asked("SELECT sum(open_minor), sum(open_count) FROM open_balance WHERE tenant_id = :tenant") == [
        (22900, 3)
    ]
    assert desk.asked(
        "SELECT sum(net_minor), sum(tax_minor), max(tax_rate) FROM invoice_line WHERE tenant_id = :tenant"
    ) == [(29000, 1900, 19)]


def test_debtors_come_with_contacts_and_groups(desk):
    desk.take(*LEDGER)
    assert desk.asked("SELECT number, name, channel FROM debtor WHERE tenant_id = :tenant ORDER BY number") == [
        ("C-1", "Dune Garden Centres", "email"),
        ("C-2", "Elm Street Books", "email"),
    ]
    assert desk.asked("SELECT email FROM contact WHERE tenant_id = :tenant ORDER BY email") == [
        ("bills@dune.test",),
        ("desk@elm.test",),
    ]
    assert desk.asked("SELECT key FROM debtor_group WHERE tenant_id = :tenant ORDER BY key") == [
        ("key accounts",),
        ("north",),
    ]


def test_an_overpayment_leaves_cash_on_account(desk):
    desk.take(PAID.replace(",2026-11-01,,", ",2026-11-01,70.00,"))
    assert desk.asked("SELECT amount_minor, unapplied_minor FROM payment WHERE tenant_id = :tenant") == [(7000, 2000)]
    assert desk.asked(INVOICES)[0][3:5] == (0, date(2026, 11, 1))


def test_the_same_file_twice_adds_nothing_and_says_so(desk):
    desk.take(*LEDGER)
    before = [
        count(desk, table) for table in ("invoice", "payment", "allocation", "credit_note", "contact", "invoice_line")
    ]
    again = desk.take(*LEDGER)
    assert (again.added, again.same, again.debtors_added, again.payments_added) == (0, 5, 0, 0)
    assert "very file" in again.differences[0]
    assert before == [
        count(desk, table) for table in ("invoice", "payment", "allocation", "credit_note", "contact", "invoice_line")
    ]


def test_one_import_loaded_twice_adds_nothing(desk):
    import_id = desk.receive(*LEDGER)
    desk.check(import_id)
    assert desk.load(import_id).added == 5
    again = desk.load(import_id)
    assert (again.added, again.same) == (0, 5) and "before" in again.differences[0]
    with pytest.raises(imports.NotLoadable, match="already"):
        desk.check(import_id)


def test_what_has_been_paid_since_is_booked_and_nothing_else(desk, in_alder):
    desk.take(*LEDGER)
    paid = OPEN.replace(",19.00,,,", ",19.00,2026-11-15,,")
    rest = HALF.replace(",30.00,", ",80.00,")
    later = desk.take(paid, PAID, rest, CREDIT, AHEAD)
    assert (later.added, later.payments_added, later.same) == (0, 2, 5)
    assert [row[3] for row in desk.asked(INVOICES)] == [0, 0, 0, 6000]
    assert desk.asked("SELECT amount_minor FROM payment WHERE tenant_id = :tenant ORDER BY 1") == [
        (3000,), (5000,), (5000,), (11900,)
    ]  # fmt: skip
    with in_alder:
        assert selfcheck.run(TODAY) == []
    assert len(work(desk, "settle_open_work")) == 1


def test_a_payment_ahead_of_its_day_is_booked_when_the_day_has_come(desk):
    desk.take(*LEDGER)
    assert desk.take(*LEDGER, today=date(2026, 12, 24)).payments_added == 1
    assert desk.asked(INVOICES)[3][3:5] == (0, date(2026, 12, 24))


def test_other_figures_are_told_and_not_taken(desk):
    desk.take(*LEDGER)
    later = desk.take(OPEN.replace("119.00", "120.00"), PAID.replace("2026-11-05", "2026-11-06"), HALF, CREDIT, AHEAD)
    assert (later.added, later.same, later.changed) == (0, 3, 2)
    said = " ".join(later.differences)
    assert "Row 2, invoice A-1: amount €120.00 instead of €119.00" in said
    assert "due date 2026-11-06 instead of 2026-11-05" in said
    assert desk.asked(INVOICES)[0][2] == 11900


def test_one_bad_row_keeps_the_whole_file_out(desk):
    import_id = desk.receive(*LEDGER, "A-6,C-1,Dune,,2026-02-30,2026-03-01,5.00,,,,")
    report = desk.check(import_id)
    assert (report.accepted, report.refused) == (5, 1)
    with pytest.raises(imports.NotLoadable, match="1 of 6 rows"):
        desk.load(import_id)
    assert count(desk, "invoice") == 0
    outcome = desk.load(import_id, leave_out_faults=True)
    assert (outcome.added, outcome.refused) == (5, 1)


def test_faults_are_kept_for_the_page(desk, in_alder):
    import_id = desk.receive(OPEN, "A-6,C-1,Dune,,2026-02-30,2026-03-01,x,,,,")
    desk.check(import_id)
    with in_alder:
        first = landing.faults(import_id, limit=1)
        rest = landing.faults(import_id, after=(first[0].row_no, first[0].column))
    assert [(fault.row_no, fault.column, fault.value) for fault in (*first, *rest)] == [
        (3, "Amount", "x"),
        (3, "Invoice date", "2026-02-30"),
    ]


def test_a_repeated_number_is_withdrawn_from_what_waits(desk):
    import_id = desk.receive(OPEN, OPEN)
    assert desk.check(import_id).fault_codes == {"repeated_number": 1}
    assert desk.load(import_id, leave_out_faults=True).added == 1


def test_checking_again_with_another_mapping_starts_afresh(desk):
    header = "a,b,c,d,e"
    lines = ("X-1,C-1,03/01/2026,03/02/2026,5.00",)
    import_id = desk.receive(*lines, header=header)
    refused = desk.check(import_id)
    assert "No column" in refused.refusal and refused.detection == {} and not refused.loadable
    with pytest.raises(imports.NotLoadable, match="No column"):
        desk.load(import_id)
    columns = dict(zip(("number", "debtor_number", "issued_on", "due_on", "amount"), "abcde", strict=True))
    asked = desk.check(import_id, chosen=Mapping(columns=columns))
    assert asked.questions
    with pytest.raises(imports.NotLoadable, match="April"):
        desk.load(import_id)
    assert desk.check(import_id, chosen=Mapping(columns=columns, dates=Order.MDY)).loadable
    assert desk.load(import_id).added == 1


def test_the_next_file_of_the_source_remembers(desk, in_alder):
    test_checking_again_with_another_mapping_starts_afresh(desk)
    with in_alder:
        assert runs.remembered("erp").hints == {"dates": "mdy", "decimal": "."}
        assert runs.remembered("another") is None
    import_id = desk.receive("X-2,C-1,04/01/2026,04/02/2026,5.00", header="A,B,C,D,E")
    assert desk.check(import_id).loadable
    assert desk.load(import_id).differences[0] == "The column “a” is spelt “A” here."
    elsewhere = desk.receive("X-3,C-1,04/01/2026,04/02/2026,5.00", header="a,b,c,d,e", source="another")
    assert desk.check(elsewhere).refusal


def test_a_mapping_that_no_longer_fits_makes_room_for_a_suggestion(desk):
    test_checking_again_with_another_mapping_starts_afresh(desk)
    assert desk.check(desk.receive(OPEN)).loadable


def test_a_file_that_is_no_table_is_refused_with_its_reason_kept(desk, in_alder):
    import_id = desk.receive(header="%PDF-1.7")
    assert "PDF" in desk.check(import_id).refusal
    with in_alder:
        run = runs.one(import_id)
        assert run.state == "refused" and "PDF" in run.report["check"]["refusal"]


def test_the_differences_between_two_files_are_told(desk):
    desk.take(*LEDGER)
    semicolons = [line.replace(",", ";").replace(".00", ",00") for line in (HEADER.replace("VAT", "Tax"), PAID, HALF)]
    said = " ".join(desk.take(*semicolons[1:], header=semicolons[0]).differences)
    for words in (
        "“VAT” is missing",
        "“Tax” is new",
        "decimal sign is “,”",
        "separated by semicolons",
        "totals differ",
    ):
        assert words in said


def test_another_encoding_and_customer_are_told_too(desk, in_alder, now):
    desk.take(*LEDGER)
    words = "\n".join((HEADER, OPEN.replace("C-1,Dune", "C-9,D\u00fcne"))).encode("cp1252")
    with in_alder:
        given = {"name": "x.csv", "source": "erp", "actor": "Vera", "now": now, "files": desk.files}
        import_id = imports.receive(BytesIO(words), **given).id
    desk.check(import_id)
    said = " ".join(desk.load(import_id).differences)
    assert "CP1252 here and was UTF-8" in said and "customer C-9 instead of C-1" in said


def test_an_unchecked_import_cannot_be_loaded_or_confirmed(desk, in_alder, now):
    import_id = desk.receive(OPEN)
    with pytest.raises(imports.NotLoadable, match="not checked"):
        desk.load(import_id)
    with pytest.raises(imports.NotLoadable), in_alder:
        imports.confirm(import_id, real=now)


def test_confirming_has_it_loaded_in_the_background(desk, in_alder, now):
    import_id = desk.receive(OPEN)
    desk.check(import_id)
    with in_alder:
        imports.confirm(import_id, real=now)
    assert work(desk, "load_import") == [{"import_id": str(import_id), "leave_out_faults": False}]


def test_the_lane_checks_a_file_that_nobody_has_checked(desk, in_alder):
    import_id = desk.receive(OPEN)
    for _ in range(2):
        with in_alder:
            imports.check_received(import_id, files=desk.files)
    with in_alder:
        assert runs.one(import_id).state == "checked"


def test_one_event_serves_many_new_invoices(desk, monkeypatch):
    monkeypatch.setattr("tenants.intake.loading.CHUNK", 2)
    desk.take(*LEDGER)
    ranges = sorted(work(desk, "queue_invoice_messages"), key=lambda item: item["from_row"])
    assert [(item["from_row"], item["to_row"], item["count"]) for item in ranges] == [(2, 3, 2), (4, 6, 2)]
    assert len(work(desk, "check_ledger")) == 1


def test_the_newest_file_of_a_source_waits_alone(desk):
    desk.check(desk.receive(*LEDGER))
    desk.check(desk.receive(OPEN))
    assert count(desk, "import_row") == 1
    desk.check(desk.receive(OPEN, source="another"))
    assert count(desk, "import_row") == 2


def test_a_file_that_was_overtaken_must_be_checked_again(desk):
    first = desk.receive(*LEDGER)
    desk.check(first)
    desk.check(desk.receive(OPEN))
    with pytest.raises(imports.NotLoadable, match="newer file"):
        desk.load(first)
    desk.check(first)
    assert desk.load(first).added == 5


def test_loaded_rows_stay_a_week_for_those_who_hear_of_them(desk, in_alder, now, today):
    desk.take(*LEDGER)
    desk.check(desk.receive(OPEN))
    assert count(desk, "import_row") == 6
    later = desk.receive(OPEN)
    desk.check(later)
    desk.load(later, now=now + timedelta(days=8))
    assert count(desk, "import_row") == 1


def test_an_invoice_of_nothing_is_settled_when_issued(desk, in_alder, today):
    desk.take(OPEN.replace("119.00,19.00", "0.00,"))
    assert desk.asked(INVOICES)[0][3:5] == (0, date(2026, 10, 5))
    with in_alder:
        assert selfcheck.run(today) == []


def test_imports_are_listed_newest_first(desk, in_alder, now):
    first, second = desk.receive(OPEN), desk.receive(PAID)
    with in_alder:
        newest = runs.latest(before=now, before_id=ids.new(), limit=1)
        older = runs.latest(before=newest[0].received_at, before_id=newest[0].id)
    assert [run.id for run in (*newest, *older)] == [second, first]


def test_birch_sees_nothing_of_alders_import(desk, birchs_desk, in_birch):
    import_id = desk.receive(OPEN)
    desk.take(*LEDGER)
    with pytest.raises(ImportUnknown), in_birch:
        runs.one(import_id)
    birchs = birchs_desk.take(OPEN)
    assert birchs.added == 1 and birchs.totals[0].currency == "GBP"
    assert count(birchs_desk, "invoice") == 1 and count(desk, "invoice") == 4


def test_a_failing_load_leaves_nothing(desk, in_alder, now, today):
    import_id = desk.receive(*LEDGER)
    desk.check(import_id)
    with pytest.raises(RuntimeError), in_alder:
        imports.load(import_id, now=now, today=today)
        raise RuntimeError("the power went")
    assert count(desk, "invoice") == 0 and count(desk, "debtor") == 0
    assert desk.load(import_id).added == 5


def test_a_file_store_that_lost_the_file_is_a_fault_of_ours(desk, in_alder):
    import_id = desk.receive(OPEN)
    with pytest.raises(KeyError), in_alder:
        imports.check(import_id, files=MemoryStore())


def load_ibm(desk, path):
    with desk.door(), path.open("rb") as file:
        run = imports.receive(file, name=path.name, source="ibm", actor="Vera", now=desk.now, files=desk.files)
    report = desk.check(run.id)
    return report, desk.load(run.id, today=date(2013, 6, 30))


def test_the_published_ledger_and_its_twin_are_the_same_ledger(desk, ibm_folder, in_alder):
    name = "WA_Fn-UseC_-Accounts-Receivable"
    report, outcome = load_ibm(desk, ibm_folder / f"{name}.csv")
    assert (report.read, report.accepted, report.refused, report.debtors) == (2466, 2466, 0, 100)
    assert report.totals[0].amount_minor == 147_703_18 and outcome.added == 2466
    assert outcome.payments_added + outcome.payments_ahead == 2466
    twin, again = load_ibm(desk, ibm_folder / f"{name}.dmy.csv")
    assert (twin.accepted, twin.padded, twin.totals) == (2466, 266, report.totals)
    assert (again.added, again.same, again.changed, again.debtors_added) == (0, 2466, 0, 0)
    said = " ".join(again.differences)
    assert "“countryCode” is spelt “countrycode”" in said and "266 invoice numbers" in said and "day/month/year" in said
    with in_alder:
        assert selfcheck.run(TODAY) == []


def test_a_control_total_that_differs_keeps_the_file_out(desk, in_alder, now):
    import_id = desk.receive(*LEDGER)
    desk.check(import_id)
    with in_alder, pytest.raises(imports.ControlDiffers, match="€289.00, not €290.00"):
        imports.confirm(import_id, real=now, control=[Money(290_00, "EUR")])
    with in_alder, pytest.raises(imports.ControlDiffers, match="0.00, not"):
        imports.confirm(import_id, real=now, control=[Money(289_00, "EUR"), Money(1, "USD")])
    with in_alder:
        imports.confirm(import_id, real=now, control=[Money(289_00, "EUR")])
