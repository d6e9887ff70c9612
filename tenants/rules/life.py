"""Decides what a rule's present state of life means for a run: how long it stays in the shadow, how much of its backlog
it may work off today, and whether it is frozen."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.events import history

GO_LIVE = """
UPDATE rule SET state = 'live', shadow_until_on = NULL, changed_at = :now WHERE tenant_id = :tenant AND id = :rule
"""
STORM = "UPDATE rule SET frozen_count = :wanted, released_count = NULL WHERE tenant_id = :tenant AND id = :rule"
WANTED = "SELECT frozen_count FROM rule WHERE tenant_id = :tenant AND id = :rule"
RELEASE = """
UPDATE rule SET released_count = :allowed WHERE tenant_id = :tenant AND id = :rule AND frozen_count IS NOT NULL
RETURNING frozen_count
"""


def wanted(rule_id: UUID) -> int | None:
    """How many a frozen rule wanted; None when it is not frozen."""
    found: int | None = store.run(WANTED, rule=rule_id).scalar_one_or_none()
    return found


def step_out(kept: RowMapping, *, today: date, now: datetime) -> bool:
    """Whether the rule leaves the shadow by now; then it does, with its line of history."""
    until = kept["shadow_until_on"]
    if until is None or today <= until:
        return False
    store.run(GO_LIVE, rule=kept["id"], now=now)
    history.note("rule.live", about=("rule", kept["id"]), at=now, was={"state": "shadow"}, became={"state": "live"})
    return True


def is_spreading(kept: RowMapping, *, today: date) -> bool:
    """Whether the backlog is still being worked off in parts."""
    return kept["spread_cap"] is not None and kept["spread_until_on"] is not None and today <= kept["spread_until_on"]


def allowed(kept: RowMapping, cap: int, *, today: date) -> int:
    """On how many a run may act today."""
    return min(cap, kept["spread_cap"]) if is_spreading(kept, today=today) else cap


def note_storm(kept: RowMapping, *, wanted: int | None) -> None:
    """Freeze the rule at what it wanted, or thaw it when it wants no more than is usual or allowed."""
    if wanted != kept["frozen_count"] or (wanted is None and kept["released_count"] is not None):
        store.run(STORM, rule=kept["id"], wanted=wanted)


def release(rule_id: UUID, *, allowed: int) -> int | None:
    """A person allows a frozen rule to act on so many; returns how many it wanted, None when it is not frozen."""
    wanted: int | None = store.run(RELEASE, rule=rule_id, allowed=allowed).scalar_one_or_none()
    return wanted
