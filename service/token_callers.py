"""Callers with an access token: bound to a key, they prove it each time, and one client company is all they see."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import structlog
from flask import current_app, request

from service import problems
from tenants.directory import access, access_tokens, proofs
from tenants.directory.access import VisibleClient
from tenants.directory.access_tokens import Accepted, House
from tenants.directory.oauth_grants import Grant
from tenants.isolation import scope
from tenants.values.signed import NotSigned
from tenants.work import unit_of_work

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ByToken:
    """What an access token lets in."""

    grant: Grant
    scopes: frozenset[str]
    client_id: str

    @property
    def actor(self) -> str:
        """Who acts, as scopes and the history name it."""
        return self.grant.actor


def believed(now: datetime) -> tuple[ByToken, tuple[VisibleClient, ...]]:
    """Whoever the token of this request speaks for. Raises BadToken; the reason stays in the log."""
    try:
        scheme, text = _shown()
        house = House(current_app.config["PUBLIC_URL"].rstrip("/"))
        with unit_of_work(scope.platform(actor="oauth", reason="believe an access token")):
            accepted = access_tokens.accept(text, house=house, now=now)
            _check_key(accepted, scheme, text, house=house, now=now)
            clients = _clients(accepted.grant, now)
    except NotSigned as fault:
        log.info("oauth.token.refused", why=str(fault))
        raise problems.BadToken("The access token is not good.") from None
    return ByToken(accepted.grant, accepted.scopes, accepted.client_id), clients


def _shown() -> tuple[str, str]:
    given = request.headers.getlist("Authorization")
    scheme, _, text = given[0].partition(" ")
    if len(given) != 1 or scheme.lower() not in ("bearer", "dpop"):
        raise NotSigned("no token, or several")
    return scheme.lower(), text.strip()


def _check_key(accepted: Accepted, scheme: str, text: str, *, house: House, now: datetime) -> None:
    """A bound token comes with a proof of its key, never as a bearer token; one that is not bound needs a waiver."""
    given = request.headers.getlist("DPoP")
    if accepted.jkt is None:
        if scheme != "bearer" or given or accepted.grant.needs_proof:
            raise NotSigned("not bound to a key, and shown as if it were or without a waiver")
        return
    if scheme != "dpop" or len(given) != 1:
        raise NotSigned("bound to a key, and shown without one proof")
    address = house.issuer + urlsplit(request.base_url).path
    if proofs.checked(given[0], method=request.method, address=address, now=now, token=text) != accepted.jkt:
        raise NotSigned("a proof of another key")


def _clients(grant: Grant, now: datetime) -> tuple[VisibleClient, ...]:
    if grant.person_id is None:
        return access.client_of_machine(grant.tenant_id)
    return tuple(each for each in access.visible_clients(grant.person_id, now=now) if each.tenant_id == grant.tenant_id)
