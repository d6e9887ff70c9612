"""Where images that tell of opens may stand: the client's word for all, its word for a country, what readers said."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.api.tracking import COUNTRY
from service.endpoint import endpoint
from service.pages import delivery_tabs, frame
from tenants.delivery import tallies, tracking
from tenants.directory import clients
from tenants.directory.access import VisibleClient

face = Blueprint("consents", __name__)
PAGE = "/c/<client:client>/delivery/consent"
SHOWN = timedelta(days=90)


class Decision(Schema):
    """What holds for all customers, or for those of one country; an empty country is all."""

    country = fields.String(load_default="", validate=lambda text: COUNTRY(text) if text else None)
    pixel = fields.String(required=True, validate=validate.OneOf((*tracking.MODES, "as_client")))
    basis = fields.String(load_default="", validate=validate.Length(max=500))


@endpoint(face, PAGE, needs="delivery.read")
def matrix_page(client: VisibleClient) -> str:
    """The matrix: country by country, what was decided, on what basis, and what readers said."""
    here = moment.here()
    said: dict[str, dict[str, int]] = {}
    for row in tracking.consents():
        said.setdefault(row["country"], {})[row["consent"]] = row["contacts"]
    rules = {row["country"]: row for row in tracking.rules()}
    return delivery_tabs.show(
        "consent_matrix.html",
        client,
        tab="tracking",
        everywhere=clients.profile().pixel,
        rules=rules,
        said=said,
        countries=sorted({*rules, *said}),
        counted=tallies.rates(since_on=here.today - SHOWN, since=here.now - SHOWN),
        modes=tracking.MODES,
    )


@endpoint(face, PAGE, needs="settings.write", method="POST", accepts=Decision)
def decide(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Decide for one country, or for all others."""
    now = moment.here().now
    if not body["country"]:
        tracking.decide_for_all(pixel=body["pixel"], basis=body["basis"], now=now)
    elif body["pixel"] == "as_client":
        tracking.forget(body["country"], now=now)
    else:
        tracking.decide(body["country"], pixel=body["pixel"], basis=body["basis"], now=now)
    return frame.after_change(url_for("consents.matrix_page", client=client.slug))
