"""What the customers' people do with their mail in the demo: some open it, some never, and some only have a scanner.

They act through the same functions as the real links, with the habits of real browsers, and are judged like everybody.
Their habits follow from the customer's number, so that a run can be repeated.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from console.sample.play import Stage
from tenants import store
from tenants.delivery import evidence, links
from tenants.delivery.hits import Fetch
from tenants.directory import clients
from tenants.isolation import scope
from tenants.work import unit_of_work

BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
)
SCANNER = "Mozilla/5.0 (compatible; Barracuda Sentinel/2.0)"
NEVER, SCANNED, GLANCES, READS = "never", "scanned", "glances", "reads"
SHARES = ((NEVER, 22), (SCANNED, 12), (GLANCES, 22), (READS, 44))
"""Per cent of the mails. They are the demo's own guess and no finding."""

MAILS = """
SELECT m.id, m.delivered_at, d.number, l.id AS link_id, l.expires_at
FROM message m JOIN debtor d ON d.tenant_id = :tenant AND d.id = m.debtor_id
JOIN portal_link l ON l.tenant_id = :tenant AND l.message_id = m.id
WHERE m.tenant_id = :tenant AND m.state = 'delivered' AND m.delivered_at > :since AND m.delivered_at <= :now
ORDER BY d.number, m.id
"""


@dataclass(frozen=True)
class Step:
    """One thing that a recipient does, so long after the mail arrived."""

    kind: str
    after: timedelta
    agent: str


def act(stage: Stage, tenant: UUID, *, since: datetime) -> int:
    """Let the recipients of everything delivered since then do what they do; return how many hits there were."""
    real, hits = stage.real, 0
    secret = stage.tools.settings.secret_key
    with unit_of_work(scope.tenant(tenant, actor="demo")):
        now = clients.clock().now(real)
        for nth, mail in enumerate(store.run(MAILS, since=since, now=now).all()):
            for step in steps(f"{mail.number} {nth}"):
                when = mail.delivered_at + step.after
                if when <= now:
                    hits += _hit(mail, step, tenant=tenant, when=when, real=real, secret=secret)
    return hits


def _hit(mail: Any, step: Step, *, tenant: UUID, when: datetime, real: datetime, secret: str) -> int:
    text = links.token(tenant, link_id=mail.link_id, expires_at=mail.expires_at, secret=secret)
    grant = links.open(text, secret=secret, now=when)
    fetch = Fetch(step.kind, "GET", step.agent, "192.0.2.10", target=step.kind)
    kept = evidence.record_hit(fetch, grant=grant, now=when, real=real, patience=timedelta(0))
    return int(kept is not None)


def steps(whose: str) -> Iterator[Step]:
    """What this recipient does with this mail."""
    digest = hashlib.sha256(whose.encode()).digest()
    habit = habit_of(digest[0] * 256 + digest[1])
    agent = BROWSERS[digest[2] % len(BROWSERS)]
    read_after = timedelta(minutes=8 + digest[3])
    if habit == SCANNED:
        yield Step("link_get", timedelta(seconds=1), SCANNER)
    if habit in (GLANCES, READS):
        yield Step("link_get", read_after, agent)
    if habit == READS:
        yield Step("portal_view", read_after + timedelta(seconds=6), agent)
        yield Step("portal_interaction", read_after + timedelta(seconds=21), agent)
        if digest[4] % 2:
            yield Step("download", read_after + timedelta(seconds=48), agent)


def habit_of(number: int) -> str:
    """Which habit a number below 65,536 stands for, by the shares."""
    place, up_to = number * 100 // 65_536, 0
    for habit, share in SHARES:
        up_to += share
        if place < up_to:
            return habit
    raise AssertionError("the shares make a hundred")
