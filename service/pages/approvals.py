"""Approvals: what rules ask of people before they act; a yes or no with a word, never by opening a page."""

from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.endpoint import endpoint
from service.pages import frame
from tenants.directory.access import VisibleClient
from tenants.rules import approvals, deciding
from tenants.values import ids

face = Blueprint("approvals", __name__)
PAGE = "/c/<client:client>/approvals"
LATEST = 20


class Answer(Schema):
    """A person's answer; a no has its reason."""

    answer = fields.String(required=True, validate=validate.OneOf(("yes", "no")))
    words = fields.String(load_default="", validate=validate.Length(max=500))


class Start(Schema):
    """From where on."""

    after = fields.String(load_default="", validate=validate.Length(max=60))


@endpoint(face, PAGE, needs="rules.read", query=Start)
def list_page(client: VisibleClient, query: dict[str, str]) -> str:
    """The open questions, and what was decided lately."""
    stamp = frame.stamp()
    after = ids.read("apr", query["after"]) if query["after"] else None
    waiting = approvals.page(("waiting",), after=after, limit=approvals.PAGE_LENGTH)
    return frame.show(
        "approvals.html",
        section="approvals",
        stamp=stamp,
        waiting=waiting,
        stake=approvals.at_stake(waiting, today=stamp.today),
        mine={role for role, held in approvals.ROLES_OF.items() if set(held) & client.roles},
        decided=approvals.page(("granted", "refused", "lapsed", "moot"), limit=LATEST),
        further=ids.show("apr", waiting[-1]["id"]) if len(waiting) == approvals.PAGE_LENGTH else "",
    )


@endpoint(face, f"{PAGE}/<ref('apr'):approval_id>", needs="rules.answer", method="POST", accepts=Answer)
def answer(client: VisibleClient, approval_id: UUID, body: dict[str, str]) -> Response:
    """Answer one question; what a yes leads to happens if the rule still matches."""
    here = moment.here()
    deciding.decide(
        approval_id,
        yes=body["answer"] == "yes",
        words=body["words"].strip(),
        roles=tuple(client.roles),
        now=here.now,
        real=here.wall,
        today=here.today,
    )
    return frame.after_change(url_for("approvals.list_page", client=client.slug))
