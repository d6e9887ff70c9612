"""Decides what a client's own programs hear of rules, by Standard Webhooks: signed, at least once, with one id for
every repetition.

An endpoint that is off keeps its calls without making them, so a rule can be tried before anybody listens. Calls end
after a day of trying; then people are told, and the rule goes on.
"""

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import RowMapping
from standardwebhooks import Webhook

from tenants import store
from tenants.directory import data_keys
from tenants.events import history, recording
from tenants.events.recording import Occurrence
from tenants.isolation import scope
from tenants.rules import readers, trouble
from tenants.rules.ports import Heard, Hook
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

MOST_ENDPOINTS = 20
LONGEST_URL = 500
WAITS = tuple(timedelta(minutes=each) for each in (1, 5, 30, 120, 300, 600))
GONE = 410
ALL = """
SELECT e.key, e.url, e.state, e.made_by, e.made_at,
  count(c.id) FILTER (WHERE c.state = 'waiting') AS waiting, count(c.id) FILTER (WHERE c.state = 'failed') AS failed
FROM webhook_endpoint e
LEFT JOIN webhook_call c ON c.tenant_id = :tenant AND c.endpoint = e.key
WHERE e.tenant_id = :tenant GROUP BY e.key, e.url, e.state, e.made_by, e.made_at ORDER BY e.key
"""
KEEP = """
INSERT INTO webhook_endpoint (tenant_id, key, url, secret_sealed, state, made_by, made_at)
VALUES (:tenant, :key, :url, :secret, :state, :actor, :now)
ON CONFLICT (tenant_id, key) DO UPDATE SET url = excluded.url, state = excluded.state
RETURNING secret_sealed
"""
RESERVE = """
INSERT INTO webhook_endpoint (tenant_id, key, url, secret_sealed, state, made_by, made_at)
VALUES (:tenant, :key, '', :secret, 'off', :actor, :now) ON CONFLICT (tenant_id, key) DO NOTHING
"""
STATE = "SELECT state FROM webhook_endpoint WHERE tenant_id = :tenant AND key = :key"
KNOWN = "SELECT key FROM webhook_endpoint WHERE tenant_id = :tenant AND key = ANY(:keys)"
OFF = "UPDATE webhook_endpoint SET state = 'off' WHERE tenant_id = :tenant AND key = :key"
ADD = """
INSERT INTO webhook_call (tenant_id, id, endpoint, call_key, body, state, made_at)
SELECT :tenant, r.id, :endpoint, r.call_key, r.body, :state, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, call_key text, body text)
ON CONFLICT (tenant_id, call_key) DO NOTHING RETURNING id
"""
CLAIM = """
UPDATE webhook_call c SET attempts = c.attempts + 1 FROM webhook_endpoint e
WHERE c.tenant_id = :tenant AND c.id = :id AND c.state = 'waiting'
  AND e.tenant_id = :tenant AND e.key = c.endpoint AND e.state = 'on'
RETURNING c.id, c.endpoint, c.body, c.attempts, e.url, e.secret_sealed
"""
SETTLE = """
UPDATE webhook_call SET state = :state, status = :status, detail = :detail, ended_at = :ended_at
WHERE tenant_id = :tenant AND id = :id AND state = 'waiting'
"""


class BadEndpoint(Refusal, ValueError):
    """The endpoint cannot be kept."""

    code = "bad_endpoint"
    remedy = "Write a name in lower-case letters and an address that begins with https://."


class EndpointUnknown(Refusal, LookupError):
    """No such endpoint, or none of this client."""

    kind: ClassVar[Kind] = Kind.UNKNOWN
    code = "endpoint_unknown"
    remedy = "Look at the list of endpoints."


@dataclass(frozen=True, slots=True)
class News:
    """What one call says; its key makes a second call for the same impossible."""

    key: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call that is about to be made."""

    id: UUID
    endpoint: str
    body: str
    attempts: int
    url: str
    secret: str


def all_endpoints() -> Sequence[RowMapping]:
    """The endpoints of a client, without their secrets."""
    return store.run(ALL).mappings().all()


def keep(key: str, *, url: str, on: bool, now: datetime) -> str:
    """Add or change an endpoint; return its secret, which stays as it was. Raises BadEndpoint."""
    parts = urlsplit(url)
    if readers.KEY.fullmatch(key) is None or len(url) > LONGEST_URL or parts.scheme != "https" or not parts.hostname:
        raise BadEndpoint("An endpoint has a short name and an https address.")
    if len(all_endpoints()) >= MOST_ENDPOINTS and not unknown([key]) == ():
        raise BadEndpoint(f"A client has at most {MOST_ENDPOINTS} endpoints.", remedy="Change one of them.")
    state = "on" if on else "off"
    sealed = store.run(
        KEEP, key=key, url=url, secret=_fresh(key), state=state, actor=scope.current().actor, now=now
    ).scalar_one()
    history.note("endpoint.kept", about=("tenant", scope.current().one), at=now, became={"key": key, "state": state})
    return data_keys.unseal(sealed, place=_place(key))


def reserve(keys: Sequence[str], *, now: datetime) -> None:
    """Names that a rule needs, off until somebody says where they are."""
    for key in keys:
        store.run(RESERVE, key=key, secret=_fresh(key), actor=scope.current().actor, now=now)


def unknown(keys: Sequence[str]) -> tuple[str, ...]:
    """Names among these that no endpoint has."""
    known = set(store.run(KNOWN, keys=list(keys)).scalars()) if keys else set()
    return tuple(sorted(set(keys) - known))


def queue(endpoint: str, news: Sequence[News], *, now: datetime, real: datetime) -> int:
    """Keep calls to be made; return how many are new. Raises EndpointUnknown."""
    state = store.run(STATE, key=endpoint).scalar_one_or_none()
    if state is None:
        raise EndpointUnknown(f"There is no endpoint “{endpoint}”.")
    rows = [{"id": ids.new(), "call_key": each.key, "body": _body(each, now=now)} for each in news]
    waits = "waiting" if state == "on" else "off"
    told = json.dumps(rows, default=str)
    kept = store.run(ADD, endpoint=endpoint, rows=told, state=waits, now=now).scalars().all()
    if state == "on":
        recording.record_many("webhook.queued", [Occurrence(str(id_), {"call_id": str(id_)}) for id_ in kept], now=real)
    return len(kept)


def claim(call_id: UUID) -> Call | None:
    """Count one more attempt; None when there is nothing to call any more."""
    row = store.run(CLAIM, id=call_id).one_or_none()
    if row is None:
        return None
    secret = data_keys.unseal(row.secret_sealed, place=_place(row.endpoint))
    return Call(row.id, row.endpoint, row.body, row.attempts, row.url, secret)


def signed(call: Call, *, real: datetime) -> Hook:
    """The call as it goes over the wire."""
    name = ids.show("whc", call.id)
    headers = {
        "content-type": "application/json",
        "user-agent": "goodterms-webhooks/1",
        "webhook-id": name,
        "webhook-timestamp": str(int(real.timestamp())),
        "webhook-signature": Webhook(call.secret).sign(msg_id=name, timestamp=real, data=call.body),
    }
    return Hook(call.url, headers, call.body.encode())


def settle(call: Call, heard: Heard, *, now: datetime, real: datetime) -> datetime | None:
    """Write down how it ended; return when to call again, None when there is no more to do."""
    if 200 <= heard.status < 300:
        _end(call, "delivered", heard, now)
        return None
    if heard.status == GONE:
        store.run(OFF, key=call.endpoint)
    if heard.status == GONE or call.attempts > len(WAITS):
        _end(call, "failed", heard, now)
        trouble.warn(
            f"webhook-{call.endpoint}",
            "cannot tell its endpoint",
            f"The endpoint “{call.endpoint}” answered {heard.status or 'nothing'} ({heard.detail}).",
            now=now,
        )
        return None
    store.run(SETTLE, id=call.id, state="waiting", status=heard.status, detail=heard.detail, ended_at=None)
    return real + WAITS[call.attempts - 1]


def _end(call: Call, state: str, heard: Heard, now: datetime) -> None:
    store.run(SETTLE, id=call.id, state=state, status=heard.status, detail=heard.detail, ended_at=now)


def _body(news: News, *, now: datetime) -> str:
    prefixes = {"customer": "deb", "invoice": "inv"}
    data = {
        name: ids.show(prefixes[name], value) if name in prefixes and isinstance(value, UUID) else value
        for name, value in news.data.items()
    }
    told = {"type": "rule.fired", "timestamp": now.isoformat(), "data": data}
    return json.dumps(told, default=str, sort_keys=True)


def _fresh(key: str) -> bytes | None:
    """A new secret for one endpoint, sealed for that endpoint alone."""
    return data_keys.seal("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(), place=_place(key))


def _place(key: str) -> str:
    return f"webhook_endpoint.secret:{key}"
