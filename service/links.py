"""What a signed link in a mail opens: one debtor of one client, until it expires or is revoked."""

from service import problems
from tenants.assembly import Toolbox
from tenants.delivery import links
from tenants.isolation import scope
from tenants.work import unit_of_work


def opened(token: str, *, toolbox: Toolbox) -> links.LinkGrant:
    """Return what the token grants. Raises NotFound for a forged, expired or revoked one: the three are
    answered alike."""
    claim = links.verify(token, secret=toolbox.settings.secret_key, now=toolbox.clock.now())
    if claim is None:
        raise problems.NotFound(
            "This link is no longer valid. Ask for a new one by answering the mail that it came in."
        )
    with unit_of_work(scope.viewing(claim.tenant_id, actor="portal link")):
        grant = links.grant(claim, now=toolbox.clock.now())
    if grant is None:
        raise problems.NotFound(
            "This link is no longer valid. Ask for a new one by answering the mail that it came in."
        )
    return grant
