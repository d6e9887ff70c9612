"""A cell that keeps its row out is corrected without a new file, and the file stays as it came."""

import pytest

from tenants.intake import imports
from tenants.intake.mapping import Mapping, MappingRefused
from tests.unit.intake.desk import OPEN, PAID


def test_a_cell_is_corrected_and_the_file_stays_as_it_came(desk):
    import_id = desk.receive(OPEN.replace("2026-10-05", "2026-13-05").replace("119.00", "much"), PAID)
    assert (desk.check(import_id).refused, desk.check(import_id).accepted) == (1, 1)
    with desk.door():
        half = imports.correct(import_id, fixes={"2": {"Invoice date": "2026-10-05"}}, files=desk.files)
    assert (half.refused, [fault.column for fault in half.faults]) == (1, ["Amount"])
    with desk.door():
        whole = imports.correct(import_id, fixes={"2": {"Amount": "119.00", "No such": "x"}}, files=desk.files)
    assert (whole.refused, whole.accepted) == (0, 2)
    assert "Row 2, “Invoice date” was corrected to “2026-10-05”." in whole.rules
    assert desk.load(import_id).added == 2
    with desk.door(), pytest.raises(imports.NotLoadable, match="checked ledger"):
        imports.correct(import_id, fixes={}, files=desk.files)
    following = desk.receive(OPEN.replace("2026-10-05", "2026-13-05"))
    assert desk.check(following).refused == 1, "what was corrected in one file says nothing of the next"


@pytest.mark.parametrize(
    "fixes", [{"x": {"Amount": "1"}}, {"2": "1"}, {"2": {"Amount": 1}}, {"2": {"Amount": "1" * 501}}]
)
def test_fixes_that_are_none_are_refused(fixes):
    with pytest.raises(MappingRefused, match="Fixes"):
        Mapping.read({"columns": {}, "fixes": fixes})
