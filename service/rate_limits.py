"""How much of the API a caller and a client may use, told with every answer (RateLimit fields, draft 10)."""

from uuid import UUID

from flask import Response, g

from service.identity import Caller
from tenants.assembly import Toolbox
from tenants.directory.access import VisibleClient
from tenants.directory.rates import CALLER, CLIENT, EXPORTS, LINK, Limit, Standing, TooFast
from tenants.values.counts import counted

HOUR_S = 3600


def take(caller: Caller, client: VisibleClient | None, *, toolbox: Toolbox) -> None:
    """Count the request at hand. Raises TooFast when one of the limits is used up."""
    wanted = [(CALLER, caller.actor, toolbox.settings.api_per_caller)]
    if client is not None:
        wanted.append((CLIENT, str(client.tenant_id), toolbox.settings.api_per_client))
    limits = [Limit(name, f"{name}:{key}", most) for name, key, most in wanted if most > 0]
    if not limits:
        return
    standings = toolbox.rates.take(limits, now=toolbox.clock.now().timestamp())
    g.standings = standings
    full = next((each for each in standings if not each.allowed), None)
    if full is not None:
        whose = "You have" if full.limit.name == CALLER else "This client has"
        raise TooFast(f"{whose} used the {full.limit.most} requests of a minute.", wait_s=full.wait_s)


def take_token(client_id: str, *, toolbox: Toolbox) -> None:
    """Count a request to the token endpoint by a client that has proved who it is. Raises TooFast."""
    most = toolbox.settings.tokens_per_client
    if most <= 0:
        return
    limit = Limit(CLIENT, f"token:{client_id}", most)
    g.standings = toolbox.rates.take([limit], now=toolbox.clock.now().timestamp())
    standing: Standing = g.standings[0]
    if not standing.allowed:
        raise TooFast(f"You have asked for tokens {most} times in a minute.", wait_s=standing.wait_s)


def take_link(link_id: UUID, *, toolbox: Toolbox) -> None:
    """Count a request by the link of a mail, before its row is read. Raises TooFast."""
    most = toolbox.settings.portal_per_link
    if most <= 0:
        return
    (standing,) = g.standings = toolbox.rates.take(
        [Limit(LINK, f"link:{link_id}", most)], now=toolbox.clock.now().timestamp()
    )
    if not standing.allowed:
        words = "This link was opened too often within a minute."
        raise TooFast(words, wait_s=standing.wait_s, remedy="Wait a minute, then open it again.")


def take_export(caller: Caller, client: VisibleClient, *, toolbox: Toolbox) -> None:
    """Count a file of many rows that leaves a client's books. Raises TooFast."""
    most = toolbox.settings.exports_per_hour
    if most <= 0:
        return
    limit = Limit(EXPORTS, f"exports:{client.tenant_id}:{caller.actor}", most, HOUR_S)
    (standing,) = toolbox.rates.take([limit], now=toolbox.clock.now().timestamp())
    g.standings = [*(g.get("standings") or []), standing]
    if not standing.allowed:
        minutes = -(-standing.wait_s // 60)
        words = f"You have taken {most} files out of the books of {client.name} within an hour."
        raise TooFast(
            words, wait_s=standing.wait_s, remedy=f"The next one can be taken in {counted(minutes, 'minute')}."
        )


def tell(response: Response) -> None:
    """Write how the caller stands into the answer."""
    standings: list[Standing] = g.get("standings") or []
    if standings:
        policy = [f'"{each.limit.name}";q={each.limit.most};w={each.limit.window_s}' for each in standings]
        left = [f'"{each.limit.name}";r={each.left};t={each.reset_s}' for each in standings]
        response.headers.add("RateLimit-Policy", ", ".join(policy))
        response.headers.add("RateLimit", ", ".join(left))
