"""A client that was closed: its people read, export and take away until a day; whatever else is asked gets one clear
answer."""

from service.identity import Caller
from tenants.directory import permissions
from tenants.directory.access import VisibleClient
from tenants.directory.closings import ClientClosed

LEFT = permissions.ENDING | {"export.write"}
"""What changes something, or gives much away at once, and stays possible: whoever leaves can be let go."""


def refuse(client: VisibleClient, caller: Caller, *, needs: str, reads: bool) -> None:
    """Raises ClientClosed for a machine, and for everything but reading, exporting and ending what lets somebody in.
    Whoever may not read here either is told that instead, by the permission."""
    if not client.is_closed:
        return
    if caller.person_id is None:
        raise ClientClosed(f"{client.name} was closed: no machine works for it any more.")
    if not reads and needs not in LEFT:
        raise ClientClosed(f"{client.name} was closed: its books can be read and exported, and not changed.")
