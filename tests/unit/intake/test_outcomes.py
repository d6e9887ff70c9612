"""What a file would do is said before it is loaded, and what it did is said of each row afterwards."""

import csv
from io import StringIO

from tenants.intake import outcomes
from tests.unit.intake.desk import AHEAD, CREDIT, HALF, OPEN, PAID


def said(desk, import_id):
    with desk.door():
        return [(each.outcome, each.rows, each.minor) for each in outcomes.counts(import_id, today=desk.today)]


def result(desk, import_id):
    with desk.door():
        text = "".join(outcomes.as_csv(import_id, today=desk.today))
    return [(row["row"], row["outcome"], row["number"]) for row in csv.DictReader(StringIO(text))]


def test_a_first_file_is_all_new_before_and_after(desk):
    import_id = desk.receive(OPEN, PAID, CREDIT)
    desk.check(import_id)
    before = said(desk, import_id)
    assert before == [("new", 3, 14_900)]
    desk.load(import_id)
    assert said(desk, import_id) == before
    assert result(desk, import_id) == [("2", "new", "A-1"), ("3", "new", "A-2"), ("4", "new", "A-4")]


def test_a_later_file_pays_keeps_changes_and_adds(desk):
    desk.take(OPEN, HALF, PAID, CREDIT)
    changed = PAID.replace("50.00", "51.00")
    whole = HALF.replace(",30.00,", ",80.00,")
    import_id = desk.receive(OPEN, whole, changed, CREDIT, AHEAD, name="next.csv")
    desk.check(import_id)
    wanted = [("changed", 1, 5_100), ("new", 1, 6_000), ("paid", 1, 8_000), ("same", 2, 9_900)]
    assert said(desk, import_id) == wanted
    desk.load(import_id)
    assert said(desk, import_id) == wanted


def test_what_is_open_here_and_missing_in_a_file_that_repeats_the_books_is_told(desk):
    desk.take(OPEN, HALF, CREDIT)
    import_id = desk.receive(OPEN, CREDIT, name="next.csv")
    desk.check(import_id)
    assert said(desk, import_id) == [("same", 2, 9_900), ("missing", 1, 5_000)]
    assert result(desk, import_id)[-1] == ("", "missing", "A-3")
    news = desk.receive(AHEAD, name="news.csv")
    desk.check(news)
    assert said(desk, news) == [("new", 1, 6_000)], "a file of news leaves out everything"
    elsewhere = desk.receive(OPEN, source="another")
    desk.check(elsewhere)
    assert said(desk, elsewhere) == [("same", 1, 11_900)], "another source knows nothing of the first one's"


def test_a_refused_row_stands_in_the_result_with_its_reason(desk):
    bad = OPEN.replace("2026-10-05", "2026-13-05").replace("A-1,", "=A-1,")
    import_id = desk.receive(PAID, bad)
    desk.check(import_id)
    assert set(result(desk, import_id)) == {("2", "new", "A-2"), ("3", "refused", "")}


def test_a_cell_is_never_a_formula():
    assert outcomes._line(["=1+1", "-5.00", "-x", "@a", "plain"]) == "'=1+1,-5.00,'-x,'@a,plain\r\n"
