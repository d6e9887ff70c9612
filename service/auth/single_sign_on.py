"""Sign-in through a client's own identity provider, and the test of a connection before it is opened to all."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, url_for
from marshmallow import EXCLUDE, Schema, fields, validate
from werkzeug.wrappers import Response

from service import identity, origins, problems
from service.auth import browser
from service.auth.sign_in import Next
from service.endpoint import PUBLIC, endpoint, tools
from service.fields import Ref
from tenants.directory import connections, memberships, outside_identities, sign_in_rules, single_sign_on, steps
from tenants.directory.connections import Connection
from tenants.directory.outside_identities import NotVouched
from tenants.directory.single_sign_on import Question, Vouched
from tenants.isolation import scope
from tenants.work import unit_of_work

face = Blueprint("auth_company", __name__)
STEP = "company sign-in"
BACK = "/sign-in/company/return"


class Company(Next):
    """Which company's sign-in."""

    tenant = Ref("ten", required=True)
    connection = Ref("idp", required=True)


class Answer(Schema):
    """What comes back; providers add words of their own."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "unknown": EXCLUDE})

    code = fields.String(validate=validate.Length(max=4096))
    state = fields.String(validate=validate.Length(max=400))
    iss = fields.String(validate=validate.Length(max=500))
    error = fields.String(validate=validate.Length(max=400))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sign-in at a company that this browser has begun."""

    connection: Connection
    said: dict[str, Any]

    @property
    def tester(self) -> UUID | None:
        """Whoever only tries the connection."""
        return UUID(self.said["tester"]) if self.said.get("tester") else None


@endpoint(face, "/sign-in/company", needs=PUBLIC, method="POST", accepts=Company)
def go(body: dict[str, Any]) -> Response:
    """Send the browser to the company's own sign-in; somebody who is signed in here is asked there once more."""
    if origins.is_foreign():
        raise problems.CsrfMissing("This sign-in did not come from our own page.")
    with unit_of_work(scope.platform(actor="sign-in", reason="find a company's identity provider")):
        found = connections.known(body["tenant"], body["connection"], now=tools().clock.now())
    if found is None or found.state != "live":
        raise NotVouched("This sign-in does not open anything here.")
    now = tools().clock.now()
    again = now if identity.caller(now) is not None else None
    question = single_sign_on.ask(found, providers=tools().providers, back=back(), again=again)
    with unit_of_work(scope.platform(actor="sign-in", reason="begin a company's sign-in")):
        return send(found, question, next_page=browser.inside(body["next"]))


def send(connection: Connection, question: Question, *, next_page: str, tester: UUID | None = None) -> Response:
    """Let the question wait with this browser, within the open unit. A page goes on, because a form may not leave our
    site."""
    said = {
        **question.said,
        "tenant": str(connection.tenant_id),
        "connection": str(connection.id),
        "next": next_page,
        "tester": str(tester) if tester else "",
    }
    token = steps.begin(STEP, now=tools().clock.now(), said=said)
    page = render_template("company.html", address=question.address, connection=connection)
    response = make_response(page)
    response.headers["Refresh"] = f"0; url={question.address}"
    return browser.wait(response, token)


@endpoint(face, BACK, needs=PUBLIC, query=Answer)
def come_back(query: dict[str, Any]) -> Response:
    """Take the answer that belongs to this browser's question, once, and open a session for whom it vouches."""
    waiting, now = _waiting(), tools().clock.now()
    vouched = single_sign_on.hear(
        waiting.connection,
        said=waiting.said,
        answer=query,
        secret=waiting.connection.secret(tools().settings.keyring),
        providers=tools().providers,
        back=back(),
        now=now,
    )
    if waiting.tester is not None:
        return _tested(waiting, vouched)
    person = _person(waiting.connection, vouched, now=now)
    with unit_of_work(scope.platform(actor="sign-in", reason="open a session after a company's sign-in")):
        if not outside_identities.is_here(waiting.connection.tenant_id, person, now=now):
            raise NotVouched("Nobody with this address was added.")
        fresh = browser.begin(person, now=now, method=sign_in_rules.COMPANY, within=waiting.connection.tenant_id)
    return browser.enter(fresh, waiting.said["next"])


def _waiting() -> Waiting:
    """The question that this browser has asked; it is used up, whatever the answer is."""
    with unit_of_work(scope.platform(actor="sign-in", reason="hear a company's identity provider")):
        now = tools().clock.now()
        step = steps.take(browser.step(), purpose=STEP, now=now)
        said = step.said if step else {}
        found = connections.known(UUID(said["tenant"]), UUID(said["connection"]), now=now) if said else None
    if found is None or not (found.state == "live" or said["tester"]):
        raise NotVouched("This sign-in does not open anything here.")
    return Waiting(found, said)


def _person(connection: Connection, vouched: Vouched, *, now: datetime) -> UUID:
    """Whoever the subject is, of the client's own organisation; one who comes for the first time is joined, and gets
    the default role."""
    with unit_of_work(scope.platform(actor="sign-in", reason="recognise a company's person")):
        home = vouched.organisation
        if home is not None and not connections.owns(connection.tenant_id, email=f"@{home}"):
            raise NotVouched("This sign-in does not open anything here.")
        known = outside_identities.recognise(connection, sub=vouched.sub)
        if known is not None:
            return known
        if not connections.owns(connection.tenant_id, email=vouched.email):
            raise NotVouched("This sign-in does not open anything here.")
        person = outside_identities.join(connection, sub=vouched.sub, email=vouched.email, name=vouched.name, now=now)
        has_role = outside_identities.is_here(connection.tenant_id, person, now=now)
    if connection.jit and not has_role:
        with unit_of_work(scope.tenant(connection.tenant_id, actor=f"connection:{connection.id}")):
            memberships.give(
                person,
                name=vouched.name or vouched.email,
                email=vouched.email,
                role=connection.default_role,
                now=now,
                reason=f"Signed in through {connection.name}",
            )
    return person


def _tested(waiting: Waiting, vouched: Vouched) -> Response:
    """The provider answered as it should: remember it, show whom it vouched for, and open nothing."""
    connection, now = waiting.connection, tools().clock.now()
    caller = identity.caller(now)
    client = None if caller is None else caller.client(f"{_slug(caller, connection)}")
    if caller is None or client is None or caller.person_id != waiting.tester:
        raise NotVouched("This sign-in does not open anything here.")
    with unit_of_work(scope.tenant(connection.tenant_id, actor=caller.actor)):
        connections.mark_tested(connection.id, now=now)
    return redirect(url_for("company_sign_in.connections_page", client=client.slug, tested=vouched.email), 303)


def _slug(caller: identity.Caller, connection: Connection) -> str:
    return next((each.slug for each in caller.clients if each.tenant_id == connection.tenant_id), "")


def insisting(email: str) -> list[Connection]:
    """The companies by whose own sign-in alone their books open to somebody with this address."""
    with unit_of_work(scope.platform(actor="sign-in", reason="find the sign-in of a person's company")):
        found = connections.of_address(email, now=tools().clock.now())
        return [each for each in found if sign_in_rules.any_insists([each.tenant_id])]


def back() -> str:
    """Our address for answers, registered word by word at the provider."""
    return str(tools().settings.public_url).rstrip("/") + BACK
