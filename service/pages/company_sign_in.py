"""How a client's people come in by the client's own means: identity providers, domains of mail, the directory."""

from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service.auth import single_sign_on as company
from service.endpoint import endpoint, tools
from service.pages import frame
from service.pages.people import ROLES
from service.scim import answers
from tenants.directory import connections, permissions, sign_in_rules, single_sign_on
from tenants.directory.access import VisibleClient
from tenants.directory.provisioning import groups, tokens

face = Blueprint("company_sign_in", __name__)
STATES = {"draft": ("not open yet", "warn"), "live": ("open", "good"), "off": ("shut", "")}
READ, WRITE, END = "connections.read", "connections.write", "connections.end"
BASE = "/c/<client:client>/connections"
ONE = f"{BASE}/<ref('idp'):connection_id>"


class Tested(Schema):
    """Whom a trial vouched for."""

    tested = fields.String(load_default="", validate=validate.Length(max=254))


class Rule(Schema):
    """What the client wants of its own people."""

    second_factor = fields.Boolean(load_default=False)


class Insisting(Schema):
    """Whether there is another way in than the company's own."""

    company_only = fields.Boolean(load_default=False)


class NewConnection(Schema):
    """An identity provider."""

    name = fields.String(required=True, validate=validate.Length(1, 80))
    issuer = fields.String(required=True, validate=validate.Length(1, 500))
    client_id = fields.String(required=True, validate=validate.Length(1, 300))
    secret = fields.String(required=True, validate=validate.Length(1, 500))
    jit = fields.Boolean(load_default=False)
    default_role = fields.String(load_default="client_viewer", validate=validate.Length(max=40))


class Domain(Schema):
    """A domain of mail addresses."""

    domain = fields.String(required=True, validate=validate.Length(1, 253))


class Named(Schema):
    """What a token is called."""

    name = fields.String(required=True, validate=validate.Length(1, 80))


class Meaning(Schema):
    """What a group means here."""

    role = fields.String(required=True, validate=validate.Length(max=40))


@endpoint(face, BASE, needs=READ, query=Tested)
def connections_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """Everything about the way in."""
    return _page(tested=query["tested"])


@endpoint(face, BASE, needs=WRITE, method="POST", accepts=NewConnection, fresh=True)
def add(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Add an identity provider; it opens nothing before it was tried."""
    connections.add(**body, now=tools().clock.now(), keys=tools().settings.keyring)
    return _back(client)


@endpoint(face, f"{ONE}/test", needs=WRITE, method="POST", fresh=True)
def try_it(client: VisibleClient, connection_id: UUID) -> Response:
    """Sign in through it as a trial: nothing opens, and whom it vouches for is shown."""
    found = connections.find(connection_id)
    question = single_sign_on.ask(found, providers=tools().providers, back=company.back())
    caller = frame.signed_in()
    return company.send(found, question, next_page="/", tester=caller.person_id)


@endpoint(face, f"{ONE}/open", needs=WRITE, method="POST", fresh=True)
def open_to_all(client: VisibleClient, connection_id: UUID) -> Response:
    """Open it to all."""
    connections.set_state(connection_id, state="live", now=tools().clock.now())
    return _back(client)


@endpoint(face, f"{ONE}/shut", needs=END, method="POST", fresh=True)
def shut(client: VisibleClient, connection_id: UUID) -> Response:
    """Let nobody in through it any more."""
    connections.set_state(connection_id, state="off", now=tools().clock.now())
    return _back(client)


@endpoint(face, f"{BASE}/domains", needs=WRITE, method="POST", accepts=Domain, fresh=True)
def claim(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Name a domain."""
    connections.claim_domain(body["domain"], now=tools().clock.now())
    return _back(client)


@endpoint(face, f"{BASE}/domains/check", needs=WRITE, method="POST", accepts=Domain)
def check(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Look whether the name service carries the word."""
    records = tools().names.texts(body["domain"])
    connections.prove_domain(body["domain"], records=records, now=tools().clock.now())
    return _back(client)


@endpoint(face, f"{BASE}/domains/drop", needs=WRITE, method="POST", accepts=Domain, fresh=True)
def drop(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Let a domain go."""
    connections.drop_domain(body["domain"], now=tools().clock.now())
    return _back(client)


@endpoint(face, f"{BASE}/tokens", needs=WRITE, method="POST", accepts=Named, fresh=True)
def make_token(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Make a token for a directory; this answer is the only one that shows it."""
    _, token = tokens.make(body["name"], now=tools().clock.now())
    return make_response(_page(token=token), 201)


@endpoint(face, f"{BASE}/tokens/<ref('sct'):token_id>/revoke", needs=END, method="POST")
def revoke_token(client: VisibleClient, token_id: UUID) -> Response:
    """Shut a directory's token."""
    tokens.revoke(token_id, now=tools().clock.now())
    return _back(client)


@endpoint(face, f"{BASE}/groups/<ref('scg'):group_id>", needs=WRITE, method="POST", accepts=Meaning, fresh=True)
def say_role(client: VisibleClient, group_id: UUID, body: dict[str, Any]) -> Response:
    """Say what a group means here."""
    groups.set_role(group_id, role=body["role"] or None, now=tools().clock.now())
    return _back(client)


@endpoint(face, f"{BASE}/second-factor", needs=WRITE, method="POST", accepts=Rule, fresh=True)
def choose_rule(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Want a second factor of everybody of the client, or not any more."""
    sign_in_rules.choose(second_factor=body["second_factor"], now=tools().clock.now())
    return _back(client)


@endpoint(face, f"{BASE}/company-only", needs=WRITE, method="POST", accepts=Insisting, fresh=True)
def insist(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Insist on the client's own identity provider, or not any more."""
    sign_in_rules.insist(company_only=body["company_only"], now=tools().clock.now())
    return _back(client)


def _page(*, tested: str = "", token: str = "") -> str:
    return frame.show(
        "connections.html",
        section="connections",
        stamp=frame.stamp(),
        rows=connections.all_of(),
        insists=sign_in_rules.insists(),
        wants_factor=sign_in_rules.wants_second_factor(),
        domains=connections.domains(),
        tokens=tokens.all_of(),
        groups=groups.with_roles(),
        states=STATES,
        roles={role: ROLES[role] for role in sorted(permissions.ASSERTABLE)},
        back=company.back(),
        scim=answers.base(),
        tested=tested,
        token=token,
    )


def _back(client: VisibleClient) -> Response:
    return frame.after_change(url_for("company_sign_in.connections_page", client=client.slug))
