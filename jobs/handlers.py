"""Who does which kind of work: the handlers of all lanes by the kind that they answer to."""

from jobs import collections, delivery, domains, insight, intake, ledger, outward, rules
from jobs.lanes import Lane
from jobs.turns import Handler

BY_LANE: dict[Lane, dict[str, Handler]] = {
    Lane.INTAKE: intake.HANDLERS,
    Lane.DELIVERY: delivery.HANDLERS | outward.HANDLERS | domains.HANDLERS,
    Lane.RULES: rules.HANDLERS,
    Lane.COLLECTIONS: collections.HANDLERS,
    Lane.INSIGHT: insight.HANDLERS | rules.FACTS,
    Lane.LEDGER: ledger.HANDLERS,
}
HANDLERS: dict[str, Handler] = {kind: handler for own in BY_LANE.values() for kind, handler in own.items()}
