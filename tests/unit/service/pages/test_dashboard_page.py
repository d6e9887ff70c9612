"""The dashboard as people use it: numbers that open, filters that stay, views that are kept, files of what is seen."""

import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest
from python_calamine import CalamineWorkbook

from service.pages import timecharts
from service.pages.timecharts import Month
from tenants.collections import holds
from tenants.insight import forecast, keeping
from tests.cast import NOW, TODAY
from tests.factories import a_debtor, a_payment, an_invoice

TILE = re.compile(r'<dt>([^<]+)</dt><dd><a href="([^"]+)">([^<]+)</a>')
DONE = re.compile(r'<dt>([^<]+)</dt><dd><strong><a href="([^"]+/done/[^"]+)">([\d,]+)</a>')
TOTAL = re.compile(r"<p><strong>([^<]+)</strong> in [\d,]+ ")


@pytest.fixture
def dune(alder, in_alder):
    """Alder with two customers, one of them French and late, and the ends of its months."""
    dune = a_debtor(alder, name="=Dune Garden Centres", country="FR", groups=["key"])
    an_invoice(alder, dune, amount=250_00, late=40, number="N-2")
    paid = an_invoice(alder, dune, amount=60_00, late=70, number="N-0")
    a_payment(alder, dune, amount=65_00, on=TODAY - timedelta(days=50), parts=[(paid, 60_00)])
    an_invoice(alder, a_debtor(alder), amount=100_00, late=-10, number="N-1")
    with in_alder:
        for day in (*keeping.due(TODAY), TODAY):
            keeping.keep(day, today=TODAY, now=NOW)
        forecast.keep(TODAY)
    return dune


@pytest.fixture
def browser(as_, alder_approver, dune):
    return as_(alder_approver)


@pytest.fixture
def home(browser):
    return browser.get("/").location


@pytest.mark.parametrize("chosen", ["", "?country=FR", "?group=key&basis=invoice", "?owner=-&as_of=2026-11-01"])
def test_every_tile_with_an_amount_opens_rows_that_add_up_to_it(browser, home, chosen):
    tiles = TILE.findall(browser.get(home + chosen).get_data(as_text=True))
    amounts = [(title, unescape(address), value) for title, address, value in tiles if value.startswith("EUR")]
    assert {title for title, _, _ in amounts} == {"Open", "Overdue", "Unapplied cash", "In dispute"}
    for title, address, value in amounts:
        (total,) = TOTAL.findall(browser.get(address).get_data(as_text=True))
        assert total == value, title


def test_every_ratio_opens_its_rows_or_its_meaning(browser, home, words):
    tiles = TILE.findall(browser.get(home).get_data(as_text=True))
    said = {title: words(browser.get(unescape(address))) for title, address, _ in tiles}
    assert "DSO: rows of the numerator" in said["DSO"] and "Rows of the denominator" in said["DSO"]
    assert "How the figures are counted" in said["Collection effectiveness"]


def test_what_is_chosen_stays_chosen_and_narrows_everything(browser, home, words, links):
    page = browser.get(f"{home}?country=FR")
    said = words(page)
    assert "EUR 250.00" in said and "EUR 350.00" not in said and "of some customers only" in said
    assert all("country=FR" in link for link in links(page) if "/aging/" in link)
    assert "country: FR" in words(browser.get(next(link for link in links(page) if "/aging/overdue" in link)))
    assert "Nothing is open" in words(browser.get(f"{home}?country=NL"))
    assert browser.get(f"{home}?owner=nobody").status_code == 422


def test_a_past_day_is_told_with_what_is_known_now_or_as_it_was_known_then(browser, home, words, alder, dune):
    """A payment of October that became known on 20 November."""
    late = an_invoice(alder, dune, amount=70_00, issued_on=TODAY - timedelta(days=60), due_on=TODAY, number="N-7",
                      now=NOW - timedelta(days=60))  # fmt: skip
    a_payment(alder, dune, amount=70_00, on=TODAY - timedelta(days=30), parts=[(late, 70_00)])
    now, then = (
        words(browser.get(f"{home}aging/all?currency=EUR&as_of=2026-10-31{more}")) for more in ("", "&known=then")
    )
    assert "N-7" not in now and "N-7" in then and "EUR 70.00 in 1 invoice" in then and "as it was known" in then
    page = browser.get(f"{home}?as_of=2026-10-31&known=then")
    assert "As it was known when 31 Oct 2026 was over" in words(page) and "EUR 350.00" not in words(page)
    tiles = {title: (unescape(address), value) for title, address, value in TILE.findall(page.get_data(as_text=True))}
    assert tiles["Open"][1] == "EUR\u00a070.00"
    assert "N-7" in words(browser.get(tiles["Open"][0]))
    assert "as known on 1 Nov 2026, 00:00" in words(browser.get(tiles["DSO"][0]))


def test_months_and_weeks_stand_on_it_and_open(browser, home, words, links):
    page = browser.get(home)
    said = words(page)
    assert "Month by month" in said and "Oct 2026" in said and "is expected in the next 13 weeks" in said
    week = next(link for link in links(page) if "/expected?" in link)
    assert "Expected in the week of" in words(browser.get(week))
    month = next(link for link in links(page) if "as_of=2026-10-31" in link)
    assert "As it stood on 31 Oct 2026" in words(browser.get(month))


@pytest.mark.parametrize("by", ["group", "country", "owner", "currency"])
def test_it_is_divided_by_what_is_asked(browser, home, words, by):
    said = words(browser.get(f"{home}?by={by}"))
    assert f"What is open by {by}" in said
    assert {"group": "no group", "country": "DE", "owner": "nobody", "currency": "350.00"}[by] in said


def test_a_large_client_says_when_it_was_counted(browser, home, words, monkeypatch):
    monkeypatch.setattr(keeping, "SMALL", 0)
    said = words(browser.get(home))
    assert "were counted on 20 Nov 2026, 11:00" in said and "Choose by what to divide" in said
    assert "EUR 350.00" in said and "=Dune Garden Centres" in said


def test_a_view_is_kept_opened_shared_and_taken_away(browser, home, words, links, as_, alder_viewer):
    form = {"name": "French ones", "country": "FR", "by": "country", "shared": "true", "csrf_token": browser.csrf}
    assert browser.client.post(f"{home}views", data=form).status_code == 303
    page = browser.get(home)
    view = next(link for link in links(page) if "country=FR" in link and "by=country" in link)
    assert "EUR 250.00" in words(browser.get(view))
    colleague = as_(alder_viewer)
    assert "French ones" in words(colleague.get(home))
    drop = re.search(r'action="([^"]+/drop)"', page.get_data(as_text=True))[1]
    assert colleague.client.post(drop, data={"csrf_token": colleague.csrf}).status_code == 404
    assert browser.client.post(drop, data={"csrf_token": browser.csrf}).status_code == 303
    assert "French ones" not in words(browser.get(home))
    form = {"name": "Late French", "standing": "overdue", "q": "N-2", "csrf_token": browser.csrf}
    assert browser.client.post(f"{home}invoices/views", data=form).location == f"{home}invoices?standing=overdue&q=N-2"
    page = browser.get(f"{home}invoices")
    (view,) = [link for link in links(page) if "q=N-2" in link and "export" not in link and "views" not in link][:1]
    assert "N-2" in words(browser.get(view)) and "Late French" not in words(browser.get(home))
    drop = re.search(r'action="([^"]+/drop)"', page.get_data(as_text=True))[1]
    assert browser.client.post(drop, data={"csrf_token": browser.csrf}).location == f"{home}invoices"


def test_the_whole_dashboard_is_a_workbook_with_a_table_for_each_of_its_parts(browser, home):
    answer = browser.get(f"{home}export?file=xlsx&by=country")
    assert "attachment" in answer.headers["Content-Disposition"]
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.get_data()))
    assert book.sheet_names == [
        *("Figures", "Aging", "Receipt", "By country", "Months", "Expected cash", "Why disputed"),
        *("Customers who owe most", "Done in 7 days", "About"),
    ]
    figures = book.get_sheet_by_name("Figures").to_python()
    assert figures[1][:4] == ["Open", 350.0, "", 2.0] and figures[3][::2][:2] == ["DSO", "days"]
    assert book.get_sheet_by_name("Customers who owe most").to_python()[1][:3] == ["=Dune Garden Centres", 250.0, 250.0]
    past = browser.get(f"{home}export?file=xlsx&as_of=2026-10-31").get_data()
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(past))
    assert "Expected cash" not in sheets.sheet_names
    assert sheets.get_sheet_by_name("Customers who owe most").to_python()[1][0] == "=Dune Garden Centres"


def test_what_was_done_and_what_is_disputed_open_their_rows(browser, home, words, alder, in_alder, dune):
    with in_alder:
        for amount, reason in ((70_00, "wrong price"), (20_00, "short delivery"), (30_00, "wrong price")):
            invoice = an_invoice(alder, dune, amount=amount, late=2)
            holds.open("dispute", debtor_id=dune, invoice_id=invoice, starts_on=TODAY, reason=reason, now=NOW)
    paid = an_invoice(alder, dune, amount=50_00, late=1)
    a_payment(alder, dune, amount=9_00, parts=[(paid, 9_00)], now=NOW - timedelta(hours=1))
    page = browser.get(home).get_data(as_text=True)
    done = {title: (unescape(address), count) for title, address, count in DONE.findall(page)}
    assert "Invoices with payments applied" in done
    for title, (address, count) in done.items():
        assert re.search(rf"{title} {count}\b", words(browser.get(address))), title
    assert "EUR 9.00" in words(browser.get(done["Invoices with payments applied"][0]))
    (address,) = re.findall(r'href="([^"]+)">wrong price<', page)
    rows = words(browser.get(unescape(address)))
    assert "Disputes: wrong price EUR 100.00 in 2 disputes" in rows and "short delivery" not in rows
    assert "EUR 120.00 in 3 disputes" in words(browser.get(f"{home}disputes"))
    assert browser.get(f"{home}done/none-such").status_code == 404


def test_the_clients_own_people_read_first_what_waits_for_them(browser, home, words, as_, specialist):
    own, staff = words(browser.get(home)), words(as_(specialist).get(home))
    assert own.index("Waiting for you") < own.index("Average days late") < own.index("Month by month")
    assert staff.index("Month by month") < staff.index("Waiting for you")
    assert "Customers who owe most" in words(browser.get(f"{home}?as_of=2026-10-31"))


def test_a_file_holds_what_its_page_shows(browser, home, links):
    page = browser.get(f"{home}aging/overdue?currency=EUR&country=FR")
    files = [link for link in links(page) if "/export?" in link]
    rows = list(csv.reader(io.StringIO(browser.get(files[0]).get_data().decode("utf-8-sig"))))
    assert rows[1:] == [
        ["N-2", "'=Dune Garden Centres", "2026-09-11", "2026-10-11", "40", "250.00", "EUR", "250.00", "EUR"]
    ]
    book = CalamineWorkbook.from_filelike(io.BytesIO(browser.get(files[1]).get_data()))
    assert book.get_sheet_by_index(0).to_python()[1][1] == "=Dune Garden Centres"
    assert ["Overdue", "Country", "FR"] in book.get_sheet_by_name("About").to_python()


@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("invoices/export?standing=all", "Invoice"),
        ("customers/export?q=dune", "Customer"),
        ("figures/export?file=csv", "Figure"),
        ("figures/dso/rows/export?currency=EUR", "What"),
        ("receipts/issued/export", "Invoice"),
        ("expected/export?currency=EUR&week=2026-11-16", "Invoice"),
    ],
)
def test_every_list_of_figures_is_a_file(browser, home, path, first):
    rows = list(csv.reader(io.StringIO(browser.get(home + path).get_data().decode("utf-8-sig"))))
    assert rows[0][0] == first and len(rows) > 1


def test_who_only_looks_takes_no_file_away(home, as_, alder_viewer):
    vera = as_(alder_viewer)
    assert "Download" not in vera.get(home).text and ">CSV<" not in vera.get(home).text
    assert vera.get(f"{home}export").status_code == 403


def test_a_list_that_is_too_long_for_a_file_is_refused(browser, home, monkeypatch):
    monkeypatch.setattr("service.pages.exports.MOST_ROWS", 1)
    assert browser.get(f"{home}aging/all/export?currency=EUR").status_code == 409


def test_an_admin_sets_the_buckets_and_everybody_silences_the_digest(browser, home, words, as_, alder_admin):
    admin = as_(alder_admin)
    form = {"edges": "15, 45", "digest": "true", "csrf_token": admin.csrf}
    assert admin.client.post(f"{home}reporting", data=form).status_code == 303
    assert "16–45 days late" in words(browser.get(home)) and "More than 45 days late" in words(browser.get(home))
    for bad in ("45, 15", "soon", ""):
        assert admin.client.post(f"{home}reporting", data=form | {"edges": bad}).status_code == 422
    assert "A tenant admin can change this" in words(browser.get(f"{home}reporting"))
    quiet = {"quiet": "true", "csrf_token": browser.csrf}
    assert browser.client.post(f"{home}reporting/quiet", data=quiet).status_code == 303
    assert "You silenced the digest" in words(browser.get(f"{home}reporting"))
    browser.client.post(f"{home}reporting/quiet", data={"csrf_token": browser.csrf})
    assert "You silenced" not in words(browser.get(f"{home}reporting"))


def test_the_month_end_pack_is_a_paper_or_a_workbook(browser, home):
    paper, book = browser.get(f"{home}pack"), browser.get(f"{home}pack?file=xlsx&as_of=2026-11-20")
    assert paper.data.startswith(b"%PDF") and paper.content_type == "application/pdf"
    assert "2026-10-31" in paper.headers["Content-Disposition"]
    assert "Customers who owe most" in CalamineWorkbook.from_filelike(io.BytesIO(book.data)).sheet_names


def test_an_axis_ends_at_the_next_round_number():
    assert [timecharts.axis(value) for value in (0, 0.7, 12, 100, 786_922, 9_100)] == [1, 0.8, 15, 100, 800_000, 10_000]


def test_a_month_without_a_value_is_a_gap_in_the_line():
    months = [Month(str(at), f"month {at}", (value,)) for at, value in enumerate((1, None, 2, 3))]
    drawn = str(timecharts.lines("k", title="T", description="D", months=months, tones=[0], top="3", highest=3))
    assert drawn.count("<polyline") == 2 and drawn.count("<circle") == 3 and "month 1" in drawn
