"""Decides how a mail provider's news gets in: by the sealed word that we sent along, into that client's books only.

An event is kept once, however often it is told, and read later by a job. It may come before our own transaction has
noted that the provider took the mail; then it waits in the inbox, and state is computed from the set when that is done.
An open that a provider saw counts as an image of ours would, and only where that is allowed. Its clicks are left out:
what they led to is a page of ours, which keeps its own.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.delivery import hits, parking, ses_events, tokens
from tenants.delivery.hits import Fetch, Hit
from tenants.delivery.inbound import NotForUs
from tenants.delivery.parking import Stray
from tenants.delivery.ses_events import Told
from tenants.directory import clients
from tenants.events import recording
from tenants.values import ids

SOURCE = "ses"
LEFT_OUT = frozenset({"clicked", "subscription"})
NOT_PARKED = LEFT_OUT | {"opened"}
MESSAGES_OF = "SELECT id, message_id FROM delivery_attempt WHERE tenant_id = :tenant AND id = ANY(:attempts)"
KEEP = """
INSERT INTO inbox_event (tenant_id, id, source, external_id, kind, message_id, occurred_at, received_at, payload)
SELECT :tenant, r.id, 'ses', r.external_id, r.kind, r.message_id, r.occurred_at, :real, r.payload
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
  AS r(id uuid, external_id text, kind text, message_id uuid, occurred_at timestamptz, payload jsonb)
ON CONFLICT (tenant_id, source, external_id) DO NOTHING RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Addressed:
    """One event and the attempt that it is about."""

    attempt_id: UUID
    told: Told


def addressee(told: Told, *, secret: str) -> tuple[UUID, UUID]:
    """The client and the attempt that an event is about; reads no row. Raises NotForUs."""
    try:
        return tokens.unseal_from_address(tokens.BOUNCE, told.attempt, secret=secret)
    except tokens.BadToken:
        raise NotForUs("This event is about no mail of ours.") from None


def sorted_out(documents: Iterable[Any], *, secret: str) -> tuple[dict[UUID, list[Addressed]], list[Told]]:
    """The events inside whatever envelopes, by client; and those that are about no mail of ours. Reads no row."""
    found: dict[UUID, list[Addressed]] = defaultdict(list)
    strange: list[Told] = []
    for told in (one for each in documents for event in ses_events.unwrapped(each) for one in ses_events.read(event)):
        try:
            tenant_id, attempt_id = addressee(told, secret=secret)
        except NotForUs:
            strange.append(told)
        else:
            found[tenant_id].append(Addressed(attempt_id, told))
    return found, strange


def receive(news: Sequence[Addressed], *, real: datetime) -> tuple[list[UUID], list[Addressed]]:
    """Keep events in their client's scope; return what is new, and what the client has no such attempt for (yet): that
    is parked."""
    known = {
        row.id: row.message_id for row in store.run(MESSAGES_OF, attempts=list({each.attempt_id for each in news}))
    }
    clock = clients.clock()
    rows: list[dict[str, Any]] = []
    opens: list[Hit] = []
    for each in news:
        message_id, told = known.get(each.attempt_id), each.told
        if message_id is None or told.kind in LEFT_OUT:
            continue
        at = clock.now(told.at)
        if told.kind == "opened":
            opens.append(Hit(Fetch("pixel", "GET", told.agent, told.address), real, at, message_id=message_id))
        else:
            rows.append(_row(each, message_id, at))
    hits.keep(opens)
    strays = [_stray(each, clock.now(each.told.at)) for each in news if each.attempt_id not in known]
    parking.park([each for each in strays if each.kind not in NOT_PARKED], source=SOURCE, real=real)
    return _keep(rows, real=real), [each for each in news if each.attempt_id not in known]


def _row(each: Addressed, message_id: UUID, at: datetime) -> dict[str, Any]:
    told = each.told
    return {
        "id": ids.new(),
        "external_id": told.key,
        "kind": told.kind,
        "message_id": message_id,
        "occurred_at": at,
        "payload": _said(each),
    }


def _stray(each: Addressed, at: datetime) -> Stray:
    return Stray(each.attempt_id, each.told.key, each.told.kind, at, _said(each))


def _said(each: Addressed) -> dict[str, Any]:
    told = each.told
    return {
        "attempt_id": str(each.attempt_id),
        "status": told.status,
        "said": f"{told.reason} {told.detail}".strip()[:500],
        "reference": told.reference,
    }


def _keep(rows: Sequence[dict[str, Any]], *, real: datetime) -> list[UUID]:
    """The same event twice in one delivery is one event, as it is in two."""
    if not rows:
        return []
    fresh = list(store.run(KEEP, rows=json.dumps(rows, default=str), real=real).scalars())
    if fresh:
        recording.record("provider.told", key=str(fresh[0]), now=real, inbox_ids=[str(each) for each in fresh])
    return fresh
