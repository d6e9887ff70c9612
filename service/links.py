"""What a signed link in a mail opens: one debtor of one client, until it expires or is revoked; and what opening it
leaves behind."""

from flask import current_app, request

from service import identity, problems, rate_limits
from service.reception import Reception
from tenants.assembly import Toolbox
from tenants.delivery import hits, links, tokens
from tenants.delivery.hits import Fetch
from tenants.delivery.links import LinkGrant
from tenants.directory import clients, closings
from tenants.directory.clients import UnknownClient
from tenants.isolation import scope
from tenants.work import unit_of_work


def opened(token: str, *, toolbox: Toolbox) -> LinkGrant:
    """Return what the token grants. Raises NotFound for a forged, expired or revoked one: the three are
    answered alike. Raises ClientLeft for a good one of a closed client, TooFast for one that is
    opened too often."""
    secret, real = toolbox.settings.secret_key, toolbox.clock.now()
    try:
        tenant_id, link_id = links.named(token, secret=secret)
        rate_limits.take_link(link_id, toolbox=toolbox)
        with unit_of_work(scope.viewing(tenant_id, actor="portal link")):
            granted = links.open(token, secret=secret, now=clients.clock().now(real))
            closings.refuse_debtors()
            return granted
    except (tokens.BadToken, UnknownClient):
        raise problems.NotFound(
            "This link is no longer valid.", remedy="Answer the mail that it came in, and ask for a new one."
        ) from None


def leave(grant: LinkGrant, *, kind: str, toolbox: Toolbox) -> None:
    """Keep that somebody came by this link, to be judged later; our own people leave nothing."""
    if by_staff(toolbox):
        return
    real = toolbox.clock.now()
    hit = hits.of_grant(fetch(kind), grant=grant, real=real)
    reception().keep(grant.tenant_id, hit)


def reception() -> Reception:
    """Where this process takes hits."""
    return current_app.extensions["reception"]  # type: ignore[no-any-return]


def fetch(kind: str) -> Fetch:
    """The request at hand, as evidence sees it."""
    return Fetch(
        kind=kind,
        method=request.method,
        agent=request.headers.get("User-Agent", ""),
        address=request.remote_addr or "",
        target=request.url_rule.rule if request.url_rule else "",
    )


def by_staff(toolbox: Toolbox) -> bool:
    """Whether somebody is signed in in this browser: our own people leave no evidence."""
    return identity.caller(toolbox.clock.now()) is not None
