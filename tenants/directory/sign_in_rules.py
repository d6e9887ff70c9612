"""Decides who has to hold a second factor: the provider's people where its setting says so, a client's where it wants.

Somebody who has to and holds none is signed in, and sees nothing but the way to set one up. A client's own identity
provider asks for whatever it asks for; nobody is asked twice.
"""

from datetime import datetime

from sqlalchemy.orm import Mapped

from tenants import store
from tenants.events import history
from tenants.isolation import scope
from tenants.store import Model, TenantOwned

COMPANY = "company sign-in"
"""The method of a session that a client's own identity provider vouched for."""


class SignInRule(TenantOwned, Model):
    """What a client wants of its own people; a client without a row wants a password or more."""

    __tablename__ = "sign_in_rule"

    second_factor: Mapped[bool]
    chosen_by: Mapped[str]
    chosen_at: Mapped[datetime]


CHOSEN = "SELECT second_factor FROM sign_in_rule WHERE tenant_id = :tenant"
CHOOSE = """
INSERT INTO sign_in_rule (tenant_id, second_factor, chosen_by, chosen_at) VALUES (:tenant, :wanted, :actor, :now)
ON CONFLICT (tenant_id) DO UPDATE SET second_factor = excluded.second_factor, chosen_by = excluded.chosen_by,
  chosen_at = excluded.chosen_at
"""
HOLDS_ONE = """
EXISTS (SELECT FROM identity.totp t WHERE t.person_id = {person} AND t.confirmed_at IS NOT NULL)
OR EXISTS (SELECT FROM identity.passkey k WHERE k.person_id = {person})
"""
A_CLIENT_WANTS_ONE = """
EXISTS (SELECT FROM app.membership m JOIN app.sign_in_rule r ON r.tenant_id = m.tenant_id AND r.second_factor
  WHERE m.person_id = {person} AND m.starts_at <= :now AND (m.ends_at IS NULL OR m.ends_at > :now))
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


def misses_one(*, side: str, method: str, holds: bool, client_wants: bool, of_staff: bool) -> bool:
    """Whether a session has to be led to a second factor before it opens anything else."""
    if holds or method == COMPANY:
        return False
    return of_staff if side == "provider" else client_wants
