"""Groups of a directory."""

from uuid import UUID

from flask import Blueprint, request
from werkzeug.wrappers import Response

from service.endpoint import DIRECTORY, endpoint, tools
from service.scim import answers
from service.scim.users import document, operations
from tenants.directory.provisioning import filters, groups, patching
from tenants.directory.provisioning.shape import GROUP

face = Blueprint("scim_groups", __name__, url_prefix=f"{answers.BASE}/Groups")
ONE = "/<ref('scg'):group_id>"


@endpoint(face, "", needs=DIRECTORY)
def list_groups() -> Response:
    """A page of groups, all or those that a filter names."""
    start, count = answers.window()
    terms = filters.read(request.args["filter"]) if request.args.get("filter") else ()
    total, found = groups.page(terms, offset=start - 1, limit=count)
    return answers.many([answers.written(GROUP, each) for each in found], total=total, start=start)


@endpoint(face, "", needs=DIRECTORY, method="POST", status=201)
def create_group() -> Response:
    """Add a group with its members."""
    return answers.one(GROUP, groups.create(document(), now=tools().clock.now()), status=201)


@endpoint(face, ONE, needs=DIRECTORY)
def read_group(group_id: UUID) -> Response:
    """One group."""
    return answers.one(GROUP, groups.find(group_id))


@endpoint(face, ONE, needs=DIRECTORY, method="PUT")
def replace_group(group_id: UUID) -> Response:
    """Make a group what is sent."""
    groups.locked(group_id, version=answers.wanted_version())
    return answers.one(GROUP, groups.change(group_id, document(), now=tools().clock.now()))


@endpoint(face, ONE, needs=DIRECTORY, method="PATCH")
def patch_group(group_id: UUID) -> Response:
    """Change parts of a group."""
    kept = groups.locked(group_id, version=answers.wanted_version())
    after = patching.patched(GROUP, kept.said, operations(document()))
    return answers.one(GROUP, groups.change(group_id, after, now=tools().clock.now()))


@endpoint(face, ONE, needs=DIRECTORY, method="DELETE", status=204)
def remove_group(group_id: UUID) -> Response:
    """Take a group away."""
    groups.locked(group_id, version=answers.wanted_version())
    groups.remove(group_id, now=tools().clock.now())
    return Response(status=204)
