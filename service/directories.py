"""Who calls as a client's directory: the bearer of one of its tokens, which opens the books of that client alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from flask import request

from service import problems
from tenants.directory.provisioning import tokens
from tenants.directory.provisioning.tokens import Bearer
from tenants.isolation import scope
from tenants.isolation.scope import Scope
from tenants.values.clock import Clock
from tenants.work import unit_of_work


def bearer(*, now: datetime) -> Bearer:
    """Whose directory speaks. Raises NotSignedIn for any token that is not one of ours that counts."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    found = None
    if kind.lower() == "bearer" and token:
        with unit_of_work(scope.platform(actor="provisioning", reason="find the client of a directory's token")):
            found = tokens.find(token.strip(), now=now)
    if found is None:
        raise problems.NotSignedIn("This needs the token of a directory.")
    return found


@contextmanager
def opened(*, writes: bool, clock: Clock) -> Iterator[Scope]:
    """The books of the directory's client."""
    found = bearer(now=clock.now())
    actor = f"provisioning:{found.token_id}"
    enter = scope.tenant if writes else scope.viewing
    with unit_of_work(enter(found.tenant_id, actor=actor)) as entered:
        if writes:
            tokens.touch(found.token_id, now=clock.now())
        yield entered
