"""Every whole number of days late is in exactly one bucket."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.insight import aging, buckets, items
from tests.cast import TODAY, Door
from tests.factories import a_debtor, an_invoice

EDGES = st.lists(st.integers(1, 400), min_size=1, max_size=6, unique=True).map(sorted)


def test_the_usual_buckets():
    assert [span.key for span in buckets.spans()] == ["not_due", "1-30", "31-60", "61-90", "91-120", "121+"]
    assert buckets.floors() == [1, 31, 61, 91, 121]


@given(edges=EDGES, late=st.integers(-500, 500))
def test_every_lateness_is_in_one_bucket_and_its_date_in_that_buckets_dates(edges, late):
    due_on = TODAY - timedelta(days=late)
    holding = [
        span
        for span in buckets.spans(edges)
        if (span.first is None or late >= span.first) and (span.last is None or late <= span.last)
    ]
    dated = [span for span in buckets.spans(edges) if span.dates(TODAY)[0] <= due_on <= span.dates(TODAY)[1]]
    assert len(holding) == 1 and holding == dated


@pytest.mark.parametrize("edges", [(), (0, 30), (30, 30), (60, 30)])
def test_edges_that_do_not_grow_are_refused(edges):
    with pytest.raises(buckets.BadEdges):
        buckets.spans(edges)


def test_a_bucket_that_no_report_has_is_refused():
    with pytest.raises(buckets.UnknownBucket):
        buckets.named("0-30")
    assert buckets.named("overdue").dates(date(2026, 1, 2)) == (date.min, date(2026, 1, 1))


@pytest.mark.parametrize(
    ("late", "key"),
    [(-30, "not_due"), (0, "not_due"), (1, "1-30"), (30, "1-30"), (31, "31-60"), (60, "31-60"), (61, "61-90"),
     (90, "61-90"), (91, "91-120"), (120, "91-120"), (121, "121+"), (4000, "121+")],
)  # fmt: skip
def test_the_days_at_the_edges_are_where_they_belong(alder, in_alder: Door, late, key):
    an_invoice(alder, a_debtor(alder), late=late)
    with in_alder:
        line = aging.today(TODAY).of("EUR")
        assert [each.key for each in (line.not_due, *line.late) if each.count] == [key]
        assert items.behind(key, currency="EUR", day=TODAY).items[0].late == late


def test_a_client_sets_its_own_edges(alder, in_alder: Door):
    dune = a_debtor(alder)
    for late in (7, 8, 45):
        an_invoice(alder, dune, late=late)
    with in_alder:
        line = aging.today(TODAY, edges=(7, 30)).of("EUR")
        assert [(each.key, each.count) for each in line.late] == [("1-7", 1), ("8-30", 1), ("31+", 1)]
        assert items.behind("31+", currency="EUR", day=TODAY, edges=(7, 30)).total.count == 1
