"""Tags and stages that rules leave, and how people take them away."""

import pytest

from tenants.events import history
from tenants.rules import marks
from tests.cast import NOW
from tests.unit.rules.desk import OPEN, a_bill, document, go_live, ran, rows


def untagged(bill):
    marks.untag(bill, about="invoice", key="slow", now=NOW)


def test_a_stage_only_moves_forward_and_a_tag_is_kept_once(in_alder):
    with in_alder:
        bill = a_bill()
        ran(go_live(document(OPEN, then=[{"do": "stage", "to": "Formal"}, {"do": "tag", "tag": "slow"}])))
        ran(go_live(document(OPEN, key="back", then=[{"do": "stage", "to": "Friendly"}, {"do": "tag", "tag": "slow"}])))
        assert rows("subject_stage", "subject_id, stage") == [(bill, "Formal")]
        assert rows("subject_tag", "subject_id, key") == [(bill, "slow")]
        assert marks.of(bill) == marks.Marks("Formal", ("slow",))
        marks.start_over(bill, about="invoice", now=NOW)
        marks.untag(bill, about="invoice", key="slow", now=NOW)
        assert marks.of(bill) == marks.Marks("", ())
        assert {line["act"] for line in history.about("invoice", bill)} == {"stage.left", "mark.taken_away"}
        for again in (lambda: marks.start_over(bill, about="invoice", now=NOW), lambda: untagged(bill)):
            with pytest.raises(marks.NotMarked):
                again()
