"""What a written date means."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.intake.formats import dates
from tenants.intake.formats.dates import DateReader, Order, order_of


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (["31/12/2025", "01/02/2026"], Order.DMY),
        (["12/31/2025", "01/02/2026"], Order.MDY),
        (["2026-01-02", "2026-12-31"], Order.YMD),
        (["20260102", "2 Jan 2026", ""], Order.YMD),
        (["31.12.25", "1.2.26"], Order.DMY),
        (["01/02/2026", "03/04/2026"], None),
        (["01.02.2026", "03.14.2026"], Order.MDY),
        (["13/01/2026", "01/13/2026"], None),
        ([], Order.YMD),
    ],
)
def test_the_whole_column_decides(cells, order):
    assert order_of(cells).order is order


@pytest.mark.parametrize(
    ("cells", "likely"),
    [
        (["01.02.2026", "03.04.2026", ""], Order.DMY),
        (["01.02.2026", "03/04/2026"], None),
        (["13.01.2026", "01.13.2026", "01.02.2026"], None),
        (["01/02/2026"], None),
    ],
)
def test_who_parts_by_points_writes_the_day_first(cells, likely):
    evidence = order_of(cells)
    assert (evidence.order, evidence.likely) == (None, likely)


def test_cells_that_contradict_the_rest_are_counted():
    evidence = order_of(["25/12/2025", "26/12/2025", "12/27/2025"])
    assert (evidence.order, evidence.deciding, evidence.contradicting) == (Order.DMY, 2, 1)


@given(st.dates(date(1970, 1, 1), date(2100, 12, 31)), st.sampled_from("/.- "), st.booleans())
def test_each_order_reads_what_it_wrote(day, sign, padded):
    d, m = (f"{day.day:02}", f"{day.month:02}") if padded else (str(day.day), str(day.month))
    for order, parts in ((Order.DMY, (d, m, day.year)), (Order.MDY, (m, d, day.year)), (Order.YMD, (day.year, m, d))):
        assert DateReader(order)[sign.join(map(str, parts))] == day


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", date(2026, 1, 31)),
        ("2026-01-31T00:00:00Z", date(2026, 1, 31)),
        ("31.01.2026 14:05", date(2026, 1, 31)),
        ("31/1/26 2:05:09 PM", date(2026, 1, 31)),
        ("20260131", date(2026, 1, 31)),
        ("31 Jan 2026", date(2026, 1, 31)),
        ("31-Jan-26", date(2026, 1, 31)),
        ("31. Januar 2026", date(2026, 1, 31)),
        ("Jan 31, 2026", date(2026, 1, 31)),
        ("31 janv. 2026", date(2026, 1, 31)),
        ("31/12/99", date(1999, 12, 31)),
        ("  31/12/2026 ", date(2026, 12, 31)),
        ("29/02/2024", date(2024, 2, 29)),
        ("31.12.2026.", date(2026, 12, 31)),
        ("41276", date(2013, 1, 2)),
        ("46387.75", date(2026, 12, 31)),
        ("", None),
        ("   ", None),
    ],
)
def test_ways_of_writing_a_day(text, expected):
    assert DateReader(Order.DMY)[text] == expected


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("30/02/2026", dates.NO_SUCH_DAY),
        ("29.02.2025", dates.NO_SUCH_DAY),
        ("00/01/2026", dates.NO_SUCH_DAY),
        ("2026-13-01", dates.NO_SUCH_DAY),
        ("32 Jan 2026", dates.NO_SUCH_DAY),
        ("12/31/2026", dates.WRONG_ORDER),
        ("soon", dates.NOT_A_DATE),
        ("4127", dates.NOT_A_DATE),
        ("1/2", dates.NOT_A_DATE),
        ("1/2/3", dates.NOT_A_DATE),
        ("202/1/31", dates.NOT_A_DATE),
        ("31 Foo 2026", dates.NOT_A_DATE),
        ("Foo 31, 2026", dates.NOT_A_DATE),
        ("31/12/1926", dates.FAR_AWAY),
        ("31/12/2999", dates.FAR_AWAY),
    ],
)
def test_what_is_no_day_says_why(text, flaw):
    assert DateReader(Order.DMY)[text] is flaw and flaw.remedy


def test_a_reader_forgets_rather_than_grows(monkeypatch):
    monkeypatch.setattr(dates, "_REMEMBERED", 3)
    reader = DateReader(Order.YMD)
    assert [reader[f"2026-01-{day:02}"].day for day in range(1, 10)] == list(range(1, 10))
    assert len(reader) <= 3


@pytest.mark.parametrize(("order", "words"), [(Order.DMY, "day/month/year"), (Order.YMD, "year-month-day")])
def test_an_order_can_be_said(order, words):
    assert order.sentence == words
