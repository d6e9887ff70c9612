"""The only way to declare a route: who may call it, what it takes, what it gives.

The declaration decides the scope of the unit of work: `<client:client>` in the path is one client, `portfolio=True`
reads every client in which the caller holds the permission, `needs=PORTAL` is one debtor behind a signed link,
`<ref('ten'):steered>` is a client of which the provider decides who may enter. A GET
gets a scope that cannot write.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import wraps
from hmac import compare_digest
from typing import Any

import structlog
from flask import Blueprint, Response, current_app, g, request
from marshmallow import Schema
from werkzeug.datastructures import Headers

from service import (
    api_versions,
    batches,
    bodies,
    closed,
    directories,
    dumping,
    etags,
    identity,
    links,
    origins,
    problems,
    proofs,
    rate_limits,
    reading,
    repeats,
    sizes,
    visits,
)
from service.identity import Caller
from tenants.assembly import Toolbox
from tenants.directory import clients
from tenants.events import request_keys
from tenants.isolation import scope
from tenants.isolation.scope import Scope
from tenants.work import unit_of_work

PUBLIC = "public"
SIGNED_IN = "signed_in"
PORTAL = "portal"
DIRECTORY = "directory"
"""A client's own directory, by its token: provisioning."""
OPEN_NEEDS = (PUBLIC, SIGNED_IN, PORTAL, DIRECTORY)
SAFE = ("GET", "HEAD", "OPTIONS")
JSON = "application/json"
API = "/api/"

View = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One declared route; the permission walk, the OpenAPI document and the guard tests read these."""

    blueprint: str
    rule: str
    method: str
    needs: str
    view: View
    accepts: type[Schema] | None
    query: type[Schema] | None
    returns: type[Schema] | None
    status: int
    portfolio: bool
    writes: bool
    consumes: str = JSON
    """The media type of the body, where there is one."""
    produces: str = JSON
    leaves: str = ""
    """The kind of evidence that opening it leaves; in the portal alone."""
    once: bool = False
    """Whether it moves money, mail or approval: then a repetition with the same key has no second effect."""
    fresh: bool = False
    """A person must have proved within ten minutes to be one."""
    enrols: bool = False
    """Whether it leads to a second factor, so that it is open to somebody who misses one."""
    opens: bool = False
    """Whether it opens a client: its scope is that of a client which is not there yet."""
    changes: View | None = None
    """What shows the object that is changed; its ETag is what the caller must have looked at."""

    @property
    def name(self) -> str:
        """The name of the endpoint as Flask knows it."""
        return f"{self.blueprint}.{self.view.__name__}"

    @property
    def is_export(self) -> bool:
        """Whether it gives away many rows at once as a file: whoever takes one proves to be there, and takes few."""
        return self.fresh and self.method in SAFE

    @property
    def is_tagged(self) -> bool:
        """Whether its answer is one object, which carries an ETag."""
        shows_one = self.returns is not None and "items" not in self.returns._declared_fields
        return shows_one and "<client:" in self.rule and (self.method == "GET" or self.changes is not None)


class Told(Response):
    """An answer that leads nowhere else and knows its length: its headers need not be copied and looked through."""

    def get_wsgi_headers(self, environ: Any) -> Headers:
        """They are complete."""
        return self.headers


ROUTES: list[Route] = []


def tools() -> Toolbox:
    """The toolbox of this process."""
    return current_app.extensions["goodterms"]  # type: ignore[no-any-return]


def endpoint(
    blueprint: Blueprint,
    rule: str,
    *,
    needs: str,
    method: str = "GET",
    accepts: type[Schema] | None = None,
    query: type[Schema] | None = None,
    returns: type[Schema] | None = None,
    status: int = 200,
    portfolio: bool = False,
    writes: bool | None = None,
    leaves: str = "",
    consumes: str = JSON,
    produces: str = JSON,
    once: bool = False,
    fresh: bool = False,
    enrols: bool = False,
    opens: bool = False,
    changes: View | None = None,
    batch: bool = False,
) -> Callable[[View], View]:
    """Declare one route. The method decides whether it may write.

    What the words mean stands at `Route`; `batch` declares the same for many at once beside it, each by itself.
    """
    if once and (method in SAFE or portfolio or needs in OPEN_NEEDS or returns is None or consumes != JSON):
        raise TypeError(f"{rule} cannot happen once: that is for changes by a known caller which answer in JSON")

    def declare(view: View) -> View:
        route = Route(
            blueprint.name,
            (blueprint.url_prefix or "") + rule,
            method,
            needs,
            view,
            *(accepts, query, returns, status, portfolio, method not in SAFE if writes is None else writes),
            consumes=consumes,
            produces=produces,
            leaves=leaves,
            once=once,
            fresh=fresh,
            enrols=enrols,
            opens=opens,
            changes=changes,
        )
        _register(blueprint, rule, route, batch=batch)
        return view

    return declare


def _register(blueprint: Blueprint, rule: str, route: Route, *, batch: bool) -> None:
    ROUTES.append(route)
    blueprint.add_url_rule(rule, view_func=_handler(route), methods=[route.method])
    if batch:
        _declare_many(blueprint, rule, route)


def _declare_many(blueprint: Blueprint, rule: str, one: Route) -> None:
    accepts, returns, view, status = one.accepts, one.returns, one.view, one.status
    if accepts is None or returns is None or rule.count("<") != 1:
        raise TypeError(f"{rule} cannot be asked for many at once: it takes no body, or one object in its path")

    def many(client: Any, body: dict[str, Any]) -> dict[str, Any]:
        return batches.each(
            body["items"], accepts=accepts, act=lambda item: view(client=client, body=item), status=status
        )

    many.__name__ = f"{view.__name__}_batch"
    many.__doc__ = f"Many at once: {(view.__doc__ or '').strip()}"
    endpoint(
        blueprint,
        rule + batches.SUFFIX,
        needs=one.needs,
        method=one.method,
        accepts=batches.request_of(accepts),
        returns=batches.answer_of(returns),
        once=True,
        fresh=one.fresh,
    )(many)


def _handler(route: Route) -> View:
    @wraps(route.view)
    def handle(**path: Any) -> Any:
        try:
            return _answer(route, path)
        except Exception as fault:
            return problems.answer(fault)

    return handle


def _answer(route: Route, path: dict[str, Any]) -> Any:
    sizes.bound(route.rule, route.consumes)
    caller = None if route.needs in (PUBLIC, PORTAL, DIRECTORY) else _signed_in()
    if caller is not None and not route.enrols:
        proofs.require_factor(caller)
    arguments = dict(path)
    opening = _scope(route, caller, arguments)
    if caller is not None and route.method not in SAFE:
        _require_csrf(caller)
    if route.rule.startswith(API):
        api_versions.check()
        if caller is not None:
            rate_limits.take(caller, g.get("client"), toolbox=tools())
    if caller is not None and route.fresh:
        proofs.require(caller, clock=tools().clock)
        if route.is_export:
            rate_limits.take_export(caller, g.client, toolbox=tools())
    if route.query is not None:
        arguments["query"] = reading.asked(route.query, bodies.flat(request.args))
    elif caller is not None and request.query_string and route.rule.startswith(API):
        reading.asked(Schema, bodies.flat(request.args))
    sent: Any = _body() if route.accepts is not None else None
    if route.accepts is not None:
        arguments["body"] = reading.reader(route.accepts).load(sent)
    asked = _asked_once(route, caller, path, sent)
    looked_at = etags.require() if route.changes is not None else ""
    with opening:
        if route.changes is not None:
            clients.queue_up()
            etags.compare(looked_at, _tag_of(route.changes, arguments))
        if asked and "steered" in path:
            clients.profile()  # a client that is not there is told before anything is kept in its books
        kept = request_keys.claim(asked, now=tools().clock.now()) if asked else None
        if kept is not None:
            return repeats.replay(kept)
        given = route.view(**arguments)
        if route.returns is None:
            return given
        shown = dumping.dump(route.returns, given)
        answer = Told(shown, content_type=JSON)
        if route.is_tagged:
            answer.headers["ETag"] = etags.tag(route.returns, shown)
        if asked:
            request_keys.settle(asked, status=route.status, answer=shown, now=tools().clock.now())
    answer.status_code = route.status
    return answer


def _asked_once(route: Route, caller: Caller | None, path: dict[str, Any], sent: Any) -> request_keys.Asked | None:
    return repeats.asked(route.name, caller, path, sent, opens=route.opens) if route.once and caller else None


def _tag_of(view: View, arguments: dict[str, Any]) -> str:
    """The ETag of what another route shows now, in the open unit."""
    shows = next(each for each in ROUTES if each.view is view)
    assert shows.returns is not None, shows.name
    ways = {name: value for name, value in arguments.items() if name not in ("body", "query")}
    return etags.tag(shows.returns, dumping.dump(shows.returns, view(**ways)))


def _signed_in() -> Caller:
    caller = identity.caller(tools().clock.now())
    if caller is None:
        raise problems.NotSignedIn("This page is for people who are signed in.")
    structlog.contextvars.bind_contextvars(actor=caller.actor)
    return caller


def _scope(route: Route, caller: Caller | None, arguments: dict[str, Any]) -> AbstractContextManager[Any]:
    if route.needs == PORTAL:
        return _portal_scope(route, arguments)
    if route.needs == DIRECTORY:
        return directories.opened(writes=route.writes, clock=tools().clock)
    if caller is None or route.needs == SIGNED_IN:
        return nullcontext()
    if "client" in arguments:
        client = caller.client(arguments["client"])
        if client is None:
            raise problems.NotFound("There is no such page.")
        closed.refuse(client, caller, needs=route.needs, reads=route.method in SAFE)
        if not caller.may(route.needs, client):
            raise problems.NotAllowed(f"This needs the permission “{route.needs}” for {client.name}.")
        arguments["client"] = g.client = client
        if client.is_visited:
            visits.keep(route.method, route.rule, caller, client, clock=tools().clock)
        enter = scope.tenant if route.writes else scope.viewing
        return _books(enter(client.tenant_id, actor=caller.actor))
    if "steered" in arguments:
        if not caller.may_at_provider(route.needs):
            raise problems.NotAllowed(f"This needs the permission “{route.needs}” at the provider.")
        return unit_of_work(scope.tenant(arguments["steered"], actor=caller.actor))
    if route.portfolio:
        readable = tuple(each.tenant_id for each in caller.clients_with(route.needs))
        if not readable and not caller.waits_for_clients:
            raise problems.NotAllowed(f"This needs the permission “{route.needs}” in at least one client.")
        return unit_of_work(scope.portfolio(readable, actor=caller.actor))
    if not caller.may_at_provider(route.needs):
        raise problems.NotAllowed(f"This needs the permission “{route.needs}” at the provider.")
    if route.opens:
        return unit_of_work(scope.tenant(repeats.opened(route.name, caller, once=route.once), actor=caller.actor))
    return unit_of_work(scope.platform(actor=caller.actor, reason=f"provider page {route.name}"))


@contextmanager
def _books(opening: Scope) -> Iterator[None]:
    """The books of the client that is named in the path; `moment` reads its clock, which was told on the way in."""
    with clients.books(opening) as g.client_clock:
        try:
            yield
        finally:
            del g.client_clock


def _portal_scope(route: Route, arguments: dict[str, Any]) -> AbstractContextManager[Any]:
    """Open the signed link in the path; a forged, expired or revoked one is a page that is not there.

    Looking is narrowed to the debtor's own rows. A change touches what no debtor may see (holds, work), so it happens
    in the client's scope, and its view takes every id from the grant.
    """
    grant = links.opened(arguments.pop("token"), toolbox=tools())
    arguments["grant"] = grant
    if route.leaves:
        links.leave(grant, kind=route.leaves, toolbox=tools())
    actor = f"debtor:{grant.contact_id}"
    if route.method not in SAFE:
        return unit_of_work(scope.tenant(grant.tenant_id, actor=actor))
    return unit_of_work(replace(scope.debtor(grant.tenant_id, grant.debtor_id, actor=actor), write=None))


def _require_csrf(caller: Caller) -> None:
    """A browser sends its cookie by itself, so its page proves that it is ours; nobody sends a token by itself."""
    if caller.token is not None:
        return
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    if origins.is_foreign() or not compare_digest(given.encode(), caller.csrf_token.encode()):
        raise problems.CsrfMissing("The request did not come from one of our pages.")


def _body() -> Any:
    if problems.wants_json():
        return bodies.json_body()
    return {key: value for key, value in bodies.flat(request.form).items() if key != "csrf_token"}
