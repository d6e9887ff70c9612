"""A rule's life: checked, tried, agreed to, released, retired; its versions, runs, examples and backtests."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api.rule_answers import DryRunShown, dry_run
from service.api.rules import Rule, RuleVersion, Stop
from service.endpoint import endpoint
from service.fields import Actor, Day, Instant, Ref
from tenants.directory.access import VisibleClient
from tenants.rules import backtesting, examples, publishing, rule_book

face = Blueprint("api_rule_life", __name__, url_prefix="/api/v1")
VERSION = validate.Range(1, 1_000_000)
KEYED = "/tenants/<client:client>/rules/<key:rule>"


class Outcome(Schema):
    """How one example went."""

    name = fields.String(required=True)
    passed = fields.Boolean(required=True)
    expected = fields.String(required=True)
    found = fields.String(required=True)


class Checked(Schema):
    """What a check says besides that the document can be read."""

    unknown_groups = fields.List(fields.String(), required=True)
    unknown_endpoints = fields.List(fields.String(), required=True)
    circle = fields.String(required=True, metadata={"description": "Rules that may drive one another"})
    cost = fields.Integer(required=True, metadata={"description": "The database's own estimate"})
    dear = fields.Boolean(required=True)
    outcomes = fields.List(fields.Nested(Outcome), required=True)


class Consent(Schema):
    """To which wording a second person agrees."""

    version = fields.Integer(required=True, strict=True, validate=VERSION)
    reason = fields.String(load_default="", validate=validate.Length(max=500))


class ConsentShown(Schema):
    """Who agreed to a wording."""

    given_by = Actor(required=True)
    given_at = Instant(required=True)
    reason = fields.String(required=True)


class VersionShown(Schema):
    """One wording."""

    version = fields.Integer(required=True)
    sentence = fields.String(required=True)
    sha256 = fields.String(required=True)
    made_by = Actor(required=True)
    made_at = Instant(required=True)
    consents = fields.List(fields.Nested(ConsentShown), required=True)


class Versions(Schema):
    """Every wording, the newest first."""

    items = fields.List(fields.Nested(VersionShown), required=True)


class Pair(Schema):
    """Two versions."""

    old = fields.Integer(required=True, validate=VERSION)
    new = fields.Integer(required=True, validate=VERSION)


class Difference(Schema):
    """Two wordings as two sentences, and the places that differ."""

    before = fields.String(required=True)
    after = fields.String(required=True)
    places = fields.List(fields.String(), required=True)


class Released(Schema):
    """On how many a frozen rule may act."""

    allowed = fields.Integer(required=True)


class RunShown(Schema):
    """One run with its cutoffs and counts."""

    id = Ref("run", required=True)
    version = fields.Integer(required=True)
    mode = fields.String(required=True)
    occurrence = fields.String(required=True)
    as_of_at = Instant(required=True)
    bounds = fields.Dict(required=True)
    matched = fields.Integer(required=True)
    acted = fields.Integer(required=True)
    held = fields.Dict(required=True)
    seconds = fields.Float(required=True)
    fault = fields.String(required=True)


class Runs(Schema):
    """The last thirty runs."""

    items = fields.List(fields.Nested(RunShown), required=True)


class Example(Schema):
    """Given this, at that instant, expect that."""

    name = fields.String(required=True, validate=validate.Length(1, 100))
    given = fields.Dict(required=True)
    at = fields.AwareDateTime(required=True, format="iso")
    expect = fields.Raw(required=True)


class ExampleShown(Schema):
    """An example beside a rule."""

    name = fields.String(required=True)
    given = fields.Dict(required=True)
    at = Instant(required=True)
    expect = fields.Raw(required=True)
    made_by = Actor(required=True)


class Examples(Schema):
    """The examples of a rule."""

    items = fields.List(fields.Nested(ExampleShown), required=True)


class Named(Schema):
    """One example by its name."""

    name = fields.String(required=True, validate=validate.Length(1, 100))


class Span(Schema):
    """The past days that are asked about; the newest wording unless another."""

    from_on = Day(required=True)
    to_on = Day(required=True)
    version = fields.Integer(load_default=None, strict=True, validate=VERSION)


class BacktestShown(Schema):
    """A backtest with its progress, and its result once it is done."""

    id = Ref("bkt", required=True)
    sentence = fields.String(required=True)
    from_on = Day(required=True)
    to_on = Day(required=True)
    state = fields.String(required=True, validate=validate.OneOf(("waiting", "running", "done", "failed")))
    days = fields.Integer(required=True)
    days_done = fields.Integer(required=True)
    seconds = fields.Float(required=True)
    result = fields.Dict(required=True)
    asked_by = Actor(required=True)
    asked_at = Instant(required=True)
    done_at = Instant(required=True, allow_none=True)


class Backtests(Schema):
    """The newest backtests of a rule."""

    items = fields.List(fields.Nested(BacktestShown), required=True)


@endpoint(face, f"{KEYED}/check", needs="rules.propose", method="POST", accepts=RuleVersion, returns=Checked)
def check_rule(client: VisibleClient, rule: str, body: dict[str, Any]) -> publishing.Checked:
    """Check a kept wording: what it names, whom it would drive in circles, what it costs, how its examples go.

    The examples are written, asked about and undone, so this is no GET; nothing of it stays.
    """
    return publishing.check(rule, now=moment.here().now, version=body["version"])


@endpoint(face, f"{KEYED}/try", needs="rules.propose", method="POST", accepts=RuleVersion, returns=DryRunShown)
def try_out_rule(client: VisibleClient, rule: str, body: dict[str, Any]) -> dict[str, Any]:
    """Try a kept wording and keep that it was tried: publishing asks for that within a day."""
    here = moment.here()
    return dry_run(publishing.try_out(rule, now=here.now, real=here.wall, version=body["version"]))


@endpoint(face, f"{KEYED}/agree", needs="rules.approve", method="POST", accepts=Consent, returns=Versions, once=True)
def agree_to_rule(client: VisibleClient, rule: str, body: dict[str, Any]) -> dict[str, Any]:
    """Agree to a wording as the second person."""
    publishing.consent(rule, version=body["version"], now=moment.here().now, reason=body["reason"])
    return _versions(rule)


@endpoint(face, f"{KEYED}/versions", needs="rules.read", returns=Versions)
def list_rule_versions(client: VisibleClient, rule: str) -> dict[str, Any]:
    """Every wording of a rule, and who agreed to it."""
    return _versions(rule)


@endpoint(face, f"{KEYED}/difference", needs="rules.read", query=Pair, returns=Difference)
def show_rule_difference(client: VisibleClient, rule: str, query: dict[str, Any]) -> publishing.Difference:
    """What changes from one wording to another."""
    return publishing.difference(rule, old=query["old"], new=query["new"])


@endpoint(face, f"{KEYED}/runs", needs="rules.read", returns=Runs)
def list_rule_runs(client: VisibleClient, rule: str) -> dict[str, Any]:
    """The last thirty runs of a rule, those in the shadow included."""
    return {"items": rule_book.runs(rule_book.find(rule).id)}


@endpoint(face, f"{KEYED}/release", needs="rules.publish", method="POST", accepts=Stop, returns=Released, once=True)
def release_rule(client: VisibleClient, rule: str, body: dict[str, str]) -> dict[str, int]:
    """Let a frozen rule act on what it wanted."""
    here = moment.here()
    return {"allowed": publishing.release(rule, now=here.now, real=here.wall, reason=body["reason"])}


@endpoint(face, f"{KEYED}/retire", needs="rules.publish", method="POST", accepts=Stop, returns=Rule)
def retire_rule(client: VisibleClient, rule: str, body: dict[str, str]) -> rule_book.Kept:
    """Take a rule out of use; what it did stays on record."""
    rule_book.retire(rule, now=moment.here().now, reason=body["reason"])
    return rule_book.find(rule)


@endpoint(face, f"{KEYED}/examples", needs="rules.read", returns=Examples)
def list_rule_examples(client: VisibleClient, rule: str) -> dict[str, Any]:
    """The examples beside a rule; they are played when it is published."""
    return {"items": examples.of(rule_book.find(rule).id)}


@endpoint(face, f"{KEYED}/examples", needs="rules.propose", method="PUT", accepts=Example, returns=Examples)
def keep_rule_example(client: VisibleClient, rule: str, body: dict[str, Any]) -> dict[str, Any]:
    """Keep an example beside a rule, by its name."""
    how = {name: body[name] for name in ("name", "given", "at", "expect")}
    examples.keep(rule, now=moment.here().now, **how)
    return {"items": examples.of(rule_book.find(rule).id)}


@endpoint(face, f"{KEYED}/examples/drop", needs="rules.propose", method="POST", accepts=Named, returns=Examples)
def drop_rule_example(client: VisibleClient, rule: str, body: dict[str, str]) -> dict[str, Any]:
    """Forget an example."""
    examples.drop(rule, name=body["name"])
    return {"items": examples.of(rule_book.find(rule).id)}


@endpoint(
    face, f"{KEYED}/backtests", needs="rules.propose", method="POST", accepts=Span, returns=BacktestShown, status=202
)
def ask_for_backtest(client: VisibleClient, rule: str, body: dict[str, Any]) -> Any:
    """Ask what a wording would have done on past days; a job works it out, and the answer tells its progress."""
    here, kept = moment.here(), rule_book.find(rule, version=body["version"])
    span: dict[str, date] = {"from_on": body["from_on"], "to_on": body["to_on"]}
    asked = backtesting.ask(kept.document, today=here.today, now=here.now, real=here.wall, rule_id=kept.id, **span)
    return backtesting.find(asked)


@endpoint(face, f"{KEYED}/backtests", needs="rules.read", returns=Backtests)
def list_backtests(client: VisibleClient, rule: str) -> dict[str, Any]:
    """The newest backtests of a rule."""
    return {"items": backtesting.latest(rule_id=rule_book.find(rule).id)}


@endpoint(
    face, "/tenants/<client:client>/backtests/<ref('bkt'):backtest_id>", needs="rules.read", returns=BacktestShown
)
def show_backtest(client: VisibleClient, backtest_id: UUID) -> Any:
    """One backtest: its progress, or its result."""
    return backtesting.find(backtest_id)


def _versions(key: str) -> dict[str, Any]:
    return {"items": rule_book.versions(rule_book.find(key).id)}
