"""Decides which rules a client has: drafts, immutable versions, and the one version that is live.

Whoever wrote a rule that writes to customers, or that silences them, cannot publish it alone. A rule
that turned broken stays loud until somebody publishes a version that works.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.events import history
from tenants.isolation import scope
from tenants.rules import language, recipes, sentence, webhooks
from tenants.rules.faults import RuleUnknown
from tenants.rules.tree import Rule
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

FIND = """
SELECT r.id, r.key, r.state, r.version, r.fault, r.made_by, r.changed_at, v.version AS shown, v.document, v.sha256,
  v.sentence, v.made_by AS worded_by
FROM rule r JOIN rule_version v ON v.tenant_id = :tenant AND v.rule_id = r.id
WHERE r.tenant_id = :tenant AND r.key = :key AND (CAST(:version AS integer) IS NULL OR v.version = :version)
ORDER BY v.version DESC LIMIT 1
"""
LOCK = "SELECT id, version, state FROM rule WHERE tenant_id = :tenant AND key = :key FOR NO KEY UPDATE"
ADD = """
INSERT INTO rule (tenant_id, id, key, state, version, made_by, made_at, changed_at)
VALUES (:tenant, :id, :key, 'draft', 0, :by, :now, :now) ON CONFLICT (tenant_id, key) DO NOTHING
"""
LATEST = """
SELECT version, sha256 FROM rule_version WHERE tenant_id = :tenant AND rule_id = :rule ORDER BY version DESC LIMIT 1
"""
ADD_VERSION = """
INSERT INTO rule_version (tenant_id, rule_id, version, document, sha256, sentence, made_by, made_at)
VALUES (:tenant, :rule, :version, CAST(:document AS jsonb), :sha256, :sentence, :by, :now)
"""
CHANGE = """
UPDATE rule SET state = :state, version = :version, fault = :fault, changed_at = :now,
  owner = CASE WHEN :state = 'live' THEN :by ELSE owner END, shadow_until_on = NULL, frozen_count = NULL,
  released_count = NULL
WHERE tenant_id = :tenant AND id = :rule
"""
IN_FORCE = """
SELECT r.id, r.key, r.state, r.version, r.changed_at, v.document FROM rule r
JOIN rule_version v ON v.tenant_id = :tenant AND v.rule_id = r.id AND v.version = r.version
WHERE r.tenant_id = :tenant AND r.state = ANY(:states) ORDER BY r.key
"""
FROZEN = "frozen"
"""The label of what a run wanted that was far too much."""
ALL = """
SELECT r.id, r.key, r.state, r.version, r.fault, v.version AS newest, v.sentence, l.as_of_at AS last_run_at, l.matched,
  l.acted, l.held, r.owner,
  ARRAY(SELECT x.acted FROM rule_run x WHERE x.tenant_id = :tenant AND x.rule_id = r.id AND x.mode = 'live'
        ORDER BY x.started_at DESC LIMIT 12) AS lately
FROM rule r
JOIN (SELECT rule_id, max(version) AS version FROM rule_version WHERE tenant_id = :tenant GROUP BY rule_id) m
  ON m.rule_id = r.id
JOIN rule_version v ON v.tenant_id = :tenant AND v.rule_id = r.id
  AND v.version = CASE WHEN r.version > 0 THEN r.version ELSE m.version END
LEFT JOIN (SELECT DISTINCT ON (rule_id) rule_id, as_of_at, matched, acted, held FROM rule_run
           WHERE tenant_id = :tenant AND mode = 'live' ORDER BY rule_id, started_at DESC) l ON l.rule_id = r.id
WHERE r.tenant_id = :tenant AND r.state <> 'retired' ORDER BY r.key
"""
VERSIONS = """
SELECT version, sentence, sha256, made_by, made_at FROM rule_version
WHERE tenant_id = :tenant AND rule_id = :rule ORDER BY version DESC LIMIT 50
"""
RUNS = """
SELECT id, version, mode, occurrence, as_of_at, bounds, matched, acted, held, seconds, fault, started_at FROM rule_run
WHERE tenant_id = :tenant AND rule_id = :rule AND mode <> 'dry' ORDER BY started_at DESC, id DESC LIMIT :limit
"""


CONSENT = """
INSERT INTO rule_consent (tenant_id, rule_id, version, given_by, given_at, reason)
VALUES (:tenant, :rule, :version, :actor, :now, :reason) ON CONFLICT DO NOTHING
"""
CONSENTS = """
SELECT given_by, given_at, reason FROM rule_consent
WHERE tenant_id = :tenant AND rule_id = :rule AND version = :version ORDER BY given_at, given_by
"""
EVERY_CONSENT = """
SELECT version, given_by, given_at, reason FROM rule_consent
WHERE tenant_id = :tenant AND rule_id = :rule ORDER BY given_at, given_by
"""
HAS_BACKLOG = "SELECT 1 FROM rule_state WHERE tenant_id = :tenant AND rule_id = :rule AND backlog LIMIT 1"
MACHINES = ("api_client:",)


class NeedsSecondPerson(Refusal):
    """The rule writes to customers or silences them, and its author wanted to publish it."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "needs_second_person"
    remedy = "Ask a colleague who may publish rules to read the sentence and to publish it."


@dataclass(frozen=True, slots=True)
class Kept:
    """A rule as it is kept, in one of its versions."""

    id: UUID
    key: str
    state: str
    version: int
    """The published version, 0 when there is none."""
    fault: str
    made_by: str
    changed_at: datetime
    shown: int
    """The version that the rest of this object is about."""
    document: dict[str, Any]
    sha256: str
    sentence: str
    worded_by: str


def find(key: str, *, version: int | None = None) -> Kept:
    """The rule with its newest version, or with the given one. Raises RuleUnknown."""
    row = store.run(FIND, key=key, version=version).one_or_none()
    if row is None:
        raise RuleUnknown(f"There is no rule “{key[:60]}”.")
    return Kept(*row)


def all_kept() -> Sequence[RowMapping]:
    """Every rule that is not retired, with its sentence and its last run."""
    return store.run(ALL).mappings().all()


def versions(rule_id: UUID) -> list[dict[str, Any]]:
    """Every wording of a rule, the newest first, with who agreed to it."""
    found = store.run(VERSIONS, rule=rule_id).mappings().all()
    given = store.run(EVERY_CONSENT, rule=rule_id).mappings().all()
    return [{**row, "consents": [each for each in given if each["version"] == row["version"]]} for row in found]


def runs(rule_id: UUID, *, limit: int = 30) -> Sequence[RowMapping]:
    """The newest runs of a rule."""
    return store.run(RUNS, rule=rule_id, limit=limit).mappings().all()


def live() -> Sequence[RowMapping]:
    """The rules that act, each with the document of its published version."""
    return store.run(IN_FORCE, states=["live"]).mappings().all()


def watched() -> Sequence[RowMapping]:
    """The rules that are asked: those that act, and those that only show what they would do."""
    return store.run(IN_FORCE, states=["live", "shadow"]).mappings().all()


def save(document: Any, *, now: datetime, worded_by: str | None = None) -> Kept:
    """Keep a document as the newest version of its rule, as a draft until it is published. Raises RuleRefused.

    The same document again makes no new version.
    """
    rule = language.read(document)
    by = worded_by or scope.current().actor
    store.run(ADD, id=ids.new(), key=rule.key, by=by, now=now)
    row = store.run(LOCK, key=rule.key).one()
    sha256 = hashlib.sha256(rule.canonical.encode()).hexdigest()
    latest = store.run(LATEST, rule=row.id).one_or_none()
    if latest is None or latest.sha256 != sha256:
        version = latest.version + 1 if latest else 1
        words = sentence.of(rule)
        store.run(
            ADD_VERSION,
            rule=row.id,
            version=version,
            document=rule.canonical,
            sha256=sha256,
            sentence=words,
            by=by,
            now=now,
        )
        history.note("rule.saved", about=("rule", row.id), at=now, became={"version": version, "sentence": words})
    return find(rule.key)


def publish(key: str, *, now: datetime, version: int | None = None) -> Kept:
    """Make a version the live one; an older one rolls back. Raises RuleUnknown, RuleRefused, NeedsSecondPerson."""
    store.run(LOCK, key=key)
    kept = find(key, version=version)
    rule = language.read(kept.document)
    if rule.needs_second_person and not _two_people(kept):
        raise NeedsSecondPerson(f"This rule {_grave(rule)}, so its author cannot publish it alone.")
    _change(kept, "live", kept.shown, now=now, act="rule.published")
    return find(key, version=kept.shown)


def consent(kept: Kept, *, now: datetime, reason: str) -> None:
    """The second person's word on one wording. Raises NeedsSecondPerson where its author gives it, or no person."""
    actor = scope.current().actor
    if actor == kept.worded_by or actor.startswith(MACHINES):
        raise NeedsSecondPerson("The second person is somebody else than the author, and a person.")
    store.run(CONSENT, rule=kept.id, version=kept.shown, actor=actor, now=now, reason=reason)
    history.note("rule.agreed", about=("rule", kept.id), at=now, became={"version": kept.shown}, reason=reason)


def consents(rule_id: UUID, *, version: int) -> Sequence[RowMapping]:
    """Who agreed to a wording, when, and in what words."""
    return store.run(CONSENTS, rule=rule_id, version=version).mappings().all()


def has_backlog(rule_id: UUID) -> bool:
    """Whether subjects are left alone because they matched before the rule went live."""
    return bool(store.run(HAS_BACKLOG, rule=rule_id).scalar_one_or_none())


def pause(key: str, *, now: datetime, reason: str) -> None:
    """Stop a rule until somebody publishes it again. Raises RuleUnknown."""
    kept = _locked(key)
    _change(kept, "paused", kept.version, now=now, act="rule.paused", reason=reason)


def retire(key: str, *, now: datetime, reason: str) -> None:
    """Take a rule out of use; what it did stays on record. Raises RuleUnknown."""
    kept = _locked(key)
    _change(kept, "retired", kept.version, now=now, act="rule.retired", reason=reason)


def mark_broken(key: str, *, fault: str, now: datetime) -> None:
    """Turn a rule red: it does not run again before it is published anew."""
    kept = _locked(key)
    _change(kept, "broken", kept.version, now=now, act="rule.broken", fault=fault)


def install(recipe: str, *, now: datetime) -> Kept:
    """Save a recipe and publish it: its author is the recipe, the publisher is who asks. Raises RuleUnknown."""
    document = recipes.find(recipe)
    kept = save(document, now=now, worded_by=f"recipe:{recipe}")
    webhooks.reserve(endpoints(language.read(document)), now=now)
    return publish(kept.key, now=now)


def endpoints(rule: Rule) -> list[str]:
    """The endpoints that a rule calls."""
    return [action.endpoint for action in rule.every_action() if action.endpoint]


def read(row: RowMapping) -> Rule:
    """The checked rule behind a row of `live`. Raises RuleRefused when it is no rule any longer."""
    return language.read(json.loads(json.dumps(row["document"])))


def _two_people(kept: Kept) -> bool:
    """Whether another person than the author publishes or has agreed; a machine is nobody's second person."""
    actor = scope.current().actor
    if actor != kept.worded_by and not actor.startswith(MACHINES):
        return True
    return any(row["given_by"] not in (kept.worded_by, actor) for row in consents(kept.id, version=kept.shown))


def _grave(rule: Rule) -> str:
    does = {action.do for action in rule.every_action()}
    if "send" in does:
        return "writes to customers"
    if "webhook" in does:
        return "tells programs outside"
    return "moves customers to a grave stage" if "stage" in does else "silences whole customers"


def _locked(key: str) -> Kept:
    store.run(LOCK, key=key)
    return find(key)


def _change(
    kept: Kept, state: str, version: int, *, now: datetime, act: str, fault: str = "", reason: str = ""
) -> None:
    by = scope.current().actor
    store.run(CHANGE, rule=kept.id, state=state, version=version, fault=fault, now=now, by=by)
    was, became = {"state": kept.state, "version": kept.version}, {"state": state, "version": version}
    history.note(act, about=("rule", kept.id), at=now, was=was, became=became, reason=reason or fault)
