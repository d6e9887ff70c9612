"""The rules lane: the day gives occurrences, and an occurrence runs its rule."""

from datetime import timedelta
from types import SimpleNamespace

from jobs import rules
from jobs.turns import Turn
from tenants.events import recording
from tenants.values import ids
from tenants.values.clock import FixedClock
from tests.cast import NOW
from tests.unit.rules.desk import OPEN, a_bill, document, go_live, rows


def turn(tenant, **payload):
    return Turn(tenant, ids.new(), "any", payload, SimpleNamespace(clock=FixedClock(NOW)))


def test_the_day_of_a_client_runs_its_rules(in_alder, alder):
    with in_alder:
        invoice = a_bill()
        go_live(document(OPEN))
        recording.record("day.opened", key="2026-11-20", now=NOW)
        assert "schedule_rules" in [row.kind for row in rows("work_item", "kind")]
        rules.schedule_rules(turn(alder))
        (due,) = [row for row in rows("work_item", "kind, payload, run_at") if row.kind == "run_rule"]
        assert due.run_at - NOW < timedelta(minutes=1)
        rules.run_rule(turn(alder, **due.payload))
        assert [row.subject_id for row in rows("rule_firing", "subject_id")] == [invoice]
