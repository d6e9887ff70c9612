"""A ledger file by API: handed in, checked with every fault by its place, corrected, confirmed."""

import hashlib
from io import BytesIO

import pytest

from tenants import store
from tenants.intake import imports
from tenants.values import ids
from tests.unit.service.test_lists import leaf
from tests.unit.service.world import FAULTY


@pytest.fixture
def sofia(as_, specialist):
    return as_(specialist)


@pytest.fixture
def base(alder_world):
    return f"~/tenants/{alder_world.slug}/imports"


def test_a_file_comes_as_the_body_or_as_a_part_of_a_form(sofia, base, alder_world):
    body = sofia.send("POST", f"{base}?name=july.csv", data=alder_world.ledger_file(), content_type="text/csv")
    form = {"file": (BytesIO(alder_world.ledger_file()), "august.csv")}
    part = sofia.send("POST", f"{base}?source=erp", data=form, content_type="multipart/form-data")
    assert [(each.status_code, each.json["state"]) for each in (body, part)] == [(201, "received")] * 2
    assert [each.json["file_name"] for each in (body, part)] == ["july.csv", "august.csv"]
    assert (part.json["source"], body.json["source"]) == ("erp", "api")
    assert part.json["received_by"].startswith("person:per_") and part.json["check"] is None
    rows = leaf(sofia, base, limit=2)
    assert [row["file_name"] for row in rows][-1] == "ledger.csv" and len(rows) == 3
    with alder_world.books():
        waiting = store.run("SELECT count(*) FROM work_item WHERE tenant_id = :tenant AND kind = 'check_import'")
        assert waiting.scalar_one() == 3


def test_a_file_larger_than_memory_allows_waits_on_disk(sofia, base, alder_world):
    rows = b"".join(b"K-1;Kestrel Tiles;L-%06d;2026-10-01;2026-10-31;1.00;EUR\n" % n for n in range(30_000))
    large = alder_world.ledger_file().split(b"\n", 1)[0] + b"\n" + rows
    answer = sofia.send("POST", base, data=large, content_type="text/csv")
    assert (answer.status_code, answer.json["bytes"]) == (201, len(large))
    assert answer.json["sha256"] == hashlib.sha256(large).hexdigest()


def test_no_file_is_a_fault(sofia, base):
    answer = sofia.send("POST", base)
    assert (answer.status_code, answer.json["code"]) == (422, "file_missing")


def test_the_report_names_each_fault_by_row_and_column(sofia, base, alder_world):
    shown = sofia.get(f"{base}/{ids.show('imp', alder_world.at['imp'])}").json
    assert (shown["state"], shown["rows_read"], shown["rows_accepted"], shown["rows_refused"]) == ("checked", 3, 2, 1)
    assert shown["check"]["totals"] == [
        {"currency": "EUR", "invoices": 2, "amount": {"amount": "200.50", "currency": "EUR"}}
    ]
    faults = leaf(sofia, f"{base}/{shown['id']}/faults", limit=1)
    assert {(fault["row"], fault["column"]) for fault in faults} == {(4, "Amount"), (4, "Invoice date")}
    assert all(fault["remedy"] and fault["reason"] for fault in faults)
    assert {each["column"] for each in shown["check"]["faults"]} == {"Amount", "Invoice date"}


def test_a_file_is_checked_again_with_another_mapping(sofia, base, alder_world):
    address = f"{base}/{ids.show('imp', alder_world.received_import())}/check"
    columns = sofia.post(address, {}).json["mapping"]["columns"]
    wrong = sofia.post(address, {"mapping": {"columns": {**columns, "nonsense": "Amount"}}})
    assert (wrong.status_code, wrong.json["code"]) == (422, "mapping_refused")
    other = sofia.post(address, {"mapping": {"columns": columns, "number_width": 12}}).json
    assert (other["state"], other["mapping"]["number_width"]) == ("checked", 12)
    gone = sofia.post(address, {"mapping": {"columns": {**columns, "amount": "No such column"}}}).json
    assert gone["state"] == "refused" and "No such column" in gone["check"]["refusal"]


def test_a_file_is_checked_as_one_of_customers_alone(sofia, base, alder_world):
    address = f"{base}/{ids.show('imp', alder_world.received_import())}/check"
    chosen = {"debtor_number": "Customer number", "debtor_name": "Customer name"}
    shown = sofia.post(address, {"customer_columns": chosen}).json
    assert (shown["state"], shown["rows_accepted"], shown["check"]["totals"]) == ("checked", 2, [])
    wrong = sofia.post(address, {"customer_columns": {"amount": "Amount"}})
    assert (wrong.status_code, wrong.json["errors"][0]["pointer"][:17]) == (422, "/customer_columns")


def test_a_checked_file_is_confirmed_and_loaded_in_the_background(sofia, base, alder_world):
    run = alder_world.checked_import()
    address = f"{base}/{ids.show('imp', run)}"
    answer = sofia.post(f"{address}/confirm", {})
    assert (answer.status_code, answer.json["state"]) == (202, "checked")
    with alder_world.books():
        imports.load(run, now=alder_world.now, today=alder_world.today)
    loaded = sofia.get(address).json
    assert (loaded["state"], loaded["rows_added"], loaded["load"]["debtors_added"]) == ("loaded", 2, 2)
    again = sofia.post(f"{address}/confirm", {})
    assert (again.status_code, again.json["code"]) == (409, "import_not_loadable")
    assert sofia.get(f"~/tenants/{alder_world.slug}/invoices?currency=EUR&standing=overdue").json["items"]


def test_an_unchecked_file_cannot_be_confirmed(sofia, base, alder_world):
    answer = sofia.post(f"{base}/{ids.show('imp', alder_world.received_import(FAULTY))}/confirm", {})
    assert (answer.status_code, answer.json["code"]) == (409, "import_not_loadable")


def test_the_paper_of_an_invoice_and_the_lines_of_a_bank_are_there_to_be_fetched(sofia, alder_world):
    alder_world.tie_paper()
    invoice = ids.show("inv", alder_world.at["inv"])
    paper = sofia.send("GET", f"~/tenants/{alder_world.slug}/invoices/{invoice}/original")
    assert (paper.status_code, paper.content_type) == (200, "application/xml")
    assert "ledger.csv" in paper.headers["Content-Disposition"] and paper.data.startswith(b"Customer number")
    none = sofia.send("GET", f"~/tenants/{alder_world.slug}/invoices/{ids.show('inv', ids.new())}/original")
    assert (none.status_code, none.json["code"]) == (404, "no_original")
    alder_world.bank_statement()
    lines = sofia.send("GET", f"~/tenants/{alder_world.slug}/bank-lines?unmatched=true&limit=1").json
    assert (len(lines["items"]), lines["has_more"]) == (1, True)
    assert lines["items"][0]["payment_id"] is None
    rest = sofia.send(
        "GET", f"~/tenants/{alder_world.slug}/bank-lines?unmatched=true&limit=1&cursor={lines['next']}"
    ).json
    assert rest["items"][0]["id"] != lines["items"][0]["id"] and not rest["has_more"]
