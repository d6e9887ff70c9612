"""Pools: the teams to which rules hand invoices and customers over, and who is away when."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.endpoint import endpoint
from service.fields import Day, Ref
from tenants.directory.access import VisibleClient
from tenants.rules import people

face = Blueprint("api_pools", __name__, url_prefix="/api/v1")
AT = "/tenants/<client:client>/pools"


class PoolMember(Schema):
    """Somebody in a pool."""

    pool = fields.String(required=True)
    person_id = Ref("per", required=True)
    name = fields.String(attribute="person_name", required=True)
    away_from_on = Day(required=True, allow_none=True)
    away_until_on = Day(required=True, allow_none=True)
    open_tasks = fields.Integer(required=True)


class Pools(Schema):
    """Everybody in a pool. A pool that nobody is in, or from which all are away, is the team leads."""

    pools = fields.List(fields.String(), required=True)
    items = fields.List(fields.Nested(PoolMember), required=True)


class Named(Schema):
    """Whom, in which pool."""

    pool = fields.String(required=True, validate=validate.OneOf(people.POOLS))
    person_id = Ref("per", required=True)


class Joining(Named):
    """Whom, in which pool, and when away; an absence without an end lasts until somebody says otherwise."""

    away_from_on = Day(load_default=None, allow_none=True)
    away_until_on = Day(load_default=None, allow_none=True)


@endpoint(face, AT, needs="people.read", returns=Pools)
def list_pools(client: VisibleClient) -> dict[str, Any]:
    """Who is in which pool."""
    return _shown()


@endpoint(face, AT, needs="team.write", method="PUT", accepts=Joining, returns=Pools)
def join_pool(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Put somebody into a pool, or say when they are away."""
    person: UUID = body["person_id"]
    away: dict[str, date | None] = {name: body[name] for name in ("away_from_on", "away_until_on")}
    people.put_into_pool(body["pool"], person_id=person, now=moment.here().now, **away)
    return _shown()


@endpoint(face, f"{AT}/leave", needs="team.write", method="POST", accepts=Named, returns=Pools)
def leave_pool(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Take somebody out of a pool; what they have stays theirs."""
    people.leave_pool(body["pool"], person_id=body["person_id"], now=moment.here().now)
    return _shown()


def _shown() -> dict[str, Any]:
    return {"pools": people.POOLS, "items": people.pools()}
