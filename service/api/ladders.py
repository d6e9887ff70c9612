"""Ladders: reminder schedules of a client, each an ordered list of steps that expands into rules."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api.rule_answers import DryRunShown, dry_run
from service.api.rules import placed
from service.endpoint import endpoint
from service.fields import Actor, Instant
from tenants.directory.access import VisibleClient
from tenants.rules import ladders
from tenants.rules.ladders import Ladder

face = Blueprint("api_ladders", __name__, url_prefix="/api/v1")
AT = "/tenants/<client:client>/ladders"
STATES = ("draft", "live", "retired")


class LadderLine(Schema):
    """One ladder in its newest version."""

    key = fields.String(required=True)
    version = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    document = fields.Dict(required=True)
    worded_by = Actor(required=True)
    worded_at = Instant(required=True)


class Ladders(Schema):
    """Every ladder, and the one that we begin with."""

    standard = fields.Dict(required=True, metadata={"description": "The document to start from"})
    items = fields.List(fields.Nested(LadderLine), required=True)


class LadderShown(LadderLine):
    """A ladder with what its steps say."""

    sentences = fields.List(fields.String(), required=True)


class NewLadder(Schema):
    """A document of goodterms.ladder/1; its faults are named in the answer, each with its place."""

    document = fields.Dict(required=True)


class StepShown(Schema):
    """One step as a rule."""

    key = fields.String(required=True)
    sentence = fields.String(required=True)
    rule = fields.Dict(required=True)


class Expanded(Schema):
    """The rules that a ladder stands for, in order."""

    steps = fields.List(fields.Nested(StepShown), required=True)


class Tried(Schema):
    """What each step would do now, in order."""

    steps = fields.List(fields.Nested(DryRunShown), required=True)


@endpoint(face, AT, needs="rules.read", returns=Ladders)
def list_ladders(client: VisibleClient) -> dict[str, Any]:
    """Every ladder of the client in its newest version."""
    return {"standard": ladders.STANDARD, "items": ladders.everything()}


@endpoint(face, f"{AT}/<key:ladder>", needs="rules.read", returns=LadderShown)
def show_reminder_ladder(client: VisibleClient, ladder: str) -> dict[str, Any]:
    """One ladder in its newest version, with a sentence for each step."""
    return _shown(ladder)


@endpoint(face, AT, needs="rules.propose", method="POST", accepts=NewLadder, returns=LadderShown, status=201)
def keep_ladder(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Keep a ladder as a draft, and its steps as drafts of rules; what is live stays live."""
    with placed():
        read = ladders.read(body["document"])
        ladders.keep(body["document"], now=moment.here().now)
    return _shown(read.key)


@endpoint(face, f"{AT}/expand", needs="rules.propose", method="POST", accepts=NewLadder, returns=Expanded)
def expand_ladder(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """The rules that a ladder would become; nothing is kept."""
    with placed():
        return {"steps": _steps(ladders.read(body["document"]))}


@endpoint(face, f"{AT}/<key:ladder>/try", needs="rules.propose", method="POST", returns=Tried)
def try_ladder(client: VisibleClient, ladder: str) -> dict[str, Any]:
    """What each step would do now; publishing asks that somebody has looked within a day."""
    here = moment.here()
    return {"steps": [dry_run(each) for each in ladders.try_out(ladder, now=here.now, real=here.wall)]}


@endpoint(
    face,
    f"{AT}/<key:ladder>/publish",
    needs="rules.publish",
    method="POST",
    returns=LadderShown,
    once=True,
)
def publish_ladder(client: VisibleClient, ladder: str) -> dict[str, Any]:
    """Publish every step; the author alone publishes none of them."""
    here = moment.here()
    ladders.publish(ladder, now=here.now, real=here.wall)
    return _shown(ladder)


def _shown(key: str) -> dict[str, Any]:
    row = ladders.find(key)
    return {**row, "sentences": ladders.sentences(ladders.read(row["document"]))}


def _steps(ladder: Ladder) -> list[dict[str, Any]]:
    pairs = zip(ladder.rules(), ladders.sentences(ladder), strict=True)
    return [{"key": rule["key"], "sentence": said, "rule": rule} for rule, said in pairs]
