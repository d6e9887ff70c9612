"""Pages around the books: an import undone, a file of rates, terms of late interest, limits for giving up."""

from datetime import timedelta
from io import BytesIO

import pytest

from tenants import store
from tenants.collections.building import ABOVE
from tenants.intake import imports, undoing
from tenants.ledger import forgoing, rates
from tenants.values import ids
from tests.cast import TODAY
from tests.factories import a_payment
from tests.unit.intake import papers_made_up as made
from tests.unit.service.pages.test_books_pages import dune, home, invoice, post, sofia, world_slug
from tests.unit.service.world import FAULTY

__all__ = ["dune", "home", "invoice", "sofia", "world_slug"]
ECB = b"Date,USD,JPY,CYP\n2026-11-20,1.0800,161.05,N/A\n2026-11-19,1.0790,160.00,N/A\n"


@pytest.fixture
def loaded(alder_world):
    return alder_world.loaded_import()


def page_of(alder_world, import_id):
    return f"/c/{alder_world.slug}/imports/{ids.show('imp', import_id)}"


def test_an_import_is_undone_from_its_page_with_a_word_why(as_, alder_world, alder_admin, loaded, words):
    admin, page = as_(alder_admin), page_of(alder_world, loaded)
    said = words(admin.get(page))
    assert "Undo the import" in said and "2 invoices and 0 payments are taken back" in said
    assert "Undoing the import" in words(post(admin, f"{page}/undo", reason="The wrong client"))
    with alder_world.books():
        undoing.undo(loaded, now=alder_world.now, real=alder_world.now, reason="The wrong client")
    said = words(admin.get(f"{page}?undoing=1"))
    assert "Invoices made void 2" in said and "Undo the import" not in said
    assert admin.send("POST", f"{page}/undo", data={"reason": "Again"}).status_code == 409
    again = alder_world.received_import()
    assert "Undone" in words(admin.get(f"/c/{alder_world.slug}/imports"))
    assert again != loaded


def test_who_built_on_an_import_is_named_on_its_page(as_, alder_world, alder_admin, loaded, words):
    admin, page = as_(alder_admin), page_of(alder_world, loaded)
    with alder_world.books():
        from_file = list(store.run(NUMBERS, import_id=loaded).scalars())
        store.run(SENT, number=from_file[0])
    assert f"Invoice {from_file[0]} was sent to its customer since." in words(admin.get(page))
    with alder_world.books():
        undoing.undo(loaded, now=alder_world.now, real=alder_world.now, reason="The wrong client")
    assert "It was not undone." in words(admin.get(f"{page}?undoing=1"))


NUMBERS = "SELECT number FROM invoice WHERE tenant_id = :tenant AND import_id = :import_id ORDER BY number"
SENT = "UPDATE invoice SET delivery = 'sent' WHERE tenant_id = :tenant AND number = :number"


def test_a_bank_statement_is_undone_from_its_page(as_, alder_world, alder_admin, words):
    statement = alder_world.checked_import(made.camt(made.entry("5.00", "Interest", party="Savings bank")))
    with alder_world.books():
        imports.load(statement, now=alder_world.now, today=TODAY)
    admin, page = as_(alder_admin), page_of(alder_world, statement)
    said = words(admin.get(page))
    assert "The lines leave the queue" in said and "Lines added 1" in said and "Customers added" not in said
    assert "Undoing the import" in words(post(admin, f"{page}/undo", reason="Another company's account"))
    with alder_world.books():
        undoing.undo(statement, now=alder_world.now, real=alder_world.now, reason="Not ours", above=ABOVE)
    assert "Bank lines taken back 1" in words(admin.get(f"{page}?undoing=1"))
    a_payment(alder_world.tenant, alder_world.at["deb"], amount=1_250)
    assert "with something to apply" in words(admin.get(f"/c/{alder_world.slug}/cash"))


def test_a_cell_that_keeps_its_row_out_is_corrected_on_the_page(as_, alder_world, alder_admin, words):
    file = alder_world.checked_import(FAULTY)
    admin, page = as_(alder_admin), page_of(alder_world, file)
    said = words(admin.get(page))
    assert "1 row cannot be read" in said and "Check again with what was filled in" in said
    form = {"fix:4:Invoice date": "2026-10-03", "fix:4:Amount": " 33.00 ", "fix:4:Due date": ""}
    said = words(post(admin, f"{page}/correct", **form))
    assert "All 3 rows are good" in said and "Row 4, “Amount” was corrected to “33.00”." in said


CUSTOMERS = b'Customer no,Customer name,Address,Payment terms,Credit limit\nC-7,Kestrel Tiles,Quay 4,45,"25,000.00"\n'


def test_a_file_of_customers_is_loaded_and_undone_from_its_page(as_, alder_world, alder_admin, words):
    file = alder_world.checked_import(CUSTOMERS)
    admin, page = as_(alder_admin), page_of(alder_world, file)
    assert "All 1 row is good" in words(admin.get(page))
    with alder_world.books():
        imports.load(file, now=alder_world.now, today=TODAY)
        made_id = store.run("SELECT id FROM debtor WHERE tenant_id = :tenant AND number = 'C-7'").scalar_one()
    said = words(admin.get(f"/c/{alder_world.slug}/customers/{ids.show('deb', made_id)}"))
    assert "Address Quay 4 Payment terms 45 days" in said
    card = admin.get(f"~/tenants/{alder_world.slug}/debtors/{ids.show('deb', made_id)}").json
    assert (card["address"], card["terms_days"], card["credit_limit"]["amount"]) == ("Quay 4", 45, "25000.00")
    assert "new ones leave the lists" in words(admin.get(page))
    with alder_world.books():
        undoing.undo(file, now=alder_world.now, real=alder_world.now, reason="Not ours", above=ABOVE)
    assert "Customers taken back 1" in words(admin.get(page))


def test_customers_of_whom_a_file_says_something_else_are_shown_before_it_is_loaded(
    as_, alder_world, alder_admin, loaded, words
):
    renamed = alder_world.checked_import(alder_world.ledger_file().replace(b"Kestrel Tiles", b"Kestrel & Sons"))
    said = words(as_(alder_admin).get(page_of(alder_world, renamed)))
    assert "1 change of customers" in said and "Kestrel Tiles Kestrel & Sons" in said
    shown = as_(alder_admin).get(f"~/tenants/{alder_world.slug}/imports/{ids.show('imp', renamed)}/customer-changes")
    assert [(each["field"], each["became"]) for each in shown.json["changes"]] == [("name", "Kestrel & Sons")]


def test_a_file_of_the_central_bank_is_kept_and_shown_with_its_day_and_source(sofia, home, in_alder, words):
    sent = {"file": (BytesIO(ECB), "eurofxref.csv")}
    answer = sofia.send("POST", f"{home}/books/rates/file", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 303
    said = words(sofia.get(f"{home}/books/rates"))
    assert "EUR 1.08 USD 20 Nov 2026 ECB reference rates" in said
    assert "EUR 1.079 USD 19 Nov 2026" in words(sofia.get(f"{home}/books/rates?as_of=2026-11-19"))
    assert "No rate is known for this day" in words(sofia.get(f"{home}/books/rates?as_of=2026-10-01"))
    for wrong in (b"", b"Day,USD\n", b"\xff\xfe"):
        bad = {"file": (BytesIO(wrong), "x.csv")}
        answer = sofia.send("POST", f"{home}/books/rates/file", data=bad, content_type="multipart/form-data")
        assert answer.status_code == 422, wrong
    assert sofia.send("POST", f"{home}/books/rates/file").status_code == 422
    with in_alder:
        assert len(rates.of_day(TODAY)) == 2


TERM = {"country": "", "regime": "eu", "base": "ECB", "percent": "9", "day": "2026-01-01", "source": "BGB 288"}
BASE = {"base": "ECB", "percent": "2,15", "day": "2026-07-01", "source": "ECB"}


def test_late_interest_is_shown_as_a_computation_from_terms_with_sources(as_, alder_admin, sofia, home, invoice, words):
    admin, charge = as_(alder_admin), f"{home}/invoices/{ids.show('inv', invoice)}/late-interest"
    assert "No late interest is shown for this invoice" in words(sofia.get(charge))
    assert "Every other EU: Directive 2011/7 ECB + 9 %" in words(
        post(admin, f"{home}/books/late-interest/terms", **TERM)
    )
    assert "It cannot be counted." in words(sofia.get(charge))
    assert "ECB 1 Jul 2026 2.15 % ECB" in words(post(admin, f"{home}/books/late-interest/rates", **BASE))
    said = words(sofia.get(charge))
    assert "EUR 100.00 open, late from 11 Nov 2026 until 20 Nov 2026" in said
    assert "10 11.15 % EUR 0.31 Fixed sum EUR 40.00 Together EUR 40.31" in said
    assert "Nothing of this invoice is late" in words(sofia.get(f"{charge}?as_of=2026-11-10"))


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("terms", {**TERM, "percent": "much"}),
        ("terms", {**TERM, "percent": "NaN"}),
        ("terms", {**TERM, "day": "2026-13-01"}),
        ("terms", {**TERM, "base": ""}),
        ("rates", {**BASE, "percent": "99"}),
    ],
)
def test_terms_that_cannot_be_counted_are_refused(as_, alder_admin, home, path, form):
    assert as_(alder_admin).send("POST", f"{home}/books/late-interest/{path}", data=form).status_code == 422


def test_what_is_above_a_limit_waits_for_the_approver(
    as_, alder_admin, alder_approver, sofia, home, in_alder, invoice, words
):
    admin, page = as_(alder_admin), f"{home}/invoices/{ids.show('inv', invoice)}"
    said = words(post(admin, f"{home}/books/limits", specialist="10.00", specialist_manager=""))
    assert "Specialist EUR 10.00" in said and "Lead EUR 0.00" in said
    assert "EUR 100.00 open" in words(post(sofia, f"{page}/write-off", amount="40.00", reason="Broken tiles"))
    assert "A colleague has to decide." in words(sofia.get(f"{home}/books"))
    with in_alder:
        (asked,) = forgoing.waiting()
    decide = f"{home}/books/requests/{ids.show('fgr', asked.id)}"
    assert sofia.send("POST", decide, data={"answer": "yes"}).status_code == 403
    post(as_(alder_approver), decide, answer="yes", words="Fine")
    assert "EUR 60.00 open" in words(sofia.get(page))
    assert "can write off any amount alone" in words(post(admin, f"{home}/books/limits"))


def test_nothing_is_undone_after_a_day(as_, alder_world, alder_admin, loaded, words, monkeypatch):
    monkeypatch.setattr(undoing, "FOR", timedelta(0) - timedelta(seconds=1))
    said = words(as_(alder_admin).get(page_of(alder_world, loaded)))
    assert "an import can be undone for 24 hours" in said
