"""The dashboard and its lists: the number that was clicked stands above the rows behind it."""

import re
from datetime import timedelta

import pytest

from service.pages import charts, labels
from tests.cast import TODAY
from tests.factories import a_debtor, a_payment, an_invoice

SEGMENT = re.compile(r'href="(/c/[^"]+/aging/[^"]+)"')


@pytest.fixture
def books(alder, as_, alder_viewer):
    """Alder with invoices in three buckets and two currencies, one of them partly paid."""
    dune = a_debtor(alder, name="Dune Garden Centres")
    marigold = a_debtor(alder, name="Marigold Stores")
    an_invoice(alder, dune, amount=100_00, late=-10, number="N-1")
    late = an_invoice(alder, dune, amount=250_00, late=40, number="N-2")
    an_invoice(alder, marigold, amount=80_00, late=200, number="N-3")
    an_invoice(alder, marigold, amount=999_00, late=5, number="N-4", currency="USD")
    a_payment(alder, dune, amount=50_00, on=TODAY - timedelta(days=2), parts=[(late, 50_00)])
    return as_(alder_viewer)


@pytest.fixture
def home(books):
    return books.get("/").location


def test_the_dashboard_says_what_is_owed_in_each_currency(books, home, words):
    page = words(books.get(home))
    assert "EUR 380.00" in page and "EUR 280.00" in page and "USD 999.00" in page
    assert "EUR 280.00 of EUR 380.00 is overdue" in page


def test_every_segment_opens_the_list_with_the_very_total(books, home, words):
    pages = [books.get(home), books.get(f"{home}?currency=USD")]
    html = "".join(page.get_data(as_text=True) for page in pages)
    segments = {found.replace("&amp;", "&") for found in SEGMENT.findall(html)}
    assert len(segments) >= 20
    shown = " ".join(words(page) for page in pages)
    for address in segments:
        page = words(books.get(address))
        total, count = re.search(r"((?:EUR|USD) [\d,.]+) in (\d+) invoices?", page).groups()
        assert total in shown
        assert len(re.findall(r"\bN-\d\b", page)) == int(count)


def test_a_past_day_shows_what_was_open_then(books, home, words):
    page = words(books.get(f"{home}?as_of={TODAY - timedelta(days=3)}"))
    assert "EUR 430.00" in page
    assert "As it stood on 17 Nov 2026" in page
    assert "Waiting for you" not in page


def test_a_day_to_come_is_shown_as_today(books, home, words):
    assert "Receivables on 20 Nov 2026" in words(books.get(f"{home}?as_of=2031-01-01"))


def test_the_invoice_list_filters_by_its_address_and_totals_what_it_shows(books, home, words):
    page = words(books.get(f"{home}invoices?standing=overdue&currency=EUR"))
    assert "EUR 280.00 in 2 invoices" in page
    assert "N-1" not in page and "N-2" in page and "40 days late" in page
    assert "No invoice fits" in words(books.get(f"{home}invoices?q=nothing+like+this"))
    assert "N-3" in words(books.get(f"{home}invoices?q=marigold"))


def test_a_filter_that_does_not_exist_is_a_fault_with_its_name(books, home, words):
    answer = books.get(f"{home}invoices?standing=sideways")
    assert answer.status_code == 422
    assert "standing" in words(answer)


def test_a_long_list_is_leafed_through_without_loss(alder, books, home, words):
    dune = a_debtor(alder)
    for at in range(55):
        an_invoice(alder, dune, late=at, number=f"L-{at:02}")
    found, address = [], f"{home}invoices?standing=open&currency=EUR"
    while address:
        html = books.get(address).get_data(as_text=True)
        found += re.findall(r">(L-\d\d)<", html)
        further = re.search(r'rel="next" href="([^"]+)"', html)
        address = further[1].replace("&amp;", "&") if further else ""
    assert sorted(found) == [f"L-{at:02}" for at in range(55)]


def test_a_position_of_another_list_is_refused(books, home):
    assert books.get(f"{home}invoices?after=WyIyMDI2Il0.forged").status_code == 422


def test_customers_come_by_what_is_overdue(books, home, words):
    page = words(books.get(f"{home}customers"))
    assert page.index("Dune Garden Centres") < page.index("Marigold Stores")
    assert "USD 999.00" in words(books.get(f"{home}customers?currency=USD"))


def test_one_customer_is_told_whole(books, home, words, links):
    address = next(link for link in links(books.get(f"{home}customers")) if "/customers/deb_" in link)
    page = words(books.get(address))
    assert "Dune Garden Centres" in page and "N-1" in page and "N-2" in page
    assert "Payment received" in page


def test_an_empty_client_is_told_what_to_do_first(alder, as_, alder_admin, words):
    browser = as_(alder_admin)
    assert "Nothing is open" in words(browser.get(browser.get("/").location))


def test_a_bar_is_as_long_as_its_share_and_what_is_little_is_still_seen():
    series = [charts.Bar("a", 200, "200"), charts.Bar("b", 1, "1", "/b?x=1&y=2"), charts.Bar("c", 0, "0")]
    drawn = str(charts.bars("k", title="T & U", description="D", series=series))
    assert 'width="100.00%"' in drawn and f'width="{charts.LEAST:.2f}%"' in drawn and 'width="0.00%"' in drawn
    assert "T &amp; U" in drawn and 'href="/b?x=1&amp;y=2"' in drawn


def test_a_line_of_one_point_is_no_line():
    assert charts.sparkline("s", title="t", values=[1]) == ""
    assert "0.0,27.0 50.0,3.0 100.0,15.0" in charts.sparkline("s", title="t", values=[0, 2, 1])


def test_a_word_without_a_label_is_shown_plainly():
    assert labels.words("no_such_key", labels.DONE) == "No such key"
    assert labels.toned("odd_state", labels.DELIVERY) == ("Odd state", "")
