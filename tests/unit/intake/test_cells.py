"""What a cell promises and whether it keeps it."""

import pytest

from tenants.intake import cells
from tenants.intake.targets import BY_KEY


def read(field: str, cell: str, *, width: int = 0) -> object:
    return cells.reader(BY_KEY[field], number_width=width)(cell)


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("number", "0000611365", "0000611365"),
        ("number", '="0000611365"', "0000611365"),
        ("number", " RE 2026/17 ", "RE 2026/17"),
        ("debtor_number", "0379-NEVHP", "0379-NEVHP"),
        ("debtor_name", "Dune\n  Garden\tCentres", "Dune Garden Centres"),
        ("debtor_name", "+Pluss & -Minus @ Home", "+Pluss & -Minus @ Home"),
        ("debtor_name", "", None),
        ("email", " Bills@Dune.TEST ", "Bills@dune.test"),
        ("email", "mailto:bills@dune.test", "bills@dune.test"),
        ("email", "bills@müller.test", "bills@müller.test"),
        ("email", "", None),
        ("country", "de", "DE"),
        ("country", "Germany", "DE"),
        ("country", "Österreich", "AT"),
        ("country", "UK", "GB"),
        ("country", " ", None),
        ("channel", "Paper", "paper"),
        ("channel", "Electronic", "email"),
        ("channel", "portal", "portal"),
        ("channel", "", None),
        ("currency", "eur", "EUR"),
        ("currency", "", None),
        ("disputed", "Yes", True),
        ("disputed", "nein", False),
        ("disputed", "", False),
    ],
)
def test_good_cells(field, cell, value):
    assert read(field, cell) == value


@pytest.mark.parametrize(
    ("field", "cell", "flaw"),
    [
        ("number", "", cells.EMPTY),
        ("number", "6.11365E+05", cells.ROUNDED),
        ("number", "A\x0017", cells.CONTROL),
        ("debtor_number", "  ", cells.EMPTY),
        ("debtor_name", "=HYPERLINK(A1)", cells.FORMULA),
        ("debtor_name", "@SUM(A1)", cells.FORMULA),
        ("debtor_name", "+cmd|calc", cells.FORMULA),
        ("debtor_name", "Dune\u202eGarden", cells.CONTROL),
        ("email", "bills at dune", cells.NOT_AN_ADDRESS),
        ("email", "a@dune.test; b@dune.test", cells.NOT_AN_ADDRESS),
        ("email", "=1+1", cells.FORMULA),
        ("country", "391", cells.NOT_A_COUNTRY),
        ("country", "Atlantis", cells.NOT_A_COUNTRY),
        ("channel", "pigeon", cells.NOT_A_CHANNEL),
        ("currency", "TALER", cells.NOT_A_CURRENCY),
        ("disputed", "perhaps", cells.NOT_A_YES_OR_NO),
    ],
)
def test_bad_cells_say_why(field, cell, flaw):
    assert read(field, cell) is flaw and flaw.detail and flaw.remedy


@pytest.mark.parametrize("field", ["number", "debtor_name"])
def test_cells_that_ran_together_are_too_long(field):
    assert read(field, "x " * 300).reason == "too_long"
    assert read(field, "7" * 300).reason == "too_long"


@pytest.mark.parametrize(("cell", "value"), [("611365", "0000611365"), ("A-1", "A-1"), ('="17"', "0000000017")])
def test_numbers_are_filled_with_zeros_when_the_mapping_says_so(cell, value):
    assert read("number", cell, width=10) == value


def test_a_reader_forgets_rather_than_grows(monkeypatch):
    monkeypatch.setattr(cells, "_REMEMBERED", 2)
    reader = cells.Remembering(str.upper)
    assert [reader[name] for name in ("ash", "elm", "oak")] == ["ASH", "ELM", "OAK"]
    assert len(reader) == 1
