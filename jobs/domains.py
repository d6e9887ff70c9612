"""Work of the delivery lane about sending domains: they are looked after outside, and what was found is noted."""

from dataclasses import dataclass

from jobs.turns import Handler, Outside, Turn
from tenants.delivery import domains
from tenants.delivery.domain_ports import DomainFacts, Identity
from tenants.delivery.domains import Tending


@dataclass(frozen=True, slots=True)
class Found:
    """What was said outside; no identity when the provider could not be asked."""

    identity: Identity | None
    facts: DomainFacts


def claim_domain(turn: Turn) -> Tending | None:
    """Read what is to be looked after."""
    return domains.tending(turn.id("domain_id"))


def act_on_domain(turn: Turn, tended: Tending) -> Found:
    """Ask the name service, then the provider; the client's account there is given only a domain of its own."""
    tools = turn.tools
    facts = tools.records.look(tended.domain, bounce_domain=tended.bounce_domain)
    try:
        identity = tools.identities.tend(
            tended.domain, bounce_domain=tended.bounce_domain, account=tended.account_by(facts)
        )
    except OSError:
        return Found(None, facts)
    return Found(identity, facts)


def settle_domain(turn: Turn, tended: Tending, found: Found) -> None:
    """Note it."""
    domains.settle(tended, identity=found.identity, facts=found.facts, now=turn.now, real=turn.real_now)


def ask_domains(turn: Turn) -> None:
    """A new day: what was proved can be lost."""
    domains.ask_all(now=turn.now, real=turn.real_now)


HANDLERS: dict[str, Handler] = {
    "tend_domain": Outside(claim_domain, act_on_domain, settle_domain),
    "ask_domains": ask_domains,
}
