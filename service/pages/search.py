"""One search over every client that the caller may enter: customers by name, invoices by number or reference."""

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service.endpoint import endpoint
from service.pages import frame
from tenants.insight import finding

face = Blueprint("search", __name__)


class Asked(Schema):
    """What is searched for."""

    q = fields.String(load_default="", validate=validate.Length(max=80))


@endpoint(face, "/search", needs="ledger.read", portfolio=True, query=Asked)
def search_page(query: dict[str, str]) -> str:
    """What was found, with the client that it belongs to."""
    return frame.show(
        "search.html",
        section="search",
        q=query["q"],
        found=finding.find(query["q"]),
        whose={each.tenant_id: each for each in frame.signed_in().clients_with("ledger.read")},
    )
