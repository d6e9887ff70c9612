"""Users of a directory."""

from typing import Any
from uuid import UUID

from flask import Blueprint, request
from werkzeug.wrappers import Response

from service import bodies
from service.endpoint import DIRECTORY, endpoint, tools
from service.scim import answers
from tenants.directory.provisioning import filters, patching, users
from tenants.directory.provisioning.shape import USER, BadValue
from tenants.directory.provisioning.users import Resource

face = Blueprint("scim_users", __name__, url_prefix=f"{answers.BASE}/Users")
ONE = "/<ref('scu'):user_id>"


@endpoint(face, "", needs=DIRECTORY)
def list_users() -> Response:
    """A page of users, all or those that a filter names."""
    start, count = answers.window()
    terms = filters.read(request.args["filter"]) if request.args.get("filter") else ()
    total, found = users.page(terms, offset=start - 1, limit=count)
    groups = users.groups_of([each.id for each in found])
    listed = [answers.written(USER, each, more=answers.groups_told(groups[each.id])) for each in found]
    return answers.many(listed, total=total, start=start)


@endpoint(face, "", needs=DIRECTORY, method="POST", status=201)
def create_user() -> Response:
    """Add a user."""
    return shown(users.create(document(), now=tools().clock.now()), status=201)


@endpoint(face, ONE, needs=DIRECTORY)
def read_user(user_id: UUID) -> Response:
    """One user."""
    return shown(users.find(user_id))


@endpoint(face, ONE, needs=DIRECTORY, method="PUT")
def replace_user(user_id: UUID) -> Response:
    """Make a user what is sent."""
    users.locked(user_id, version=answers.wanted_version())
    return shown(users.change(user_id, document(), now=tools().clock.now()))


@endpoint(face, ONE, needs=DIRECTORY, method="PATCH")
def patch_user(user_id: UUID) -> Response:
    """Change parts of a user."""
    kept = users.locked(user_id, version=answers.wanted_version())
    after = patching.patched(USER, kept.said, operations(document()))
    return shown(users.change(user_id, after, now=tools().clock.now()))


@endpoint(face, ONE, needs=DIRECTORY, method="DELETE", status=204)
def remove_user(user_id: UUID) -> Response:
    """Take a user away."""
    users.locked(user_id, version=answers.wanted_version())
    users.remove(user_id, now=tools().clock.now())
    return Response(status=204)


def shown(found: Resource, *, status: int = 200) -> Response:
    """A user with its groups."""
    groups = users.groups_of([found.id])[found.id]
    return answers.one(USER, found, more=answers.groups_told(groups), status=status)


def document() -> dict[str, Any]:
    """The JSON object that was sent. Raises BadValue for any other document."""
    sent = bodies.json_body()
    if not isinstance(sent, dict):
        raise BadValue("Send one JSON object.")
    return sent


def operations(sent: dict[str, Any]) -> Any:
    """The operations of a patch; some directories write the word in small letters."""
    return next((value for name, value in sent.items() if name.lower() == "operations"), None)
