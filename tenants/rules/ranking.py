"""Decides how much the word of a rule weighs when several want one customer on one day: to pause goes before to ask, to
ask before a person's task, a task before a message; among messages the highest stage, then the priority."""

from tenants.rules import stages
from tenants.rules.tree import Action, Rule

PAUSE, ASK, WORK, MESSAGE, NOTHING = 1000, 2000, 3000, 4000, 9000
CLASS_OF = {"pause": PAUSE, "approve": ASK, "task": WORK, "assign": WORK, "send": MESSAGE}


def rank(rule: Rule) -> int:
    """How much the rule's word weighs; the lowest goes first. Who only tells people weighs nothing."""
    first = min((_class(action) for action in rule.actions), default=NOTHING)
    if rule.about == "segment" or first != MESSAGE:
        return NOTHING if rule.about == "segment" else first
    highest = max((stages.rank(action.stage) for action in rule.actions if action.stage), default=0)
    return MESSAGE + (len(stages.STAGES) - highest) * 101 + (100 - rule.priority)


def limit(rule: Rule) -> int:
    """The weight from which another rule's claim keeps this one away: for a message any that is as good, else only
    those of another kind."""
    own = rank(rule)
    return own if own >= MESSAGE else own - 1


def _class(action: Action) -> int:
    """A pause of one invoice claims nobody: its hold does the work, and the customer's other invoices go on."""
    return NOTHING if action.what == "invoice" else CLASS_OF.get(action.do, NOTHING)
