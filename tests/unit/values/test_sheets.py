"""What a stranger wrote is never a formula in a file that somebody opens."""

import csv
import io

import pytest

from tenants.values import sheets

VERBS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫")
BEFORE = ("", " ", "\u00a0", "\ufeff", "\u200b ")
PLAIN = ("Kestrel", "-12.50", "-7", "12", "a=b", "'=1", "", " ", "é=1", "(5)", "A-1", "1+1")


@pytest.mark.parametrize("verb", VERBS, ids=[f"U+{ord(each):04X}" for each in VERBS])
def test_a_cell_that_could_run_begins_with_an_apostrophe(verb):
    for before in BEFORE:
        for rest in ("cmd|'/c calc'!A0", 'HYPERLINK("http://evil.test")', "1+1", "SUM(A1:A9)"):
            out = io.StringIO()
            csv.writer(out).writerow([sheets.safe(before + verb + rest)])
            ((cell,),) = csv.reader(io.StringIO(out.getvalue(), newline=""))
            assert cell == f"'{before}{verb}{rest}"


def test_plain_text_and_numbers_stay_as_they_are():
    assert [sheets.safe(each) for each in PLAIN] == list(PLAIN)
    assert sheets.safe("-1+cmd") == "'-1+cmd" and sheets.safe("+49 170") == "'+49 170"
