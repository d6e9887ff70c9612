"""How a file is cut into rows and cells."""

import io

import pytest

from tenants.intake.formats import csv_file
from tenants.intake.formats.text import FileRefused


def cut(words: str) -> tuple[csv_file.Layout, list[tuple[int, list[str]]]]:
    file = io.BytesIO(words.encode())
    layout = csv_file.inspect(file)
    return layout, list(csv_file.rows(file, layout))


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(sign):
    layout, rows = cut(sign.join(("No", "Name", "Amount")) + "\n" + sign.join(("1", "Dune, Ltd; Co", "5")) + "\n" * 2)
    assert layout.delimiter == sign
    assert layout.header == ("No", "Name", "Amount") or sign in ",;"
    assert rows[-1][1] == []


def test_decimal_commas_do_not_pass_for_a_delimiter():
    layout, rows = cut("Nr;Betrag\n1;1.234,50\n2;7,10\n")
    assert layout.delimiter == ";" and rows == [(2, ["1", "1.234,50"]), (3, ["2", "7,10"])]


def test_a_delimiter_that_the_file_states_is_believed():
    layout, rows = cut("sep=|\nNo|Name\n1|a,b,c\n")
    assert layout.delimiter == "|" and layout.header_row == 2 and rows == [(3, ["1", "a,b,c"])]


def test_quotes_protect_delimiters_line_breaks_and_quotes():
    _, rows = cut('No,Name\n1,"Dune, ""the"" Garden\nCentre"\n2,Elm\n')
    assert rows == [(2, ["1", 'Dune, "the" Garden\nCentre']), (3, ["2", "Elm"])]


def test_titles_above_the_header_are_stepped_over_and_counted():
    layout, rows = cut("Open items of Alder\n\nNo,Name,Amount\n1,Elm,5\n2,Oak,6\n")
    assert layout.header == ("No", "Name", "Amount") and layout.header_row == 3
    assert [number for number, _ in rows] == [4, 5]


def test_titles_in_rows_as_wide_as_the_table_are_stepped_over_too():
    layout, rows = cut("Open items,,,\nAs of,2026-09-30,,\n,,,\nNo,Name,Note,Amount\n1,Elm,,5\n2,Oak,,6\n")
    assert layout.header == ("No", "Name", "Note", "Amount") and layout.header_row == 4
    assert [number for number, _ in rows] == [5, 6]


def test_without_a_header_columns_are_counted():
    layout, rows = cut("A-1,12.50,2026-01-31\nA-2,13.50,2026-02-28\n")
    assert layout.header == ("Column 1", "Column 2", "Column 3") and layout.header_row == 0
    assert [number for number, _ in rows] == [1, 2]


def test_names_that_are_empty_or_twice_there_get_a_name_of_their_own():
    layout, _ = cut("Date,,Date,Amount\nx,y,z,w\n")
    assert layout.header == ("Date", "Column 2", "Date (2)", "Amount")


def test_a_name_loses_what_cannot_be_seen():
    assert cut("Da\x00te,Am\u200bount\nx,y\n" + "x,y\n" * 200)[0].header == ("Date", "Amount")


def test_carriage_returns_alone_end_lines_too():
    assert cut("No,Name\r1,Elm\r2,Oak\r")[1] == [(2, ["1", "Elm"]), (3, ["2", "Oak"])]


def test_one_column_is_no_table():
    with pytest.raises(FileRefused, match="one column"):
        cut("Number\n1\n2\n")


def test_a_table_too_wide_is_refused():
    with pytest.raises(FileRefused, match="columns"):
        cut(",".join(f"c{n}" for n in range(600)) + "\n")


def test_a_quotation_mark_that_never_closes_is_found():
    words = "No,Name\n" + "1,Elm\n" * 300 + '2,"Oak\n' + "3,Ash\n" * 50_000
    with pytest.raises(FileRefused, match="never ends") as refused:
        cut(words)
    assert "quotation mark" in refused.value.remedy


def test_a_sample_of_nothing_but_an_open_quotation_mark_is_no_table():
    with pytest.raises(FileRefused):
        cut('"' + ("x" * 1000 + "\n") * 190)


def test_a_stated_delimiter_with_nothing_behind_is_no_table():
    with pytest.raises(FileRefused, match="cut into rows"):
        cut("sep=;\n\n\n")
