"""A client that was closed: its people read and export until a day; whatever else is asked gets one clear answer."""

from service.identity import Caller
from tenants.directory.access import VisibleClient
from tenants.directory.closings import ClientClosed

EXPORTING = "export.write"


def refuse(client: VisibleClient, caller: Caller, *, needs: str, reads: bool) -> None:
    """Raises ClientClosed for a machine, and for everything but reading and exporting. Whoever may not read here either
    is told that instead, by the permission."""
    if not client.is_closed:
        return
    if caller.person_id is None:
        raise ClientClosed(f"{client.name} was closed: no machine works for it any more.")
    if not reads and needs != EXPORTING:
        raise ClientClosed(f"{client.name} was closed: its books can be read and exported, and not changed.")
