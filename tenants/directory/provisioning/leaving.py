"""Decides what a client's directory may still say once the client was closed: who leaves.

It reads on, switches people off, takes them out of groups and removes both; whoever left the company must not keep what
a closed client still shows. Nobody is added, switched on, renamed or put into a group any more, and nobody gets a role.
"""

from tenants import store
from tenants.directory.closings import ClientClosed

CLOSED = "SELECT state = 'closed' FROM tenant WHERE id = :tenant"


def is_over() -> bool:
    """Whether the current client was closed."""
    return bool(store.run(CLOSED).scalar_one())


def refuse_more(*, leaves: bool) -> None:
    """Let a change happen that only takes away; once the client was closed no other. Raises ClientClosed."""
    if not leaves and is_over():
        raise ClientClosed("This client was closed: its directory can switch people off and remove them, and no more.")
