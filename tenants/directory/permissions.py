"""Decides who may do what: one table from role to permissions, read by every route and by the tests that probe them.

A person's right in a client is the union over the roles held there now. A provider administrator has no standing access
to a client's data: that role's permissions are all about the platform.
"""

from collections.abc import Iterable

EVERYDAY = frozenset(
    {"client.read", "ledger.read", "delivery.read", "alerts.read", "collections.read", "rules.read", "insight.read"}
)
FINANCE = EVERYDAY | {"history.read", "people.read", "import.read"}
RULING = frozenset({"rules.propose", "rules.write", "rules.publish", "rules.approve", "rules.answer"}) | {
    "settings.read",
    "settings.write",
}
WORKING = frozenset({"work.read", "work.write"})
"""To see the work that was given up, and to send it round again."""
CONNECTING = frozenset({"connections.read", "connections.write", "connections.end"})
"""Identity providers and directories of the client: who can come in at all."""
CALLING = frozenset({"api_clients.read", "api_clients.write", "api_clients.end"})
"""Machines and apps that call in the client's name."""
SPECIALIST = EVERYDAY | {
    "contacts.read",
    "portfolio.read",
    "ledger.write",
    "import.read",
    "import.write",
    "delivery.write",
    "alerts.write",
    "collections.write",
    "rules.propose",
    "approvals.request",
    "export.write",
    "own_history.read",
}

MATRIX: dict[str, frozenset[str]] = {
    "specialist": SPECIALIST,
    "specialist_manager": SPECIALIST
    | WORKING
    | {"history.read", "history.export", "team.read", "team.write", "team.end", "people.read"}
    | {"access.read", "access.decide", "access.end"}
    | {"rules.approve", "rules.standard"},
    "provider_admin": frozenset({"platform.read", "platform.write", "people.invite", "access.ask"}),
    "client_viewer": FINANCE,
    "client_approver": FINANCE
    | {"contacts.read", "collections.write", "approvals.decide", "rules.answer", "export.write", "history.export"}
    | {"access.read"},
    "tenant_admin": FINANCE
    | RULING
    | WORKING
    | CONNECTING
    | CALLING
    | {"people.write", "people.end", "import.write", "export.write", "history.export", "access.read", "access.end"},
    "visitor": EVERYDAY,
    "debtor_contact": frozenset({"portal.read", "portal.write"}),
}
PERMISSIONS: frozenset[str] = frozenset().union(*MATRIX.values())
OF_PROVIDER = frozenset({"provider_admin"})
"""Roles held at the provider itself; every other role is held in one client."""
BY_GRANT = frozenset({"visitor"})
"""Held for an hour by somebody of the provider whom a second person let in, and given in no other way."""
GIVEN = frozenset(MATRIX) - OF_PROVIDER - BY_GRANT
"""Roles in a client that one person may give another."""
OF_PROVIDER_IN_CLIENTS = frozenset({"specialist", "specialist_manager"})
"""Assignments: held in a client by the provider's people."""
ASSERTABLE = frozenset({"client_viewer", "client_approver", "tenant_admin"})
"""Roles that a client's own directory may give to that client's people."""

ENDING = frozenset(each for each in PERMISSIONS if each.endswith(".end"))
"""To take away who or what comes in: a role, a visit, a way in, a machine. Nothing is given by any of these."""
AFTER_CLOSING = (
    frozenset(each for each in PERMISSIONS if each.endswith(".read")) | {"export.write", "history.export"} | ENDING
)
"""What is left of every role in a client that was closed."""


def allowed(roles: Iterable[str], permission: str) -> bool:
    """Whether any of the roles gives the permission. Raises LookupError for a permission that nobody can have."""
    if permission not in PERMISSIONS:
        raise LookupError(f"no role gives {permission!r}; the matrix names them all")
    return any(permission in MATRIX.get(role, ()) for role in roles)
