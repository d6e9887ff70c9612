"""Decides how long is kept who a reader was: network and program of a fetch go after a set time, the judgement stays.

They are needed to judge a hit, and to judge it again while the rules change; after that they only tell about people.
"""

from datetime import datetime, timedelta

from tenants import store
from tenants.delivery.verdicts import FORGOTTEN

SLICE = 5000
OLD = """
SELECT id, source, source_key FROM evidence
WHERE tenant_id = :tenant AND (agent <> '' OR ip_prefix <> '') AND recorded_at < :before
ORDER BY recorded_at LIMIT :limit
"""
FORGET = "UPDATE evidence SET agent = '', ip_prefix = '' WHERE tenant_id = :tenant AND id = ANY(:ids)"
FORGET_HITS = f"""
UPDATE inbox_event SET payload = payload || '{{"agent": "", "ip_prefix": "", "{FORGOTTEN}": true}}'
WHERE tenant_id = :tenant AND id = ANY(CAST(:ids AS uuid[]))
"""


def forget(*, now: datetime, days: int) -> int:
    """Forget what was recorded more than so many days ago; return of how many hits. 0 days keeps everything."""
    gone = 0
    while days and (rows := store.run(OLD, before=now - timedelta(days=days), limit=SLICE).all()):
        store.run(FORGET, ids=[row.id for row in rows])
        store.run(FORGET_HITS, ids=[row.source_key for row in rows if row.source == "portal"])
        gone += len(rows)
    return gone
