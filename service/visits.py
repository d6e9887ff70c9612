"""What somebody sees who was let in for an hour: each look is kept before it is answered, or nothing is shown.

The first look under a grant asks for a fresh proof, which changes the token of the session: whoever copied the one
before does not come in along with its person.
"""

from flask import g, request

from service import proofs
from service.identity import Caller
from tenants.directory import access_grants
from tenants.directory.access import VisibleClient
from tenants.isolation import scope
from tenants.values.clock import Clock
from tenants.work import unit_of_work


def keep(method: str, rule: str, caller: Caller, client: VisibleClient, *, clock: Clock) -> None:
    """Keep one look in the client's books, in a transaction of its own that is over before anything is read. Raises
    ProofNeeded at the door, and keeps nothing then."""
    assert caller.person_id is not None
    with unit_of_work(scope.tenant(client.tenant_id, actor=caller.actor)):
        since = access_grants.note_visit(
            caller.person_id,
            method=method,
            route=rule,
            path=request.path,
            request_id=g.get("request_id", ""),
            now=clock.now(),
        )
        proofs.require_since(caller, since)
