"""Lists over every client that the caller may enter: tasks, alerts, and the clients themselves."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import identity
from service.api import paging, tasks
from service.api.alerts import CausesOfAlerts
from service.api.whoami import ClientRoles, roles_in
from service.endpoint import endpoint, tools
from service.fields import Day, MoneyField, Ref
from tenants.collections import alerts, worklist
from tenants.insight import finding

face = Blueprint("api_portfolio", __name__, url_prefix="/api/v1")


class PortfolioWorklist(tasks.Worklist):
    """Which part of the list, and whose tasks."""

    mine = fields.Boolean(load_default=False, metadata={"description": "Only my tasks and those of nobody"})


class Counts(Schema):
    """How many tasks stand in each open section."""

    answer = fields.Integer(required=True)
    today = fields.Integer(required=True)
    waiting = fields.Integer(required=True)


class Clients(Schema):
    """The clients that the caller may enter, by name."""

    items = fields.List(fields.Nested(ClientRoles), required=True)


@endpoint(
    face,
    "/portfolio/worklist",
    needs="portfolio.read",
    portfolio=True,
    query=PortfolioWorklist,
    returns=paging.page_of(tasks.Task),
)
def list_worklist(query: dict[str, Any]) -> dict[str, Any]:
    """What to do next over all assigned clients, and why."""
    return tasks.page("worklist", query, assignee_id=_caller().person_id if query["mine"] else None)


@endpoint(face, "/portfolio/worklist/counts", needs="portfolio.read", portfolio=True, returns=Counts)
def count_worklist() -> dict[str, int]:
    """How much there is to do."""
    return {section.value: count for section, count in worklist.counts().items()}


@endpoint(face, "/portfolio/alerts", needs="portfolio.read", portfolio=True, returns=CausesOfAlerts)
def list_portfolio_alerts() -> dict[str, Any]:
    """The open alerts of all assigned clients, one line for each client and cause."""
    return {"items": alerts.inbox()}


class FoundCustomer(Schema):
    """A customer that was found."""

    client_id = Ref("ten", attribute="tenant_id", required=True)
    id = Ref("deb", required=True)
    number = fields.String(required=True)
    name = fields.String(required=True)


class FoundInvoice(Schema):
    """An invoice that was found."""

    client_id = Ref("ten", attribute="tenant_id", required=True)
    id = Ref("inv", required=True)
    number = fields.String(required=True)
    debtor_name = fields.String(attribute="customer", required=True)
    open = MoneyField("open_minor", required=True)
    due_on = Day(required=True)


class Found(Schema):
    """What a search found, at most twenty of each kind."""

    customers = fields.List(fields.Nested(FoundCustomer), required=True)
    invoices = fields.List(fields.Nested(FoundInvoice), required=True)
    more = fields.Boolean(required=True, metadata={"description": "There are more than are shown"})


class Search(Schema):
    """What is searched for: a name, a number or the beginning of one."""

    q = fields.String(required=True, validate=validate.Length(finding.SHORTEST, 80))


@endpoint(face, "/portfolio/search", needs="ledger.read", portfolio=True, query=Search, returns=Found)
def search_portfolio(query: dict[str, str]) -> finding.Found:
    """Customers and invoices of every client that the caller may read."""
    return finding.find(query["q"])


@endpoint(face, "/portfolio/clients", needs="client.read", portfolio=True, returns=Clients)
def list_clients() -> dict[str, Any]:
    """The clients that the caller may enter, and the roles held there."""
    return {"items": [roles_in(client, _caller()) for client in _caller().clients_with("client.read")]}


def _caller() -> identity.Caller:
    caller = identity.caller(tools().clock.now())
    assert caller is not None
    return caller
