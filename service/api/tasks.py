"""Tasks: what a person should do in one client, in the order of the worklist."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api import paging
from service.endpoint import endpoint, tools
from service.fields import Actor, Day, Instant, MoneyField, Ref
from tenants.collections import tasks, worklist
from tenants.collections.worklist import Row, Section
from tenants.directory.access import VisibleClient

face = Blueprint("api_tasks", __name__, url_prefix="/api/v1")


class Worklist(paging.PageQuery):
    """Which part of the list."""

    section = fields.Enum(Section, by_value=True, load_default=Section.TODAY)


class Task(Schema):
    """One thing to do, with its reason, what is at stake, and why it stands where it stands."""

    id = Ref("tsk", attribute="task_id", required=True)
    tenant_id = Ref("ten", required=True)
    client = fields.String(required=True)
    slug = fields.String(required=True)
    kind = fields.String(required=True)
    title = fields.String(required=True)
    reason = fields.String(required=True)
    state = fields.String(required=True)
    rule_key = fields.String(required=True)
    debtor_id = Ref("deb", required=True, allow_none=True)
    debtor_name = fields.String(attribute="customer", required=True)
    debtor_number = fields.String(attribute="customer_number", required=True)
    invoice_id = Ref("inv", required=True, allow_none=True)
    invoice_number = fields.String(required=True)
    assignee_id = Ref("per", required=True, allow_none=True)
    amount = MoneyField("amount_minor", required=True, allow_none=True)
    days_overdue = fields.Integer(required=True)
    last_contact_at = Instant(required=True, allow_none=True)
    evidence_level = fields.Integer(required=True, validate=validate.Range(0, 7))
    next_step = fields.String(required=True)
    due_on = Day(required=True, allow_none=True)
    wakes_on = Day(required=True, allow_none=True)
    opened_at = Instant(required=True)
    closed_at = Instant(required=True, allow_none=True)
    closed_by = Actor(required=True)
    outcome = fields.String(required=True)
    why_this_order = fields.Function(
        lambda row: list(row.why_this_order.in_words()), metadata={"type": "array", "items": {"type": "string"}}
    )


class Outcome(Schema):
    """How it ended."""

    outcome = fields.String(load_default="", validate=validate.Length(max=500))


class Reason(Schema):
    """Why it is not to be done after all."""

    reason = fields.String(required=True, validate=validate.Length(1, 500))


class Sleep(Schema):
    """Until when it is out of sight."""

    until = Day(required=True)


@endpoint(
    face, "/tenants/<client:client>/tasks", needs="collections.read", query=Worklist, returns=paging.page_of(Task)
)
def list_tasks(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """The tasks of one section, the most urgent first."""
    return page("tasks", query)


@endpoint(face, "/tenants/<client:client>/tasks/<ref('tsk'):task_id>", needs="collections.read", returns=Task)
def show_task(client: VisibleClient, task_id: UUID) -> Row:
    """One task."""
    return worklist.one(task_id, now=tools().clock.now())


@endpoint(
    face,
    "/tenants/<client:client>/tasks/<ref('tsk'):task_id>/done",
    needs="collections.write",
    method="POST",
    accepts=Outcome,
    returns=Task,
)
def finish_task(client: VisibleClient, task_id: UUID, body: dict[str, str]) -> Row:
    """Say that a task is done."""
    tasks.complete(task_id, now=moment.here().now, outcome=body["outcome"])
    return worklist.one(task_id, now=tools().clock.now())


@endpoint(
    face,
    "/tenants/<client:client>/tasks/<ref('tsk'):task_id>/drop",
    needs="collections.write",
    method="POST",
    accepts=Reason,
    returns=Task,
)
def drop_task(client: VisibleClient, task_id: UUID, body: dict[str, str]) -> Row:
    """Say why a task is not to be done."""
    tasks.drop(task_id, now=moment.here().now, reason=body["reason"])
    return worklist.one(task_id, now=tools().clock.now())


@endpoint(
    face,
    "/tenants/<client:client>/tasks/<ref('tsk'):task_id>/snooze",
    needs="collections.write",
    method="POST",
    accepts=Sleep,
    returns=Task,
)
def snooze_task(client: VisibleClient, task_id: UUID, body: dict[str, Any]) -> Row:
    """Put a task out of sight until a day to come."""
    here = moment.here()
    tasks.snooze(task_id, until=body["until"], now=here.now, today=here.today)
    return worklist.one(task_id, now=here.wall)


@endpoint(
    face,
    "/tenants/<client:client>/tasks/<ref('tsk'):task_id>/undo",
    needs="collections.write",
    method="POST",
    returns=Task,
)
def undo_task(client: VisibleClient, task_id: UUID) -> Row:
    """Take back a snooze, or within ten minutes an end."""
    tasks.undo(task_id, now=moment.here().now)
    return worklist.one(task_id, now=tools().clock.now())


def page(name: str, query: dict[str, Any], *, assignee_id: UUID | None = None) -> dict[str, Any]:
    """One page of the list over every client in scope."""
    found = worklist.page(
        query["section"],
        now=tools().clock.now(),
        assignee_id=assignee_id,
        after=paging.start(name, query, int, UUID),
        limit=query["limit"],
    )
    return paging.answer(name, query, found.rows, found.after)
