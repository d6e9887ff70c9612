"""Decides who has to hold a second factor: the provider's people where its setting says so, a client's where it wants.

Somebody who has to and holds none is signed in, and sees nothing but the way to set one up. A client's own identity
provider asks for whatever it asks for; nobody is asked twice.

A client may insist on its provider: then its books open to people of its own domains by that word alone. Its admins
keep their own way in for the day on which the provider is down, and where no connection is open it insists on nothing.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import oauth_grants
from tenants.events import history
from tenants.isolation import scope
from tenants.store import Model, TenantOwned
from tenants.values.faults import Kind, Refusal

COMPANY = "company sign-in"
"""The method of a session that a client's own identity provider vouched for."""


class NothingToInsistOn(Refusal):
    """Whoever insisted on a way in that is not there would shut everybody out."""

    kind = Kind.CONFLICT
    code = "nothing_to_insist_on"
    remedy = "Prove a domain, try a connection and open it to all first."


class SignInRule(TenantOwned, Model):
    """What a client wants of its own people; a client without a row wants a password or more."""

    __tablename__ = "sign_in_rule"

    second_factor: Mapped[bool] = mapped_column(server_default=text("false"))
    company_only: Mapped[bool] = mapped_column(server_default=text("false"))
    chosen_by: Mapped[str]
    chosen_at: Mapped[datetime]


CHOSEN = "SELECT second_factor FROM sign_in_rule WHERE tenant_id = :tenant"
CHOOSE = """
INSERT INTO sign_in_rule (tenant_id, second_factor, chosen_by, chosen_at) VALUES (:tenant, :wanted, :actor, :now)
ON CONFLICT (tenant_id) DO UPDATE SET second_factor = excluded.second_factor, chosen_by = excluded.chosen_by,
  chosen_at = excluded.chosen_at
"""
INSISTS = "SELECT company_only FROM sign_in_rule WHERE tenant_id = :tenant"
INSIST = """
INSERT INTO sign_in_rule (tenant_id, company_only, chosen_by, chosen_at) VALUES (:tenant, :wanted, :actor, :now)
ON CONFLICT (tenant_id) DO UPDATE SET company_only = excluded.company_only, chosen_by = excluded.chosen_by,
  chosen_at = excluded.chosen_at
"""
CAN_INSIST = """
SELECT EXISTS (SELECT FROM idp_connection WHERE tenant_id = :tenant AND state = 'live')
  AND EXISTS (SELECT FROM email_domain WHERE tenant_id = :tenant AND verified_at IS NOT NULL)
"""
WANTS_FACTOR = "coalesce(bool_or(r.second_factor), false)"
"""Whether a client wants a second factor of one who is a member (m, with the client's rule r)."""
ITS_WORD_ALONE = """
coalesce(bool_or(r.company_only), false) AND NOT bool_or(m.role = 'tenant_admin')
AND EXISTS (SELECT FROM app.email_domain d WHERE d.tenant_id = t.id AND d.verified_at IS NOT NULL
  AND d.domain = split_part({email}, '@', 2))
AND EXISTS (SELECT FROM app.idp_connection c WHERE c.tenant_id = t.id AND c.state = 'live')
"""
"""Whether a client t opens to such a member by the word of its own provider alone."""
SOMEBODY_INSISTS = """
SELECT EXISTS (SELECT FROM app.sign_in_rule WHERE tenant_id = ANY(:of) AND company_only)
"""
HOLDS_ONE = """
EXISTS (SELECT FROM identity.totp t WHERE t.person_id = {person} AND t.confirmed_at IS NOT NULL)
OR EXISTS (SELECT FROM identity.passkey k WHERE k.person_id = {person})
"""


def wants_second_factor() -> bool:
    """Whether the current client wants a second factor of each of its own people."""
    return bool(store.run(CHOSEN).scalar_one_or_none())


def choose(*, second_factor: bool, now: datetime) -> None:
    """Want a second factor of everybody, or not any more; it counts from the next request on."""
    was = wants_second_factor()
    store.run(CHOOSE, wanted=second_factor, actor=scope.current().actor, now=now)
    if was != second_factor:
        history.note(
            "sign_in.ruled",
            about=("client", None),
            at=now,
            was={"second_factor": was},
            became={"second_factor": second_factor},
        )


def insists() -> bool:
    """Whether the current client insists on its own identity provider."""
    return bool(store.run(INSISTS).scalar_one_or_none())


def insist(*, company_only: bool, now: datetime) -> None:
    """Insist on the client's own identity provider, or not any more; it counts from the next request on, and what apps
    were let in by another way ends. Raises NothingToInsistOn."""
    if company_only and not store.run(CAN_INSIST).scalar_one():
        raise NothingToInsistOn("There is no open identity provider, or no proved domain, by which anybody could come.")
    was = insists()
    store.run(INSIST, wanted=company_only, actor=scope.current().actor, now=now)
    if company_only and not was:
        oauth_grants.revoke_of_people(scope.current().one, why="company sign-in is insisted on", now=now)
    if was != company_only:
        history.note(
            "sign_in.insisted",
            about=("client", None),
            at=now,
            was={"company_only": was},
            became={"company_only": company_only},
        )


def any_insists(tenants: Collection[UUID]) -> bool:
    """Whether one of these clients insists on its own identity provider; asked before anybody is known."""
    return bool(store.run_identity(SOMEBODY_INSISTS, of=list(tenants)).scalar_one())


def misses_one(*, side: str, method: str, holds: bool, client_wants: bool, of_staff: bool) -> bool:
    """Whether a session has to be led to a second factor before it opens anything else."""
    if holds or method == COMPANY:
        return False
    return of_staff if side == "provider" else client_wants
