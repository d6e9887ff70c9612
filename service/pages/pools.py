"""Pools: who takes what rules hand over, and who is away."""

from typing import Any

from flask import Blueprint, url_for
from marshmallow import Schema, fields
from werkzeug.wrappers import Response

from service import moment
from service.endpoint import endpoint
from service.fields import Ref
from service.pages import frame, rules_tabs
from service.pages.invoices import end_of
from tenants.directory.access import VisibleClient
from tenants.rules import people

face = Blueprint("pools", __name__)
PAGE = "/c/<client:client>/pools"


class Named(Schema):
    """Whom, in which pool."""

    pool = fields.String(required=True)
    person_id = Ref("per", required=True)


class Joining(Named):
    """Whom, in which pool, and when away."""

    away_from_on = fields.String(load_default="")
    away_until_on = fields.String(load_default="")


@endpoint(face, PAGE, needs="people.read")
def list_page(client: VisibleClient) -> str:
    """Each pool with its people."""
    stamp = frame.stamp()
    return frame.show(
        "pools.html",
        section="rules",
        stamp=stamp,
        pools=people.POOLS,
        members=people.pools(),
        staff=people.staff(now=stamp.now),
        tabs=rules_tabs.of(client),
        tab="pools",
    )


@endpoint(face, PAGE, needs="team.write", method="POST", accepts=Joining)
def join(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Put somebody into a pool, or say when they are away."""
    away = {name: end_of(body[name]) for name in ("away_from_on", "away_until_on")}
    people.put_into_pool(body["pool"], person_id=body["person_id"], now=moment.here().now, **away)
    return frame.after_change(url_for("pools.list_page", client=client.slug))


@endpoint(face, f"{PAGE}/leave", needs="team.write", method="POST", accepts=Named)
def leave(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Take somebody out of a pool."""
    people.leave_pool(body["pool"], person_id=body["person_id"], now=moment.here().now)
    return frame.after_change(url_for("pools.list_page", client=client.slug))
