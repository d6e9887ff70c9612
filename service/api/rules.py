"""Rules: the list, one rule with its English sentence, what it may ask about, drafts, trying, publishing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api.rule_answers import DryRunShown, Fields, Recipes, WhyNotShown, WhyShown, dry_run, fields_shown
from service.endpoint import endpoint
from service.fields import Actor, Instant, Ref
from tenants.directory.access import VisibleClient
from tenants.ledger import invoices
from tenants.rules import dryrun, explain, language, packs, publishing, recipes, rule_book
from tenants.rules.faults import RuleRefused, RuleUnknown
from tenants.rules.publishing import Backlog

face = Blueprint("api_rules", __name__, url_prefix="/api/v1")
STATES = ("draft", "shadow", "live", "paused", "broken", "retired")


class RuleLine(Schema):
    """One rule of the list, with its last run."""

    id = Ref("rul", required=True)
    key = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    version = fields.Integer(required=True, metadata={"description": "The published version, 0 while there is none"})
    newest = fields.Integer(required=True)
    fault = fields.String(required=True)
    sentence = fields.String(required=True)
    last_run_at = Instant(required=True, allow_none=True)
    matched = fields.Integer(required=True, allow_none=True)
    acted = fields.Integer(required=True, allow_none=True)
    held = fields.Dict(required=True, allow_none=True)


class Rules(Schema):
    """Every rule that is in use, by key."""

    items = fields.List(fields.Nested(RuleLine), required=True)


class Rule(Schema):
    """A rule in one of its versions."""

    id = Ref("rul", required=True)
    key = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    version = fields.Integer(required=True, metadata={"description": "The published version, 0 while there is none"})
    shown = fields.Integer(required=True, metadata={"description": "The version that the rest is about"})
    fault = fields.String(required=True)
    sentence = fields.String(required=True)
    document = fields.Dict(required=True)
    sha256 = fields.String(required=True)
    made_by = Actor(required=True)
    worded_by = Actor(required=True)
    changed_at = Instant(required=True)


class RuleVersion(Schema):
    """Which version; the newest unless another."""

    version = fields.Integer(load_default=None, validate=validate.Range(1, 1_000_000))


class Draft(Schema):
    """A document of goodterms.rule/1; its faults are named in the answer, each with its place."""

    document = fields.Dict(required=True)


class Publishing(Schema):
    """Which version becomes the live one; an older one rolls back."""

    version = fields.Integer(load_default=None, strict=True, validate=validate.Range(1, 1_000_000))
    backlog = fields.String(
        load_default="new",
        validate=validate.OneOf(("new", "all", "spread")),
        metadata={"description": "What becomes of those that match already: left alone, acted on, or spread over days"},
    )
    spread_days = fields.Integer(load_default=5, strict=True, validate=validate.Range(1, publishing.LONGEST_SPREAD))
    shadow_days = fields.Integer(
        load_default=None,
        strict=True,
        validate=validate.Range(0, publishing.LONGEST_SHADOW),
        metadata={"description": "Business days of watching; three for a rule that writes and never acted before"},
    )
    circle_reason = fields.String(load_default="", validate=validate.Length(max=500))


class Stop(Schema):
    """Why a rule is stopped."""

    reason = fields.String(required=True, validate=validate.Length(1, 500))


@endpoint(face, "/rules/fields", needs="rules.read", portfolio=True, returns=Fields)
def list_rule_fields() -> dict[str, Any]:
    """What rules may ask about: each field with its operators, values and an example."""
    return {"items": fields_shown()}


@endpoint(face, "/rules/recipes", needs="rules.read", portfolio=True, returns=Recipes)
def list_recipes() -> dict[str, Any]:
    """Documents that a client can start from."""
    return {"items": [{"key": key, "document": recipes.find(key)} for key in recipes.names()]}


@endpoint(face, "/tenants/<client:client>/rules", needs="rules.read", returns=Rules)
def list_rules(client: VisibleClient) -> dict[str, Any]:
    """The rules of a client, each in one English sentence."""
    return {"items": rule_book.all_kept()}


@endpoint(
    face,
    "/tenants/<client:client>/rules",
    needs="rules.propose",
    method="POST",
    accepts=Draft,
    returns=Rule,
    status=201,
)
def draft_rule(client: VisibleClient, body: dict[str, Any]) -> rule_book.Kept:
    """Keep a document as the newest version of its rule; what is live stays live until the new one is published."""
    with placed():
        return packs.save(body["document"], now=moment.here().now)


@endpoint(
    face,
    "/tenants/<client:client>/rules/dry-run",
    needs="rules.propose",
    method="POST",
    accepts=Draft,
    returns=DryRunShown,
)
def try_document(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Try a document that is not kept: whom it would reach now, and what would hold it back."""
    with placed():
        rule = language.read(body["document"])
    return dry_run(dryrun.count(rule, now=moment.here().now))


@endpoint(face, "/tenants/<client:client>/rules/<key:rule>", needs="rules.read", query=RuleVersion, returns=Rule)
def show_rule(client: VisibleClient, rule: str, query: dict[str, Any]) -> rule_book.Kept:
    """One rule in its newest version, or in another."""
    return rule_book.find(rule, version=query["version"])


@endpoint(
    face,
    "/tenants/<client:client>/rules/<key:rule>/dry-run",
    needs="rules.read",
    query=RuleVersion,
    returns=DryRunShown,
)
def try_rule(client: VisibleClient, rule: str, query: dict[str, Any]) -> dict[str, Any]:
    """Try a kept rule: what it did before counts, as in a real run."""
    kept = rule_book.find(rule, version=query["version"])
    return dry_run(dryrun.count(language.read(kept.document), now=moment.here().now, rule_id=kept.id))


@endpoint(
    face,
    "/tenants/<client:client>/rules/<key:rule>/publish",
    needs="rules.publish",
    method="POST",
    accepts=Publishing,
    returns=Rule,
    once=True,
)
def publish_rule(client: VisibleClient, rule: str, body: dict[str, Any]) -> rule_book.Kept:
    """Make a version the live one. Whoever wrote a rule that writes to debtors cannot publish it alone."""
    here = moment.here()
    return publishing.publish(
        rule,
        now=here.now,
        real=here.wall,
        version=body["version"],
        backlog=Backlog(body["backlog"], body["spread_days"]),
        shadow_days=body["shadow_days"],
        circle_reason=body["circle_reason"],
    )


@endpoint(
    face,
    "/tenants/<client:client>/rules/<key:rule>/pause",
    needs="rules.publish",
    method="POST",
    accepts=Stop,
    returns=Rule,
)
def pause_rule(client: VisibleClient, rule: str, body: dict[str, str]) -> rule_book.Kept:
    """Stop a rule until somebody publishes it again."""
    rule_book.pause(rule, now=moment.here().now, reason=body["reason"])
    return rule_book.find(rule)


@endpoint(
    face,
    "/tenants/<client:client>/rules/<key:rule>/why/<ref('inv'):invoice_id>",
    needs="rules.read",
    returns=WhyShown,
)
def explain_why(client: VisibleClient, rule: str, invoice_id: UUID) -> explain.Why:
    """Why a rule acted on an invoice the last time."""
    invoices.card(invoice_id)
    found = explain.why(rule, invoice_id=invoice_id)
    if found is None:
        raise RuleUnknown("The rule never acted on this invoice.", remedy="Ask why not.")
    return found


@endpoint(
    face,
    "/tenants/<client:client>/rules/<key:rule>/why-not/<ref('inv'):invoice_id>",
    needs="rules.read",
    returns=WhyNotShown,
)
def explain_why_not(client: VisibleClient, rule: str, invoice_id: UUID) -> explain.WhyNot:
    """Whether a rule would act on an invoice now, and if not, what stands in the way."""
    invoices.card(invoice_id)
    return explain.why_not(rule, invoice_id=invoice_id, now=moment.here().now)


@contextmanager
def placed() -> Iterator[None]:
    """Name the faults of a document by their place in the body that carries it."""
    try:
        yield
    except RuleRefused as refused:
        raise RuleRefused([replace(fault, pointer=f"/document{fault.pointer}") for fault in refused.faults]) from None
