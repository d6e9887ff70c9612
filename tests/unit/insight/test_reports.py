"""What people keep, choose and are sent: views, buckets, digests, files and the month-end pack."""

import csv
import io
from datetime import date, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from python_calamine import CalamineWorkbook

from tenants import store
from tenants.collections import holds
from tenants.directory import clients, memberships
from tenants.insight import aging, buckets, digests, exporting, items, keeping, pack, reporting, views
from tenants.insight.exporting import Share, Sheet
from tenants.ledger import allocation, forgoing
from tenants.values import ids
from tenants.values.calendars import BusinessCalendar
from tenants.values.money import Money
from tests.cast import NOW, TODAY, Door
from tests.factories import a_debtor, a_payment, an_invoice

VERA, ANTON = ids.new(), ids.new()
MONDAY = date(2026, 11, 16)
NASTY = '=HYPERLINK("http://evil.test","x")'


def saved(name: str, *, person: UUID = VERA, shared: bool = False) -> UUID:
    return views.save(name, person_id=person, page="dashboard", asked={"by": "country"}, shared=shared, now=NOW)


def test_a_view_is_its_owners_and_a_shared_one_everybodys(in_alder: Door, in_birch: Door):
    with in_alder:
        own, other = saved("Late  ones"), saved("For all", person=ANTON, shared=True)
        saved("Private", person=ANTON)
        assert [(view.name, view.own) for view in views.seen_by(VERA)] == [("For all", False), ("Late ones", True)]
        assert saved("Late ones") == own
        with pytest.raises(views.UnknownView):
            views.drop(other, person_id=VERA)
        views.drop(own, person_id=VERA)
        assert [view.name for view in views.seen_by(VERA)] == ["For all"]
    with in_birch:
        assert views.seen_by(VERA) == []


def test_a_view_needs_a_name_and_nobody_keeps_hundreds(in_alder: Door, monkeypatch):
    monkeypatch.setattr(views, "MOST", 1)
    with in_alder:
        for bad in ("  ", "x" * 61):
            with pytest.raises(views.BadView):
                saved(bad)
        saved("One")
        with pytest.raises(views.BadView):
            saved("Two")
        saved("One", shared=True)


def test_a_clients_own_edges_make_its_buckets(alder, in_alder: Door):
    for late in (3, 10, 40):
        an_invoice(alder, late=late)
    with in_alder:
        assert reporting.choice() == reporting.Choice()
        reporting.choose([7, 14], digest=False)
        chosen = reporting.choice()
        line = aging.on(TODAY, edges=chosen.edges).of("EUR")
        assert [(each.key, each.count) for each in line.late] == [("1-7", 1), ("8-14", 1), ("15+", 1)]
        assert items.behind("8-14", currency="EUR", day=TODAY, edges=chosen.edges).total == line.late[1]
        for bad in ([], [30, 30], [0], list(range(1, 11))):
            with pytest.raises(buckets.BadEdges):
                reporting.choose(bad, digest=True)


@pytest.fixture
def people(in_alder: Door):
    """Vera looks, Anton decides; Ines works for the provider."""
    with in_alder:
        for person, name, role in ((VERA, "Vera", "client_viewer"), (ANTON, "Anton", "client_approver")):
            memberships.give(person, name=name, email=f"{name.lower()}@alder.test", role=role, now=NOW)
        memberships.give(ids.new(), name="Ines", email="ines@provider.test", role="specialist", now=NOW)


def waits(invoice: UUID, minor: int) -> None:
    """Somebody who may give up nothing alone wants to."""
    forgoing.set_limits({"specialist": 0}, now=NOW)
    wanted = {"kind": forgoing.WRITE_OFF, "minor": minor, "roles": ["specialist"], "reason": "Too small to chase"}
    forgoing.forgo(invoice, **wanted, effective_on=TODAY, now=NOW - timedelta(days=2), today=TODAY)


def tell(day: date) -> int:
    return digests.tell(today=day, now=NOW, real=NOW, public_url="https://goodterms.test/")


def test_a_week_is_told_once_to_the_clients_own_people(alder, people, in_alder: Door):
    debtor = a_debtor(alder, name="Dune Garden Centres")
    late = an_invoice(alder, debtor, late=40, amount=250_00)
    a_payment(alder, debtor, amount=50_00, on=date(2026, 11, 13), parts=[(late, 50_00)], now=NOW - timedelta(days=4))
    with in_alder:
        waits(late, 5_00)
        assert tell(TODAY) == 0
        assert (tell(MONDAY), tell(MONDAY)) == (2, 0)
        rows = store.run(
            "SELECT email, subject, words FROM staff_notice WHERE tenant_id = :tenant ORDER BY email"
        ).all()
        slug = clients.profile().slug
    assert [row.email for row in rows] == ["anton@alder.test", "vera@alder.test"]
    said = rows[0].words
    assert rows[0].subject == "Alder Tools GmbH: your receivables on 16 November 2026"
    assert f"https://goodterms.test/c/{slug}/aging/overdue?currency=EUR&as_of=2026-11-16" in said
    assert "EUR 200.00 open in 1 invoice," in said and "Dune Garden Centres: EUR 200.00 overdue" in said
    assert "Invoices with payments applied: 1, EUR 50.00" in said and f"/c/{slug}/reporting" in said
    assert f"EUR 50.00 applied to invoices: https://goodterms.test/c/{slug}/figures/received/rows?" in said
    assert "1 amount to be given up, for a second person" in said
    lines = [line for line in said.splitlines() if line.startswith("- ")]
    assert lines and all(f"https://goodterms.test/c/{slug}/" in line for line in lines), "each line opens its rows"


def test_whoever_silenced_the_digest_gets_none(people, in_alder: Door):
    with in_alder:
        digests.silence(VERA, quiet=True, now=NOW)
        assert digests.is_quiet(VERA) and [each.name for each in digests.readers(NOW)] == ["Anton"]
        digests.silence(VERA, quiet=False, now=NOW)
        assert len(digests.readers(NOW)) == 2
        reporting.choose([30], digest=False)
        assert tell(MONDAY) == 0


def test_the_digest_comes_on_the_first_business_day_of_the_week():
    calendar = BusinessCalendar.for_country("DE")
    easter_monday = date(2026, 4, 6)
    days = [easter_monday + timedelta(days=at) for at in range(7)]
    assert [day for day in days if digests.is_its_day(day, calendar=calendar)] == [date(2026, 4, 7)]


SHEETS = [
    Sheet(
        "Aging: all/now",
        ("Customer", "Open", "Share", "Day"),
        [
            [NASTY, Money(1234_50, "EUR"), Share(1, 2), TODAY],
            ["+49 plumbing", Money(-7, "JPY"), None, None],
            [" @sum", Money(5, "BHD"), Fraction(3, 2), TODAY],
        ],
        (("As of", "2026-11-20"),),
    ),
    Sheet("Aging  all now", ("What", "How many"), [["plain", 3]]),
]


def test_a_file_runs_nothing_and_keeps_every_digit():
    text = exporting.made("csv", SHEETS[:1], now=NOW).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["Customer", "Open", "Currency", "Share", "Day"]
    assert rows[1] == [f"'{NASTY}", "1234.50", "EUR", "0.5", "2026-11-20"]
    assert rows[2][:3] == ["'+49 plumbing", "-7", "JPY"] and rows[3][:3] == ["' @sum", "0.005", "BHD"]


def test_many_tables_in_one_csv_are_told_apart_by_their_titles():
    rows = list(csv.reader(io.StringIO(exporting.made("csv", SHEETS, now=NOW).decode("utf-8-sig"))))
    assert rows[0] == ["Aging: all/now"] and ["Aging  all now"] in rows and ["plain", "3"] in rows


def test_a_workbook_has_values_and_no_formula():
    book = CalamineWorkbook.from_filelike(io.BytesIO(exporting.made("xlsx", SHEETS, now=NOW)))
    assert book.sheet_names == ["Aging  all now", "Aging  all now 2", "About"]
    rows = book.get_sheet_by_index(0).to_python()
    assert rows[1] == [NASTY, 1234.5, 0.5, TODAY] and rows[3][1] == 0.005
    assert book.get_sheet_by_name("About").to_python()[1] == ["Aging: all/now", "As of", "2026-11-20"]


def test_a_file_that_nobody_could_open_is_refused(monkeypatch):
    monkeypatch.setattr(exporting, "MOST_ROWS", 2)
    with pytest.raises(exporting.TooManyRows):
        exporting.made("csv", SHEETS, now=NOW)


def test_the_pack_says_what_the_dashboard_says(alder, in_alder: Door):
    debtor = a_debtor(alder, name="Dune Garden Centres")
    an_invoice(alder, debtor, late=40, amount=900_00)
    gone = an_invoice(alder, debtor, late=90, amount=30_00)
    with in_alder:
        allocation.write_off(gone, minor=10_00, effective_on=TODAY, now=NOW, reason="gone")
        waits(gone, 20_00)
        opened = NOW - timedelta(days=28)
        disputed = holds.open("dispute", debtor_id=debtor, invoice_id=gone, starts_on=opened.date(), now=opened)
        holds.end(disputed, now=NOW - timedelta(days=1), outcome="credited")
        keeping.keep(date(2026, 10, 31), today=TODAY, now=NOW)
        found = pack.of(TODAY, today=TODAY, now=NOW)
        past = pack.of(date(2026, 10, 31), today=TODAY, now=NOW, currency="EUR")
        again = pack.of(TODAY, today=TODAY, now=NOW, currency="USD")
    sheets = {sheet.title: sheet for sheet in found.sheets}
    assert ["All open", 2, Money(920_00, "EUR")] in sheets["Aging"].rows
    assert sheets["Write-offs"].rows[0][3] == Money(10_00, "EUR")
    assert sheets["Customers who owe most"].rows[0][0] == "Dune Garden Centres"
    assert [row[0] for row in sheets["Months"].rows] == ["Oct 2026"]
    assert sheets["Proposed to give up"].rows[0][2:] == ["Write-off", "Too small to chase", Money(20_00, "EUR")]
    assert sheets["Open disputes"].rows == [] and sheets["Why invoices are disputed"].rows == []
    then = {sheet.title: sheet for sheet in past.sheets}
    assert then["Customers who owe most"].rows[0][1:4] == [Money(930_00, "EUR"), Money(930_00, "EUR"), 2]
    assert [row[3] for row in then["Open disputes"].rows] == [Money(30_00, "EUR")]
    assert then["Proposed to give up"].rows == [] and "Why invoices are disputed" not in then
    assert "USD 0.00" in {pack.shown(row[1]) for row in again.sheets[0].rows}
    made = pack.pdf(found, now=NOW)
    assert made.startswith(b"%PDF-1.7") and made == pack.pdf(found, now=NOW)
    assert pack.pdf(found, now=NOW.replace(microsecond=123_456)) == made, "a real clock has parts of a second"
    names = CalamineWorkbook.from_filelike(io.BytesIO(pack.workbook(found, now=NOW))).sheet_names
    assert names[:2] == ["Figures", "Aging"]


def test_cells_on_paper_are_words():
    shown = [pack.shown(cell) for cell in (None, Money(-12_50, "EUR"), Fraction(7, 2), 1234, TODAY, "x")]
    assert shown == ["", "EUR −12.50", "3.5", "1,234", "20 Nov 2026", "x"]
