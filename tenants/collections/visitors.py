"""Decides how a client learns that somebody of the provider was let in: an alert at once, with who, why, until when."""

from datetime import datetime
from uuid import UUID

from tenants.collections import alerts
from tenants.collections.alerts import NewAlert
from tenants.directory import access_grants
from tenants.directory.access_grants import UnknownGrant
from tenants.values import dates


def tell(grant_id: UUID, *, now: datetime) -> None:
    """Raise the alert about one grant; a grant is told of once."""
    try:
        found = access_grants.one(grant_id, now=now)
    except UnknownGrant:
        return
    if found.ends_at is None:
        return
    reason = (
        f"{found.person_name} ({found.person_email}) may look at your books until "
        f"{dates.written_to_the_minute(found.ends_at)}, let in by {found.decided_by_name}. "
        f"The reason given: {found.reason}"
    )
    draft = NewAlert(
        dedupe_key=f"access:{grant_id}",
        title=f"{found.person_name} of your provider was let in",
        reason=reason,
        cause="access",
        ends_when="done",
        audience="tenant_admin",
    )
    alerts.raise_many([draft], now=now)
