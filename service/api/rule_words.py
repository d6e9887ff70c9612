"""What rules lead to and stand on: questions to people, endpoints of clients' programs, the provider's standards, the
schema of documents."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api import paging
from service.api.rules import Rule, placed
from service.endpoint import endpoint
from service.fields import Actor, Day, Instant, Ref
from tenants.directory.access import VisibleClient
from tenants.rules import approvals, deciding, packs, rule_book, schema, webhooks

face = Blueprint("api_rule_words", __name__, url_prefix="/api/v1")
STATES = ("waiting", "granted", "refused", "lapsed", "moot")


class Approval(Schema):
    """A question of a rule to a person."""

    id = Ref("apr", required=True)
    rule_key = fields.String(required=True)
    version = fields.Integer(required=True)
    debtor_id = Ref("deb", required=True, allow_none=True)
    invoice_id = Ref("inv", required=True, allow_none=True)
    title = fields.String(required=True)
    reason = fields.String(required=True)
    role = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    answer_by_on = Day(required=True)
    asked_at = Instant(required=True)
    decided_by = Actor(required=True)
    decided_at = Instant(required=True, allow_none=True)
    words = fields.String(required=True)


class OfState(paging.PageQuery):
    """Which questions."""

    state = fields.String(load_default="waiting", validate=validate.OneOf(STATES))


class Answer(Schema):
    """A person's answer."""

    yes = fields.Boolean(required=True)
    words = fields.String(load_default="", validate=validate.Length(max=500))


class EndpointShown(Schema):
    """An endpoint without its secret."""

    key = fields.String(required=True)
    url = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(("on", "off")))
    waiting = fields.Integer(required=True)
    failed = fields.Integer(required=True)
    made_by = Actor(required=True)
    made_at = Instant(required=True)


class Endpoints(Schema):
    """Where a client's own programs hear of rules."""

    items = fields.List(fields.Nested(EndpointShown), required=True)


class NewEndpoint(Schema):
    """An endpoint by its short name."""

    key = fields.String(required=True, validate=validate.Length(1, 63))
    url = fields.String(required=True, validate=validate.Length(1, 500))
    on = fields.Boolean(load_default=True)


class EndpointKept(Schema):
    """The secret by which its calls are signed (Standard Webhooks)."""

    key = fields.String(required=True)
    secret = fields.String(required=True)


class StandardShown(Schema):
    """The provider's own wording of a rule."""

    key = fields.String(required=True)
    pack = fields.String(required=True)
    locked = fields.Boolean(required=True)
    document = fields.Dict(required=True)
    given_by = Actor(required=True)
    given_at = Instant(required=True)


class Standards(Schema):
    """Every standard that the client was given."""

    items = fields.List(fields.Nested(StandardShown), required=True)


class NewStandard(Schema):
    """A wording for a client to inherit; a locked one cannot be worded otherwise."""

    document = fields.Dict(required=True)
    pack = fields.String(required=True, validate=validate.Length(1, 60))
    locked = fields.Boolean(load_default=False)


@endpoint(
    face,
    "/tenants/<client:client>/approvals",
    needs="rules.read",
    query=OfState,
    returns=paging.page_of(Approval),
)
def list_approvals(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """What rules ask of people, the newest first."""
    place = paging.start("approvals", query, UUID)
    found = approvals.page((query["state"],), after=place[0] if place else None, limit=query["limit"] + 1)
    return paging.cut("approvals", query, found, lambda row: (row["id"],))


@endpoint(
    face,
    "/tenants/<client:client>/approvals/<ref('apr'):approval_id>/answer",
    needs="rules.answer",
    method="POST",
    accepts=Answer,
    returns=Approval,
    once=True,
)
def answer_approval(client: VisibleClient, approval_id: UUID, body: dict[str, Any]) -> Any:
    """Answer a question; what a yes leads to happens if the rule still matches."""
    here = moment.here()
    return deciding.decide(
        approval_id,
        yes=body["yes"],
        words=body["words"],
        roles=tuple(client.roles),
        now=here.now,
        real=here.wall,
        today=here.today,
    )


@endpoint(face, "/tenants/<client:client>/webhook-endpoints", needs="rules.read", returns=Endpoints)
def list_endpoints(client: VisibleClient) -> dict[str, Any]:
    """Where a client's own programs hear of rules."""
    return {"items": webhooks.all_endpoints()}


@endpoint(
    face,
    "/tenants/<client:client>/webhook-endpoints",
    needs="rules.write",
    method="PUT",
    accepts=NewEndpoint,
    returns=EndpointKept,
)
def keep_endpoint(client: VisibleClient, body: dict[str, Any]) -> dict[str, str]:
    """Add or change an endpoint; its secret stays as it was."""
    secret = webhooks.keep(body["key"], url=body["url"], on=body["on"], now=moment.here().now)
    return {"key": body["key"], "secret": secret}


@endpoint(face, "/tenants/<client:client>/rule-standards", needs="rules.read", returns=Standards)
def list_standards(client: VisibleClient) -> dict[str, Any]:
    """The provider's own wordings, as this client was given them."""
    return {"items": packs.standards()}


@endpoint(
    face,
    "/tenants/<client:client>/rule-standards",
    needs="rules.standard",
    method="PUT",
    accepts=NewStandard,
    returns=Rule,
)
def give_standard(client: VisibleClient, body: dict[str, Any]) -> rule_book.Kept:
    """Give a client the provider's wording of a rule, as a draft and as the standard for its own."""
    with placed():
        return packs.hand_out(body["document"], pack=body["pack"], locked=body["locked"], now=moment.here().now)


class Document(Schema):
    """A JSON Schema."""

    schema = fields.Dict(required=True)


@endpoint(face, "/schemas/rule-1.json", needs="rules.read", portfolio=True, returns=Document)
def show_rule_schema() -> dict[str, Any]:
    """The JSON Schema of goodterms.rule/1, for editors and programs that write rules."""
    return {"schema": schema.of_rules()}
