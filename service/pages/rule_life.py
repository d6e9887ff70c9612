"""The life of one rule: tried, agreed to, published, paused, released, played on the past."""

import json
from datetime import timedelta
from typing import Any

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.endpoint import endpoint
from service.pages import frame, rules
from tenants.directory.access import VisibleClient
from tenants.rules import backtesting, examples, publishing, rule_book
from tenants.rules.publishing import Backlog
from tenants.values.faults import Refusal

face = Blueprint("rule_life", __name__)
PAGE = "/c/<client:client>/rules/<key>"
PAST_DAYS = 60


class Version(Schema):
    """Which version."""

    version = fields.Integer(required=True, validate=validate.Range(min=1))


class Agreement(Version):
    """The second person's word."""

    reason = fields.String(load_default="", validate=validate.Length(max=300))


class Publishing(Version):
    """How a version begins."""

    backlog = fields.String(load_default="new", validate=validate.OneOf(("new", "all", "spread")))
    days = fields.Integer(load_default=5, validate=validate.Range(1, publishing.LONGEST_SPREAD))
    shadow_days = fields.Integer(
        load_default=None, allow_none=True, validate=validate.Range(0, publishing.LONGEST_SHADOW)
    )


class Reason(Schema):
    """Why a rule is stopped or let go."""

    reason = fields.String(required=True, validate=validate.Length(min=1, max=300))


class Test(Schema):
    """An invoice or customer that is described, and what the rule does with it."""

    name = fields.String(required=True, validate=validate.Length(1, examples.LONGEST_NAME))
    given = fields.String(required=True, validate=validate.Length(2, 4000))
    expect = fields.String(required=True, validate=validate.Length(1, 200))


class Named(Schema):
    """A test by its name."""

    name = fields.String(required=True, validate=validate.Length(1, examples.LONGEST_NAME))


class NoDescription(Refusal, ValueError):
    """What is given cannot be read."""

    code = "not_json"
    remedy = 'Write for example {"invoice": {"open_amount": "120.00 EUR"}}.'


class Nothing(Schema):
    """A button without anything to say."""


@endpoint(face, f"{PAGE}/try", needs="rules.propose", method="POST", accepts=Version)
def try_out(client: VisibleClient, key: str, body: dict[str, int]) -> Response:
    """Look at what a version would do, and remember that somebody did."""
    here = moment.here()
    publishing.try_out(key, now=here.now, real=here.wall, version=body["version"])
    return _back(client, key)


@endpoint(face, f"{PAGE}/agree", needs="rules.publish", method="POST", accepts=Agreement)
def agree(client: VisibleClient, key: str, body: dict[str, Any]) -> Response:
    """Agree to a version as the second person."""
    publishing.consent(key, version=body["version"], now=moment.here().now, reason=body["reason"])
    return _back(client, key)


@endpoint(face, f"{PAGE}/publish", needs="rules.publish", method="POST", accepts=Publishing)
def publish(client: VisibleClient, key: str, body: dict[str, Any]) -> Response:
    """Make the version that was shown the one that acts."""
    here = moment.here()
    publishing.publish(
        key,
        now=here.now,
        real=here.wall,
        version=body["version"],
        backlog=Backlog(body["backlog"], body["days"]),
        shadow_days=body["shadow_days"],
    )
    return _back(client, key)


@endpoint(face, f"{PAGE}/pause", needs="rules.publish", method="POST", accepts=Reason)
def pause(client: VisibleClient, key: str, body: dict[str, str]) -> Response:
    """Stop a rule until somebody publishes it again."""
    rule_book.pause(key, now=moment.here().now, reason=body["reason"])
    return _back(client, key)


@endpoint(face, f"{PAGE}/release", needs="rules.publish", method="POST", accepts=Reason)
def release(client: VisibleClient, key: str, body: dict[str, str]) -> Response:
    """Let a frozen rule act on all that it wanted."""
    here = moment.here()
    publishing.release(key, now=here.now, real=here.wall, reason=body["reason"])
    return _back(client, key)


@endpoint(face, f"{PAGE}/backtest", needs="rules.propose", method="POST", accepts=Nothing)
def backtest(client: VisibleClient, key: str, body: dict[str, Any]) -> Response:
    """Play the rule over the last sixty days; a job does it, and the page shows how far it is."""
    here, kept = moment.here(), rule_book.find(key)
    to_on = here.today - timedelta(days=1)
    backtesting.ask(
        kept.document,
        from_on=to_on - timedelta(days=PAST_DAYS - 1),
        to_on=to_on,
        today=here.today,
        now=here.now,
        real=here.wall,
        rule_id=kept.id,
    )
    return _back(client, key)


@endpoint(face, f"{PAGE}/tests", needs="rules.propose", method="POST", accepts=Test)
def keep_example(client: VisibleClient, key: str, body: dict[str, str]) -> Response:
    """Keep a test beside the rule, as of now."""
    now, said = moment.here().now, body["expect"]
    try:
        given = json.loads(body["given"])
    except ValueError:
        raise NoDescription("This is no JSON.", pointer="/given") from None
    expect = said if said == "fires" else {"not": said}
    examples.keep(key, name=body["name"], given=given, at=now, expect=expect, now=now)
    return _back(client, key)


@endpoint(face, f"{PAGE}/tests/drop", needs="rules.propose", method="POST", accepts=Named)
def drop_example(client: VisibleClient, key: str, body: dict[str, str]) -> Response:
    """Forget a test."""
    examples.drop(key, name=body["name"])
    return _back(client, key)


@endpoint(face, f"{PAGE}/tests/play", needs="rules.propose", method="POST", accepts=Nothing)
def play_examples(client: VisibleClient, key: str, body: dict[str, Any]) -> str:
    """The page again with how each test went: its rows are written, asked about, and undone."""
    return rules.whole(client, key, outcomes=publishing.check(key, now=moment.here().now).outcomes)


def _back(client: VisibleClient, key: str) -> Response:
    return frame.after_change(url_for("rules.rule_page", client=client.slug, key=key))
